"""The document as one HTML file: media inside as ``data:`` addresses, no script, nothing fetched.

A Content-Security-Policy in the file forbids everything else, so that no text of a model can reach out of it.
"""

import base64
import hashlib
from html import escape

from castalia.core.content import Part
from castalia.core.showing import part_html
from castalia.serving.documents.document import Document, Section, caption
from castalia.serving.documents.markdown import Block, Span, blocks

STYLE = """
:root { color-scheme: light dark; --ink: CanvasText; --line: #8885 }
body { font: 17px/1.6 Georgia, 'Noto Serif', serif; max-width: 44rem; margin: 3rem auto; padding: 0 1.2rem;
  background: Canvas; color: var(--ink) }
h1 { font-size: 1.9rem; line-height: 1.25; margin: 0 0 1.6rem } h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem }
h3, h4, h5, h6 { font-size: 1.08rem; margin: 1.4rem 0 .3rem } p { margin: .7rem 0 }
figure { margin: 1.6rem 0 } figure img, figure video { max-width: 100%; height: auto; min-width: 96px }
audio { width: 100% } figcaption, .about, footer { font: 13px/1.5 system-ui, sans-serif; color: GrayText }
.missing { font: 15px/1.5 system-ui, sans-serif; border-left: 3px solid #b3452f; padding: .3rem .9rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #8881; padding: .7rem }
blockquote { margin-left: 1.2rem }
table { border-collapse: collapse; font: 14px/1.4 system-ui, sans-serif } td, th { text-align: left;
  padding: .25rem .6rem; border-bottom: 1px solid var(--line) }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .7rem } footer p { margin: .2rem 0 }
@media print { body { margin: 0 } figure { break-inside: avoid } }
"""
HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src data:",
        "media-src data:",
        f"style-src 'sha256-{HASH}'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)


def page(document: Document) -> bytes:
    """The file."""
    body = "".join(_section(section) for section in document.sections)
    notes = "".join(f"<p>{escape(note)}</p>" for note in [f"Asked: {document.request}", *document.notes])
    whole = (
        f"<!doctype html>\n<html lang='{document.language}'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        "<meta name='viewport' content='width=device-width, initial-scale=1'><meta name='generator' content='Castalia'>"
        f"<title>{escape(document.title)}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(document.title)}</h1>{body}</main><footer>{notes}<p>{escape(document.footer)}</p></footer>"
        "</body></html>\n"
    )
    return whole.encode()


def _section(section: Section) -> str:
    heading = f"<h2>{escape(section.heading)}</h2>" if section.heading else ""
    if section.missing:
        return f"<section>{heading}<p class='missing'>{escape(section.missing)}</p></section>"
    about = f"<p class='about'>{escape(section.about)}</p>"
    return f"<section>{heading}{''.join(_part(part) for part in section.parts)}{about}</section>"


def _part(part: Part) -> str:
    if part.text is not None:
        return _text(blocks(part.text))
    below = caption(part)
    if (part.media_type or "").startswith("image/"):
        data = base64.b64encode(part.read()).decode("ascii")
        shown = f"<img alt='{escape(below or part.type, quote=True)}' src='data:{part.media_type};base64,{data}'>"
    else:
        shown = part_html(part)
    return f"<figure>{shown}{f'<figcaption>{escape(below)}</figcaption>' if below else ''}</figure>"


def _text(found: list[Block]) -> str:
    pieces: list[str] = []
    open_list = ""
    for block in found:
        wanted = {"bullet": "ul", "number": "ol"}.get(block.kind, "")
        if wanted != open_list:
            begun = f"<{wanted} start='{block.number}'>" if block.number > 1 else f"<{wanted}>"
            pieces.append((f"</{open_list}>" if open_list else "") + (begun if wanted else ""))
            open_list = wanted
        pieces.append(_block(block))
    return "".join(pieces) + (f"</{open_list}>" if open_list else "")


def _block(block: Block) -> str:
    inside = "".join(_span(span) for span in block.spans)
    if block.kind == "code":
        return f"<pre>{escape(block.text)}</pre>"
    if block.kind == "rule":
        return "<hr>"
    if block.kind == "table":
        rows = ["".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row) for tag, row in _tagged(block.rows)]
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
    tags = {"bullet": "li", "number": "li", "quote": "blockquote", "heading": f"h{min(6, block.level + 1)}"}
    tag = tags.get(block.kind, "p")
    return f"<{tag}>{inside}</{tag}>"


def _tagged(rows: list[list[str]]) -> list[tuple[str, list[str]]]:
    return [("td" if place else "th", row) for place, row in enumerate(rows)]


def _span(span: Span) -> str:
    text = escape(span.text).replace("\n", "<br>")
    for wanted, tag in ((span.code, "code"), (span.italic, "em"), (span.bold, "strong")):
        text = f"<{tag}>{text}</{tag}>" if wanted else text
    return text
