"""Writing an adapter (LoRA) as a GGUF file that llama.cpp applies to a model it has loaded.

Names and metadata as llama.cpp reads them (``llama_adapter_lora_init``): ``general.type`` is ``adapter``,
``adapter.type`` is ``lora``, and each matrix W (out, in) of the model that is changed has beside its name
``.lora_a`` (r, in) and ``.lora_b`` (out, r). The change is (alpha / r) B A.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import UnsupportedInput
from castalia.store.gguf import Header
from castalia.store.locking import storage_errors
from castalia.store.sources.staging import check_space

NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
"""Matrices of a block: names in transformers and in GGUF."""
MATRIX = re.compile(r"layers\.(\d+)\.([a-z_]+\.[a-z_]+)\.lora_(A|B)\b")
PERMUTED = {"llama": {"attn_q": "attention.head_count", "attn_k": "attention.head_count_kv"}}
"""Matrices whose rows lie in another order in GGUF, with the metadata that says how many heads they hold."""


def write_adapter(
    path: Path, base: Header, weights: Mapping[str, NDArray[np.float32]], alpha: float, name: str
) -> None:
    """Write the matrices of `peft` (their names end in ``layers.N.self_attn.q_proj.lora_A...``) for a model with the
    header ``base``; the file appears when it is complete.

    Raises UnsupportedInput for a matrix that has no place in the base model, StorageError.
    """
    from gguf import GGUFWriter

    shapes = {tensor.name: tensor.shape for tensor in base.tensors}
    tensors: dict[str, NDArray[np.float32]] = {}
    for key, value in weights.items():
        match = MATRIX.search(key)
        if match is None or match[2] not in NAMES:
            raise UnsupportedInput(f"The adapter's matrix {key} has no name in GGUF.", hint="Fine-tune anew.")
        kind, is_second = NAMES[match[2]], match[3] == "B"
        matrix = f"blk.{match[1]}.{kind}.weight"
        if matrix not in shapes or value.shape[0 if is_second else 1] != shapes[matrix][1 if is_second else 0]:
            raise UnsupportedInput(f"{matrix} of the base does not fit the adapter.", hint="Choose its own base.")
        heads = PERMUTED.get(base.architecture, {}).get(kind)
        turned = is_second and heads is not None
        rows = interleaved(value, base.number(f"{base.architecture}.{heads}")) if turned else value
        tensors[f"{matrix}.lora_{'b' if is_second else 'a'}"] = np.ascontiguousarray(rows, dtype=np.float32)
    check_space(path.parent, sum(value.nbytes for value in tensors.values()))
    partial = path.with_name(f"{path.name}.part")
    try:
        with storage_errors(str(path)):
            writer = GGUFWriter(partial, base.architecture)
            writer.add_type("adapter")
            writer.add_string("adapter.type", "lora")
            writer.add_float32("adapter.lora.alpha", alpha)
            writer.add_name(name)
            for key, value in sorted(tensors.items()):
                writer.add_tensor(key, value)
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()
            partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def interleaved(rows: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows (out, r) from rotary positions in two halves of each head to neighbouring pairs, as GGUF's llama has them.

    A llama matrix W of GGUF is P W of transformers; so P (W + B A) = P W + (P B) A.
    """
    out, rank = rows.shape
    return rows.reshape(heads, 2, out // heads // 2, rank).swapaxes(1, 2).reshape(out, rank)
