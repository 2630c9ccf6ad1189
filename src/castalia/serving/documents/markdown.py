"""What a language model writes, as blocks that every kind of document can set: Markdown without links and pictures.

CommonMark and tables, read by markdown-it-py. Nothing in it can reach out of the document: HTML stays text, links and
pictures are left as they were written.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

Kind = Literal["heading", "paragraph", "bullet", "number", "code", "quote", "table", "rule"]


@dataclass
class Span:
    """A run of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False


@dataclass
class Block:
    """A piece of a text. ``level`` is a heading's, or how deep a list lies; ``rows`` are a table's, the head first;
    ``number`` is that of an item of a counted list."""

    kind: Kind
    spans: list[Span] = field(default_factory=list[Span])
    level: int = 1
    rows: list[list[str]] = field(default_factory=list[list[str]])
    number: int = 0

    @property
    def text(self) -> str:
        """The words without their styles."""
        return "".join(span.text for span in self.spans)


@cache
def _reader() -> MarkdownIt:
    unwanted = ["image", "link", "autolink", "html_inline", "html_block", "reference"]
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(unwanted)


def blocks(text: str) -> list[Block]:
    """The blocks of a text in their order."""
    found: list[Block] = []
    around: list[Token] = []
    rows: list[list[str]] = []
    for token in _reader().parse(text):
        if token.nesting == 1:
            around.append(token)
            if token.type == "tr_open":
                rows.append([])
        elif token.nesting == -1:
            around.pop()
            if token.type == "table_close":
                found.append(Block("table", rows=rows))
                rows = []
        elif token.type == "inline" and rows:
            rows[-1].append("".join(span.text for span in _spans(token)))
        elif token.type == "inline":
            found.append(_block(token, around))
        elif token.type in {"fence", "code_block"}:
            found.append(Block("code", [Span(token.content.rstrip("\n"), code=True)]))
        elif token.type == "hr":
            found.append(Block("rule"))
    return found


def _block(token: Token, around: list[Token]) -> Block:
    """Words with what they stand in: the innermost heading, list or quotation."""
    spans = _spans(token)
    items = [one for one in around if one.type == "list_item_open"]
    for one in reversed(around):
        if one.type == "heading_open":
            return Block("heading", spans, int(one.tag[1:]))
        if one.type == "bullet_list_open":
            return Block("bullet", spans, len(items))
        if one.type == "ordered_list_open":
            return Block("number", spans, len(items), number=int(items[-1].info or 0))
        if one.type == "blockquote_open":
            return Block("quote", spans)
    return Block("paragraph", spans)


def plain(text: str) -> str:
    """The words alone, as they are read aloud: no marks, a full stop after headings and items."""
    lines: list[str] = []
    for block in blocks(text):
        if block.kind in {"code", "rule"}:
            continue
        said = "; ".join(", ".join(row) for row in block.rows) if block.kind == "table" else block.text
        said = " ".join(said.split())
        if said and block.kind != "paragraph" and said[-1] not in ".!?:;。！？：；":
            said += "."
        lines.append(said)
    return "\n".join(line for line in lines if line)


def _spans(token: Token) -> list[Span]:
    spans: list[Span] = []
    bold = italic = 0
    for child in token.children or []:
        match child.type:
            case "strong_open" | "strong_close":
                bold += 1 if child.type == "strong_open" else -1
            case "em_open" | "em_close":
                italic += 1 if child.type == "em_open" else -1
            case "softbreak":
                spans.append(Span(" "))
            case "hardbreak":
                spans.append(Span("\n"))
            case "text" | "code_inline":
                spans.append(Span(child.content, bold > 0, italic > 0, child.type == "code_inline"))
            case _:
                pass
    return spans
