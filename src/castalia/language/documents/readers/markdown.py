"""Markdown by markdown-it-py: headings, paragraphs, lists, code and tables."""

import re

from castalia.language.documents.content import Block, Reading
from castalia.language.documents.formats import DocumentFormat, decoded


def read(data: bytes, name: str) -> Reading:  # noqa: PLR0912 - one branch a kind of token
    """The blocks of a CommonMark text with tables; a list stays one block, markup of words is taken away."""
    from markdown_it import MarkdownIt

    notes: list[str] = []
    source = decoded(data, name, notes)
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(source)
    blocks: list[Block] = []
    items: list[str] = []
    rows: list[list[str]] = []
    level = depth = 0
    for token in tokens:
        match token.type:
            case "heading_open":
                level = int(token.tag[1:])
            case "bullet_list_open" | "ordered_list_open":
                depth += 1
            case "bullet_list_close" | "ordered_list_close":
                depth -= 1
                if depth == 0:
                    blocks.append(Block("paragraph", "\n".join(items)))
                    items = []
            case "tr_open":
                rows.append([])
            case "table_close":
                blocks.append(Block("table", "\n".join(" | ".join(row) for row in rows)))
                rows = []
            case "fence" | "code_block":
                blocks.append(Block("paragraph", token.content))
            case "inline":
                text = _plain(token.content)
                if rows:
                    rows[-1].append(text)
                elif depth:
                    items.append(f"- {text}")
                else:
                    blocks.append(Block("heading" if level else "paragraph", text, level=level))
                    level = 0
            case _:
                pass
    return Reading(blocks, notes=notes)


def _plain(text: str) -> str:
    """The words of a line: links and pictures by their text, without marks of emphasis and code."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(\*\*|__|`)(.+?)\1", r"\2", text)
    return re.sub(r"(?<!\w)([*_])(?=\S)(.+?)(?<=\S)\1(?!\w)", r"\2", text)


FORMAT = DocumentFormat("markdown", "Markdown", (".md", ".markdown"), "text/markdown", read)
