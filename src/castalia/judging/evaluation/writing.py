"""An evaluation on disk: evaluation.json, report.html that needs nothing else, and its pictures as files."""

import base64
from pathlib import Path

from castalia.judging.evaluation.drawing import curve_svg, figures_svg
from castalia.judging.evaluation.figures import Evaluation, Picture
from castalia.judging.evaluation.html import page
from castalia.store.locking import write_whole

REPORT = "report.html"
DATA = "evaluation.json"


def write(evaluation: Evaluation, folder: Path) -> Evaluation:
    """Draw the curves, write all files; the evaluation with its pictures. Raises StorageError."""
    drawn = [Picture(title="Figures", media_type="image/svg+xml", data=figures_svg(evaluation.figures))]
    drawn += [Picture(title=one.title, media_type="image/svg+xml", data=curve_svg(one)) for one in evaluation.curves]
    whole = evaluation.model_copy(update={"pictures": [*drawn, *evaluation.pictures]})
    write_whole(folder / DATA, evaluation.model_dump_json(indent=1, exclude={"pictures"}).encode())
    write_whole(folder / REPORT, page(whole).encode())
    for number, picture in enumerate(whole.pictures, start=1):
        vector = picture.media_type == "image/svg+xml"
        content = picture.data.encode() if vector else base64.b64decode(picture.data)
        name = "-".join("".join(sign if sign.isalnum() else " " for sign in picture.title.lower()).split())
        write_whole(folder / f"{number:02d}-{name}.{'svg' if vector else 'png'}", content)
    return evaluation.model_copy(update={"pictures": []})
