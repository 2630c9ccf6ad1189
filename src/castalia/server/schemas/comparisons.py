"""The bodies of POST /v1/comparisons and POST /v1/advice."""

import json
from typing import Literal

from pydantic import Field

from castalia.server.schemas.extras import Strict
from castalia.serving.compare import MOST_MODELS, MOST_REQUESTS, SAMPLES
from castalia.serving.comparisons import ComparisonRun


class WorkloadItem(Strict):
    """One request, and what is known of it."""

    text: str
    modality: str | None = Field(default=None, description="The kind of output that it wants, or unsupported.")
    task: str | None = Field(default=None, description="The class of work that it counts for.")
    answer: str | list[str] | None = Field(default=None, description="What a right answer holds.")
    attachments: list[str] | None = Field(default=None, max_length=16, description="File names; only kinds count.")


def as_lines(items: list[WorkloadItem]) -> str:
    """The requests as JSON lines."""
    told = [item.model_dump(mode="json", exclude_none=True) for item in items]
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in told)


class ComparisonBody(Strict):
    """Which models, and what to ask them; without requests they are asked ours."""

    models: list[str] = Field(min_length=2, max_length=MOST_MODELS)
    requests: list[WorkloadItem] = Field(default_factory=list[WorkloadItem], max_length=10_000)
    samples: int = Field(default=SAMPLES, ge=2, le=200)
    most: int = Field(default=MOST_REQUESTS, ge=1, le=1000)
    seed: int = Field(default=0, ge=0, lt=2**31)
    fresh: bool = False

    def run(self) -> ComparisonRun:
        """What is started."""
        return ComparisonRun(models=self.models, samples=self.samples, seed=self.seed, most=self.most, fresh=self.fresh)


class AdviceBody(Strict):
    """A workload, and in which form the advice is wanted."""

    requests: list[WorkloadItem] = Field(min_length=1, max_length=10_000)
    format: Literal["json", "html", "markdown"] = "json"
