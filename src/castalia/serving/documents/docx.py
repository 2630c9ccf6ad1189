"""The document for Word and LibreOffice: styles of its own template, pictures in the text, sounds as packed files."""

import importlib
import io
from typing import Any

from PIL import Image, ImageDraw

from castalia.core.content import Part
from castalia.serving.documents.document import Document, Section, caption
from castalia.serving.documents.markdown import Block, blocks
from castalia.serving.documents.package import package
from castalia.serving.documents.pictures import file_name, picture_of

WIDEST = 6.0
"""Inches between the margins."""
DPI = 150
OLE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/oleObject"
SPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
}
OBJECT = (
    f"<w:object {' '.join(f'xmlns:{name}={chr(34)}{space}{chr(34)}' for name, space in SPACES.items())}"
    ' w:dxaOrig="960" w:dyaOrig="960"><v:shape id="_x0000_i{number}" style="width:48pt;height:48pt" o:ole="">'
    '<v:imagedata r:id="{icon}" o:title=""/></v:shape><o:OLEObject Type="Embed" ProgID="Package"'
    ' ShapeID="_x0000_i{number}" DrawAspect="Icon" ObjectID="_{number}" r:id="{object}"/></w:object>'
)


def page(document: Document) -> bytes:
    """The file. Needs python-docx."""
    docx: Any = importlib.import_module("docx")
    paper: Any = docx.Document()
    paper.core_properties.title = document.title
    paper.core_properties.author = "Castalia"
    paper.core_properties.comments = document.footer
    paper.core_properties.language = document.language
    paper.add_heading(document.title, level=0)
    number = 0
    for section in document.sections:
        number = _section(paper, section, number)
    for note in [f"Asked: {document.request}", *document.notes, document.footer]:
        _small(paper, note)
    stream = io.BytesIO()
    paper.save(stream)
    return stream.getvalue()


def _section(paper: Any, section: Section, number: int) -> int:
    if section.heading:
        paper.add_heading(section.heading, level=1)
    if section.missing:
        paper.add_paragraph(section.missing, style="Intense Quote")
        return number
    for part in section.parts:
        number += 1
        if part.text is not None:
            for block in blocks(part.text):
                _block(paper, block)
        elif (picture := picture_of(part)) is not None:
            width = min(WIDEST, picture.width / DPI * 1.2)
            paper.add_picture(io.BytesIO(picture.data), width=_inches(width))
            _described(paper, caption(part) or part.type)
            if caption(part):
                _small(paper, caption(part))
        else:
            _packed(paper, part, number)
    _small(paper, section.about)
    return number


def _block(paper: Any, block: Block) -> None:
    match block.kind:
        case "heading":
            paper.add_heading(block.text, level=min(4, block.level + 1))
            return
        case "table":
            _table(paper, block.rows)
            return
        case "rule":
            return
        case _:
            pass
    # a counted list is written with its own numbers: Word would count on from the list before
    styles = {"bullet": "List Bullet", "number": "List Continue", "quote": "Quote"}
    paragraph = paper.add_paragraph(style=styles.get(block.kind))
    if block.number:
        paragraph.add_run(f"{block.number}. ")
    for span in block.spans:
        run = paragraph.add_run(span.text)
        run.bold, run.italic = span.bold or None, span.italic or None
        if span.code:
            run.font.name = "Courier New"


def _table(paper: Any, rows: list[list[str]]) -> None:
    width = max(len(row) for row in rows)
    table = paper.add_table(rows=0, cols=width, style="Light Grid Accent 1")
    for row in rows:
        cells = table.add_row().cells
        for cell, text in zip(cells, row, strict=False):
            cell.text = text


def _packed(paper: Any, part: Part, number: int) -> None:
    """The part as a file in the document, behind a sign that opens it."""
    parts: Any = importlib.import_module("docx.opc.part")
    names: Any = importlib.import_module("docx.opc.packuri")
    xml: Any = importlib.import_module("docx.oxml.parser")
    name = file_name(part, number)
    where = names.PackURI(f"/word/embeddings/oleObject{number}.bin")
    kind = "application/vnd.openxmlformats-officedocument.oleObject"
    inside = parts.Part(where, kind, package(name, part.read()), paper.part.package)
    icon, _ = paper.part.get_or_add_image(io.BytesIO(_sign(part.type)))
    paragraph = paper.add_paragraph()
    run = paragraph.add_run()
    tag = OBJECT.format(number=1024 + number, icon=icon, object=paper.part.relate_to(inside, OLE))
    run._r.append(xml.parse_xml(tag))
    paragraph.add_run(f"  {name} lies in this document: double-click the sign to open it.").italic = True


def _sign(kind: str) -> bytes:
    """A sign for sound or film, drawn here: a triangle in a disc, as on every player."""
    image = Image.new("RGB", (192, 192), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((8, 8, 184, 184), fill="#2f6fb3" if kind in {"speech", "audio", "music"} else "#c7622b")
    draw.polygon(((74, 52), (74, 140), (146, 96)), fill="white")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _described(paper: Any, words: str) -> None:
    """Words in place of the last picture, for those who cannot see it."""
    paper.inline_shapes[-1]._inline.docPr.set("descr", words)


def _small(paper: Any, text: str) -> None:
    shared: Any = importlib.import_module("docx.shared")
    run = paper.add_paragraph().add_run(text)
    run.font.size = shared.Pt(8.5)
    run.font.color.rgb = shared.RGBColor(0x77, 0x77, 0x77)


def _inches(value: float) -> Any:
    shared: Any = importlib.import_module("docx.shared")
    return shared.Inches(value)
