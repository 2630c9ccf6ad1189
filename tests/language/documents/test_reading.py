"""Every format is read with its places; what cannot be read says why."""

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from castalia.core.errors import CastaliaError, MissingExtra, NotFound, TooLarge, UnsupportedInput
from castalia.language.documents import office
from castalia.language.documents.chunking import chunks_of
from castalia.language.documents.formats import decoded, formats
from castalia.language.documents.reading import Reader, read_bytes


def words(text: str) -> int:
    return len(text.split())


def pdf(encrypted: bool = False) -> bytes:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

    styles, out = getSampleStyleSheet(), io.BytesIO()
    lock = StandardEncryption("secret") if encrypted else None
    template = SimpleDocTemplate(out, title="Harbour rules", encrypt=lock)
    body = styles["BodyText"]
    template.build(
        [
            Paragraph("Moorings", styles["Heading1"]),
            Paragraph("Boats moor at the east pier. " * 12, body),
            PageBreak(),
            Paragraph("Gebühren", styles["Heading1"]),
            Paragraph("Ein Liegeplatz kostet zwölf Euro die Nacht.", body),
        ]
    )
    return out.getvalue()


def docx() -> bytes:
    import docx as library

    document, out = library.Document(), io.BytesIO()
    document.add_heading("Rapport annuel", 1)
    document.add_paragraph("L'équipe a planté vingt chênes près de l'école.")
    document.add_heading("Chiffres", 2)
    table = document.add_table(rows=2, cols=2)
    for place, text in enumerate(("Année", "Arbres", "2021", "20")):
        table.cell(place // 2, place % 2).text = text
    document.save(out)
    return out.getvalue()


def pptx() -> bytes:
    import pptx as library

    show, out = library.Presentation(), io.BytesIO()
    for title, text in (("First", "One thing"), ("Zweite Folie", "Noch etwas")):
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, text
    show.save(out)
    return out.getvalue()


def eml() -> bytes:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "ana@example.org", "ben@example.org", "Señal"
    letter.set_content("La reunión empieza a las nueve.")
    letter.add_attachment(b"x", maintype="application", subtype="octet-stream", filename="plan.bin")
    return letter.as_bytes()


FILES = {
    "a.pdf": (pdf, "zwölf Euro", 2),
    "a.docx": (docx, "vingt chênes", None),
    "a.pptx": (pptx, "Noch etwas", 2),
    "a.eml": (eml, "reunión empieza", None),
    "a.html": ("<h1>见面</h1><script>no()</script><p>会议在九点开始。</p>".encode, "会议在九点开始", None),
    "a.md": (lambda: b"# Head\n\nSome *plain* words.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", "Some plain words", None),
    "a.txt": (lambda: "Một đoạn văn.\n\nĐoạn thứ hai.".encode("utf-16"), "Đoạn thứ hai", None),
    "a.csv": (lambda: b"name;age\nAda;36\nBob;41\n", "Ada | 36", None),
}


@pytest.mark.parametrize("name", FILES)
def test_each_format_is_read_with_its_places(name: str, tmp_path: Path) -> None:
    make, phrase, page = FILES[name]
    (tmp_path / name).write_bytes(make())
    with Reader() as reader:
        content = reader.read(tmp_path / name)
    assert phrase in content.text
    assert "no()" not in content.text
    holding = [one for one in content.blocks if phrase in content.text[one.start : one.end]]
    assert [one.page for one in holding] == [page]
    for chunk in chunks_of(content, words, most=12):
        assert content.text[chunk.start : chunk.end] == chunk.text
        assert words(chunk.text) <= 12


def test_every_reader_is_tried_here() -> None:
    assert {suffix for one in formats().values() for suffix in one.suffixes[:1]} == {
        f".{name.partition('.')[2]}" for name in FILES
    }


def test_passages_follow_headings_and_rows_keep_their_columns() -> None:
    rows = "\n".join(f"| {number} | {number * number} |" for number in range(40))
    text = f"# Report\n\n## Squares\n\n| n | square |\n|---|---|\n{rows}\n\n## End\n\nThe last words.\n"
    chunks = list(chunks_of(read_bytes(text.encode(), "a.md"), words, most=30))
    assert chunks[-1].heading == "Report > End"
    later = [chunk for chunk in chunks if chunk.text.startswith(("10 |", "20 |", "30 |")) or "11 | 121" in chunk.text]
    assert later
    assert all("n | square" in chunk.heading or "n | square" in chunk.text for chunk in later)


BAD = {
    "empty.txt": (b"", "is empty"),
    "blank.md": (b"  \n\n", "holds no text"),
    "broken.pdf": (b"%PDF-1.7\nnothing here", "broken PDF"),
    "not.pdf": (b"<html>hello</html>", "named like a PDF"),
    "old.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "encrypted or of the format before 2007"),
    "noise.bin": (bytes(range(256)) * 4, "of no kind"),
    "no.eml": (b"just text\n", "no e-mail"),
    "letter.rtf": (b"{\\rtf1\\ansi Hello}", "an RTF file"),
    "letter.doc": (b"{\\rtf1\\ansi Hello}", "an RTF file"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_says_why(name: str, tmp_path: Path) -> None:
    data, reason = BAD[name]
    (tmp_path / name).write_bytes(data)
    with Reader() as reader, pytest.raises(UnsupportedInput, match=reason) as raised:
        reader.read(tmp_path / name)
    assert raised.value.hint


def test_mislabelled_encrypted_cut_and_absent_files(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(pdf())
    (tmp_path / "locked.pdf").write_bytes(pdf(encrypted=True))
    (tmp_path / "cut.docx").write_bytes(docx()[:-400])
    with Reader() as reader:
        with pytest.raises(UnsupportedInput, match="bytes are those of a PDF"):
            reader.read(tmp_path / "a.docx")
        with pytest.raises(UnsupportedInput, match="password"):
            reader.read(tmp_path / "locked.pdf")
        with pytest.raises(UnsupportedInput):
            reader.read(tmp_path / "cut.docx")
        with pytest.raises(NotFound):
            reader.read(tmp_path / "none.pdf")


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 2_000_000)
    monkeypatch.setattr(office, "MOST_XML", 1_000_000)
    with pytest.raises(TooLarge, match="unpacks to"):
        read_bytes(out.getvalue(), "bomb.docx")


def test_a_file_that_takes_too_long_is_given_up_and_the_next_is_read(tmp_path: Path) -> None:
    (tmp_path / "long.pdf").write_bytes(pdf())
    (tmp_path / "next.txt").write_text("Fine.")
    with Reader(seconds=0.001) as reader:
        with pytest.raises(UnsupportedInput, match="took longer"):
            reader.read(tmp_path / "long.pdf")
        reader.seconds = 60
        assert reader.read(tmp_path / "next.txt").text == "Fine."


def test_documents_that_packages_ship(tmp_path: Path) -> None:
    import docx as library
    import matplotlib

    drawing = Path(matplotlib.get_data_path()) / "images" / "home.pdf"
    template = Path(library.__file__).parent / "templates" / "default.docx"
    with Reader() as reader:
        for path, reason in ((drawing, "without any text"), (template, "holds no text")):
            with pytest.raises(CastaliaError, match=reason):
                reader.read(path)


def page_of(texts: list[tuple[float, float, str]], font: str = "Helvetica", size: int = 11) -> bytes:
    """A PDF with these texts at their places (points from the left and from below), one page each time y grows."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out)
    if font != "Helvetica":
        pdfmetrics.registerFont(UnicodeCIDFont(font))
    last = 900.0
    for x, y, text in texts:
        if y > last:
            canvas.showPage()
        last = y
        canvas.setFont(font, size)
        canvas.drawString(x, y, text)
    canvas.save()
    return out.getvalue()


def test_a_table_in_a_pdf_is_read_by_its_rows() -> None:
    rows = [("Boat", "Seats", "Price a day"), ("Canoe", "2", "14 euros"), ("Rowing boat", "4", "22 euros")]
    cells = [
        (x, 700 - 14 * row, text)
        for row, texts in enumerate(rows)
        for x, text in zip((72, 200, 300), texts, strict=True)
    ]
    content = read_bytes(page_of([(72, 760, "These are the boats of the house by the lake."), *cells]), "a.pdf")
    [table] = [content.text[one.start : one.end] for one in content.blocks if one.kind == "table"]
    assert table.splitlines() == [" | ".join(row) for row in rows]


def test_columns_of_a_pdf_are_no_table() -> None:
    left = [f"left line {number} fills its whole column" for number in range(6)]
    right = [f"right line {number} fills its whole column" for number in range(6)]
    places = [(x, 700 - 13 * row, text) for row in range(6) for x, text in ((72, left[row]), (260, right[row]))]
    text = read_bytes(page_of(places), "a.pdf").text
    assert " ".join(left) in text
    assert " ".join(right) in text


def test_leaders_of_a_table_of_contents_are_left_out() -> None:
    entries = [(72, 700 - 14 * row, f"{row} Heading {'. ' * 40}{row + 3}") for row in range(5)]
    text = read_bytes(page_of(entries), "a.pdf").text
    assert "0 Heading" in text
    assert ". ." not in text


def test_lines_of_chinese_and_parted_words_are_joined_as_they_are_meant() -> None:
    chinese = page_of([(72, 700, "会议在九点"), (72, 686, "开始。")], "STSong-Light")
    assert "会议在九点开始。" in read_bytes(chinese, "a.pdf").text
    german = page_of([(72, 700, "Die Schiff-"), (72, 687, "fahrt auf Hin-"), (72, 674, "und Rückweg")])
    assert "Die Schifffahrt auf Hin- und Rückweg" in read_bytes(german, "a.pdf").text


def test_text_inside_a_form_of_a_pdf_is_read() -> None:
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.beginForm("stamped")
    canvas.drawString(72, 700, "The contract ends in May.")
    canvas.endForm()
    canvas.doForm("stamped")
    canvas.save()
    assert "The contract ends in May." in read_bytes(out.getvalue(), "a.pdf").text


def test_pages_without_text_are_told() -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(pdf())))
    writer.add_blank_page()
    out = io.BytesIO()
    writer.write(out)
    content = read_bytes(out.getvalue(), "a.pdf")
    assert content.notes == ["1 page of 3 without text, pictures or empty: 3."]


def test_a_passage_stands_on_one_page() -> None:
    text = "The first page is short.\fThe second page says more.\fThe third ends it."
    chunks = list(chunks_of(read_bytes(text.encode(), "a.txt"), words))
    assert [(one.page, one.text.split()[1]) for one in chunks] == [(1, "first"), (2, "second"), (3, "third")]


def test_pages_are_told_while_a_pdf_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf())
    with Reader() as reader:
        told = [event.message for event in reader.reading(tmp_path / "a.pdf", fraction=0.5)]
    assert told == ["a.pdf: reading page 1", "a.pdf: reading page 2"]


def test_a_reading_that_is_given_up_leaves_nothing_for_the_next_file(tmp_path: Path) -> None:
    (tmp_path / "rules.pdf").write_bytes(pdf())
    (tmp_path / "note.txt").write_text("Another text altogether.")
    with Reader() as reader:
        pages = reader.reading(tmp_path / "rules.pdf")
        assert "page 1" in next(pages).message
        pages.close()
        assert reader.read(tmp_path / "note.txt").text == "Another text altogether."


OLD_TEXTS = {
    "cp1252": "Die Miete beträgt 500 Euro im Monat. Kündigung nur schriftlich.",
    "gb18030": "会议在九点开始。午餐在十二点。",
    "cp932": "会議は九時に始まります。昼食は十二時です。",
    "cp1251": "Встреча начинается в девять часов.",
}


@pytest.mark.parametrize("encoding", OLD_TEXTS)
def test_old_encodings_are_guessed_and_it_is_told(encoding: str) -> None:
    content = read_bytes(OLD_TEXTS[encoding].encode(encoding), "a.txt")
    assert content.text == OLD_TEXTS[encoding]
    assert "a guess" in content.notes[0]


@pytest.mark.parametrize(
    ("page", "phrase"),
    [
        (b"<html><head><title>T</title><body><p>Without an end of its head.</p>", "Without an end"),
        (b"<title>T</title><head><meta name=x><h1>Not even a body</h1>", "Not even a body"),
        (b"<meta charset=utf-16><p>Die Stra\xc3\x9fe</p>", "Die Straße"),
        (b"<meta charset=undefined><p>Stated wrongly</p>", "Stated wrongly"),
        (b"<meta charset=iso-8859-1><p>\x80 5</p>", "€ 5"),
        ("<p><ruby>漢字<rt>かんじ</rt></ruby>を読む</p>".encode(), "漢字を読む"),
    ],
)
def test_pages_as_they_are_found_in_the_wild(page: bytes, phrase: str) -> None:
    assert phrase in read_bytes(page, "a.html").text


def test_a_letter_in_html_keeps_its_headings_and_its_letters() -> None:
    letter = EmailMessage()
    letter["From"], letter["Subject"] = "ana@example.org", "Fees"
    page = '<meta charset="iso-8859-1"><h1>Neue Gebühren</h1><p>Ab Mai fünf Euro.</p>'
    letter.set_content(page, subtype="html", charset="iso-8859-1")
    content = read_bytes(letter.as_bytes(), "a.eml")
    assert "Neue Gebühren" in content.text
    assert "Ab Mai fünf Euro." in content.text


def test_texts_behind_a_picture_belong_to_the_letter() -> None:
    letter = EmailMessage()
    letter["From"], letter["Subject"] = "ana@example.org", "Photo"
    letter.set_content("Look at this.")
    letter.add_attachment(b"x", maintype="image", subtype="png", filename="a.png", disposition="inline")
    letter.add_attachment("It was taken in May.", disposition="inline")
    content = read_bytes(letter.as_bytes(), "a.eml")
    assert "It was taken in May." in content.text
    assert content.notes == ["Attachments are not read: a.png."]


def test_decomposed_letters_and_ligatures_are_found() -> None:
    content = read_bytes("Pho\u031b\u0309 is \ufb01ne".encode(), "a.txt")
    assert content.text == "Phở is fine"


def test_an_old_encoding_without_the_library_that_guesses_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("castalia.language.documents.formats.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match="not UTF-8 needs charset_normalizer"):
        decoded(OLD_TEXTS["cp1252"].encode("cp1252"), "old.txt", [])
    assert decoded("Größe".encode(), "new.txt", []) == "Größe"
