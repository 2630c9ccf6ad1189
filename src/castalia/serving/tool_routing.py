"""Which tools a request needs, by meaning, for language models that decide it badly themselves.

A chat template without a place for tools tells of a model that never learnt to call them: it does not call when it
should, and demanded to, it calls at random; small models that did learn do little better (docs/experiments.md).
Sentence vectors decide better: the request, or each piece of it, is near the description of the tool it needs, and near
none when words are wanted. The model then fills in the arguments, or answers as if there were no tools. Decision 0020.
"""

import re
from collections.abc import Callable, Sequence

from castalia.core.assets import SENTENCE_VECTORS
from castalia.core.contracts import Array
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import Choice
from castalia.modalities.text.options import TextOptions, Tool
from castalia.serving.house import House

NEAR = 0.22
"""Cosine from which a piece of a request is one for a tool; see `python benchmarks/tools.py`."""
SMALL = 1e9
"""Weights below which a model that learnt to call tools decides badly all the same."""
DESCRIBED = 200
"""Characters of a tool's description that its vector reads."""
BORDERS = re.compile(r"[.!?;]\s+|,?\s+(?:and then|and|then)\s+", re.IGNORECASE)
STEPS = re.compile(r"\b(?:then|after|afterwards|that|it|its|him|her|them|result)\b", re.IGNORECASE)
"""Words by which a piece of a request needs what an earlier one brings."""

Encode = Callable[[Sequence[str]], Array]
"""Texts to unit vectors (n, 384)."""


def with_routed_tools(house: House, request: Request, choice: Choice, model: Model) -> tuple[Request, Choice]:
    """The resolved request with its ``tool_choice`` decided, and the choice with the reason.

    Both as they are when there is nothing to decide: no tools, one named, none allowed, a model that knows tools, or no
    sentence vectors here.
    """
    options = request.options
    open_choice = bool(options.get("tools")) and options.get("tool_choice") in {"auto", "required"}
    taught = model.details.get("tools_in_template")
    size = model.details.get("parameters")
    small = isinstance(size, int) and size < SMALL
    if not open_choice or taught is None or (taught and not small) or options.get("raw"):
        return request, choice
    if SENTENCE_VECTORS not in house.assets():
        return request, choice
    parsed = TextOptions.model_validate(options)
    needed, near = needed_tools(request, parsed, house.library.encode)
    decided: dict[str, object] = {"tool_choice": needed[0] if needed else "none"}
    if len(needed) > 1:
        offered = [tool.model_dump() for tool in parsed.tools if tool.name in needed]
        decided = {"tool_choice": "required", "tools": offered}
    told = f"calls of {', '.join(dict.fromkeys(needed))}" if needed else "no tool"
    reason = f"{model.name} decides badly on tools; the meaning of the words says: {told} ({near:.2f} near)."
    return (
        request.model_copy(update={"options": {**options, **decided}}),
        choice.model_copy(update={"reasons": [*choice.reasons, reason]}),
    )


def needed_tools(request: Request, options: TextOptions, encode: Encode) -> tuple[list[str], float]:
    """The tools to call next for the last words of the user, in their order, and how near the first one is.

    None when no further one is needed; a demand (``required``) always gets the nearest. Several (perhaps one tool
    twice) when calls may be parallel, none was made yet, and no piece of the request needs what another brings.
    """
    text = request.prompt.strip()
    if not text:
        return [], 0.0
    pieces = pieces_of(text)
    vectors = encode([text, *pieces, *(_described(tool) for tool in options.tools)])
    cosines = vectors[: len(pieces) + 1] @ vectors[len(pieces) + 1 :].T  # (1 + pieces, tools)
    names = [tool.name for tool in options.tools]
    wanted = _near(cosines[1:], names) or _near(cosines[:1], names)
    called = called_since(request)
    left = [name for name in wanted if name not in called]
    if left and pieces and options.parallel_tool_calls and not called and not STEPS.search(text):
        return (left if len(left) > 1 else left * 2), wanted[left[0]]
    if left:
        return left[:1], wanted[left[0]]
    best = int(cosines[0].argmax())
    return [names[best]] if options.tool_choice == "required" else [], float(cosines[0][best])


def _near(cosines: Array, names: list[str]) -> dict[str, float]:
    """The tools that any row is nearest to and near enough, in the order of the rows."""
    found: dict[str, float] = {}
    for row in cosines:
        best = int(row.argmax())
        if float(row[best]) >= NEAR:
            found.setdefault(names[best], float(row[best]))
    return found


def pieces_of(text: str) -> list[str]:
    """The clauses of a request; what follows a colon is a quotation and stays whole. None when there is but one."""
    head, colon, tail = text.partition(": ")
    found = [piece.strip(" .,!?") for piece in BORDERS.split(head)]
    pieces = [piece for piece in found if len(piece.split()) > 1]
    if colon and pieces:
        pieces[-1] += colon + tail
    return pieces if len(pieces) > 1 else []


def called_since(request: Request) -> set[str]:
    """Tools called after the last words of the user."""
    called: set[str] = set()
    for message in reversed(request.messages):
        if message.role == "user":
            break
        called |= {call.name for call in message.tool_calls}
    return called


def _described(tool: Tool) -> str:
    words = tool.name.replace("_", " ").replace("-", " ")
    return f"{words}: {tool.description[:DESCRIBED]}"
