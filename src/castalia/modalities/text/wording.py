"""What a prompt means to a model that continues text: something to go on from, or a wish for something fresh."""

import re
from dataclasses import dataclass

from castalia.core.errors import BadRequest
from castalia.modalities.text.options import TextOptions

QUOTED = re.compile(r"“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|\"([^\"]+)\"|```\w*\n?(.*?)```", re.DOTALL)
CALLED = re.compile(
    r"^\W*(?:please\s+)?(?:continue|complete|go on(?: from| with)?|finish|carry on|begin with|start with"
    r"|continúa|continue|continuez|poursuis|setze fort|führe fort)\b[^:\n\"“„«]{0,60}[:：]\s*(.+)$",
    re.IGNORECASE | re.DOTALL,
)
WISH = re.compile(
    r"^\W*(?:please|kindly|now|ok|can you|could you|would you|will you|i want|i(?:'d| would) like|let me (?:see|have)"
    r"|write|generate|make|create|compose|produce|sample|draft|invent|imagine|give|show|tell|print|output|suggest"
    r"|another|more|some(?:thing)?|anything|(?:\d+|an?|one|two|three|five|ten) (?:\w+ ){0,3}"
    r"(?:texts?|lines?|stor(?:y|ies)|poems?|tales?|names?|examples?|samples?|molecules?|words?|items?|smiles|selfies)"
    r"|schreib\w*|erzeuge|erfinde|gib|zeig\w*|écris|écrivez|génère|invente|donne|escribe|genera|inventa|dame)\b",
    re.IGNORECASE,
)
NUMBER = re.compile(r"\b(\d{1,5})\s+(?:\w+\s+){0,3}?\w+", re.IGNORECASE)
WORDS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10, "twenty": 20}


@dataclass(frozen=True)
class Order:
    """``beginning`` is what to go on from, empty for something fresh; ``lines`` how many items, where it says."""

    beginning: str
    lines: int | None


def read_order(prompt: str, options: TextOptions) -> Order:
    """The order of a prompt.

    The option ``beginning`` decides, or ``raw``, which means the prompt as it stands; without them the text behind
    "continue:", then quoted text, else the whole prompt, if it does not read as a wish ("write something like it",
    "10 molecules"), which asks for a fresh text.
    """
    text = prompt.strip()
    wish = WISH.match(text) is not None
    lines = options.lines or (_number(text) if wish else None)
    if options.beginning is not None:
        return Order(options.beginning, lines)
    if options.raw:
        return Order(prompt, options.lines)
    called = CALLED.match(text)
    quoted = QUOTED.search(text)
    if quoted is not None and (wish or called is not None or CALLED.match(text + ":x")):
        return Order(next(group for group in quoted.groups() if group is not None), lines)
    if called is not None:
        return Order(called.group(1), lines)
    return Order("" if wish else text, lines)


def refuse_unknown(options: TextOptions, honoured: frozenset[str]) -> None:
    """Raise BadRequest for the first option, other than its default, that such a model cannot honour."""
    plain = TextOptions()
    for name in TextOptions.model_fields:
        if name not in honoured and getattr(options, name) != getattr(plain, name):
            raise BadRequest(
                f"A model that continues text cannot carry out the option {name!r}.",
                hint=f"It knows: {', '.join(sorted(honoured))}. Leave it out, or ask a conversational model.",
            )


def _number(text: str) -> int | None:
    found = NUMBER.search(text)
    if found is not None:
        return max(1, int(found.group(1)))
    words = [word for word in re.findall(r"[a-z]+", text.casefold()) if word in WORDS]
    return WORDS[words[0]] if words else None
