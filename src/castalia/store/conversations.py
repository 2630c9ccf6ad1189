"""Conversations: a tree of turns, each with what was said and answered, and an index of the words in them.

A conversation is the way from its newest turn back to the beginning. To branch is to go on from an older turn, so
conversations share the turns before the fork; a shared turn goes when the last conversation that needs it goes.
"""

import builtins
import json
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field

from castalia.core.content import Message
from castalia.core.errors import BadRequest, Conflict, NotFound
from castalia.core.results import ToolUse
from castalia.store.database import Database
from castalia.store.tables import conversations, results, turns

TITLE = 80
"""Characters of the first words that name a conversation."""
SHOWN_WORDS = 12
"""Words of a turn around those that were looked for."""


class Turn(BaseModel):
    """One exchange: what was said, and everything that was answered, tool calls and their outputs included.

    See `castalia.store.tables.turns` for what the rest means.
    """

    model_config = ConfigDict(extra="forbid")

    id: str
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))
    conversation: str
    parent: str | None = None
    said: list[Message] = Field(default_factory=list[Message])
    answered: list[Message] = Field(default_factory=list[Message])
    trace: list[ToolUse] = Field(default_factory=list[ToolUse])
    results: list[str] = Field(default_factory=list[str])
    tokens: int = 0
    summary: str | None = None
    face: dict[str, object] = Field(default_factory=dict)

    @property
    def messages(self) -> list[Message]:
        """Both sides in order."""
        return [*self.said, *self.answered]

    @property
    def words(self) -> str:
        """What the index holds of it."""
        return "\n".join(message.text for message in self.messages if message.text)


class Conversation(BaseModel):
    """A conversation; ``tip`` is its newest turn, None while it has none."""

    model_config = ConfigDict(extra="forbid")

    id: str
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = Field(default_factory=lambda: datetime.now(UTC))
    title: str = ""
    tip: str | None = None
    branched_from: str | None = None
    info: dict[str, object] = Field(default_factory=dict)


@dataclass(frozen=True)
class Hit:
    """A turn that holds the words, in a conversation that it is part of; ``excerpt`` marks them with ``[ ]``."""

    conversation: str
    turn: str
    title: str
    created: datetime
    excerpt: str


