"""A conversation under way: turn after turn, each kept when it is finished."""

from collections.abc import Generator
from contextlib import closing

from castalia.core.content import Message, Part
from castalia.core.errors import BadRequest, Interrupted, NotFound
from castalia.core.events import Completed, Event
from castalia.core.requests import AUTO, Request
from castalia.core.results import Result
from castalia.serving.exchanging import Exchange, Memory, exchange
from castalia.serving.house import House
from castalia.serving.toolbox import Toolbox
from castalia.store.conversations import Conversation

NEWEST = "newest"


class Talk:
    """A conversation, new or gone on with. ``tip`` is its newest turn, ``conversation`` its id once it has one.

    What is kept may be redacted; while this object lives the model sees the turns as they were said.
    """

    def __init__(
        self,
        house: House,
        *,
        conversation: str | None = None,
        branch: str | None = None,
        system: str | None = None,
        model: str = AUTO,
        engine: str | None = None,
        seed: int | None = None,
        options: dict[str, object] | None = None,
        toolbox: Toolbox | None = None,
    ) -> None:
        """``conversation`` is an id to go on with, or ``newest``; ``branch`` is ``ID`` or ``ID:TURN``, after whose
        TURN-th turn (counted from 1) a new conversation leaves it. Raises NotFound, BadRequest."""
        self.house = house
        self.model, self.engine, self.seed, self.options = model, engine, seed, options or {}
        self.toolbox = toolbox or Toolbox()
        self.system = system
        self.conversation: str | None = None
        self.tip: str | None = None
        self._memory: Memory = {}
        if conversation is not None and branch is not None:
            raise BadRequest("Go on with a conversation or branch it, not both.", hint="Leave one of them out.")
        if conversation is not None:
            found = self._found(conversation)
            self.conversation, self.tip = found.id, found.tip
        elif branch is not None:
            name, _, number = branch.partition(":")
            turns = house.conversations.path(self._found(name).tip)
            if number and not (number.isdigit() and 1 <= int(number) <= len(turns)):
                raise BadRequest(
                    f"{name} has the turns 1 to {len(turns)}, not {number}.", hint=f"castalia history {name}"
                )
            self.tip = turns[int(number) - 1 if number else -1].id
            self._branching = True

    _branching = False

    def say(self, text: str, attachments: list[Part] | None = None) -> Generator[Event]:
        """The events of one turn; it is kept before `Completed` comes. A turn that fails leaves nothing behind."""
        said = Message(role="user", parts=[Part.of_text(text), *(attachments or [])])
        first = [Message.of_text(self.system, role="system")] if self.system and self.tip is None else []
        request = Request(
            messages=[*first, said],
            modality="text",
            model=self.model,
            engine=self.engine,
            seed=self.seed,
            options=self.options,
        )
        turn = Exchange(
            request,
            after=self.tip,
            conversation=self.conversation,
            branch=self._branching,
            toolbox=self.toolbox,
            memory=self._memory,
        )
        with closing(exchange(self.house, turn)) as events:
            for event in events:
                if isinstance(event, Completed) and turn.kept is not None:
                    self.tip, self.conversation, self._branching = turn.kept.id, turn.kept.conversation, False
                yield event

    def ask(self, text: str) -> Result:
        """One turn, waited for. Raises any CastaliaError."""
        with closing(self.say(text)) as events:
            for event in events:
                if isinstance(event, Completed):
                    return event.result
        raise Interrupted("The turn ended without a result.", hint="Say it again.")

    def start_over(self) -> None:
        """What is said next begins a new conversation."""
        self.conversation = self.tip = None
        self._memory.clear()

    def _found(self, name: str) -> Conversation:
        if name != NEWEST:
            return self.house.conversations.get(name)
        newest = self.house.conversations.list(limit=1)
        if not newest:
            raise NotFound("There is no conversation yet.", hint="castalia chat begins one.")
        return newest[0]
