"""The chart engine: reads the attached table, decides which chart shows it, draws that."""

from collections.abc import Iterator

from castalia.core.content import Part
from castalia.core.errors import BadRequest
from castalia.core.events import Done, EngineEvent, MediaChunk, Progress, Usage
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import UsageCounts
from castalia.engines.chart.drawing import HEIGHT, WIDTH, draw
from castalia.modalities.table.charting import chart_of
from castalia.modalities.table.reading import read_table


class ChartEngine:
    """No model: the same table and the same words give the same bytes, whatever the seed."""

    def __init__(self, model: Model, load_options: dict[str, object]) -> None:
        """There is nothing to load."""

    def generate(self, request: Request) -> Iterator[EngineEvent]:
        """One PNG; its ``info`` states the caption, the kind of chart and the columns shown.

        Raises BadRequest without an attachment, UnsupportedInput for one that is no table or holds nothing to draw.
        """
        table = _attached(request)
        name = table.name or "the table"
        yield Progress(message=f"reading {name}")
        chart = chart_of(read_table(table.read(), name), name, request.prompt)
        yield Progress(message=f"drawing {chart.title}")
        data, notes = draw(chart)
        facts: dict[str, object] = {
            "width": WIDTH,
            "height": HEIGHT,
            "caption": chart.caption,
            "chart": chart.kind,
            "columns": chart.columns,
            "rows": chart.rows,
        }
        if notes:
            facts["notes"] = notes
        yield MediaChunk(modality="image", media_type="image/png", data=data, info=facts)
        yield Usage(counts=UsageCounts(units={"images": 1.0}))
        yield Done()

    def close(self) -> None:
        """Nothing is held."""


def _attached(request: Request) -> Part:
    table = next(iter(request.attachments), None)
    if table is None:
        raise BadRequest("A chart is drawn from a table, and none is attached.", hint="Attach a .csv or .parquet file.")
    return table
