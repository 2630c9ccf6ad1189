"""The view of pictures that families learn: their pixels, and their class or caption where there is one."""

from dataclasses import dataclass, field
from typing import Literal, cast

from castalia.core.errors import BadRequest
from castalia.core.representation import Conditions, Continuous
from castalia.modalities.asking import Askable


@dataclass(frozen=True)
class PixelRepresentation:
    """Pictures as (channels, side, side) in [-1, 1], conditioned as ``askable`` says.

    ``channels`` is 1 (grey) or 3 (RGB).
    """

    side: int
    channels: Literal[1, 3]
    askable: Askable = field(default_factory=Askable)
    crop: Literal["centre", "fit"] = "centre"
    name: str = "pixels"

    @property
    def layout(self) -> Continuous:
        """Bounded arrays (channels, side, side)."""
        return Continuous(shape=(self.channels, self.side, self.side), bounded=True)

    @property
    def conditions(self) -> Conditions | None:
        """See `Askable`."""
        return self.askable.conditions

    def config(self) -> dict[str, object]:
        """JSON-ready; `restore` reads it."""
        return {
            "name": self.name,
            "side": self.side,
            "channels": self.channels,
            "classes": list(self.askable.classes),
            "captioned": self.askable.captioned,
            "bare": self.askable.bare,
            "crop": self.crop,
        }


def restore(config: dict[str, object]) -> PixelRepresentation:
    """The representation that `PixelRepresentation.config` described. Raises BadRequest for anything else."""
    side, channels, classes, crop = (config.get(key) for key in ("side", "channels", "classes", "crop"))
    if (
        config.get("name") != "pixels"
        or not isinstance(side, int)
        or channels not in {1, 3}
        or not isinstance(classes, list)
        or crop not in {"centre", "fit"}
    ):
        raise BadRequest(
            "The model's config.json does not describe pixels.", hint="Train the model again; its folder is damaged."
        )
    return PixelRepresentation(
        side=side,
        channels=cast("Literal[1, 3]", channels),
        askable=Askable(
            tuple(str(label) for label in classes), config.get("captioned") is True, config.get("bare") is True
        ),
        crop=cast("Literal['centre', 'fit']", crop),
    )
