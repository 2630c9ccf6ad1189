"""Turns of a conversation as OpenAI's items, and the response around them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal, cast

from castalia.core.content import ToolCall
from castalia.core.results import Result, ToolUse, UsageCounts
from castalia.language.documents.citing import Cited
from castalia.server.http.extras import castalia_extras
from castalia.server.http.file_search import annotations, query_of, search_item
from castalia.store.conversations import Turn

Item = dict[str, object]

INCOMPLETE = {"length": "max_output_tokens"}
"""Reasons to end that leave a response incomplete, in OpenAI's words."""


def message_item(id: str, text: str, status: str = "completed", cited: Cited | None = None) -> Item:
    """An answer in text, with what it cites."""
    content = [text_part(text, cited)] if text or status != "in_progress" else []
    return {"id": id, "type": "message", "role": "assistant", "status": status, "content": content}


def text_part(text: str, cited: Cited | None = None) -> Item:
    """A text as a piece of an answer, with what it cites."""
    places = [] if cited is None else annotations(cited)
    return {"type": "output_text", "text": text, "annotations": places, "logprobs": []}


def call_item(id: str, call: ToolCall, status: str = "completed") -> Item:
    """A call that whoever asked has to run."""
    arguments = call.arguments if status == "completed" else ""
    told = {"call_id": call.id, "name": call.name, "arguments": arguments}
    return {"id": id, "type": "function_call", "status": status, **told}


def mcp_item(id: str, use: ToolUse) -> Item:
    """A tool of an MCP server that was called here."""
    error = None if use.error is None else {"type": "mcp_tool_execution_error", "content": [_error_text(use.error)]}
    return {
        "id": id,
        "type": "mcp_call",
        "server_label": use.source.partition(":")[2],
        "name": use.name,
        "arguments": use.arguments,
        "output": use.output,
        "error": error,
        "status": {"running": "in_progress", "done": "completed", "failed": "failed"}[use.state],
    }


def _error_text(text: str) -> dict[str, object]:
    return {"type": "text", "text": text}


USE_ITEMS: dict[str, Callable[[str, ToolUse], Item]] = {"mcp": mcp_item}
"""How the use of a tool that is run here becomes an item, by the kind of its source."""


def use_item(id: str, use: ToolUse) -> Item:
    """A tool that was called here, as an item of its kind."""
    return USE_ITEMS[use.source.partition(":")[0]](id, use)


@dataclass(frozen=True)
class Placed:
    """An item with what it shows of its turn: a message of one ``side`` by its place there, or one of its calls."""

    item: Item
    side: Literal["said", "answered", "search"]
    message: int = 0
    call: str | None = None

    @property
    def id(self) -> str:
        """The item's id."""
        return str(self.item["id"])


def output_items(turn: Turn) -> list[Item]:
    """Everything that was answered in a turn."""
    return [one.item for one in answered_items(turn)]


def input_items(turn: Turn) -> list[Item]:
    """Everything that was said in a turn."""
    return [one.item for one in said_items(turn)]


def answered_items(turn: Turn) -> list[Placed]:
    """What was answered in a turn, item by item."""
    uses = {use.id: use for use in turn.trace}
    cited = None if "cited" not in turn.face else Cited.model_validate(turn.face["cited"])
    numbers = _numbers(turn, "answered")
    items: list[Placed] = []
    if cited is not None:
        passages = cast("list[Item] | None", turn.face.get("passages"))
        told = search_item(item_id(turn.id, next(numbers)), query_of(turn.said), passages=passages)
        items.append(Placed(told, "search"))
    for place, message in enumerate(turn.answered):
        if message.role != "assistant":
            continue
        if message.text:
            told = message_item(item_id(turn.id, next(numbers)), message.text, _status(turn), cited)
            items.append(Placed(told, "answered", place))
        # those that are run here come after the others, as they are streamed
        for call in sorted(message.tool_calls, key=lambda call: call.id in uses):
            fresh = item_id(turn.id, next(numbers))
            told = use_item(fresh, uses[call.id]) if call.id in uses else call_item(fresh, call)
            items.append(Placed(told, "answered", place, call.id))
    return items


