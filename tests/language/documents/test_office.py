"""What Word and PowerPoint keep beside plain paragraphs is read too: forms, changes, boxes, groups, charts."""

import io
import zipfile

import pytest

from castalia.core.errors import UnsupportedInput
from castalia.language.documents.reading import read_bytes

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
FORM = f"""<w:sdt {W}><w:sdtContent><w:p><w:r><w:t>Tenant: Ada Byron</w:t></w:r></w:p></w:sdtContent></w:sdt>"""
CHANGED = f"""<w:p {W}><w:r><w:t>The rent is </w:t></w:r><w:del><w:r><w:delText>500</w:delText></w:r></w:del>
<w:ins><w:r><w:t>550 euros</w:t></w:r></w:ins><w:r><w:txbxContent><w:p><w:r><w:t>See clause 4.</w:t></w:r></w:p>
</w:txbxContent></w:r></w:p>"""


def test_forms_changes_boxes_and_inner_tables_of_word_documents_are_read() -> None:
    import docx as library
    from docx.oxml import parse_xml

    document, out = library.Document(), io.BytesIO()
    own = document.styles.add_style("Clause", 1)
    own.base_style = document.styles["Heading 2"]
    document.add_paragraph("Deposit", style="Clause")
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text = "Fees"
    table.cell(0, 1).add_table(rows=1, cols=1).cell(0, 0).text = "12 euros"
    for xml in (FORM, CHANGED):
        document.element.body.insert(0, parse_xml(xml))
    document.save(out)
    content = read_bytes(out.getvalue(), "a.docx")
    for phrase in ("Tenant: Ada Byron", "The rent is 550 euros", "See clause 4.", "Fees | 12 euros"):
        assert phrase in [content.text[one.start : one.end] for one in content.blocks]
    assert "500" not in content.text
    assert [one.level for one in content.blocks if content.text[one.start : one.end] == "Deposit"] == [2]


def test_a_word_document_with_macros_is_refused_in_plain_words() -> None:
    import docx as library

    whole, macros = io.BytesIO(), io.BytesIO()
    library.Document().save(whole)
    with zipfile.ZipFile(whole) as plain, zipfile.ZipFile(macros, "w") as changed:
        for member in plain.namelist():
            data = plain.read(member)
            main = b"wordprocessingml.document.main+xml"
            changed.writestr(member, data.replace(b"openxmlformats-officedocument." + main, b"ms-word." + main))
    with pytest.raises(UnsupportedInput, match="a template or holds macros"):
        read_bytes(macros.getvalue(), "a.docx")


def test_groups_and_charts_of_slides_are_read_in_their_places() -> None:
    import pptx as library
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    show, out = library.Presentation(), io.BytesIO()
    slide = show.slides.add_slide(show.slide_layouts[6])
    data = CategoryChartData()
    data.categories = ["East", "West"]
    data.add_series("Boats", (3, 4.5))
    slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, Inches(1), Inches(4), Inches(3), Inches(2), data)
    slide.shapes.add_textbox(Inches(1), Inches(3), Inches(2), Inches(1)).text_frame.text = "Below the group"
    inner = slide.shapes.add_group_shape().shapes.add_textbox(Inches(1), Inches(2), Inches(2), Inches(1))
    inner.text_frame.text = "Inside the group"
    show.save(out)
    text = read_bytes(out.getvalue(), "a.pptx").text
    assert text.index("Inside the group") < text.index("Below the group") < text.index("East | 3\nWest | 4.5")
    assert "| Boats" in text
