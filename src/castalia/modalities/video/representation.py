"""The view of clips that families learn: their pixels frame by frame, and a class or caption where there is one."""

from dataclasses import dataclass, field
from typing import Literal, cast

from castalia.core.errors import BadRequest
from castalia.core.representation import Conditions, Continuous
from castalia.modalities.asking import Askable


@dataclass(frozen=True)
class FrameRepresentation:
    """Clips as (channels, frames, side, side) in [-1, 1], shown at ``fps`` frames a second.

    ``channels`` is 1 (grey) or 3 (RGB). Conditions are as ``askable`` says.
    """

    side: int
    frames: int
    fps: float
    channels: Literal[1, 3]
    askable: Askable = field(default_factory=Askable)
    crop: Literal["centre", "fit"] = "centre"
    name: str = "frames"

    @property
    def layout(self) -> Continuous:
        """Bounded arrays (channels, frames, side, side)."""
        return Continuous(shape=(self.channels, self.frames, self.side, self.side), bounded=True)

    @property
    def conditions(self) -> Conditions | None:
        """See `Askable`."""
        return self.askable.conditions

    def config(self) -> dict[str, object]:
        """JSON-ready; `restore` reads it."""
        return {
            "name": self.name,
            "side": self.side,
            "frames": self.frames,
            "fps": self.fps,
            "channels": self.channels,
            "classes": list(self.askable.classes),
            "captioned": self.askable.captioned,
            "bare": self.askable.bare,
            "crop": self.crop,
        }


def restore(config: dict[str, object]) -> FrameRepresentation:
    """The representation that `FrameRepresentation.config` described. Raises BadRequest for anything else."""
    side, frames, fps, channels, classes, crop = (
        config.get(key) for key in ("side", "frames", "fps", "channels", "classes", "crop")
    )
    if (
        config.get("name") != "frames"
        or not isinstance(side, int)
        or not isinstance(frames, int)
        or not isinstance(fps, int | float)
        or channels not in {1, 3}
        or not isinstance(classes, list)
        or crop not in {"centre", "fit"}
    ):
        raise BadRequest(
            "The model's config.json does not describe frames.", hint="Train the model again; its folder is damaged."
        )
    return FrameRepresentation(
        side=side,
        frames=frames,
        fps=float(fps),
        channels=cast("Literal[1, 3]", channels),
        askable=Askable(
            tuple(str(label) for label in classes), config.get("captioned") is True, config.get("bare") is True
        ),
        crop=cast("Literal['centre', 'fit']", crop),
    )
