"""A training that goes on from the weights of a model: what the model decides, and what may still be wished."""

from dataclasses import dataclass

from castalia.core.errors import BadRequest
from castalia.core.models import Model
from castalia.core.specs import FamilySpec
from castalia.families.artifact import ArtifactConfig, read_config
from castalia.serving.house import House


@dataclass(frozen=True)
class Base:
    """The model whose weights a training starts from."""

    model: Model
    config: ArtifactConfig

    @property
    def fields(self) -> dict[str, object]:
        """What it decides of a TrainingPlan."""
        code = self.config.compressor and ("tokens" if self.config.layout.kind == "tokens" else "latents")
        return {"start_from": self.model.folder, "size": self.config.size, "compress": code or "none"}

    def agreed(self, what: str, wished: str | None) -> str:
        """The model's own modality or family. Raises BadRequest when another one is wished."""
        own = str(getattr(self.config, what))
        if wished not in {None, "auto", own}:
            raise BadRequest(
                f"{self.model.name} has the {what} {own}, so a training that starts from it cannot have {wished}.",
                hint=f"Leave --{what} out, or train without --from.",
            )
        return own

    def check(self, family: FamilySpec, options: dict[str, object]) -> None:
        """Raise BadRequest when the family cannot go on, or for options that would make another network."""
        if not family.tunable:
            raise BadRequest(
                f"A {family.name} model does not keep what a training needs to go on from it.",
                hint="Train without --from.",
            )
        other = sorted(options.keys() - set(family.tunable))
        if other:
            raise BadRequest(
                f"The network of {self.model.name} is as it is: {', '.join(other)} cannot change.",
                hint=f"With --from there are: {', '.join(family.tunable)}.",
            )


def find_base(house: House, name: str) -> Base:
    """The model of that name, made ready to go on from. Raises NotFound, BadRequest for one not trained here."""
    model = house.registry.get(name)
    if model.format != "castalia":
        raise BadRequest(
            f"{model.name} was not trained by castalia train, so no training can start from it.",
            hint="castalia finetune adapts language models; castalia show MODEL tells a model's family.",
        )
    return Base(model, read_config(model.folder))
