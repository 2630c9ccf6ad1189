"""Slides by python-pptx: title, texts from top to bottom, tables, charts and the speaker's notes; a slide is a page."""

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
        if (heading is not None and shape.shape_id == heading.shape_id) or _is_frame(shape):
            continue
        if getattr(shape, "has_table", False):
            rows = [[" ".join(cell.text.split()) for cell in row.cells] for row in shape.table.rows]
            yield Block("table", _table(rows), page=number)
        elif getattr(shape, "has_chart", False):
            yield from _chart(shape.chart, number)
        elif shape.has_text_frame:
            lines = [paragraph.text.replace("\v", " ") for paragraph in shape.text_frame.paragraphs]
            yield Block("paragraph", "\n".join(line for line in lines if line.strip()), page=number)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        yield Block("paragraph", slide.notes_slide.notes_text_frame.text, page=number)


def _table(rows: Iterable[Iterable[str]]) -> str:
    """A line a row; rows without a word are left out."""
    return "\n".join(" | ".join(row) for row in map(list, rows) if any(row))


def _chart(chart: Any, number: int) -> Iterator[Block]:
    """A chart's title, and what it shows as a table: a row a category, a column a series."""
    if chart.has_title and chart.chart_title.has_text_frame:
        yield Block("paragraph", chart.chart_title.text_frame.text, page=number)
    for plot in chart.plots:
        series = list(plot.series)
        rows = [["", *(one.name or "" for one in series)]]
        for place, category in enumerate(map(str, plot.categories)):
            values = [one.values[place] if place < len(one.values) else None for one in series]
            rows.append([category, *("" if value is None else f"{value:g}" for value in values)])
        yield Block("table", _table(rows), page=number)


def _is_frame(shape: Any) -> bool:
    """Whether it is the date, footer or number that stands on every slide."""
    return shape.is_placeholder and shape.placeholder_format.type in {13, 15, 16}  # SLIDE_NUMBER, FOOTER, DATE


def _ordered(shapes: Iterable[Any]) -> Iterator[Any]:
    """The shapes from top to bottom and left to right; those of a group, which has its own measure, in its place."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if shape.shape_type == 6:  # MSO_SHAPE_TYPE.GROUP
            yield from _ordered(shape.shapes)
        else:
            yield shape


FORMAT = DocumentFormat(
    "pptx",
    "a presentation",
    (".pptx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    read,
    recognises=lambda data: zip_holds(data, "ppt/presentation.xml"),
    requires=("pptx",),
)
