"""A trained transformer as GGUF's architecture ``llama``: the table of names stands in `castalia.families.nets.llama`.

That architecture has no place for conditions. In ours they are added to the embedding of the start token, which stands
at the first place and nowhere else: chosen once, they become part of that token's embedding, and the file writes
exactly what the model writes under them. When the head shares the embedding's weights, the head keeps the old ones.
"""

from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from castalia.core.exporting import Network
from castalia.core.representation import Tokens
from castalia.families.arrays import read_weights
from castalia.families.artifact import WEIGHTS, ArtifactConfig, damaged

BLOCK = {
    "attention_norm": "attn_norm",
    "query": "attn_q",
    "key": "attn_k",
    "value": "attn_v",
    "output": "attn_output",
    "feed_forward_norm": "ffn_norm",
    "gate": "ffn_gate",
    "up": "ffn_up",
    "down": "ffn_down",
}
WHOLE = {"tokens": "token_embd", "norm": "output_norm", "head": "output"}

Weights = dict[str, NDArray[np.float32]]


def network(
    folder: Path, config: ArtifactConfig, wished: NDArray[np.float32], known: NDArray[np.bool_]
) -> tuple[Network, int]:
    """The network under the conditions ``wished`` (width,), of which the groups ``known`` (groups,) are, and the
    number of its start token.

    Raises EngineError when the artifact is damaged.
    """
    weights = read_weights(folder / WEIGHTS)
    sizes = cast("dict[str, float]", config.family_config["net"])
    start = cast("Tokens", config.layout).padding
    try:
        tensors = {_name(name.removeprefix("net.")): weights[name] for name in weights if name.startswith("net.")}
        if config.conditions is not None:
            table = tensors["token_embd.weight"]
            tensors.setdefault("output.weight", table)
            tensors["token_embd.weight"] = table.copy()
            tensors["token_embd.weight"][start] += _embedding(weights, config, wished, known)
    except (KeyError, IndexError) as error:
        raise damaged(folder, f"{WEIGHTS} lacks or does not know {error}") from None
    numbers: dict[str, int | float] = {
        "vocab_size": int(sizes["vocabulary"]),
        "context_length": int(sizes["context"]),
        "embedding_length": int(sizes["width"]),
        "block_count": int(sizes["layers"]),
        "feed_forward_length": int(sizes["hidden"]),
        "attention.head_count": int(sizes["heads"]),
        "attention.head_count_kv": int(sizes["key_heads"]),
        "attention.layer_norm_rms_epsilon": float(sizes["epsilon"]),
        "rope.dimension_count": int(sizes["width"]) // int(sizes["heads"]),
        "rope.freq_base": float(sizes["rope_base"]),
    }
    return Network("llama", numbers, tensors), start


def _name(name: str) -> str:
    """GGUF's name: ``blocks.3.query.weight`` is ``blk.3.attn_q.weight``."""
    pieces = name.split(".")
    if pieces[0] == "blocks":
        return f"blk.{pieces[1]}.{BLOCK[pieces[2]]}.weight"
    return f"{WHOLE[pieces[0]]}.weight"


def _embedding(
    weights: Weights, config: ArtifactConfig, wished: NDArray[np.float32], known: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """What `castalia.families.nets.conditions.ConditionEncoder` gives for these conditions (width,)."""
    groups = () if config.conditions is None else config.conditions.groups
    seen = known.astype(np.float32)
    owned = wished * np.repeat(seen, [group.width for group in groups])
    hidden = weights["embedding.net.0.weight"] @ np.concatenate([owned, seen]) + weights["embedding.net.0.bias"]
    hidden = hidden / (1.0 + np.exp(-hidden))
    given = weights["embedding.net.2.weight"] @ hidden + weights["embedding.net.2.bias"]
    return given.astype(np.float32)
