"""A second language model that is asked whether a passage says what a sentence of an answer claims."""

import json
from collections.abc import Generator

from castalia.core.errors import ConfigError
from castalia.core.events import Event
from castalia.core.results import Choice
from castalia.language.documents.citing import Check
from castalia.language.task import Schema, Turn
from castalia.serving.house import House
from castalia.serving.task_desk import PipelineDesk

YES, NO = "Yes", "No"
EMPTY = "-"
"""What stands for a passage, to learn how far the model says yes to the sentence alone."""
FORCED = 2.0
"""Log-odds that a yes counts, either way, where the engine tells no likelihoods."""
SCHEMA: Schema = {"enum": [YES, NO]}


def checker(house: House) -> Check | None:
    """The check by the model that ``documents.checker`` names; None when it names none.

    Raises ConfigError when that is no language model of this house.
    """
    name = house.settings.documents.checker
    if name is None:
        return None
    model = next((one for one in house.registry.list() if name in (one.name, *one.aliases)), None)
    if model is None or "text" not in model.outputs or "text" not in (model.inputs or ["text"]):
        raise ConfigError(
            f"documents.checker names {name}, which is no language model here.",
            hint="castalia ls shows the models; unset documents.checker to check without one.",
        )
    desk = PipelineDesk(house, Choice(modality="text", model=model.name, engine=model.engine), model, 0, {})

    def check(passage: str, sentence: str) -> Generator[Event, None, float]:
        if not desk.can_score:
            said = yield from desk.write(turns(passage, sentence), max_tokens=8, purpose="check", json_schema=SCHEMA)
            return {json.dumps(YES): FORCED, json.dumps(NO): -FORCED}.get(said, 0.0)
        with_passage = yield from desk.score(turns(passage, sentence), [YES, NO])
        without = yield from desk.score(turns(EMPTY, sentence), [YES, NO])
        return (with_passage[0] - with_passage[1]) - (without[0] - without[1])

    return check


def turns(passage: str, sentence: str) -> list[Turn]:
    """The question whose answer is yes or no, for the chat template: as plain text, a small model answers by chance."""
    asked = (
        f"Passage: {' '.join(passage.split())}\n\nStatement: {sentence}\n\nDoes the passage say this? Answer Yes or No."
    )
    return [("system", "You check statements."), ("user", asked)]