def said_items(turn: Turn) -> list[Placed]:
    """What was said in a turn, item by item."""
    numbers = _numbers(turn, "said")
    items: list[Placed] = []
    for place, message in enumerate(turn.said):
        if message.role == "tool":
            told = {"call_id": message.tool_call_id, "output": message.text, "status": "completed"}
            fresh = _said_id(turn, next(numbers))
            items.append(Placed({"id": fresh, "type": "function_call_output", **told}, "said", place))
            continue
        if message.role == "assistant":
            if message.text:
                items.append(Placed(message_item(_said_id(turn, next(numbers)), message.text), "said", place))
            for call in message.tool_calls:
                told = call_item(_said_id(turn, next(numbers)), call)
                items.append(Placed(told, "said", place, call.id))
            continue
        content = [_input_part(part.text, part.name or part.type) for part in message.parts]
        told = {"type": "message", "role": message.role, "status": "completed", "content": content}
        items.append(Placed({"id": _said_id(turn, next(numbers)), **told}, "said", place))
    return items


def _said_id(turn: Turn, number: int) -> str:
    return f"in_{item_id(turn.id, number)}"


def _numbers(turn: Turn, side: str) -> Iterator[int]:
    """Numbers for the items of a side; those of deleted items are not given again."""
    gone = cast("dict[str, list[int]]", turn.face.get("gone", {})).get(side, [])
    return (number for number in count() if number not in gone)


def _input_part(text: str | None, name: str) -> Item:
    return {"type": "input_text", "text": text} if text is not None else {"type": "input_file", "filename": name}


def item_id(turn: str, number: int) -> str:
    """The id of an item by its place in its response."""
    return f"item_{turn.removeprefix('resp_')}_{number}"


def response_object(
    id: str, created: float, echo: Item, output: list[Item], result: Result | None = None, **told: object
) -> Item:
    """A response; without a result it is still in progress."""
    reason = None if result is None else INCOMPLETE.get(result.finish_reason)
    status = "in_progress" if result is None else "completed" if reason is None else "incomplete"
    return {
        "id": id,
        "object": "response",
        "created_at": int(created),
        "completed_at": int(created + result.timing.total) if result is not None and reason is None else None,
        "status": status,
        "error": None,
        "incomplete_details": None if reason is None else {"reason": reason},
        "model": "auto",
        **echo,
        "output": output,
        "usage": None if result is None else usage_of(result.usage),
        **told,
    }


def kept_response(turn: Turn) -> Item:
    """A response as it is kept."""
    result = result_of(turn)
    echo = cast("Item", turn.face["asked"])
    created = turn.created.timestamp()
    told: Item = {"conversation": {"id": turn.conversation}, "castalia": extras(result, turn.trace)}
    whole = response_object(turn.id, created, echo, output_items(turn), result, **told)
    return {**whole, "model": result.choice.model or "auto"}


def extras(result: Result, trace: list[ToolUse]) -> Item:
    """What ``castalia`` says of a response."""
    return {**castalia_extras(result), "trace": [use.model_dump(mode="json") for use in trace]}


def result_of(turn: Turn) -> Result:
    """The result of a turn, without outputs and calls, which the turn itself holds."""
    return Result.model_validate(turn.face["result"])


def usage_of(counts: UsageCounts) -> Item:
    """OpenAI's ``usage`` of a response."""
    return {
        "input_tokens": counts.input_tokens,
        "input_tokens_details": {"cached_tokens": counts.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": counts.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": counts.total_tokens,
    }


def _status(turn: Turn) -> str:
    if "result" not in turn.face:
        return "completed"
    return "incomplete" if result_of(turn).finish_reason in INCOMPLETE else "completed"
