"""The document as PDF: set by reportlab, the sounds and films attached to the file by pypdf.

Letters come from DejaVu, which matplotlib brings and which is embedded. Chinese is set in STSong, a font that readers
of PDF supply themselves and that is therefore not embedded.
"""

import importlib
import io
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from castalia.serving.documents.document import Document, Section, caption
from castalia.serving.documents.markdown import Block, Span, blocks
from castalia.serving.documents.pictures import file_name, picture_of

EAST_ASIAN = re.compile(r"[⺀-鿿　-〿！-｠]+")
CHINESE = "STSong-Light"
FACES = {"": "DejaVuSans.ttf", "-Bold": "DejaVuSans-Bold.ttf", "-Italic": "DejaVuSans-Oblique.ttf",
         "-BoldItalic": "DejaVuSans-BoldOblique.ttf", "-Mono": "DejaVuSansMono.ttf"}  # fmt: skip
MARGIN = 62.0
WIDEST, TALLEST = 595.3 - 2 * MARGIN, 420.0
"""Points: an A4 page between its margins."""


def page(document: Document) -> bytes:
    """The file. Needs reportlab, pypdf and the fonts of matplotlib."""
    platypus: Any = importlib.import_module("reportlab.platypus")
    _register_fonts()
    styles = _styles()
    story: list[Any] = [platypus.Paragraph(_set(document.title), styles["title"])]
    attached: list[tuple[str, bytes]] = []
    for section in document.sections:
        story += _section(section, styles, attached)
    for note in [f"Asked: {document.request}", *document.notes, document.footer]:
        story.append(platypus.Paragraph(_set(note), styles["small"]))
    stream = io.BytesIO()
    paper: Any = platypus.SimpleDocTemplate(
        stream,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=document.title,
        author="Castalia",
        subject=document.footer,
        lang=document.language,
    )
    paper.build(story)
    return _with_files(stream.getvalue(), attached)


def _section(section: Section, styles: dict[str, Any], attached: list[tuple[str, bytes]]) -> list[Any]:
    platypus: Any = importlib.import_module("reportlab.platypus")
    story: list[Any] = []
    if section.heading:
        story.append(platypus.Paragraph(_set(section.heading), styles["h1"]))
    if section.missing:
        return [*story, platypus.Paragraph(_set(section.missing), styles["missing"])]
    for part in section.parts:
        if part.text is not None:
            story += [one for block in blocks(part.text) for one in _block(block, styles)]
        elif (picture := picture_of(part)) is not None:
            scale = min(WIDEST / picture.width, TALLEST / picture.height, 0.6)
            image = platypus.Image(
                io.BytesIO(picture.data), picture.width * scale, picture.height * scale, hAlign="LEFT"
            )
            below = [platypus.Paragraph(_set(caption(part)), styles["small"])] if caption(part) else []
            story.append(platypus.KeepTogether([platypus.Spacer(1, 8), image, *below]))
        else:
            name = file_name(part, len(attached) + 1)
            attached.append((name, part.read()))
            told = f"{name} is attached to this file: open the list of attachments of your reader to hear or see it."
            story.append(platypus.Paragraph(_set(told), styles["body"]))
    return [*story, platypus.Paragraph(_set(section.about), styles["small"])]


def _block(block: Block, styles: dict[str, Any]) -> list[Any]:
    platypus: Any = importlib.import_module("reportlab.platypus")
    inside = "".join(_span(span) for span in block.spans)
    match block.kind:
        case "heading":
            return [platypus.Paragraph(inside, styles["h2" if block.level < 3 else "h3"])]
        case "bullet" | "number":
            mark = f"{block.number}." if block.number else "•"
            return [platypus.Paragraph(inside, styles["item"], bulletText=mark)]
        case "code":
            return [platypus.Preformatted(block.text, styles["code"])]
        case "rule":
            return [platypus.Spacer(1, 8)]
        case "table":
            return [_table(block.rows, styles)]
        case _:
            return [platypus.Paragraph(inside, styles["quote" if block.kind == "quote" else "body"])]


def _table(rows: list[list[str]], styles: dict[str, Any]) -> Any:
    platypus: Any = importlib.import_module("reportlab.platypus")
    width = max(len(row) for row in rows)
    cells = [
        [platypus.Paragraph(_set(cell), styles["cell"]) for cell in [*row, *[""] * (width - len(row))]] for row in rows
    ]
    return platypus.Table(
        cells, colWidths=[WIDEST / width] * width, style=[("LINEBELOW", (0, 0), (-1, -1), 0.4, "#bbbbbb")]
    )


def _span(span: Span) -> str:
    text = _set(span.text).replace("\n", "<br/>")
    face = "-Mono" if span.code else ("-Bold" if span.bold else "") + ("Italic" if span.italic and span.bold else "")
    face = face or ("-Italic" if span.italic else "")
    return f'<font name="DejaVu{face}">{text}</font>' if face else text


def _set(text: str) -> str:
    """Escaped, Chinese runs in their own font."""
    return EAST_ASIAN.sub(lambda run: f'<font name="{CHINESE}">{run.group(0)}</font>', escape(text, quote=False))


@cache
def _register_fonts() -> None:
    metrics: Any = importlib.import_module("reportlab.pdfbase.pdfmetrics")
    truetype: Any = importlib.import_module("reportlab.pdfbase.ttfonts")
    cid: Any = importlib.import_module("reportlab.pdfbase.cidfonts")
    matplotlib: Any = importlib.import_module("matplotlib")
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for face, file in FACES.items():
        metrics.registerFont(truetype.TTFont(f"DejaVu{face}", str(folder / file)))
    metrics.registerFont(cid.UnicodeCIDFont(CHINESE))


def _styles() -> dict[str, Any]:
    styles: Any = importlib.import_module("reportlab.lib.styles")

    def style(name: str, size: float, **rest: object) -> Any:
        face = rest.pop("fontName", "DejaVu")
        return styles.ParagraphStyle(name, fontName=face, fontSize=size, leading=size * 1.45, **rest)

    return {
        "title": style("title", 19, fontName="DejaVu-Bold", spaceAfter=16),
        "h1": style("h1", 14, fontName="DejaVu-Bold", spaceBefore=16, spaceAfter=5),
        "h2": style("h2", 12, fontName="DejaVu-Bold", spaceBefore=11, spaceAfter=4),
        "h3": style("h3", 10.5, fontName="DejaVu-Bold", spaceBefore=8, spaceAfter=3),
        "body": style("body", 10, spaceAfter=6),
        "item": style(
            "item", 10, leftIndent=20, bulletIndent=4, bulletFontName="DejaVu", bulletFontSize=10, spaceAfter=2
        ),
        "quote": style("quote", 10, leftIndent=18, textColor="#555555", spaceAfter=6),
        "missing": style(
            "missing", 10, leftIndent=8, borderColor="#b3452f", borderWidth=0.8, borderPadding=6, spaceAfter=10
        ),
        "code": style("code", 8.5, fontName="DejaVu-Mono", leftIndent=8, spaceAfter=6),
        "cell": style("cell", 8.5),
        "small": style("small", 7.5, textColor="#777777", spaceBefore=3, spaceAfter=3),
    }


def _with_files(data: bytes, attached: list[tuple[str, bytes]]) -> bytes:
    if not attached:
        return data
    pypdf: Any = importlib.import_module("pypdf")
    writer: Any = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    for name, content in attached:
        writer.add_attachment(name, content)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()
