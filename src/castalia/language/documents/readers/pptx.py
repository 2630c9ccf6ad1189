"""Slides by python-pptx: title, texts from top to bottom, tables and the speaker's notes; a slide is a page."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

from castalia.core.errors import UnsupportedInput
from castalia.language.documents.content import Block, Reading
from castalia.language.documents.formats import DocumentFormat, zip_holds
from castalia.language.documents.office import check_archive


def read(data: bytes, name: str) -> Reading:
    """The texts of all slides. Raises UnsupportedInput for a broken file, TooLarge."""
    check_archive(data, name)
    import pptx

    try:
        show = pptx.Presentation(io.BytesIO(data))
        blocks = [block for number, slide in enumerate(show.slides, 1) for block in _slide(slide, number)]
        title = show.core_properties.title or ""
    except Exception as error:  # noqa: BLE001 - lxml, zipfile and python-pptx raise whatever a broken file provokes
        raise UnsupportedInput(
            f"{name} is a broken presentation: {error}.", hint="Open it, and save it anew."
        ) from None
    return Reading(blocks, title=title)


def _slide(slide: Any, number: int) -> Iterator[Block]:
    heading = slide.shapes.title
    told = heading.text_frame.text.strip() if heading is not None else ""
    yield Block("slide", told or f"Slide {number}", level=1, page=number)
    for shape in _ordered(slide.shapes):
        if heading is not None and shape.shape_id == heading.shape_id:
            continue
        if getattr(shape, "has_table", False):
            rows = [[" ".join(cell.text.split()) for cell in row.cells] for row in shape.table.rows]
            yield Block("table", "\n".join(" | ".join(row) for row in rows), page=number)
        elif shape.has_text_frame:
            lines = [paragraph.text.replace("\v", " ") for paragraph in shape.text_frame.paragraphs]
            yield Block("paragraph", "\n".join(line for line in lines if line.strip()), page=number)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        yield Block("paragraph", slide.notes_slide.notes_text_frame.text, page=number)


def _ordered(shapes: Iterable[Any]) -> list[Any]:
    """The shapes, those in groups too, from top to bottom and left to right."""
    flat: list[Any] = []
    waiting = list(shapes)
    while waiting:
        shape = waiting.pop(0)
        if shape.shape_type is not None and shape.shape_type == 6:  # MSO_SHAPE_TYPE.GROUP
            waiting = [*shape.shapes, *waiting]
        else:
            flat.append(shape)
    return sorted(flat, key=lambda shape: (shape.top or 0, shape.left or 0))


FORMAT = DocumentFormat(
    "pptx",
    "a presentation",
    (".pptx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    read,
    recognises=lambda data: zip_holds(data, "ppt/presentation.xml"),
    requires=("pptx",),
)
