"""The body of POST /v1/fine_tuning/jobs, in the shape of OpenAI's fine-tuning API."""

from typing import Literal

from pydantic import Field

from castalia.core.errors import UnsupportedOption
from castalia.server.schemas.extras import Strict

RATE = 1e-3
"""The learning rate that ``learning_rate_multiplier`` multiplies."""


class Hyperparameters(Strict):
    """What decides how long and how boldly; ``auto`` leaves it to us."""

    n_epochs: Literal["auto"] | int = "auto"
    batch_size: Literal["auto"] | int = "auto"
    learning_rate_multiplier: Literal["auto"] | float = "auto"


class Supervised(Strict):
    """Learning from examples."""

    hyperparameters: Hyperparameters = Field(default_factory=Hyperparameters)


class Method(Strict):
    """How it learns: from examples only."""

    type: Literal["supervised"] = "supervised"
    supervised: Supervised = Field(default_factory=Supervised)


class FineTuningExtras(Strict):
    """What OpenAI's API has no place for."""

    name: str | None = None
    minutes: float | None = Field(default=None, gt=0, le=24 * 60)
    max_steps: int | None = Field(default=None, ge=1)
    rank: int | None = Field(default=None, ge=1, le=256)
    alpha: float | None = Field(default=None, gt=0)
    length: int | None = Field(default=None, ge=16)
    batch_tokens: int | None = Field(default=None, ge=1)
    threads: int | None = Field(default=None, ge=0)
    licence: str = ""


class FineTuningBody(Strict):
    """OpenAI's fine-tuning job; the held-out examples are drawn from the training file."""

    model: str
    training_file: str
    validation_file: str | None = None
    suffix: str | None = Field(default=None, min_length=1, max_length=64)
    seed: int | None = Field(default=None, ge=0, lt=2**31)
    hyperparameters: Hyperparameters | None = None
    method: Method | None = None
    integrations: list[dict[str, object]] | None = None
    metadata: dict[str, str] | None = Field(default=None, max_length=16)
    castalia: FineTuningExtras = Field(default_factory=FineTuningExtras)

    @property
    def chosen(self) -> Hyperparameters:
        """The hyperparameters, wherever they stand."""
        if self.method is not None:
            return self.method.supervised.hyperparameters
        return self.hyperparameters or Hyperparameters()

    def wishes(self) -> dict[str, object]:
        """Fields of the plan. Raises UnsupportedOption for what cannot be carried out."""
        if self.validation_file is not None:
            raise UnsupportedOption("validation_file is not supported.", hint="A tenth of training_file is held out.")
        if self.integrations:
            raise UnsupportedOption("integrations are not supported.", hint="Leave them out.")
        if self.chosen.batch_size != "auto":
            raise UnsupportedOption(
                "batch_size is not supported: examples of any length share a batch.",
                hint='Say its tokens with castalia={"batch_tokens": 1024}.',
            )
        found: dict[str, object] = self.castalia.model_dump(exclude={"name"}, exclude_none=True)
        if self.seed is not None:
            found["seed"] = self.seed
        if self.chosen.n_epochs != "auto":
            found["epochs"] = float(self.chosen.n_epochs)
        if self.chosen.learning_rate_multiplier != "auto":
            found["rate"] = RATE * self.chosen.learning_rate_multiplier
        return found
