"""What a task is: its options, its output, the steps by which a language model does it, and what judges it.

A task is a generator. It asks the model through a `Desk`, passes the events of that work on, and returns what it made:

    def run(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
        text = yield from desk.write([("user", given.text)], max_tokens=200)
        return Made([text])
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from castalia.core.contracts import Array
from castalia.core.events import Event

Turn = tuple[str, str]
"""A role (``system``, ``user``, ``assistant``) and what it says."""
Schema = dict[str, object]


class TaskOptions(BaseModel):
    """Base of a task's options: names that it does not know are refused."""

    model_config = ConfigDict(extra="forbid")


class Coverage(BaseModel):
    """How much of the given material was read: characters, and the sections that it was cut into.

    ``how`` says in words how a part was picked, when not all of it was read.
    """

    characters: int
    read: int
    sections: int = 1
    sections_read: int = 1
    how: str = ""

    @property
    def share(self) -> float:
        """The share of characters that was read, in [0, 1]."""
        return self.read / self.characters if self.characters else 1.0


class TaskOutput(BaseModel):
    """Base of a task's output: the text that was made, and how much of the material was read for it."""

    text: str
    coverage: Coverage | None = None


OptionsT = TypeVar("OptionsT", bound=TaskOptions)


@dataclass(frozen=True)
class Material:
    """One given text with the name of the file that it came from, if it came from one, and what was not read of it."""

    text: str
    name: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Given(Generic[OptionsT]):
    """What a task works on."""

    materials: list[Material]
    options: OptionsT

    @property
    def text(self) -> str:
        """All given texts, in order."""
        return "\n\n".join(material.text for material in self.materials)


@dataclass
class Made:
    """What came out: the texts (one, or one a row), and facts for the task's output class and the record.

    ``facts`` hold figures and states only. Text belongs into ``texts``, where the guard sees it.
    """

    texts: list[str]
    coverage: Coverage | None = None
    facts: dict[str, object] = field(default_factory=dict[str, object])


class Desk(Protocol):
    """The model, as a task reaches it."""

    @property
    def can_score(self) -> bool:
        """Whether `score` works on this model's engine."""
        ...

    def room(self, turns: list[Turn], max_tokens: int) -> int:
        """Tokens, as `castalia.language.sections.tokens_of` estimates them, that fit beside these turns and an answer
        of ``max_tokens``."""
        ...

    def write(
        self,
        turns: list[Turn],
        *,
        max_tokens: int,
        purpose: str = "",
        json_schema: Schema | None = None,
        raw: bool = False,
        stop: list[str] | None = None,
    ) -> Generator[Event, None, str]:
        """The model's answer to a conversation, the likeliest words unless the person set a temperature.

        ``purpose`` names this call in the record. Raises ContextTooLong and what else the way of a request raises.
        """
        ...

    def score(self, beginning: str | list[Turn], endings: list[str]) -> Generator[Event, None, list[float]]:
        """The log-likelihood of each ending, in nats: after a plain text, or as the answer to a conversation."""
        ...

    @property
    def can_compare(self) -> bool:
        """Whether `vectors` works: the sentence vectors are there."""
        ...

    @property
    def vectors(self) -> Callable[[Sequence[str]], Array]:
        """Short texts to unit vectors (n, 384), near in meaning, near in direction."""
        ...

    def has_tokens(self, tokens: tuple[str, ...]) -> bool:
        """Whether the model's vocabulary holds all these special tokens."""
        ...

    def progress(self, message: str, fraction: float | None = None) -> Event:
        """The event that tells how far a task is."""
        ...

    def show(self, text: str) -> Event:
        """The event that passes finished text on to whoever follows."""
        ...


@dataclass(frozen=True)
class Task:
    """One task. ``measures`` name the checks of `castalia.judging.tasks` that judge what it makes.

    ``takes`` says in words what the inputs are, ``most`` how many there may be.
    """

    name: str
    summary: str
    options: type[TaskOptions]
    output: type[TaskOutput]
    run: Callable[[Given[Any], Desk], Generator[Event, None, Made]]
    measures: tuple[str, ...] = ()
    takes: str = "a text"
    least: int = 1
    most: int = 8
    needs_model: Callable[[Given[Any]], bool] = field(default=lambda _given: True)

    def read(self, texts: list[str], facts: dict[str, object]) -> TaskOutput:
        """The task's output from the texts and facts on the record."""
        return self.output.model_validate({**facts, "text": "\n\n".join(texts), "texts": texts})
