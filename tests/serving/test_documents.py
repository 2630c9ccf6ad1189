"""Documents of a plan: what stands in them, what cannot get out of them, and that other programs read them."""

import io
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from castalia.core.content import Part
from castalia.core.errors import BadRequest
from castalia.core.results import PLAN, Choice, Result, Step
from castalia.serving.documents.markdown import blocks, plain
from castalia.serving.documents.package import package
from castalia.serving.documents.writing import check_format, save, written

TEXT = """# Sales of 2025

Revenue **rose** in *every* quarter: <script>alert("x")</script> & more.

1. North
2. South

- first
- second

| town | sum |
|------|-----|
| Hà Nội | 5 |

![spy](http://example.org/a.png) [link](javascript:alert(1)) `code` äöü 中文
"""
PROMPT = "Write a report <b>and</b> read it aloud"


def result(**fields: object) -> Result:
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (32, 32), "#336699").save(stream, "PNG")
    outputs = [
        Part.of_text(TEXT),
        Part(type="image", media_type="image/png", data=stream.getvalue(), info={"caption": "A blue <square>"}),
        Part(type="speech", media_type="audio/wav", data=b"RIFF" + bytes(range(256)) * 40),
    ]
    steps = [
        Step(name="text", modality="text", prompt="p", state="done", status="pass", outputs=[0], seed=1),
        Step(name="image", modality="image", prompt="p", state="done", status="flag", outputs=[1], seed=1),
        Step(name="speech", modality="speech", prompt="p", state="done", status="pass", outputs=[2], seed=1),
        Step(name="music", modality="music", prompt="p", state="failed", why="Nothing installed makes <music>."),
    ]
    choice = Choice(modality=PLAN, steps=steps)
    return Result.model_validate({"id": "r-1", "choice": choice, "outputs": outputs, **fields})


class Page(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_html_holds_everything_and_reaches_out_to_nothing() -> None:
    text = written(result(), PROMPT, "html").decode()
    page = Page(text)
    assert "script" not in page.tags
    sources = [value or "" for name, value in page.attributes if name in {"src", "href"}]
    assert len(sources) == 2
    assert all(source.startswith("data:") for source in sources)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "style"]
    words = " ".join(page.words)
    for wanted in (
        "Sales of 2025",
        '<script>alert("x")</script>',
        "A blue <square>",
        "Nothing installed makes <music>.",
    ):
        assert wanted in words, wanted
    assert "default-src 'none'" in text
    assert {"h1", "ol", "ul", "table", "strong", "em", "code", "img", "audio"} <= set(page.tags)
    assert words.count("Sales of 2025") == 2  # <title> and the heading, not once more in the text


def test_the_style_is_the_one_that_the_policy_allows() -> None:
    import base64
    import hashlib

    text = written(result(), PROMPT, "html").decode()
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert f"sha256-{base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()}" in text


def test_docx_is_read_by_python_docx_and_holds_picture_and_sound() -> None:
    docx = pytest.importorskip("docx")
    data = written(result(), PROMPT, "docx")
    paper = docx.Document(io.BytesIO(data))
    words = "\n".join(paragraph.text for paragraph in paper.paragraphs)
    assert "Sales of 2025" in words
    assert "2. South" in words
    assert 'rose in every quarter: <script>alert("x")</script> & more.' in words
    assert paper.tables[0].cell(1, 0).text == "Hà Nội"
    assert len(paper.inline_shapes) == 1
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (packed,) = [name for name in archive.namelist() if "embeddings" in name]
        assert b"RIFF" + bytes(range(256)) * 40 in archive.read(packed)


def test_pdf_is_read_by_pypdf_and_holds_picture_and_sound() -> None:
    pypdf = pytest.importorskip("pypdf")
    pytest.importorskip("reportlab")
    reader = pypdf.PdfReader(io.BytesIO(written(result(), PROMPT, "pdf")))
    words = "\n".join(page.extract_text() for page in reader.pages)
    assert "Sales of 2025" in words
    assert "Hà Nội" in words
    assert "Nothing installed makes <music>." in words
    assert sum(len(page.images) for page in reader.pages) == 1
    assert reader.attachments["1-speech.wav"][0] == b"RIFF" + bytes(range(256)) * 40
    assert reader.metadata.title == "Sales of 2025"


def test_packages_of_every_size_are_sound_compound_files() -> None:
    for size in (0, 10, 4096, 70_000, 9_000_000):
        data = package("a.wav", b"\x07" * size)
        sector = 512 if data[26] == 3 else 4096
        assert data[:8] == bytes.fromhex("D0CF11E0A1B11AE1")
        assert len(data) % sector == 0
        tables = int.from_bytes(data[44:48], "little")
        fat = b""
        for place in range(tables):
            number = int.from_bytes(data[76 + 4 * place : 80 + 4 * place], "little")
            fat += data[(number + 1) * sector : (number + 2) * sector]
        chain = [int.from_bytes(fat[4 * n : 4 * n + 4], "little") for n in range(len(fat) // 4)]
        sectors, read = 0, b""
        while sectors != 0xFFFFFFFE:  # follow the stream
            read += data[(sectors + 1) * sector : (sectors + 2) * sector]
            sectors = chain[sectors]
        assert b"\x07" * size in read
        assert chain.count(0xFFFFFFFD) == tables


def test_blocks_of_a_text() -> None:
    found = blocks(TEXT)
    assert [block.kind for block in found] == [
        "heading", "paragraph", "number", "number", "bullet", "bullet", "table", "paragraph",
    ]  # fmt: skip
    assert [block.number for block in found if block.kind == "number"] == [1, 2]
    assert [span.text for span in found[1].spans if span.bold] == ["rose"]
    assert "http://example.org/a.png" in found[-1].text


def test_plain_words_are_fit_to_be_read_aloud() -> None:
    assert plain("# Title\n\nSome **bold** words\nover two lines.\n\n- one\n- two!") == (
        "Title.\nSome bold words over two lines.\none.\ntwo!"
    )


def test_unknown_formats_are_refused(tmp_path: Path) -> None:
    for name in ("", "txt", "md"):
        with pytest.raises(BadRequest, match="html, docx, pdf"):
            check_format(name)
    with pytest.raises(BadRequest):
        save(result(), PROMPT, tmp_path / "a.txt")
    assert not list(tmp_path.iterdir())
