"""From a trained sampler to text: a stream written window by window, items drawn side by side, or an answer."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from castalia.core.contracts import Given, Sample, Sampler
from castalia.core.errors import BadRequest
from castalia.core.events import Progress
from castalia.core.requests import Request
from castalia.modalities.text.options import TextOptions
from castalia.modalities.text.reading import one_line
from castalia.modalities.text.representation import BREAK, MANY_DOCUMENTS, PADDING, TextRepresentation
from castalia.modalities.text.wording import read_order, refuse_unknown

HONOURED = frozenset({"max_tokens", "temperature", "top_p", "top_k", "stop", "beginning", "lines", "raw"})
PLAIN = "text/plain"
LINES = 10
"""Items made when neither the prompt nor an option says how many."""
BATCH = 64
APART = 1_000_003
"""Between the seeds of one request's windows: far from those that a person would ask for next."""


def generate(representation: TextRepresentation, sampler: Sampler, request: Request) -> Iterator[Sample | Progress]:
    """Pieces of plain text, in order. Each tells its ``tokens``, the last one its ``finish_reason`` as well.

    Raises BadRequest for a beginning that the model cannot write and for options that it cannot carry out.
    """
    options = TextOptions.model_validate(request.options)
    refuse_unknown(options, HONOURED)
    order = read_order(request.prompt, options)
    seed = request.seed or 0
    if representation.asked:
        yield _answer(representation, sampler, request.prompt, options, seed)
        return
    if not representation.stream:
        yield from _items(representation, sampler, order.beginning, order.lines or LINES, seed, options.max_tokens)
        return
    yield from Writer(representation, sampler, options, seed).write(order.beginning)


