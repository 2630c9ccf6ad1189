"""Which of the installed models answers, once the kind of content is decided."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from castalia.choosing.lexicon import LEXICON
from castalia.choosing.policies import Experiences, is_private, ordered
from castalia.choosing.wording import joined, named
from castalia.core.models import Model
from castalia.core.requests import Preference
from castalia.modalities.wording import VALUES, names_of, read_wish, words_of

TAKES_MEDIA = {"image": ("image",), "audio": ("audio", "speech"), "video": ("video",)}
"""Attachments that a model must be able to read, and the inputs that say so. Texts and tables are read as text."""

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PIECES = re.compile(r"[^\W_]+")
WEIGHTS = {"name": 3.0, "aliases": 3.0, "classes": 2.0, "columns": 1.5, "description": 0.5}
"""How much a word of the prompt counts that is found there."""


ASKING = ("what ", "who ", "why ", "when ", "where ", "which ", "how ", "is ", "are ", "does ", "do ", "did ", "can ")
"""How a question begins when it has no question mark: a model that continues texts is not meant then."""


@dataclass(frozen=True)
class Picked:
    """The model and why; ``model`` is None when none fits, and the reason then says what is missing."""

    model: Model | None
    reason: str
    others: tuple[Model, ...] = ()
    """What takes over when the model fails, in this order."""


def makers(modality: str, models: list[Model]) -> list[Model]:
    """The models whose output is of that modality."""
    return [model for model in models if modality in model.outputs]


def pick(
    modality: str,
    models: list[Model],
    prompt: str,
    kinds: list[str],
    preference: Preference = "best",
    experiences: Experiences | None = None,
) -> Picked:
    """The preferred model for a prompt with attachments of these kinds."""
    candidates = makers(modality, models)
    if preference == "private" and candidates:
        candidates = [model for model in candidates if is_private(model)]
        if not candidates:
            return Picked(None, f"Nothing that makes {named(modality)} stays on this machine, as the policy wants.")
    if not candidates:
        return Picked(None, _nothing_makes(models))
    needed = [kind for kind in kinds if kind in TAKES_MEDIA] if modality not in {"speech", "table"} else []
    fitting = _answering([model for model in candidates if _takes(model, needed)], prompt)
    if len(fitting) == 1:
        asked = fitting[0].details.get("kind") == "requests" and len(candidates) > 1
        reason = (
            "has learnt to answer requests of just these words" if asked else "is the only installed model for that"
        )
        return Picked(fitting[0], f"{fitting[0].name} {reason}.")
    if fitting:
        return _best(modality, fitting, prompt, preference, experiences or {})
    if needed:
        reason = f"No installed model reads {joined(needed, 'and')} attachments to make {named(modality)}."
        return Picked(None, reason)
    return Picked(None, f"{joined([m.name for m in candidates], 'and')} cannot answer without an attachment.")


def _answering(fitting: list[Model], prompt: str) -> list[Model]:
    """Without models that know their own texts only, where another can answer and the prompt calls for none of them.

    It calls for one when it holds all words of the model's name or of an alias, and: is no question, for a model that
    continues texts; has only words of the training's requests, for one that answers requests of one kind. An adapter
    was made for one purpose, which no words tell, and so it answers only when its model is asked for.
    """
    fitting = [model for model in fitting if "adapter_of" not in model.details] or fitting
    if all(continues(model) for model in fitting):
        return fitting
    words = _words(prompt)
    called = [model for model in fitting if continues(model) and _is_named(model, words) and _suits(model, prompt)]
    return called or [model for model in fitting if not continues(model)]


def continues(model: Model) -> bool:
    """Whether a model goes on from a text, or answers requests of one kind only (`kind` in its details)."""
    return model.details.get("kind") in {"continuation", "requests"}


def _suits(model: Model, prompt: str) -> bool:
    if model.details.get("kind") == "requests":
        return {piece.lower() for piece in PIECES.findall(prompt)} <= set(names_in(model, "asked in"))
    return not (prompt.rstrip().endswith(("?", "？")) or prompt[:40].lower().startswith(ASKING))


def _is_named(model: Model, words: set[str]) -> bool:
    names = [{piece.lower() for piece in PIECES.findall(name)} for name in (model.name, *model.aliases)]
    return any(name <= words for name in names if any(len(piece) > 2 for piece in name))


def _best(modality: str, fitting: list[Model], prompt: str, preference: Preference, experiences: Experiences) -> Picked:
    """Those that the prompt's words fit best, among them the one that the policy prefers."""
    words = _words(prompt)
    scores = {model.name: _score(model, words) for model in fitting}
    best = max(scores.values())
    candidates = [model for model in fitting if scores[model.name] == best]
    captioned = [model for model in candidates if model.details.get("captions")]
    if best == 0 and modality != "text" and captioned:
        candidates = captioned

    def usual(models: list[Model]) -> list[Model]:
        if best == 0 and modality == "text":
            return sorted(models, key=lambda model: "default" not in model.aliases)
        return sorted(models, key=lambda model: model.created, reverse=True)

    order, reason = ordered(candidates, preference, experiences, usual) if len(candidates) > 1 else (candidates, None)
    chosen, rest = order[0], [model for model in fitting if model not in order]
    others = (*order[1:], *sorted(rest, key=lambda model: -scores[model.name]))
    told = [_why(modality, chosen, words, best, captioned), *([reason] if reason else [])]
    return Picked(chosen, " ".join(told), others)


