"""The chart engine: true numbers, same bytes, letters of other scripts, plain refusals."""

import io

import pytest
from PIL import Image

from castalia.core.content import Part
from castalia.core.errors import BadRequest, UnsupportedInput
from castalia.core.events import MediaChunk
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.engines.chart.drawing import HEIGHT, WIDTH, draw
from castalia.engines.chart.engine import ChartEngine
from castalia.modalities.table.charting import chart_of
from castalia.modalities.table.reading import read_table

pytest.importorskip("matplotlib")
CSV = b"month,region,sales\n2025-01,North,5\n2025-02,South,9\n2025-03,North,7\n2025-04,South,$3\n"


def drawn(prompt: str, data: bytes = CSV) -> MediaChunk:
    engine = ChartEngine(Model(name="charts", format="chart", engines=["chart"], outputs=["image"], folder="."), {})
    request = Request.of_text(prompt, [Part(type="file", name="a.csv", data=data)], modality="image", seed=1)
    return next(event for event in engine.generate(request) if isinstance(event, MediaChunk))


@pytest.mark.parametrize("kind", ["line", "bar", "pie", "scatter", "histogram"])
def test_every_kind_is_a_picture_that_shows_something(kind: str) -> None:
    data = b"month,group,x,y\n" + b"".join(b"2025-%02d,g%d,%d,%d\n" % (n, n % 3, n, n * n) for n in range(1, 13))
    chunk = drawn(f"a {kind} chart", data)
    assert chunk.info["chart"] == kind
    image = Image.open(io.BytesIO(chunk.data or b""))
    assert image.size == (WIDTH, HEIGHT)
    assert len(image.convert("RGB").getcolors(1 << 20) or []) > 20


def test_the_tallest_bar_is_the_largest_number() -> None:
    image = Image.open(io.BytesIO(drawn("bar chart", b"town,sales\nA,30\nB,10\nC,20\n").data or b"")).convert("RGB")
    blue = [sum(image.getpixel((x, y)) == (0x2F, 0x6F, 0xB3) for y in range(0, HEIGHT, 3)) for x in range(0, WIDTH, 3)]
    heights = sorted({height for height in blue if blue.count(height) > 20 and height}, reverse=True)
    assert len(heights) == 3
    assert heights[0] / heights[2] == pytest.approx(3, rel=0.05)


def test_same_table_same_bytes() -> None:
    assert drawn("a chart").data == drawn("a chart").data


def test_names_with_formula_signs_are_drawn_as_they_are() -> None:
    assert drawn("a chart", b"$town$,sa_les^2\n$a_1,3\nb$,5\n$\\frac{,1\n").data


def test_letters_without_a_font_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("castalia.engines.chart.drawing.FONTS", ("No Such Font",))
    data, notes = draw(chart_of(read_table("城市,销售\n北京,3\n上海,5\n".encode(), "a.csv"), "a.csv", "图表"))
    assert data.startswith(b"\x89PNG")
    assert "East Asian" in notes[0]


def test_refusals() -> None:
    engine = ChartEngine(Model(name="charts", format="chart", engines=["chart"], outputs=["image"], folder="."), {})
    with pytest.raises(BadRequest):
        list(engine.generate(Request.of_text("a chart", modality="image")))
    with pytest.raises(UnsupportedInput):
        drawn("a chart", b"\x00\x01binary")