@dataclass
class Writer:
    """Writes one text: draws a window, keeps its second half as the next one's beginning, and so on."""

    representation: TextRepresentation
    sampler: Sampler
    options: TextOptions
    seed: int
    written: list[int] = field(default_factory=list[int])
    told: int = 0
    """Characters already yielded."""

    def write(self, beginning: str) -> Iterator[Sample]:
        """The text after ``beginning``, up to ``max_tokens``, a stop text or the end of the document."""
        length = self.representation.length
        context = self._context(beginning)
        for index in range(self.options.max_tokens):
            before = len(self.written)
            kept = context[len(context) - min(len(context), (3 if index == 0 else 2) * length // 4) :]
            window = self._draw(kept, self.seed + index * APART, fresh=not beginning and index == 0)
            if window is None:
                yield self._piece("length")
                return
            ended = self._add(window)
            finish = "stop" if ended or self._stopped() else "length"
            if finish == "stop" or len(self.written) >= self.options.max_tokens:
                yield self._piece(finish, len(self.written) - before)
                return
            yield self._piece(None, len(self.written) - before)
            context = np.concatenate([kept, window])

    def _context(self, beginning: str) -> NDArray[np.int64]:
        """What stands before the first token: the beginning, or how a document or a line opens."""
        if beginning:
            return self.representation.encode(beginning)
        if self.representation.documents >= MANY_DOCUMENTS:
            return np.asarray([BREAK], dtype=np.int64)
        try:
            return self.representation.encode("\n")
        except BadRequest:
            return np.zeros(0, dtype=np.int64)

    def _draw(self, kept: NDArray[np.int64], seed: int, *, fresh: bool) -> NDArray[np.int64] | None:
        """The rest of a window (length,) that begins with ``kept``; None when the family cannot go on any more."""
        data = np.zeros((1, self.representation.length), dtype=np.int64)
        data[0, : len(kept)] = kept
        mask = np.zeros(data.shape, dtype=np.bool_)
        mask[0, : len(kept)] = True
        try:
            drawn = self.sampler(1, None, None, seed, Given(data, mask)) if len(kept) else None
        except BadRequest:
            if not fresh and not self.written:
                raise
            drawn = None
        if drawn is not None:
            return np.asarray(drawn[0, len(kept) :], dtype=np.int64)
        if self.written:
            return None
        return np.asarray(self.sampler(1, None, None, seed)[0], dtype=np.int64)

    def _add(self, window: NDArray[np.int64]) -> bool:
        """Take the window's tokens in, as many as are wanted; whether the document ends among them."""
        room = self.options.max_tokens - len(self.written)
        ends = np.flatnonzero(window <= BREAK)
        end = int(ends[0]) if len(ends) else len(window)
        self.written += window[: min(end, room)].tolist()
        return end <= room and end < len(window)

    def _text(self) -> str:
        return self.representation.decode(np.asarray(self.written, dtype=np.int64))

    def _stopped(self) -> bool:
        text = self._text()
        return any(stop in text for stop in self.options.stop if stop)

    def _piece(self, finish: str | None, tokens: int = 0) -> Sample:
        """What is new and settled: before the end, no half characters and nothing that may become a stop text."""
        text = self._text()
        ends = [text.find(stop) for stop in self.options.stop if stop and stop in text]
        if ends:
            text = text[: min(ends)]
        elif finish is None:
            held = max((len(stop) - 1 for stop in self.options.stop), default=0)
            text = text.rstrip("\ufffd")
            text = text[: max(self.told, len(text) - held)]
        piece, self.told = text[self.told :], max(self.told, len(text))
        facts: dict[str, object] = {"tokens": tokens}
        return Sample(piece.encode(), PLAIN, facts if finish is None else facts | {"finish_reason": finish})


def _answer(
    representation: TextRepresentation, sampler: Sampler, prompt: str, options: TextOptions, seed: int
) -> Sample:
    """What answers a request, on from ``beginning`` where that is set; with ``raw`` what goes on from the prompt."""
    asked = prompt if options.raw else f"{one_line(prompt)}\n{options.beginning or ''}"
    start = representation.encode(asked)
    if len(start) >= representation.length:
        raise BadRequest(
            f"The request is {len(start)} tokens long; with its answer it can have {representation.length - 1}.",
            hint="Ask in fewer words.",
        )
    data = np.full((1, representation.length), PADDING, dtype=np.int64)
    data[0, : len(start)] = start
    mask = np.zeros(data.shape, dtype=np.bool_)
    mask[0, : len(start)] = True
    drawn = np.asarray(sampler(1, None, None, seed, Given(data, mask))[0, len(start) :], dtype=np.int64)
    ends = np.flatnonzero(drawn == PADDING)
    written = drawn[: min(int(ends[0]) if len(ends) else len(drawn), options.max_tokens)]
    text = representation.decode(written)
    stops = [text.find(stop) for stop in options.stop if stop and stop in text]
    if stops:
        text = text[: min(stops)]
    ended = bool(stops) or (len(written) < len(drawn) and len(written) < options.max_tokens)
    facts: dict[str, object] = {"tokens": len(written), "finish_reason": "stop" if ended else "length"}
    return Sample(text.encode(), PLAIN, facts)


def _items(
    representation: TextRepresentation, sampler: Sampler, beginning: str, count: int, seed: int, most: int
) -> Iterator[Sample | Progress]:
    """``count`` items of at most ``most`` tokens, a line each, that all start with ``beginning``."""
    start = representation.encode(beginning) if beginning else np.zeros(0, dtype=np.int64)
    if len(start) >= representation.length:
        raise BadRequest(
            f"The beginning is {len(start)} tokens long; whole items have at most {representation.length - 1}.",
            hint="Give a shorter beginning.",
        )
    for first in range(0, count, BATCH):
        size = min(BATCH, count - first)
        given = None
        if len(start):
            data = np.full((size, representation.length), PADDING, dtype=np.int64)
            data[:, : len(start)] = start
            mask = np.zeros(data.shape, dtype=np.bool_)
            mask[:, : len(start)] = True
            given = Given(data, mask)
        drawn = np.asarray(sampler(size, None, None, seed + first * APART, given), dtype=np.int64)[:, :most]
        lines = "".join(representation.decode(row) + "\n" for row in drawn)
        last = first + size == count
        facts: dict[str, object] = {"tokens": int((drawn != PADDING).sum()), "items": size}
        text = lines.removesuffix("\n") if last else lines
        yield Sample(text.encode(), PLAIN, facts | ({"finish_reason": "stop"} if last else {}))
        yield Progress(message=f"{first + size} of {count}", fraction=(first + size) / count)
