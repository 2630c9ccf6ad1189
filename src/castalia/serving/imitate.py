"""A request to imitate an attachment: train a quick model on it first, once for the same bytes."""

import hashlib
import re
from collections.abc import Generator

from castalia.core.content import Part
from castalia.core.errors import BadRequest
from castalia.core.events import ModelReady, Progress
from castalia.core.requests import Request
from castalia.core.results import Choice
from castalia.serving.house import House
from castalia.serving.planning import plan_training
from castalia.serving.train import train

MINUTES = 0.75
"""Budget of a quick model: long enough for a faithful small table, short enough to wait for."""


def imitate(house: House, request: Request, choice: Choice) -> Generator[Progress, None, Choice]:
    """The choice itself, or, when it says ``imitate``, one whose model has been trained on the attachment.

    Yields the training's progress. Raises BadRequest without an attachment, and what training raises.
    """
    if not choice.settings.get("imitate"):
        return choice
    settings = {name: value for name, value in choice.settings.items() if name != "imitate"}
    source = next((part for part in request.attachments if part.type in {choice.modality, "file"}), None)
    if source is None:
        raise BadRequest(f"There is no {choice.modality} to imitate.", hint="Attach the file.")
    data = source.read()
    digest = hashlib.sha256(data).hexdigest()
    alias = f"imitates-{digest[:16]}"
    known = next((model for model in house.registry.list() if alias in model.aliases), None)
    if known is None:
        path = source.path or house.blobs.put(data, source.media_type or "text/csv")[1]
        plan, warnings = plan_training(
            house, path, name=_name(source, digest), modality=choice.modality, family=choice.family, minutes=MINUTES
        )
        for warning in warnings:
            yield Progress(message=f"data: {warning}")
        for event in train(house, plan):
            if isinstance(event, ModelReady):
                known = event.model
            else:
                yield event
        assert known is not None  # noqa: S101 - train ends with ModelReady or raises
        house.registry.alias(known.name, alias)
    reason = f"{known.name} ({known.family}) was trained on the attached {choice.modality}."
    return choice.model_copy(update={"model": known.name, "settings": settings, "reasons": [*choice.reasons, reason]})


def _name(source: Part, digest: str) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", (source.name or source.type).rsplit(".", 1)[0].lower()).strip("-")
    return f"{stem or source.type}-{digest[:8]}"
