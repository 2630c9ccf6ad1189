"""Weights of a GGUF file in another format: which tensor gets which, and the arithmetic.

The arithmetic is llama.cpp's own (``ggml_quantize_chunk``), called in the library that the ``xllamacpp`` wheel brings;
its whole quantiser (``llama_model_quantize``) is not in there. Where that library is missing, the `gguf` package does
it for the formats that it knows.
"""

import ctypes
import importlib
from collections.abc import Generator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from castalia.core.errors import BadRequest, MissingExtra
from castalia.core.events import Progress
from castalia.store.gguf import Header, Tensor, converted, read_header, rewrite, values_of

FILE_TYPES = {
    "F16": 1, "BF16": 32, "Q8_0": 7, "Q6_K": 18, "Q5_1": 9, "Q5_K": 17, "Q5_0": 8, "Q4_1": 3, "Q4_K": 15, "Q4_0": 2,
    "IQ4_NL": 25, "IQ4_XS": 30, "Q3_K": 12, "Q2_K": 10,
}  # fmt: skip
"""Formats by name, with ``general.file_type`` of files that are mostly of it."""
INSTEAD = {
    "Q6_K": "Q8_0", "Q5_K": "Q5_1", "Q4_K": "Q5_0", "IQ4_XS": "IQ4_NL", "Q3_K": "IQ4_NL", "Q2_K": "IQ4_NL",
}  # fmt: skip
"""For rows that are no multiple of a format's block of 256 weights: one with blocks of 32, as llama.cpp does."""
PLAIN = ("F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1")
"""What the `gguf` package can write."""
OUTER = ("token_embd.weight", "output.weight")
"""Every token's probability passes through these: they are kept at `OUTER_TYPE` at least."""
OUTER_TYPE = "Q6_K"


def bits(kind: str) -> float:
    """Bits of a weight in a format, its scales included."""
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    block, size = GGML_QUANT_SIZES[GGMLQuantizationType[kind]]
    return 8.0 * size / block


def quantise(source: Path, target: Path, kind: str) -> Generator[Progress]:
    """Rewrite the matrices as ``kind``; ``target`` appears when it is complete.

    Vectors stay as they are, and so does every matrix that has no more bits than it would get. Raises BadRequest when
    the format is unknown or nothing would become smaller, UnsupportedInput for a bad source, StorageError.
    """
    types = planned_types(read_header(source), kind)
    yield from rewrite(source, target, types, FILE_TYPES[kind], _converted)


def planned_types(header: Header, kind: str) -> dict[str, str]:
    """The format of each tensor that changes. Raises BadRequest; see `quantise`."""
    if kind not in FILE_TYPES:
        raise BadRequest(f"There is no weight format {kind!r} here.", hint=f"There are: {', '.join(FILE_TYPES)}.")
    now = next(iter(header.tensor_types), "")
    changed = _changed(header, kind)
    if changed and bits(kind) < bits(now):
        return changed
    if bits(kind) < bits(now):
        why = f"its blocks do not divide the rows of this model, so that the weights would stay {now}"
    else:
        why = (
            f"the weights are mostly {now}, {bits(now):g} bits each; {kind} has {bits(kind):g}, and what was rounded "
            "away does not come back"
        )
    smaller = [one for one in FILE_TYPES if bits(one) < bits(now) and _changed(header, one)]
    raise BadRequest(
        f"{kind} would make nothing smaller: {why}.",
        hint=f"Smaller ones: {', '.join(smaller) or 'none'}.",
    )


def _changed(header: Header, kind: str) -> dict[str, str]:
    """The matrices that would get fewer bits, with the format of each."""
    planned = {tensor.name: _kind(tensor, kind) for tensor in header.tensors if len(tensor.shape) > 1}
    there = {tensor.name: tensor.type for tensor in header.tensors}
    return {name: wished for name, wished in planned.items() if bits(wished) < bits(there[name])}


def _kind(tensor: Tensor, kind: str) -> str:
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    wished = OUTER_TYPE if tensor.name in OUTER and bits(kind) < bits(OUTER_TYPE) else kind
    block, _ = GGML_QUANT_SIZES[GGMLQuantizationType[wished]]
    return wished if tensor.shape[0] % block == 0 else INSTEAD.get(wished, "F16")


def _converted(data: bytes, before: Tensor, after: Tensor) -> bytes:
    """A tensor in another format, by llama.cpp's arithmetic. Raises MissingExtra when nothing here can do it."""
    from gguf.constants import GGMLQuantizationType

    library = _library()
    if library is None or after.type in {"F16", "BF16"}:
        if after.type not in PLAIN:
            raise MissingExtra(f"{after.type} needs xllamacpp, which is not installed.", hint="pip install xllamacpp")
        return converted(data, before, after)
    import numpy as np

    rows = np.ascontiguousarray(values_of(data, before))
    result = np.empty(after.size, dtype=np.uint8)
    kind = GGMLQuantizationType[after.type].value
    library.ggml_quantize_chunk(kind, rows.ctypes.data, result.ctypes.data, 0, rows.shape[0], rows.shape[1], None)
    return result.tobytes()


@cache
def _library() -> Any:
    """ggml, as the wheel brings it; None where there is none that can be called."""
    if find_spec("xllamacpp") is None:
        return None
    llama: Any = importlib.import_module("xllamacpp")
    library = ctypes.CDLL(llama.xllamacpp.__file__)
    if not hasattr(library, "ggml_quantize_chunk"):
        return None
    whole, place = ctypes.c_int64, ctypes.c_void_p
    library.ggml_quantize_chunk.argtypes = [ctypes.c_int, place, place, whole, whole, whole, place]
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    return library