class Conversations:
    """Conversations and turns in the database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def create(self, conversation: Conversation) -> Conversation:
        """A new conversation; a branch begins at the turn ``tip``."""
        with self.database.begin() as connection:
            connection.execute(sa.insert(conversations).values(conversation.model_dump()))
        return conversation

    def append(self, turn: Turn) -> None:
        """Keep a finished turn, all of it or nothing. Raises NotFound when its conversation is gone, Conflict when
        another turn has been added to it meanwhile."""
        with self.database.begin() as connection:
            after = conversations.c.tip == turn.parent if turn.parent is not None else conversations.c.tip.is_(None)
            moved = connection.execute(
                sa.update(conversations)
                .where(conversations.c.id == turn.conversation, after)
                .values(tip=turn.id, updated=turn.created)
            )
            if moved.rowcount == 0:
                self._row(connection, turn.conversation)
                raise Conflict(
                    f"The conversation {turn.conversation} has gone on meanwhile.", hint="Branch it, or ask again."
                )
            title = conversations.c.title
            connection.execute(
                sa.update(conversations)
                .where(conversations.c.id == turn.conversation, title == "")
                .values(title=title_of(turn))
            )
            row = turn.model_dump(mode="json") | {"created": turn.created}
            connection.execute(sa.insert(turns).values(row))
            self._index(connection, turn)

    def get(self, id: str) -> Conversation:
        """The conversation of that id. Raises NotFound."""
        with self.database.begin() as connection:
            return Conversation.model_validate(dict(self._row(connection, id)))

    def list(self, limit: int = 20) -> builtins.list[Conversation]:
        """The conversations that have turns, last used first."""
        query = sa.select(conversations).where(conversations.c.tip.is_not(None))
        with self.database.begin() as connection:
            rows = connection.execute(query.order_by(conversations.c.updated.desc()).limit(limit)).mappings().all()
        return [Conversation.model_validate(dict(row)) for row in rows]

    def describe(self, id: str, info: dict[str, object]) -> Conversation:
        """Replace what a face keeps with a conversation. Raises NotFound."""
        with self.database.begin() as connection:
            connection.execute(sa.update(conversations).where(conversations.c.id == id).values(info=info))
            return Conversation.model_validate(dict(self._row(connection, id)))

    def turn(self, id: str) -> Turn:
        """The turn of that id. Raises NotFound."""
        with self.database.begin() as connection:
            row = connection.execute(sa.select(turns).where(turns.c.id == id)).mappings().first()
        if row is None:
            raise NotFound(f"There is no turn {id!r}.", hint="castalia history lists the conversations.")
        return Turn.model_validate(dict(row))

    def path(self, turn: str | None) -> builtins.list[Turn]:
        """All turns up to and with that one, the first one first; none for None. Raises NotFound."""
        with self.database.begin() as connection:
            found = [Turn.model_validate(dict(row)) for row in self._path(connection, turn)]
        if turn is not None and not found:
            raise NotFound(f"There is no turn {turn!r}.", hint="castalia history lists the conversations.")
        return found

    def summarise(self, turn: str, text: str) -> None:
        """Let ``text`` stand for everything up to and with a turn; the turns themselves are kept."""
        with self.database.begin() as connection:
            connection.execute(sa.update(turns).where(turns.c.id == turn).values(summary=text))

    def search(self, words: str, limit: int = 20) -> builtins.list[Hit]:
        """The turns that hold all the words, or words that begin so, best first (BM25). Raises BadRequest for none."""
        wanted = ["".join(char for char in word if char.isalnum() or char in "'-") for word in words.split()]
        query = " ".join(f'"{word}"*' for word in wanted if any(char.isalnum() for char in word))
        if not query:
            raise BadRequest("There is no word to look for.", hint="castalia history search rain umbrella")
        statement = sa.text(
            "select turn, snippet(turn_words, 1, '[', ']', ' … ', :shown) as excerpt from turn_words"
            " where turn_words match :query order by bm25(turn_words) limit :limit"
        )
        with self.database.begin() as connection:
            rows = connection.execute(statement, {"query": query, "shown": SHOWN_WORDS, "limit": limit}).all()
            found = [(self._home(connection, turn), turn, excerpt) for turn, excerpt in rows]
        return [
            Hit(home["id"], turn, home["title"], home["turn_created"], " ".join(excerpt.split()))
            for home, turn, excerpt in found
        ]

    def delete(self, id: str) -> builtins.list[str]:
        """Delete a conversation, its words and its results on the record.

        Turns that a branch still needs stay; returns the ids of the conversations that hold some. Raises NotFound.
        """
        with self.database.begin() as connection:
            row = self._row(connection, id)
            path = [found["id"] for found in self._path(connection, row["tip"])]
            others = {
                other: {found["id"] for found in self._path(connection, tip)}
                for other, tip in connection.execute(
                    sa.select(conversations.c.id, conversations.c.tip).where(conversations.c.id != id)
                )
            }
            holding = [other for other, held in others.items() if held & set(path)]
            needed = {turn for held in others.values() for turn in held}
            # a turn made here may also hang on a fork that no conversation leads to any more
            own = connection.execute(sa.select(turns.c.id).where(turns.c.conversation == id)).scalars().all()
            gone = {*path, *own} - needed
            self._delete_turns(connection, gone)
            if moved := needed & set(own):
                heir = next(other for other in holding if others[other] & moved)
                connection.execute(sa.update(turns).where(turns.c.conversation == id).values(conversation=heir))
            connection.execute(sa.delete(conversations).where(conversations.c.id == id))
        return holding

    def delete_turn(self, id: str) -> None:
        """Delete one turn; what follows it is linked to what came before. Raises NotFound.

        Everything else that holds its text goes too: summaries made of it, and the results of later turns, whose
        requests repeat it. A conversation left without turns is deleted.
        """
        turn = self.turn(id)
        with self.database.begin() as connection:
            self._forget_text(connection, turn, "")
            connection.execute(sa.update(turns).where(turns.c.parent == id).values(parent=turn.parent))
            connection.execute(sa.update(conversations).where(conversations.c.tip == id).values(tip=turn.parent))
            self._delete_turns(connection, {id})
            empty = conversations.c.tip.is_(None)
            connection.execute(sa.delete(conversations).where(empty, conversations.c.id == turn.conversation))

    def replace(self, turn: Turn) -> None:
        """Keep a turn with other messages than it had, perhaps with none. Raises NotFound.

        As when it is deleted, everything else goes that holds what it said before.
        """
        before = self.turn(turn.id)
        row = turn.model_dump(mode="json", include={"said", "answered", "trace", "face"})
        with self.database.begin() as connection:
            self._forget_text(connection, before, title_of(turn))
            connection.execute(sa.update(turns).where(turns.c.id == turn.id).values(**row, results=[]))
            connection.execute(sa.text("delete from turn_words where turn = :turn"), {"turn": turn.id})
            self._index(connection, turn)

    def _row(self, connection: sa.Connection, id: str) -> sa.RowMapping:
        row = connection.execute(sa.select(conversations).where(conversations.c.id == id)).mappings().first()
        if row is None:
            raise NotFound(f"There is no conversation {id!r}.", hint="castalia history lists them.")
        return row

    def _path(self, connection: sa.Connection, turn: str | None) -> builtins.list[sa.RowMapping]:
        start = sa.select(turns, sa.literal(0).label("depth")).where(turns.c.id == turn)
        walk = start.cte("walk", recursive=True)
        walk = walk.union_all(sa.select(turns, walk.c.depth + 1).where(turns.c.id == walk.c.parent))
        wanted = [walk.c[column.name] for column in turns.c]
        return list(connection.execute(sa.select(*wanted).order_by(walk.c.depth.desc())).mappings().all())

    def _descendants(self, connection: sa.Connection, turn: str) -> set[str]:
        walk = sa.select(turns.c.id).where(turns.c.id == turn).cte("walk", recursive=True)
        walk = walk.union(sa.select(turns.c.id).where(turns.c.parent == walk.c.id))
        return set(connection.execute(sa.select(walk.c.id)).scalars().all())

    def _home(self, connection: sa.Connection, turn: str) -> sa.RowMapping:
        joined = sa.join(turns, conversations, turns.c.conversation == conversations.c.id)
        query = sa.select(conversations, turns.c.created.label("turn_created")).select_from(joined)
        return connection.execute(query.where(turns.c.id == turn)).mappings().one()

    def _delete_turns(self, connection: sa.Connection, ids: set[str]) -> None:
        self._forget_results(connection, ids)
        connection.execute(sa.delete(turns).where(turns.c.id.in_(ids)))
        words = sa.text("delete from turn_words where turn in (select value from json_each(:ids))")
        connection.execute(words, {"ids": json.dumps(sorted(ids))})

    def _index(self, connection: sa.Connection, turn: Turn) -> None:
        if turn.words:
            statement = sa.text("insert into turn_words (turn, words) values (:turn, :words)")
            connection.execute(statement, {"turn": turn.id, "words": turn.words})

    def _forget_text(self, connection: sa.Connection, turn: Turn, title: str) -> None:
        """Take away what repeats a turn: results and summaries from it on, and the name of its conversations."""
        later = self._descendants(connection, turn.id)
        self._forget_results(connection, later)
        connection.execute(sa.update(turns).where(turns.c.id.in_(later)).values(summary=None))
        named = sa.select(conversations).where(conversations.c.title == title_of(turn), conversations.c.title != "")
        for row in connection.execute(named).mappings().all():
            if row["tip"] in later:
                connection.execute(sa.update(conversations).where(conversations.c.id == row["id"]).values(title=title))

    def _forget_results(self, connection: sa.Connection, ids: set[str]) -> None:
        made = connection.execute(sa.select(turns.c.results).where(turns.c.id.in_(ids))).scalars().all()
        connection.execute(sa.delete(results).where(results.c.id.in_([one for some in made for one in some])))


def title_of(turn: Turn) -> str:
    """The first words that the person said."""
    said = next((message.text for message in turn.said if message.role == "user" and message.text), "")
    words = " ".join(said.split())
    return words if len(words) <= TITLE else f"{words[: TITLE - 1]}…"
