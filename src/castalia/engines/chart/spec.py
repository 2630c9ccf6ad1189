"""What the chart engine states about itself."""

from castalia.core.specs import EngineSpec

SPEC = EngineSpec(
    name="chart",
    summary="Charts of an attached table's own numbers, drawn by matplotlib; no weights, no chance",
    implementation="castalia.engines.chart.engine:ChartEngine",
    requires=("matplotlib",),
    extra="documents",
    formats=("chart",),
    outputs=("image",),
    inputs=("table",),
    options={"image": ()},
    licence="PSF-like",
)
