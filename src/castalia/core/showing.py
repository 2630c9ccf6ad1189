"""Parts as HTML, for notebooks and reports: everything inline, nothing fetched."""

import base64
import csv
import html
import io

from castalia.core.content import Part

ROWS_SHOWN = 12


def part_html(part: Part) -> str:
    """One part: text as paragraphs, pictures, sound and video playable, tables by their first rows."""
    if part.text is not None:
        return f"<div style='white-space: pre-wrap'>{html.escape(part.text)}</div>"
    media_type = part.media_type or "application/octet-stream"
    kind = media_type.partition("/")[0]
    if media_type == "text/csv":
        return _table_html(part.read().decode("utf-8", errors="replace"))
    source = f"data:{media_type};base64,{base64.b64encode(part.read()).decode('ascii')}"
    if kind == "image":
        return f"<img src='{source}' alt='' style='min-width: 96px; image-rendering: pixelated'>"
    if kind in {"audio", "video"} and media_type != "audio/midi":
        return f"<{kind} controls src='{source}'></{kind}>"
    name = html.escape(part.name or f"{part.type} output")
    return f"<a download='{name}' href='{source}'>{name}</a>"


def _table_html(text: str) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    head, body = rows[:1], rows[1:]
    lines = [_row_html(row, "th") for row in head] + [_row_html(row, "td") for row in body[:ROWS_SHOWN]]
    more = f"<p>{len(body)} rows, the first {ROWS_SHOWN} shown</p>" if len(body) > ROWS_SHOWN else ""
    return f"<table>{''.join(lines)}</table>{more}"


def _row_html(row: list[str], tag: str) -> str:
    cells = "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)
    return f"<tr>{cells}</tr>"
