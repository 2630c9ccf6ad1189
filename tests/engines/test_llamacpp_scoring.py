"""Likelihoods from llama.cpp against a forward pass of the same file written here, and the ways round its gaps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from castalia.core.content import Message, Part
from castalia.core.errors import ContextTooLong
from castalia.core.events import EngineEvent, TextDelta, TokenLogprob, Usage
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.engines.host import HostedEngine
from castalia.engines.llamacpp.desk import Desk
from castalia.engines.llamacpp.loading import LoadOptions, load, weights_file
from castalia.engines.llamacpp.spec import SPEC

Ask = Callable[..., Request]
Floats = NDArray[np.float32]
SEA = "The sea is a large body of salt water. It covers most of the earth and holds many fish, from herrings to whales."
MIXED = "Paris 你好 🎉! naïve"


@pytest.fixture(scope="module")
def model(model_of_format: Callable[[str], Model]) -> Model:
    return model_of_format("gguf")


@pytest.fixture(scope="module")
def host(model: Model) -> Iterator[HostedEngine]:
    opened = HostedEngine(SPEC, model, {"threads": 1, "context": 256, "slots": 2})
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def desk(model: Model) -> Iterator[Desk]:
    loaded = load(model, LoadOptions(threads=1, context=256, slots=1))
    yield loaded.desk
    loaded.desk.close()


def told(host: HostedEngine, request: Request) -> list[TokenLogprob]:
    events: list[EngineEvent] = list(host.generate(request))
    (usage,) = [event for event in events if isinstance(event, Usage)]
    found = [token for event in events if isinstance(event, TextDelta) for token in event.logprobs]
    text = request.prompt if request.told is None else request.told
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == text
    assert usage.counts.input_tokens == len(found)
    return found


def rounded(x: Floats) -> Floats:
    """Activations as llama.cpp multiplies them with weights of 8 bits: whole numbers up to 127 times a scale of 32."""
    blocks = x.reshape(*x.shape[:-1], -1, 32)
    scale = np.abs(blocks).max(-1, keepdims=True) / 127
    whole = np.round(np.divide(blocks, scale, out=np.zeros_like(blocks), where=scale > 0))
    return (whole * scale.astype(np.float16).astype(np.float32)).reshape(x.shape)


def reference(path: Path, tokens: list[int]) -> list[float]:
    """log p of each token but the first, by a Llama forward pass on the weights as they stand in the file."""
    import gguf

    reader = gguf.GGUFReader(path)
    weights: dict[str, Floats] = {
        one.name: gguf.quants.dequantize(one.data, one.tensor_type).astype(np.float32) for one in reader.tensors
    }

    def fact(name: str) -> float:
        return float(reader.fields[f"llama.{name}"].contents())

    heads, groups = int(fact("attention.head_count")), int(fact("attention.head_count_kv"))
    epsilon, base = fact("attention.layer_norm_rms_epsilon"), fact("rope.freq_base")

    def normed(x: Floats, name: str) -> Floats:
        return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + epsilon) * weights[name]

    def times(x: Floats, name: str) -> Floats:
        return rounded(x) @ weights[name].T

    hidden = weights["token_embd.weight"][tokens]
    length, width = hidden.shape
    size = width // heads
    angle = np.outer(np.arange(length), base ** (-np.arange(0, size, 2) / size))
    turn = np.exp(1j * angle)[:, None, :]

    def turned(x: Floats) -> Floats:
        pairs = x.reshape(*x.shape[:-1], size // 2, 2)
        rotated = (pairs[..., 0] + 1j * pairs[..., 1]) * turn
        return np.stack([rotated.real, rotated.imag], axis=-1).reshape(x.shape).astype(np.float32)

    mask = np.triu(np.full((length, length), -np.inf, np.float32), 1)
    for layer in range(int(fact("block_count"))):
        block = f"blk.{layer}."
        x = normed(hidden, block + "attn_norm.weight")
        query = turned(times(x, block + "attn_q.weight").reshape(length, heads, size))
        key = turned(times(x, block + "attn_k.weight").reshape(length, groups, size))
        value = times(x, block + "attn_v.weight").reshape(length, groups, size)
        key, value = (np.repeat(one, heads // groups, axis=1) for one in (key, value))
        scores = np.einsum("qhd,khd->hqk", query, key) / math.sqrt(size) + mask
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        seen = np.einsum("hqk,khd->qhd", shares, value).reshape(length, width)
        hidden = hidden + times(seen, block + "attn_output.weight")
        x = normed(hidden, block + "ffn_norm.weight")
        gate = times(x, block + "ffn_gate.weight")
        wide = gate / (1 + np.exp(-gate)) * times(x, block + "ffn_up.weight")
        hidden = hidden + times(wide, block + "ffn_down.weight")
    out = "output.weight" if "output.weight" in weights else "token_embd.weight"
    logits = times(normed(hidden, "output_norm.weight"), out)
    peak = logits.max(-1, keepdims=True)
    logs = logits - peak - np.log(np.exp(logits - peak).sum(-1, keepdims=True))
    return [float(logs[place, token]) for place, token in enumerate(tokens[1:])]


@pytest.mark.parametrize("text", [SEA, MIXED])
def test_likelihoods_are_those_of_the_file(
    host: HostedEngine, desk: Desk, model: Model, text_request: Ask, text: str
) -> None:
    found = [token.logprob for token in told(host, text_request(text, echo=True))]
    tokens = desk.start + [token.number for token in desk.tokens(text)]
    wanted = reference(weights_file(model), tokens)
    assert len(found) == len(wanted)
    # Roundings add up differently on each kind of processor (.53 with AVX-512), most of all at the first token, where a
    # few activations are huge
    assert sum(found) == pytest.approx(sum(wanted), rel=0.015)
    assert max(abs(mine - other) for mine, other in zip(found, wanted, strict=True)) < 0.75


def test_runners_up_stand_with_each_token(host: HostedEngine, text_request: Ask) -> None:
    for token in told(host, text_request(MIXED, echo=True, logprobs=3)):
        assert len(token.top) == 3
        assert token.top == sorted(token.top, key=lambda pair: -pair[1])
        assert token.logprob <= token.top[0][1]


def test_special_tokens_are_measured_and_do_not_end_the_text(host: HostedEngine, text_request: Ask) -> None:
    found = told(host, text_request("Hello<|im_end|> there", echo=True))
    assert [token.token for token in found] == ["Hello", "<|im_end|>", " there"]
    assert all(token.logprob < 0 for token in found)


def test_an_empty_text_is_certain_and_a_long_one_is_refused(host: HostedEngine, text_request: Ask) -> None:
    assert not told(host, text_request("", echo=True))
    with pytest.raises(ContextTooLong, match="at most 256"):
        told(host, text_request("word " * 400, echo=True))


def test_other_requests_do_not_change_a_likelihood(host: HostedEngine, text_request: Ask) -> None:
    alone = [token.logprob for token in told(host, text_request(SEA, echo=True))]
    answering = host.generate(text_request("Tell a long story of the sea.", max_tokens=60))
    next(event for event in answering if isinstance(event, TextDelta))
    beside = [token.logprob for token in told(host, text_request(SEA, echo=True))]
    answering.close()
    assert beside == pytest.approx(alone, abs=0.15)


def test_raw_text_is_gone_on_from_as_it_stands(host: HostedEngine, text_request: Ask) -> None:
    events = list(host.generate(text_request("One, two, three, four,", raw=True, max_tokens=4, temperature=0)))
    assert "".join(event.text for event in events if isinstance(event, TextDelta)).startswith(" five")


def test_an_answer_is_measured_after_the_conversation_before_it(host: HostedEngine, text_request: Ask) -> None:
    whole = [token.logprob for token in told(host, text_request(SEA, echo=True))]
    beginning, end = SEA[: SEA.index(" It covers")], SEA[SEA.index(" It covers") :]
    asked = text_request(beginning, echo=True, raw=True)
    answered = Message(role="assistant", parts=[Part.of_text(end)])
    after = told(host, asked.model_copy(update={"messages": [*asked.messages, answered]}))
    assert [token.logprob for token in after] == pytest.approx(whole[-len(after) :], rel=0.02)
    chatted = asked.model_copy(
        update={"messages": [*asked.messages, answered], "options": {**asked.options, "raw": False}}
    )
    assert sum(token.logprob for token in told(host, chatted)) != pytest.approx(
        sum(token.logprob for token in after), rel=0.01
    )
