"""A decoder of the Llama kind: RMS norms, rotary positions, SwiGLU, full or grouped attention.

Weights lie so that an export to GGUF's architecture `llama` renames them and changes nothing else:

    tokens.weight                          token_embd.weight
    blocks.N.attention_norm.weight         blk.N.attn_norm.weight
    blocks.N.query|key|value.weight        blk.N.attn_q|attn_k|attn_v.weight
    blocks.N.output.weight                 blk.N.attn_output.weight
    blocks.N.feed_forward_norm.weight      blk.N.ffn_norm.weight
    blocks.N.gate|up|down.weight           blk.N.ffn_gate|ffn_up|ffn_down.weight
    norm.weight                            output_norm.weight
    head.weight                            output.weight (absent when tied to tokens.weight)

Rotary positions turn neighbouring pairs (2i, 2i + 1) of each head, as that architecture does (no permutation as from
the other common layout of halves). The start of a sequence is the padding token: begin and end have one number.
"""

from typing import cast

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional


class LlamaSizes(BaseModel):
    """Numbers of the network, with those of GGUF's metadata: block_count, embedding_length, attention.head_count,
    attention.head_count_kv, feed_forward_length, context_length, rope.freq_base, layer_norm_rms_epsilon."""

    vocabulary: int
    layers: int
    width: int
    heads: int
    key_heads: int
    hidden: int
    context: int
    tied: bool
    rope_base: float
    epsilon: float
    dropout: float
    repeating: float = 0.0


MOST_KEPT = 2**26
"""Most numbers of keys and values kept while sampling."""

Cache = list[tuple[Tensor, Tensor]]
"""For each layer the keys and values (batch, key heads, context, head width) read so far."""


class RmsNorm(nn.Module):
    """x / sqrt(mean(x^2) + epsilon) * weight."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """x (..., width) -> the same shape."""
        return functional.rms_norm(x, self.weight.shape, self.weight, self.epsilon)


class Block(nn.Module):
    """x + attention(norm(x)), then x + down(silu(gate(norm(x))) * up(norm(x)))."""

    def __init__(self, sizes: LlamaSizes) -> None:
        super().__init__()
        width, self.heads, self.key_heads = sizes.width, sizes.heads, sizes.key_heads
        each = width // sizes.heads
        self.attention_norm = RmsNorm(width, sizes.epsilon)
        self.query = nn.Linear(width, sizes.heads * each, bias=False)
        self.key = nn.Linear(width, sizes.key_heads * each, bias=False)
        self.value = nn.Linear(width, sizes.key_heads * each, bias=False)
        self.output = nn.Linear(sizes.heads * each, width, bias=False)
        self.feed_forward_norm = RmsNorm(width, sizes.epsilon)
        self.gate = nn.Linear(width, sizes.hidden, bias=False)
        self.up = nn.Linear(width, sizes.hidden, bias=False)
        self.down = nn.Linear(sizes.hidden, width, bias=False)
        self.dropout = nn.Dropout(sizes.dropout)
        for one in (self.query, self.key, self.value, self.gate, self.up):
            nn.init.normal_(one.weight, std=width**-0.5)
        for one in (self.output, self.down):
            nn.init.zeros_(one.weight)

    def repeat(self, share: float) -> None:
        """Let the attention begin with ``share`` of what it looks at, as it is: output = share values^T.

        Else its output begins with nothing, and what it looks at begins to matter only when that has been learnt too.
        After Trockman and Kolter 2023, "Mimetic Initialization of Self-Attention Layers", with the sign that repeats.
        """
        values = self.value.weight.detach().view(self.key_heads, -1, self.value.in_features)
        values = values.repeat_interleave(self.heads // self.key_heads, dim=0).flatten(0, 1)
        with torch.no_grad():
            self.output.weight.copy_(share * values.T)

    def forward(self, x: Tensor, turns: Tensor, cache: tuple[Tensor, Tensor] | None = None, start: int = 0) -> Tensor:
        """x (batch, length, width) whose first place is ``start``; ``cache`` takes up its keys and values."""
        x = x + self.dropout(self.output(self._attention(self.attention_norm(x), turns, cache, start)))
        hidden = self.feed_forward_norm(x)
        return x + self.dropout(self.down(functional.silu(self.gate(hidden)) * self.up(hidden)))

    def _attention(self, x: Tensor, turns: Tensor, cache: tuple[Tensor, Tensor] | None, start: int) -> Tensor:
        batch, length, _ = x.shape
        query = _turned(self.query(x).view(batch, length, self.heads, -1), turns).transpose(1, 2)
        key = _turned(self.key(x).view(batch, length, self.key_heads, -1), turns).transpose(1, 2)
        value = self.value(x).view(batch, length, self.key_heads, -1).transpose(1, 2)
        mask = None
        if cache is not None:
            for kept, new in zip(cache, (key, value), strict=True):
                kept[:, :, start : start + length] = new
            key, value = (kept[:, :, : start + length] for kept in cache)
            if start and length > 1:
                mask = torch.ones(length, start + length, dtype=torch.bool, device=x.device).tril(start)
        if self.key_heads < self.heads:
            key, value = (one.repeat_interleave(self.heads // self.key_heads, dim=1) for one in (key, value))
        mixed = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=mask is None and length > 1
        )
        return mixed.transpose(1, 2).reshape(batch, length, -1)


def _turned(x: Tensor, turns: Tensor) -> Tensor:
    """x (batch, length, heads, head width), each neighbouring pair turned by its place's angle in ``turns``."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns).flatten(-2).to(x.dtype)


