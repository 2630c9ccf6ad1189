"""What the fake engine states about itself."""

from castalia.core.specs import EngineSpec
from castalia.engines.language import TEXT_OPTIONS

SPEC = EngineSpec(
    name="fake",
    summary="Deterministic outputs without weights, for tests and demonstrations of the flow",
    implementation="castalia.engines.fake.engine:FakeEngine",
    formats=("fake",),
    outputs=("text", "image", "speech", "table"),
    options={
        "text": TEXT_OPTIONS,
        "image": ("count",),
        "speech": ("speed",),
        "table": ("rows",),
    },
    parallel=True,
    licence="Apache-2.0",
)
