"""The items of a whole conversation, and a turn without one of them."""

from typing import cast

from castalia.core.content import Message
from castalia.core.errors import NotFound
from castalia.server.http.response_items import Item, Placed, answered_items, said_items
from castalia.store.conversations import Turn

OF_SEARCH = {"cited", "passages"}
"""What a turn keeps of a search in files."""


def conversation_items(path: list[Turn]) -> list[Item]:
    """Everything in a conversation, oldest first."""
    return [one.item for turn in path for one in _items(turn)]


def found_item(path: list[Turn], id: str) -> tuple[Turn, Placed]:
    """The item of that id with its turn. Raises NotFound."""
    for turn in path:
        for one in _items(turn):
            if one.id == id:
                return turn, one
    raise NotFound(f"There is no item {id!r} in this conversation.", hint="GET its items lists them.")


def turn_without(turn: Turn, gone: Placed) -> Turn:
    """The turn without an item; a call that was run here takes its output along. Other items keep their ids."""
    face = {name: value for name, value in turn.face.items() if gone.side != "search" or name not in OF_SEARCH}
    side = "said" if gone.side == "said" else "answered"
    numbers = cast("dict[str, list[int]]", face.get("gone", {}))
    face["gone"] = {**numbers, side: [*numbers.get(side, []), int(gone.id.rpartition("_")[2])]}
    if gone.side == "search":
        return turn.model_copy(update={"face": face})
    messages = list(turn.said if side == "said" else turn.answered)
    left = _message_without(messages[gone.message], gone.call)
    messages[gone.message : gone.message + 1] = [] if left is None else [left]
    trace = turn.trace
    if gone.call is not None and any(use.id == gone.call for use in trace):
        messages = [message for message in messages if message.tool_call_id != gone.call]
        trace = [use for use in trace if use.id != gone.call]
    return turn.model_copy(update={side: messages, "trace": trace, "face": face})


def _items(turn: Turn) -> list[Placed]:
    return [*said_items(turn), *answered_items(turn)]


def _message_without(message: Message, call: str | None) -> Message | None:
    """The message without its words, or without one of its calls; None when nothing is left."""
    if call is None:
        left = message.model_copy(update={"parts": []})
    else:
        left = message.model_copy(update={"tool_calls": [one for one in message.tool_calls if one.id != call]})
    return left if left.parts or left.tool_calls else None