def _why(modality: str, chosen: Model, words: set[str], best: float, captioned: list[Model]) -> str:
    if best > 0:
        return f"{chosen.name} fits the request's words best: {_matches(chosen, words)}."
    if modality == "text":
        default = "default" in chosen.aliases
        return f"{chosen.name} is the default language model." if default else f"{chosen.name} is a language model."
    if chosen in captioned:
        return f"{chosen.name} has learnt captions, so that it can be asked in any words."
    return f"{chosen.name} is the most recent model that makes {named(modality)}."


def with_columns(columns: list[str], models: list[Model]) -> Model | None:
    """The newest table model that was trained on exactly these columns."""
    wanted = {name.strip().lower() for name in columns}
    same = [m for m in makers("table", models) if {name.lower() for name in names_in(m, "columns")} == wanted]
    return max(same, key=lambda model: model.created, default=None)


def modalities_of_classes(prompt: str, models: list[Model]) -> dict[str, str]:
    """What the installed models make of which the prompt names a class, with its first name; numbers do not count."""
    found: dict[str, str] = {}
    for model in models:
        classes = tuple(label for label in names_in(model, "classes") if _in_words(label))
        for label in read_wish(prompt, classes, frozenset()).labels:
            found.setdefault(model.outputs[0], names_of(label)[0])
    return found


def _in_words(label: str) -> bool:
    return not any(word.isdecimal() or word in VALUES for word in words_of(label))


def names_in(model: Model, detail: str) -> list[str]:
    """The names that a detail lists, such as ``classes``: strings, or objects with a ``name``; or a mapping's keys."""
    value = model.details.get(detail)
    if isinstance(value, dict):
        return [str(key) for key in cast("dict[object, object]", value)]
    if not isinstance(value, list | tuple):
        return []
    items = cast("Iterable[object]", value)
    named_items = (cast("dict[str, object]", item).get("name") if isinstance(item, dict) else item for item in items)
    return [str(item) for item in named_items if item is not None]


def _nothing_makes(models: list[Model]) -> str:
    outputs = sorted({output for model in models for output in model.outputs})
    if not outputs:
        return "No models are installed yet."
    return f"The installed models make {joined(outputs, 'and')}."


def _takes(model: Model, needed: list[str]) -> bool:
    if needed:
        return all(any(name in model.inputs for name in TAKES_MEDIA[kind]) for kind in needed)
    return "text" in model.inputs


def _words(prompt: str) -> set[str]:
    found = {piece.lower() for piece in PIECES.findall(prompt)}
    singular = {word.removesuffix("s") for word in found if len(word) > 3}
    return found | singular | {str(NUMBERS.index(word)) for word in found if word in NUMBERS}


def _texts(model: Model) -> dict[str, list[str]]:
    return {
        "name": [model.name],
        "aliases": model.aliases,
        "classes": names_in(model, "classes"),
        "columns": names_in(model, "columns"),
        "description": [model.description],
    }


def _score(model: Model, words: set[str]) -> float:
    return sum(weight for kind, weight in WEIGHTS.items() if words & _plain(_texts(model)[kind]))


def _matches(model: Model, words: set[str]) -> str:
    found = {word for kind in WEIGHTS for word in words & _plain(_texts(model)[kind])}
    return joined(sorted(f"“{word}”" for word in found), "and")


def _plain(texts: list[str]) -> set[str]:
    """The telling words of these texts: no articles, no words that every model has."""
    words = {piece.lower() for text in texts for piece in PIECES.findall(text)}
    return {
        word for word in words | {w.removesuffix("s") for w in words if len(w) > 3} if word not in LEXICON.unspecific
    }
