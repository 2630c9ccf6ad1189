"""One turn of a conversation: what came before is put in front, the answer made, and the turn kept.

earlier turns -> (a summary when they outgrow the context) -> the way of a request, or the loop of tools -> kept
"""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field

from castalia.core.content import Message, Part
from castalia.core.errors import Conflict, ContextTooLong
from castalia.core.events import Completed, Event, Usage
from castalia.core.requests import Request, new_id
from castalia.core.results import Result
from castalia.serving.house import House
from castalia.serving.plans import respond
from castalia.serving.recording import by_reference, hidden_result, hidden_use
from castalia.serving.summarising import Context
from castalia.serving.tool_loop import MAX_STEPS, answer_with_tools
from castalia.serving.toolbox import Toolbox
from castalia.store.conversations import Conversation, Turn

Memory = dict[str, list[Message]]
"""Turns by id as they were really said: what is kept of them may be redacted."""


def new_turn_id() -> str:
    """A fresh id for a turn, in the form that OpenAI's responses have."""
    return f"resp_{new_id('t')[2:].replace('-', '_')}"


def new_conversation_id() -> str:
    """A fresh id for a conversation."""
    return f"conv_{new_id('c')[2:].replace('-', '_')}"


@dataclass
class Exchange:
    """A turn to be made.

    ``request`` holds only what is new. ``after`` is the turn that it follows; following an older turn than the
    newest makes a branch, and so does ``branch``. ``conversation`` names the one that it belongs to, when a face
    knows it. ``instructions`` are a system message for this turn alone. ``keep``: whether it is kept. ``shorten``:
    whether turns that do not fit are replaced by a summary; else ContextTooLong is raised. ``written`` says how a
    result reads in the conversation; ``face`` is kept with the turn.
    """

    request: Request
    after: str | None = None
    conversation: str | None = None
    branch: bool = False
    instructions: str | None = None
    toolbox: Toolbox = field(default_factory=Toolbox)
    max_steps: int = MAX_STEPS
    keep: bool = True
    shorten: bool = True
    id: str = field(default_factory=new_turn_id)
    written: Callable[[Result], str] = field(default=lambda result: as_text(result))  # noqa: PLW0108 - defined below
    face: dict[str, object] = field(default_factory=dict[str, object])
    memory: Memory = field(default_factory=dict[str, list[Message]])
    kept: Turn | None = None


def exchange(house: House, turn: Exchange) -> Generator[Event]:
    """All events of the turn, `Summarised` first where older turns gave way, `Completed` last.

    The turn is kept before `Completed` comes, whole or not at all, and stands in ``turn.kept``; a turn that fails or is
    stopped is not kept. Raises NotFound when ``after`` is unknown, and any CastaliaError of the pipeline.
    """
    # a task works on what it is given now, not on what was said before
    before = house.conversations.path(turn.after) if turn.request.task is None else []
    context = Context(house, turn.request, before, turn.memory, turn.instructions)
    if turn.shorten and context.outgrown():
        yield from context.shorten()
    try:
        yield from _answered(house, turn, context)
    except ContextTooLong:
        if not turn.shorten or context.shortened or not context.path:
            raise
        context.results.append(turn.request.id)
        turn.request = turn.request.model_copy(update={"id": new_id("r")})
        yield from context.shorten()
        yield from _answered(house, turn, context)


def _answered(house: House, turn: Exchange, context: Context) -> Generator[Event]:
    said: list[Message] = []
    results = list(context.results)
    tokens = 0
    own = turn.request.task is not None
    request = turn.request if own else turn.request.model_copy(update={"messages": context.messages()})
    with closing(_events(house, turn, request, said, results)) as events:
        for event in events:
            if isinstance(event, Usage):
                tokens = event.counts.total_tokens
            if isinstance(event, Completed):
                answered = [*said, _answer(event.result, turn.written(event.result))]
                if event.result.id not in results:
                    results.append(event.result.id)
                if turn.keep and event.result.verdict.status != "block":
                    turn.kept = keep(house, turn, answered, event.result, results, tokens)
            yield event


def _events(
    house: House, turn: Exchange, request: Request, said: list[Message], results: list[str]
) -> Generator[Event]:
    if not turn.toolbox:
        return respond(house, request)
    return answer_with_tools(house, request, turn.toolbox, max_steps=turn.max_steps, said=said, steps=results)


def keep(
    house: House, turn: Exchange, answered: list[Message], result: Result, results: list[str], tokens: int
) -> Turn:
    """Keep a finished turn: personal data hidden as the settings say. Raises StorageError."""
    before = house.conversations.path(turn.after)
    hide = house.guard.hiding(message.text for one in before for message in one.messages)
    turn.memory[turn.id] = [*turn.request.messages, *answered]
    said, spoken, trace = turn.request.messages, answered, result.trace
    shown = hidden_result(house, result)
    face = {**turn.face, "result": shown.model_dump(mode="json", exclude=NOT_KEPT)}
    for name, told in (("cited", "documents"), ("passages", "passages")):
        found = [part.info[told] for part in shown.outputs if told in part.info]
        face |= {name: found[0]} if found else {}
    if hide is not None:
        said, spoken = [hide.message(message) for message in said], [hide.message(message) for message in spoken]
        trace = [hidden_use(hide, use) for use in trace]
    kept = Turn(
        id=turn.id,
        conversation="",
        parent=turn.after,
        said=[by_reference(house, message) for message in said],
        answered=[by_reference(house, message) for message in spoken],
        trace=trace,
        results=results,
        tokens=tokens,
        face=face,
    )
    return _placed(house, turn, kept)


def added(house: House, conversation: str, said: list[Message]) -> Turn:
    """Keep messages at the end of a conversation as a turn that nobody answered, personal data hidden as always.

    Raises NotFound, and Conflict when the conversation goes on meanwhile.
    """
    after = house.conversations.get(conversation).tip
    before = house.conversations.path(after)
    hide = house.guard.hiding(message.text for one in before for message in one.messages)
    hidden = said if hide is None else [hide.message(message) for message in said]
    turn = Turn(
        id=new_turn_id(),
        conversation=conversation,
        parent=after,
        said=[by_reference(house, message) for message in hidden],
    )
    house.conversations.append(turn)
    return turn


NOT_KEPT = {"outputs", "tool_calls", "trace"}
"""Fields of a result that a turn holds itself."""


def _placed(house: House, turn: Exchange, kept: Turn) -> Turn:
    """The turn in its conversation: the one it follows, or a branch of it when that has gone on meanwhile."""
    before = None if turn.after is None else house.conversations.turn(turn.after)
    home = turn.conversation or (None if before is None else before.conversation)
    if home is not None and not turn.branch:
        try:
            placed = kept.model_copy(update={"conversation": home})
            house.conversations.append(placed)
            return placed
        except Conflict:
            if turn.conversation is not None:
                raise
    fresh = Conversation(id=new_conversation_id(), tip=turn.after, branched_from=turn.after)
    if home is not None:
        fresh.title = house.conversations.get(home).title
    placed = kept.model_copy(update={"conversation": house.conversations.create(fresh).id})
    house.conversations.append(placed)
    return placed


def as_text(result: Result) -> str:
    """An answer for language models to read: media is a word in brackets."""
    return "\n".join(part.text if part.text is not None else f"[{part.type}]" for part in result.outputs)


def _answer(result: Result, text: str) -> Message:
    parts = [Part.of_text(text)] if text else []
    return Message(role="assistant", parts=parts, tool_calls=result.tool_calls)
