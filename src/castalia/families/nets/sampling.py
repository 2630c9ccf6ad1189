"""Drawing sequences token by token: temperature, top-k, top-p, grammar, and what is given beforehand."""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from castalia.core.errors import BadRequest
from castalia.families.nets.grammar import Rules
from castalia.families.nets.token_options import TokenSamplingOptions

Given = tuple[Tensor, Tensor]


class Reader(Protocol):
    """A network that reads tokens one after the other."""

    def read(self, tokens: Tensor) -> Tensor:
        """Take in ``tokens`` (batch, new), none at the very beginning; returns the next logits (batch, vocabulary)."""
        ...


def probabilities(logits: Tensor, options: TokenSamplingOptions) -> Tensor:
    """What is drawn from: float64 probabilities (batch, vocabulary) of logits with -inf where nothing may come.

    First the ``top_k`` likeliest are kept, of these the fewest whose probability at the temperature reaches ``top_p``.
    """
    logits = logits.double()
    if options.temperature == 0.0:
        return torch.zeros_like(logits).scatter_(1, logits.argmax(dim=1, keepdim=True), 1.0)
    if options.top_k and options.top_k < logits.shape[1]:
        least = logits.topk(options.top_k, dim=1).values[:, -1:]
        logits = logits.masked_fill(logits < least, -torch.inf)
    chances = torch.softmax(logits / options.temperature, dim=1)
    if options.top_p is not None and options.top_p < 1.0:
        ordered, order = chances.sort(dim=1, descending=True, stable=True)
        before = ordered.cumsum(dim=1) - ordered
        chances = chances.scatter(1, order, ordered.masked_fill(before >= options.top_p, 0.0))
    return chances


def choose(logits: Tensor, generator: torch.Generator, options: TokenSamplingOptions) -> Tensor:
    """One token (batch,) for each row of logits (batch, vocabulary); one uniform number each, drawn on the CPU."""
    uniform = torch.rand(len(logits), 1, generator=generator).to(logits.device).double()
    sums = probabilities(logits, options).cumsum(dim=1)
    return torch.searchsorted(sums, uniform * sums[:, -1:], right=True)[:, 0]


def sample_tokens(
    reader_of: Callable[[slice], Reader],
    rules: Rules,
    count: int,
    rows: int,
    generator: torch.Generator,
    options: TokenSamplingOptions,
    given: Given | None,
) -> Tensor:
    """``count`` items (count, length), padded; of a stream (count, given + new) without any padding.

    ``reader_of`` makes a reader for some of the items; at most ``rows`` are drawn side by side.

    Raises BadRequest when what is given is no beginning, or one that the grammar forbids.
    """
    layout = rules.layout
    prefix, lengths = _prefix(rules, count, given)
    longest = int(lengths.max()) if count else 0
    total = layout.length if options.max_tokens is None else min(options.max_tokens, layout.length)
    if layout.stream:
        total = longest + (options.max_tokens or layout.length)
    shortest = int(rules.distance[0])
    if total < max(shortest, longest):
        raise BadRequest(
            f"Items of at most {total} tokens are asked for; it takes {max(shortest, longest)} to finish one.",
            hint="Ask for more with max_tokens.",
        )
    made = torch.full((count, total), layout.padding, dtype=torch.long, device=rules.kinds.device)
    for start in range(0, count, rows):
        part = slice(start, start + rows)
        _fill(made[part], reader_of(part), rules, generator, options, prefix[part], lengths[part])
    return made


def _fill(
    made: Tensor,
    reader: Reader,
    rules: Rules,
    generator: torch.Generator,
    options: TokenSamplingOptions,
    prefix: Tensor,
    lengths: Tensor,
) -> None:
    """Draw into ``made`` (rows, total), full of padding, what comes after the first ``lengths`` of each ``prefix``."""
    total, padding = made.shape[1], rules.layout.padding
    states = made.new_zeros(len(made))
    ended = torch.zeros_like(states, dtype=torch.bool)
    common, longest = int(lengths.min()), int(lengths.max())
    barred = torch.zeros(rules.layout.vocabulary, dtype=torch.bool, device=made.device)
    barred[list(options.barred)] = True
    made[:, :common] = prefix[:, :common]
    for place in range(common):
        states, ended = _advance(rules, states, ended, made[:, place], place, total)
    unread = made[:, :common]
    for place in range(common, total):
        if bool(ended.all()):
            break
        logits = reader.read(unread).float()
        logits = logits.masked_fill(~_may_come(rules.allowed(states, total - place), barred), -torch.inf)
        logits = torch.where(ended[:, None], 0.0, logits)  # those who have ended draw, and are not heard
        tokens = choose(logits, generator, options)
        if place < longest:
            tokens = torch.where(lengths > place, prefix[:, place], tokens)
        made[:, place] = torch.where(ended, padding, tokens)
        states, ended = _advance(rules, states, ended, made[:, place], place, total)
        unread = made[:, place : place + 1]


def _may_come(allowed: Tensor, barred: Tensor) -> Tensor:
    """The allowed tokens (batch, vocabulary) without the barred ones, where any is left."""
    left = allowed & ~barred
    return torch.where(left.any(dim=1, keepdim=True), left, allowed)


def _advance(
    rules: Rules, states: Tensor, ended: Tensor, tokens: Tensor, place: int, total: int
) -> tuple[Tensor, Tensor]:
    """States and who has ended after ``tokens`` (batch,); drawn ones always obey, given ones may not."""
    room = total - place
    fault = ~ended & ~rules.allowed(states, room).gather(1, tokens[:, None])[:, 0]
    if bool(fault.any()):
        raise BadRequest(
            f"What is given cannot be gone on from: token {int(tokens[fault][0])} at place {place} is not allowed there"
            f" with {room - 1} places left.",
            hint="Give a beginning that the grammar allows.",
        )
    return rules.after(states, tokens), ended | (tokens == rules.layout.padding)


def _prefix(rules: Rules, count: int, given: Given | None) -> tuple[Tensor, Tensor]:
    """The given tokens (count, width) and how many of each row count (count,)."""
    device = rules.kinds.device
    if given is None:
        return torch.zeros(count, 1, dtype=torch.long, device=device), torch.zeros(count, dtype=torch.long)
    data, mask = given[0].to(device, torch.long), given[1].to(device, torch.bool)
    lengths = mask.sum(dim=1)
    if bool((mask != (torch.arange(mask.shape[1], device=device) < lengths[:, None])).any()):
        raise BadRequest(
            "Tokens are drawn from the first to the last: only a beginning can be given, without gaps.",
            hint="Give the first tokens of each item, as many as wanted.",
        )
    known = data[mask]
    if bool(((known < 0) | (known >= rules.layout.vocabulary)).any()):
        raise BadRequest(
            f"Given tokens are outside 0 to {rules.layout.vocabulary - 1}.", hint="Encode them as the training was."
        )
    return data, lengths
