"""A comparison on disk: comparison.json, report.html that needs nothing else, report.md, the picture as SVG and PNG."""

from pathlib import Path

from castalia.judging.comparing.cells import Comparison
from castalia.judging.comparing.drawing import as_png, as_svg, quality_against_cost
from castalia.judging.comparing.html import page
from castalia.judging.comparing.markdown import text
from castalia.judging.evaluation.writing import REPORT
from castalia.store.locking import write_whole

DATA, TEXT, PICTURE = "comparison.json", "report.md", "quality-cost"


def write(comparison: Comparison, folder: Path) -> None:
    """Write all files. Raises StorageError."""
    write_whole(folder / DATA, comparison.model_dump_json(indent=1).encode())
    write_whole(folder / REPORT, page(comparison).encode())
    write_whole(folder / TEXT, text(comparison).encode())
    if comparison.points:
        drawing = quality_against_cost(comparison.points)
        write_whole(folder / f"{PICTURE}.svg", as_svg(drawing, "Quality against cost").encode())
        write_whole(folder / f"{PICTURE}.png", as_png(drawing))