class Llama(nn.Module):
    """Tokens (batch, length) -> logits of the next token (batch, length, vocabulary)."""

    turns: Tensor

    def __init__(self, sizes: LlamaSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.tokens = nn.Embedding(sizes.vocabulary, sizes.width)
        self.dropout = nn.Dropout(sizes.dropout)
        self.blocks = nn.ModuleList(Block(sizes) for _ in range(sizes.layers))
        for block in list(self.blocks)[sizes.layers // 2 :] if sizes.repeating else []:
            cast("Block", block).repeat(sizes.repeating)
        self.norm = RmsNorm(sizes.width, sizes.epsilon)
        self.head = None if sizes.tied else nn.Linear(sizes.width, sizes.vocabulary, bias=False)
        nn.init.normal_(self.tokens.weight, std=sizes.width**-0.5 if sizes.tied else 0.5)
        if self.head is not None:
            nn.init.zeros_(self.head.weight)
        each = sizes.width // sizes.heads
        speeds = sizes.rope_base ** (-torch.arange(0, each, 2, dtype=torch.float32) / each)
        angles = torch.arange(sizes.context, dtype=torch.float32)[:, None] * speeds
        turns = torch.stack([angles.cos(), angles.sin()], dim=-1)
        self.register_buffer("turns", turns, persistent=False)

    @property
    def rows(self) -> int:
        """How many sequences are drawn side by side: as many as keep keys and values within about a quarter GB."""
        sizes = self.sizes
        each = 2 * sizes.layers * sizes.context * sizes.width * sizes.key_heads // sizes.heads
        return min(1024, max(1, MOST_KEPT // each))

    def matrices(self) -> list[nn.Parameter]:
        """The weights inside the blocks that orthogonalised updates suit."""
        return [one for one in self.blocks.parameters() if one.ndim == 2]

    def forward(self, tokens: Tensor, start: Tensor | None, cache: Cache | None = None, place: int = 0) -> Tensor:
        """``start`` (batch, width) is added to the embedding of place 0; ``cache`` holds what lies before ``place``."""
        hidden = self.tokens(tokens)
        if start is not None and place == 0:
            hidden = torch.cat([hidden[:, :1] + start[:, None], hidden[:, 1:]], dim=1)
        hidden = self.dropout(hidden)
        turns = torch.view_as_complex(self.turns[place : place + tokens.shape[1]])[:, None]
        for index, block in enumerate(self.blocks):
            hidden = cast("Block", block)(hidden, turns, None if cache is None else cache[index], place)
        hidden = self.norm(hidden if cache is None else hidden[:, -1:])
        return functional.linear(hidden, self.tokens.weight if self.head is None else self.head.weight)

    def reader(self, begin: int, start: Tensor | None) -> "LlamaReader":
        """Reads tokens one after the other, from the ``begin`` token on."""
        return LlamaReader(self, begin, start)


class LlamaReader:
    """Logits of what comes next, with a cache of keys and values.

    When the context is full, the last half of it is read again from the beginning.
    """

    def __init__(self, net: Llama, begin: int, start: Tensor | None) -> None:
        self.net, self.begin, self.start = net, begin, start
        self.cache: Cache = []
        self.seen: Tensor | None = None
        self.place = 0

    def read(self, tokens: Tensor) -> Tensor:
        """Take in ``tokens`` (batch, new), none at the very beginning; returns logits (batch, vocabulary)."""
        sizes = self.net.sizes
        self.seen = tokens if self.seen is None else torch.cat([self.seen, tokens], dim=1)
        if self.place == 0 or self.place + tokens.shape[1] > sizes.context:
            whole = self.seen.shape[1] + 1 <= sizes.context
            kept = self.seen if whole else self.seen[:, -max(1, sizes.context // 2) :]
            tokens = torch.cat([kept.new_full((len(kept), 1), self.begin), kept], dim=1)
            shape = (len(kept), sizes.key_heads, sizes.context, sizes.width // sizes.heads)
            like = self.net.tokens.weight
            self.cache = [(like.new_zeros(shape), like.new_zeros(shape)) for _ in range(sizes.layers)]
            self.place, self.seen = 0, kept
        logits = self.net(tokens, self.start, self.cache, self.place)
        self.place += tokens.shape[1]
        return logits[:, -1]
