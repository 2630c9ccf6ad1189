"""Word documents by python-docx: headings by style, paragraphs and tables in their order."""

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from castalia.core.errors import UnsupportedInput
from castalia.language.documents.content import Block, Reading
from castalia.language.documents.formats import DocumentFormat, zip_holds
from castalia.language.documents.office import check_archive

if TYPE_CHECKING:
    from docx.table import Table
    from docx.text.paragraph import Paragraph

HEADING = re.compile(r"heading (\d)")


def read(data: bytes, name: str) -> Reading:
    """The body of the document. Raises UnsupportedInput for a broken file, TooLarge."""
    check_archive(data, name)
    import docx

    try:
        document = docx.Document(io.BytesIO(data))
        blocks = list(_blocks(document.iter_inner_content()))
        title = document.core_properties.title or ""
    except Exception as error:  # noqa: BLE001 - lxml, zipfile and python-docx raise whatever a broken file provokes
        raise UnsupportedInput(
            f"{name} is a broken Word document: {error}.", hint="Open it in a word processor, and save it anew."
        ) from None
    return Reading(blocks, title=title)


def _blocks(content: "Iterator[Paragraph | Table]") -> Iterator[Block]:
    items: list[str] = []
    for one in content:
        if hasattr(one, "rows"):
            yield from _list(items)
            yield Block("table", _rows(cast("Table", one)))
            continue
        paragraph = cast("Paragraph", one)
        style = ((paragraph.style.name if paragraph.style is not None else "") or "").lower()
        heading = HEADING.match(style)
        if style.startswith("list") and paragraph.text.strip():
            items.append(f"- {paragraph.text}")
            continue
        yield from _list(items)
        if heading is not None or style == "title":
            yield Block("heading", paragraph.text, level=int(heading.group(1)) if heading is not None else 1)
        else:
            yield Block("paragraph", paragraph.text)
    yield from _list(items)


def _list(items: list[str]) -> Iterator[Block]:
    """The points of a list as one block; empties ``items``."""
    if items:
        yield Block("paragraph", "\n".join(items))
        items.clear()


def _rows(table: "Table") -> str:
    lines: list[str] = []
    for row in table.rows:
        cells: list[str] = []
        last: object = None
        for cell in row.cells:
            # python-docx gives a cell that spans columns once for each of them
            if cell._tc is not last:  # pyright: ignore[reportPrivateUsage]
                cells.append(" ".join(cell.text.split()))
            last = cell._tc  # pyright: ignore[reportPrivateUsage]
        lines.append(" | ".join(cells))
    return "\n".join(lines)


FORMAT = DocumentFormat(
    "docx",
    "a Word document",
    (".docx",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    read,
    recognises=lambda data: zip_holds(data, "word/document.xml"),
    requires=("docx",),
)
