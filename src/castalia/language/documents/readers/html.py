"""HTML by Python's own tolerant parser: headings, paragraphs, lists and tables; scripts and navigation are left out."""

import re
from html.parser import HTMLParser

from castalia.language.documents.content import Block, Reading
from castalia.language.documents.formats import DocumentFormat, decoded

SILENT = frozenset({"script", "style", "noscript", "template", "svg", "nav", "iframe", "head", "rt", "rp"})
ENDING = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "aside",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "li",
        "blockquote",
        "pre",
        "figure",
        "figcaption",
        "form",
        "hr",
        "body",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "caption",
        "address",
        "details",
        "summary",
    ]
)
CHARSET = re.compile(
    rb"(?:<meta[^>]{0,200}charset\s*=|<\?xml[^>]{0,100}encoding\s*=)\s*[\"']?\s*([\w-]+)", re.IGNORECASE
)
MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
WIDER = {
    **dict.fromkeys(["iso-8859-1", "latin1", "us-ascii", "ascii"], "cp1252"),
    **dict.fromkeys(["utf-16", "utf-16le", "utf-16be"], "utf-8"),
    **dict.fromkeys(["gb2312", "gbk"], "gb18030"),
    **dict.fromkeys(["shift_jis", "shift-jis", "sjis", "x-sjis"], "cp932"),
}
"""What stated encodings mean (WHATWG, Encoding Standard): a page that can be read to this line is no UTF-16."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.title = ""
        self._words: list[str] = []
        self._rows: list[list[str]] = []
        self._silent: list[str] = []
        self._level = self._tables = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's
        if self._silent == ["head"] and tag in ENDING:
            self._silent.clear()  # its end tag may be left out
        if tag == "title":
            self._in_title = self._silent in ([], ["head"])  # those of drawings are none of the page
        elif tag in SILENT:
            self._silent.append(tag)
        elif tag == "table":
            self._flush()
            self._tables += 1
        elif tag in {"tr", "td", "th"} and self._tables:
            self._cell()
            if tag == "tr" or not self._rows:
                self._rows.append([])
            if tag != "tr":
                self._rows[-1].append("")
        elif tag == "br":
            self._words.append("\n")
        elif tag in ENDING and not self._tables:
            self._flush()
            if re.fullmatch("h[1-6]", tag):
                self._level = int(tag[1])
            elif tag == "li":
                self._words.append("- ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        elif tag == "body":
            self._silent.clear()
        elif tag == "table" and self._tables:
            self._cell()
            self._tables -= 1
            if not self._tables:
                rows = [row for row in self._rows if any(row)]
                self.blocks.append(Block("table", "\n".join(" | ".join(row) for row in rows)))
                self._rows = []
        elif tag in ENDING and not self._tables:
            self._flush()

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif not self._silent:
            self._words.append(data)

    def close(self) -> None:
        super().close()
        self._flush()

    def _cell(self) -> None:
        """What was read since belongs to the last cell, or stood before the first one."""
        if self._rows and self._rows[-1]:
            self._rows[-1][-1] = " ".join([self._rows[-1][-1], *"".join(self._words).split()]).strip()
        self._words = []

    def _flush(self) -> None:
        lines = ["".join(line.split("\r")) for line in "".join(self._words).split("\n")]
        text = "\n".join(_joined(lines))
        if text:
            self.blocks.append(Block("heading" if self._level else "paragraph", text, level=self._level))
        self._level, self._words = 0, []


def _joined(lines: list[str]) -> list[str]:
    return [" ".join(line.split()) for line in lines if line.strip()]


def read(data: bytes, name: str) -> Reading:
    """The text that a browser would show, by blocks."""
    notes: list[str] = []
    reading = read_text(_text(data, name, notes))
    return Reading(reading.blocks, title=reading.title, notes=notes)


def read_text(text: str) -> Reading:
    """The same of a page that is text already, whatever encoding it states."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return Reading(reader.blocks, title=" ".join(reader.title.split()))


def _text(data: bytes, name: str, notes: list[str]) -> str:
    """Decoded as a mark at its begin says, or as the page states, and as browsers understand that."""
    stated = CHARSET.search(data[:4096])
    if stated is not None and not data.startswith(MARKS):
        label = stated.group(1).decode().lower()
        try:
            return data.decode(WIDER.get(label, label))
        except (LookupError, UnicodeError):
            notes.append("The page is not in the encoding that it states.")
    return decoded(data, name, notes)


FORMAT = DocumentFormat("html", "HTML", (".html", ".htm", ".xhtml"), "text/html", read)
