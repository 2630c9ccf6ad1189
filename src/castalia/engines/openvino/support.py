"""Which GGUF files OpenVINO GenAI reads, told from the file's header alone."""

from collections.abc import Iterable

ARCHITECTURES = frozenset({"llama", "qwen2", "qwen3"})
"""The graphs that its GGUF reader builds; everything else it refuses."""

TENSOR_TYPES = frozenset({"F32", "F16", "Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q6_K"})
"""The weight formats that its GGUF reader unpacks."""

TOKENIZER = "gpt2"
"""Its GGUF reader builds byte-level BPE tokenizers only, which GGUF calls gpt2."""


def supports(
    architecture: str, tensor_types: Iterable[str], tensor_names: Iterable[str] = (), tokenizer: str = TOKENIZER
) -> str | None:
    """Why this engine cannot run such a GGUF file, as one sentence; None when it can.

    ``tensor_names`` and ``tokenizer`` (``tokenizer.ggml.model``) find what architecture and formats do not show:
    mixtures of experts, and stretched rotary positions (Llama 3.1 and later), which its reader would ignore silently.
    """
    if architecture not in ARCHITECTURES:
        return f"OpenVINO reads GGUF of {', '.join(sorted(ARCHITECTURES))}, not of {architecture or 'no architecture'}."
    foreign = sorted(set(tensor_types) - TENSOR_TYPES)
    if foreign:
        return f"OpenVINO does not read GGUF tensors of the type {', '.join(foreign)}."
    if tokenizer != TOKENIZER:
        return f"OpenVINO reads GGUF tokenizers of the kind {TOKENIZER}, not {tokenizer or 'none'}."
    for name in tensor_names:
        if "_exps" in name:
            return "OpenVINO does not read mixtures of experts from GGUF."
        if name.startswith("rope_freqs"):
            return "OpenVINO would ignore the file's stretched rotary positions (rope_freqs)."
    return None
