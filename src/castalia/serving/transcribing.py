"""The transcription model as a plain function: the judge of our own speech."""

from collections.abc import Callable

from castalia.core.content import Message, Part
from castalia.core.events import TextDelta
from castalia.core.models import Model
from castalia.core.plugins import engines
from castalia.core.requests import Request
from castalia.core.results import Choice
from castalia.serving.house import House
from castalia.serving.resolving import resolve_request


def listener(house: House) -> Model | None:
    """The first transcription model that is installed and runs here."""
    listening = [model for model in house.registry.list() if "speech" in model.inputs and "text" in model.outputs]
    return next((model for model in listening if not engines().missing(model.engine)), None)


def transcriber(house: House) -> Callable[[Part], str] | None:
    """What turns a speech part into text with the first transcription model installed, or None without one."""
    model = listener(house)
    if model is None:
        return None

    def transcribe(speech: Part) -> str:
        request = Request(messages=[Message(parts=[speech])], modality="text", model=model.name, seed=0)
        resolved = resolve_request(request, Choice(modality="text", model=model.name), model)
        with house.pool.lease(model, model.engine) as engine:
            events = engine.generate(resolved)
            return "".join(event.text for event in events if isinstance(event, TextDelta)).strip()

    return transcribe
