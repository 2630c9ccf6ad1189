"""How likely given text is, from a server that tells this of what it writes itself only (llama.cpp refuses ``echo``).

So it is made to write the text: a grammar allows one token at each place. What the server tells with each token is its
log-probability in the distribution of the model, before grammar and samplers. It costs as much as writing the text.

Of tokens that are not whole characters the server tells nothing, and special tokens end an answer or are not allowed by
grammars. These are looked up in the distribution at their place, which it tells with another, harmless token.
"""

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import cast

from castalia.core.errors import EngineError
from castalia.core.events import Progress, TokenLogprob
from castalia.engines.llamacpp.desk import Desk, Token
from castalia.engines.llamacpp.events import logprob_of
from castalia.engines.llamacpp.stream import Chunk

HARMLESS = "a"
LIKELIEST = 256
"""So many tokens are looked through first, then all."""
ALL = 2**20
"""More than any vocabulary has."""

Ask = Callable[[Chunk], Iterator[Chunk | Progress]]


class Scorer:
    """Fills ``logprobs`` with an entry for each token, with so many runners-up as ``top`` says."""

    def __init__(self, ask: Ask, desk: Desk, top: int) -> None:
        self._ask = ask
        self._desk = desk
        self._top = top
        self.logprobs: list[TokenLogprob] = []

    def read(self, tokens: list[Token], start: list[int]) -> Iterator[Progress]:
        """Measure the tokens after those numbered ``start``; progress meanwhile.

        Raises EngineError, and what the server raises.
        """
        numbers = [token.number for token in tokens]
        if tokens and not start:
            raise EngineError(
                "This model has no token that stands before a text.", hint="Take another model to measure likelihoods."
            )
        while (place := len(self.logprobs)) < len(tokens):
            before = start + numbers[:place]
            run = [token.number for token in takewhile(_can_be_written, tokens[place:])]
            if run:
                yield from self._written(before, run)
            if len(self.logprobs) == place:
                yield from self._looked_up(before, tokens[place])

    def _written(self, before: list[int], run: list[int]) -> Iterator[Progress]:
        for entry in self._entries(before, run, max(1, self._top)):
            if isinstance(entry, Progress):
                yield entry
            else:
                self.logprobs.append(logprob_of(entry, self._top))

    def _looked_up(self, before: list[int], wanted: Token) -> Iterator[Progress]:
        harmless = [token.number for token in self._desk.tokens(HARMLESS)][:1]
        for count in (max(LIKELIEST, self._top), ALL):
            for entry in self._entries(before, harmless, count):
                if isinstance(entry, Progress):
                    yield entry
                    continue
                top = entry["top_logprobs"]
                found = next((other["logprob"] for other in top if other["id"] == wanted.number), None)
                if found is not None:
                    runners = [(other["token"], other["logprob"]) for other in top[: self._top]]
                    said = wanted.said.decode("utf-8", "replace")
                    self.logprobs.append(TokenLogprob(token=said, logprob=found, top=runners))
                    return
        raise EngineError(f"llama.cpp told no probability of token {wanted.number}.", hint="Ask again.")

    def _entries(self, before: list[int], written: list[int], count: int) -> Iterator[Chunk | Progress]:
        body: Chunk = {
            "prompt": before,
            "stream": True,
            "return_progress": True,
            "max_tokens": len(written),
            "grammar": "root ::= " + " ".join(f"<[{number}]>" for number in written),
            "samplers": [],
            "temperature": 0,
            "logprobs": count,
        }
        for chunk in self._ask(body):
            if isinstance(chunk, Progress):
                yield chunk
                continue
            for choice in cast("list[Chunk]", chunk.get("choices", [])):
                told = cast(Chunk, choice.get("logprobs") or {})
                yield from cast("list[Chunk]", told.get("content") or [])


def _can_be_written(token: Token) -> bool:
    try:
        token.said.decode()
    except UnicodeDecodeError:
        return False
    return token.plain
