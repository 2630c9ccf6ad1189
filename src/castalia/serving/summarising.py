"""What a model sees of a conversation: all of it, or a summary of its older turns when it has outgrown the context.

The summary is written by the model itself, turn by turn of the oldest ones; the turns themselves are kept.
"""

import math
import time
from collections.abc import Generator
from contextlib import closing

from castalia.core.content import Message
from castalia.core.errors import EngineError
from castalia.core.events import Completed, Event, Progress, Summarised
from castalia.core.requests import Request, new_id
from castalia.modalities.text.options import TextOptions
from castalia.serving.house import House
from castalia.serving.pipeline import answer, chosen
from castalia.store.conversations import Turn

CHARACTERS_PER_TOKEN = 3.5
"""A cautious guess: English has about 4.2. Where it is too hopeful, the engine's own count decides."""
TOKENS_PER_MESSAGE = 8
"""What a chat template puts around each."""
LONGEST_SUMMARY = 256
"""Tokens."""
ORDER = (
    "Summarise the conversation above in a few sentences, for someone who has to go on with it. Keep names, numbers, "
    "dates, what was decided, and what the user wants. Write the summary only."
)
PREFACE = "Summary of the conversation before this:"


class Context:
    """What precedes a request: the turns before it, perhaps as a summary, and standing instructions.

    ``path`` are all turns before it, the first one first; ``memory`` holds those that are known as they were really
    said. ``results`` are the ids on the record of the summaries that were made.
    """

    def __init__(
        self,
        house: House,
        request: Request,
        path: list[Turn],
        memory: dict[str, list[Message]],
        instructions: str | None,
    ) -> None:
        self.house, self.request, self.path, self.memory = house, request, path, memory
        self.instructions = instructions
        self.shortened = False
        self.results: list[str] = []
        summarised = [number for number, turn in enumerate(path) if turn.summary is not None]
        self._begin = summarised[-1] + 1 if summarised else 0
        self._summary = path[summarised[-1]].summary if summarised else None

    def messages(self) -> list[Message]:
        """Instructions, the summary, the turns after it, the request's own messages; one system message in front."""
        turns = [message for turn in self.path[self._begin :] for message in self._said(turn)]
        standing = [message for turn in self.path[: self._begin] for message in self._said(turn)[:1]][:1]
        every = [*(one for one in standing if one.role == "system"), *turns, *self.request.messages]
        leading = 0
        while leading < len(every) and every[leading].role == "system":
            leading += 1
        system = [self.instructions or "", *(message.text for message in every[:leading])]
        if self._summary is not None:
            system.append(f"{PREFACE}\n{self._summary}")
        text = "\n\n".join(piece for piece in system if piece)
        return [*([Message.of_text(text, role="system")] if text else []), *every[leading:]]

    def outgrown(self) -> bool:
        """Whether the conversation, with room for an answer, is likely to be longer than the model's context."""
        if not self.path[self._begin :]:
            return False
        context = self._context_length()
        if context is None:
            return False
        tokens = _tokens(self.messages())
        if self._summary is None:
            tokens = max(tokens, self.path[-1].tokens + _tokens(self.request.messages))
        wanted = self.request.options.get("max_tokens") or TextOptions().max_tokens
        return tokens + min(int(str(wanted)), context // 4) > context

    def shorten(self) -> Generator[Event]:
        """Let a summary stand for the older turns: all but the newest that fill a third of the context.

        Raises EngineError when the model writes nothing, and any CastaliaError of the pipeline.
        """
        started = time.monotonic()
        context = self._context_length() or self.house.settings.engines.context
        end, room = len(self.path), context / 3 - _tokens(self.request.messages)
        while end > self._begin + 1 and _tokens(self._said(self.path[end - 1])) < room:
            end -= 1
            room -= _tokens(self._said(self.path[end]))
        older = self.path[self._begin : end]
        lines = [line for turn in older for message in self._said(turn) if (line := _line(message))]
        size = int(context / 2 * CHARACTERS_PER_TOKEN)
        pieces = _pieces(lines, size)
        summary = self._summary
        for number, piece in enumerate(pieces):
            yield Progress(message=f"summarising {len(older)} older turns", fraction=number / len(pieces))
            text = f"{PREFACE}\n{summary}\n\n{piece}" if summary else piece
            summary = yield from self._summarised(f"{text}\n\n{ORDER}", context)
        if summary is None:
            return
        self._summary, self._begin, self.shortened = summary, end, True
        kept = summary if (hide := self.house.guard.hiding()) is None else hide.text(summary)
        self.house.conversations.summarise(self.path[end - 1].id, kept)
        yield Summarised(turns=end, text=summary, seconds=round(time.monotonic() - started, 3))

    def _summarised(self, text: str, context: int) -> Generator[Event, None, str]:
        request = Request(
            id=new_id("r"),
            messages=[Message.of_text(text)],
            modality="text",
            model=self.request.model,
            engine=self.request.engine,
            seed=self.request.seed or 0,
            options={"temperature": 0.0, "max_tokens": min(LONGEST_SUMMARY, context // 8)},
        )
        self.results.append(request.id)
        with closing(answer(self.house, request)) as events:
            for event in events:
                if isinstance(event, Completed) and event.result.text.strip():
                    return event.result.text.strip()
                if isinstance(event, Progress):
                    yield event
        raise EngineError(
            "The conversation has outgrown the model's context, and the model wrote no summary of it.",
            hint="Start a new conversation, branch from an earlier turn, or take a model with a longer context.",
        )

    def _said(self, turn: Turn) -> list[Message]:
        return self.memory.get(turn.id) or turn.messages

    def _context_length(self) -> int | None:
        """Tokens that the model that would answer sees at once; None when no language model would."""
        probe = self.request.model_copy(update={"messages": self.messages()})
        choice = chosen(self.house, self.house.guard.inbound(probe).request)
        if choice.modality != "text" or choice.model is None:
            return None
        own = self.house.registry.get(choice.model).details.get("context_length")
        most = self.house.settings.engines.context
        return min(own, most) if isinstance(own, int) else most


def _tokens(messages: list[Message]) -> int:
    """About how many tokens messages have; their tool calls count, attachments do not."""
    characters = sum(len(_line(message)) for message in messages)
    return math.ceil(characters / CHARACTERS_PER_TOKEN) + TOKENS_PER_MESSAGE * len(messages)


def _line(message: Message) -> str:
    """A message as a line of the text that is summarised."""
    if message.role == "system":
        return ""
    calls = [f"called {call.name}({call.arguments})" for call in message.tool_calls]
    attached = [f"[{part.name or part.type}]" for part in message.attachments]
    names = {"user": "User", "assistant": "Assistant", "tool": "Tool"}
    content = " ".join(piece for piece in (message.text, *calls, *attached) if piece)
    return f"{names[message.role]}: {content}" if content else ""


def _pieces(lines: list[str], size: int) -> list[str]:
    """The lines in pieces of at most so many characters; a line that is longer is divided."""
    pieces: list[str] = []
    for line in lines:
        for start in range(0, len(line), size):
            part = line[start : start + size]
            if pieces and len(pieces[-1]) + len(part) < size:
                pieces[-1] += f"\n{part}"
            else:
                pieces.append(part)
    return pieces
