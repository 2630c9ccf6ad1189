"""Word documents by python-docx: headings by style, paragraphs, lists, tables, text boxes and notes in their order.

python-docx leaves out what stands in content controls (forms, covers, tables of contents) and in insertions that are
still marked as such; the elements are walked here, so that nothing a reader of the document sees is lost.
"""

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from castalia.core.errors import UnsupportedInput
from castalia.language.documents.content import Block, Reading
from castalia.language.documents.formats import DocumentFormat, zip_holds
from castalia.language.documents.office import check_archive

if TYPE_CHECKING:
    from docx.document import Document

HEADING = re.compile(r"heading (\d)")
NAMESPACE = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
"""What programs show that do not know the element before it: the same once more."""
BOX = f"{NAMESPACE}txbxContent"
SPACES = {f"{NAMESPACE}tab": "\t", f"{NAMESPACE}br": "\n", f"{NAMESPACE}cr": "\n", f"{NAMESPACE}noBreakHyphen": "-"}
HOLDING = {f"{NAMESPACE}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "smartTag", "customXml")}
"""Elements between a body and its paragraphs."""
NOTES = {"footnote": "footnotes", "endnote": "endnotes"}


def read(data: bytes, name: str) -> Reading:
    """The body of the document, its notes behind it. Raises UnsupportedInput for a broken file, TooLarge."""
    check_archive(data, name)
    import docx

    try:
        document: Any = docx.Document(io.BytesIO(data))
        blocks = [*_blocks(document, document.element.body), *_notes(document)]
        title = document.core_properties.title or ""
    except Exception as error:  # noqa: BLE001 - lxml, zipfile and python-docx raise whatever a broken file provokes
        if "content type is" in str(error):
            raise UnsupportedInput(
                f"{name} is a template or holds macros, which is not read.", hint="Save it as DOCX."
            ) from None
        raise UnsupportedInput(
            f"{name} is a broken Word document: {error}.", hint="Open it in a word processor, and save it anew."
        ) from None
    return Reading(blocks, title=title)


def _blocks(document: "Document", holder: Any) -> Iterator[Block]:
    items: list[str] = []
    for one in _inner(holder):
        if one.tag == f"{NAMESPACE}tbl":
            yield from _list(items)
            yield Block("table", "\n".join(_rows(one)))
            continue
        text, (style, level) = _text(one), _style(document, one)
        if style.startswith("list") and text.strip():
            items.append(f"- {text}")
            continue
        yield from _list(items)
        yield Block("heading", text, level=level) if level else Block("paragraph", text)
        for box in _found(one, BOX):
            yield from _blocks(document, box)
    yield from _list(items)


def _inner(holder: Any) -> Iterator[Any]:
    """The paragraphs and tables of a body, a cell or a text box, those inside of content controls too."""
    for one in holder:
        if one.tag in {f"{NAMESPACE}p", f"{NAMESPACE}tbl"}:
            yield one
        elif one.tag in HOLDING:
            yield from _inner(one)


def _found(holder: Any, tag: str) -> Iterator[Any]:
    """Elements of that name below, not those inside of each other, nor what is there twice."""
    for one in holder:
        if one.tag == tag:
            yield one
        elif one.tag != FALLBACK:
            yield from _found(one, tag)


def _text(holder: Any) -> str:
    """The text of a paragraph, without that of boxes which hang on it."""
    pieces: list[str] = []
    for one in holder:
        if one.tag == f"{NAMESPACE}t":
            pieces.append(one.text or "")
        elif one.tag in SPACES and holder.tag == f"{NAMESPACE}r":
            pieces.append(SPACES[one.tag])
        elif one.tag not in {BOX, FALLBACK, f"{NAMESPACE}del", f"{NAMESPACE}moveFrom"}:
            pieces.append(_text(one))
    return "".join(pieces)


def _style(document: "Document", paragraph: Any) -> tuple[str, int]:
    """The name of a paragraph's style, and the level of heading that it or a style below it is; 0 for none."""
    from docx.text.paragraph import Paragraph

    style: Any = Paragraph(paragraph, document).style  # pyright: ignore[reportArgumentType]
    name = ((style.name if style is not None else "") or "").lower()
    while style is not None:
        base = (style.name or "").lower()
        heading = HEADING.match(base)
        if heading is not None or base == "title":
            return name, int(heading.group(1)) if heading is not None else 1
        style = style.base_style
    return name, 0


def _list(items: list[str]) -> Iterator[Block]:
    """The points of a list as one block; empties ``items``."""
    if items:
        yield Block("paragraph", "\n".join(items))
        items.clear()


def _rows(table: Any) -> Iterator[str]:
    """Its rows; a cell that goes on from the row above says the same again, a table inside of a cell is its text."""
    above: dict[int, str] = {}
    for row in _found(table, f"{NAMESPACE}tr"):
        cells: list[str] = []
        column = 0
        for cell in _found(row, f"{NAMESPACE}tc"):
            said = " ".join(" ".join(_text(one) for one in _paragraphs(cell)).split())
            merged = cell.find(f"{NAMESPACE}tcPr/{NAMESPACE}vMerge")
            if merged is not None and merged.get(f"{NAMESPACE}val", "continue") == "continue":
                said = above.get(column, said)
            above[column] = said
            cells.append(said)
            span = cell.find(f"{NAMESPACE}tcPr/{NAMESPACE}gridSpan")
            column += int(span.get(f"{NAMESPACE}val", "1")) if span is not None else 1
        yield " | ".join(cells)


def _paragraphs(cell: Any) -> Iterator[Any]:
    for one in _inner(cell):
        if one.tag == f"{NAMESPACE}p":
            yield one
        else:
            for row in _found(one, f"{NAMESPACE}tr"):
                for inner in _found(row, f"{NAMESPACE}tc"):
                    yield from _paragraphs(inner)


def _notes(document: "Document") -> Iterator[Block]:
    """Footnotes and endnotes, each with its number."""
    from docx.oxml.parser import parse_xml

    for kind, name in NOTES.items():
        for relation in document.part.rels.values():
            if not relation.reltype.endswith(f"/{name}"):
                continue
            root: Any = parse_xml(relation.target_part.blob)
            for note in root.iter(f"{NAMESPACE}{kind}"):
                text = " ".join(_text(one) for one in _inner(note)).strip()
                if text and note.get(f"{NAMESPACE}type") is None:
                    yield Block("paragraph", f"{kind.title()} {note.get(f'{NAMESPACE}id')}: {text}")


FORMAT = DocumentFormat(
    "docx",
    "a Word document",
    (".docx",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    read,
    recognises=lambda data: zip_holds(data, "word/document.xml"),
    requires=("docx",),
)
