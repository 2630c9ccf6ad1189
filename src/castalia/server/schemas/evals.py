"""The bodies of POST /v1/evals and POST /v1/evals/{id}/runs, in the shape of OpenAI's evals API."""

from typing import Literal

from pydantic import Field

from castalia.server.schemas.extras import Strict
from castalia.serving.evals import Criterion, Eval, EvalRun


class SourceConfig(Strict):
    """What the items look like: ours are questions with answers, or none for models that are measured by their data."""

    type: Literal["custom"] = "custom"
    item_schema: dict[str, object] = Field(default_factory=dict)
    include_sample_schema: bool = False


class FigureCriterion(Strict):
    """A figure of the evaluation, such as ``exact_match`` or ``kid``, that has to reach a value."""

    type: Literal["castalia_figure"] = "castalia_figure"
    name: str = ""
    figure: str
    pass_threshold: float


class EvalBody(Strict):
    """OpenAI's eval; ``testing_criteria`` name our figures, none at all measures everything."""

    name: str = ""
    data_source_config: SourceConfig = Field(default_factory=SourceConfig)
    testing_criteria: list[FigureCriterion] = Field(default_factory=list[FigureCriterion], max_length=64)
    metadata: dict[str, str] | None = Field(default=None, max_length=16)

    def eval(self) -> Eval:
        """What is kept."""
        criteria = [Criterion(figure=one.figure, threshold=one.pass_threshold) for one in self.testing_criteria]
        return Eval(
            name=self.name,
            metadata=self.metadata or {},
            criteria=criteria,
            source=self.data_source_config.model_dump(mode="json"),
        )


class Item(Strict):
    """One question: ``item`` holds question, answer and, where the answer stands in a text, source."""

    item: dict[str, object]
    sample: dict[str, object] | None = None


class FileContent(Strict):
    """Items in the body itself."""

    type: Literal["file_content"] = "file_content"
    content: list[Item] = Field(min_length=1, max_length=10_000)


class DataSource(Strict):
    """The model, and questions for it; without questions our own are asked, or the model's own data is taken."""

    type: Literal["castalia", "jsonl"] = "castalia"
    model: str
    source: FileContent | None = None
    engine: str | None = None
    samples: int | None = Field(default=None, ge=8, le=20_000)
    seed: int = Field(default=0, ge=0, lt=2**31)


class RunBody(Strict):
    """OpenAI's run of an eval."""

    data_source: DataSource
    name: str = ""
    metadata: dict[str, str] | None = Field(default=None, max_length=16)

    def run(self, eval: str) -> EvalRun:
        """What is started."""
        source = self.data_source
        return EvalRun(
            eval=eval,
            name=self.name,
            model=source.model,
            engine=source.engine,
            samples=source.samples,
            seed=source.seed,
            metadata=self.metadata or {},
        )

    def items(self) -> list[dict[str, object]] | None:
        """The questions given."""
        source = self.data_source.source
        return None if source is None else [one.item for one in source.content]
