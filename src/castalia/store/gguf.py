"""GGUF files: what they say of themselves, and rewriting slow weight formats into fast ones.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The header is read here, with every length checked
against the file, in a tenth of a second where the reference reader takes four; the arithmetic of the weight formats is
the `gguf` package's.
"""

import mmap
import struct
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from castalia.core.errors import UnsupportedInput
from castalia.core.events import Progress
from castalia.store.locking import storage_errors
from castalia.store.sources.staging import Meter, check_space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAGIC = b"GGUF"
MODALITY, REPRESENTATION = "castalia.modality", "castalia.representation"
"""Metadata of files that were exported here: the kind of content, and as JSON how its tokens are read."""
VERSIONS = (2, 3)
STRING, ARRAY = 8, 9
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""GGUF's value types as codes of `struct`."""
MAX_ENTRIES = 1 << 20
"""More metadata keys or tensors than any model has."""

SLOW = frozenset({"Q4_1", "Q5_0", "Q5_1"})
"""Weight formats without fast kernels in the engines: prefill runs at about half of what Q8_0 or Q4_0 reach.

Q8_0 keeps their quality: SmolLM2-135M needs 1.2993 bits per byte of mixed English in Q4_1, 1.2997 rewritten as Q8_0 and
1.3563 as Q4_0 (12,000 bytes, 512 tokens at a time)."""

FILE_TYPES = {"Q8_0": 7, "Q4_0": 2}
"""``general.file_type`` of files that are mostly of one weight format."""


@dataclass(frozen=True)
class Tensor:
    """One tensor: ``shape`` as stored (the row length first), ``offset`` in the data part and ``size`` in bytes."""

    name: str
    shape: tuple[int, ...]
    type: str
    offset: int
    size: int


@dataclass(frozen=True)
class Header:
    """Everything before the weights. ``metadata`` holds scalars and strings; of arrays only their lengths."""

    version: int
    metadata: dict[str, object]
    places: dict[str, int]
    """Where each scalar's value lies in the file."""
    metadata_end: int
    tensors: tuple[Tensor, ...]
    data_start: int
    alignment: int

    def number(self, key: str) -> int:
        """A whole number of the metadata, 0 when it is not there."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) else 0

    def text(self, key: str) -> str:
        """A string of the metadata, empty when it is not there."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    @property
    def architecture(self) -> str:
        """The architecture's name, such as ``llama``."""
        return self.text("general.architecture")

    @property
    def context_length(self) -> int:
        """Tokens that the model was trained to hold at once; 0 when it does not say."""
        return self.number(f"{self.architecture}.context_length")

    @property
    def chat_template(self) -> str:
        """The Jinja template of conversations; empty for a model that only continues text."""
        return self.text("tokenizer.chat_template")

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(prod(tensor.shape) for tensor in self.tensors)

    @property
    def tensor_types(self) -> dict[str, int]:
        """Weight formats with the number of weights in each, the most used first."""
        counts: Counter[str] = Counter()
        for tensor in self.tensors:
            counts[tensor.type] += prod(tensor.shape)
        return dict(counts.most_common())

    @property
    def is_slow(self) -> bool:
        """Whether most weights are in a format without fast kernels."""
        return next(iter(self.tensor_types), "") in SLOW


class _Cursor:
    """Reads little-endian values from a mapped file and never past its end."""

    def __init__(self, data: mmap.mmap, start: int) -> None:
        self.data = data
        self.at = start

    def number(self, code: str) -> int | float | bool:
        value: int | float | bool = struct.unpack_from(f"<{code}", self.data, self.at)[0]
        self.at += struct.calcsize(f"<{code}")
        return value

    def count(self, code: str, most: int) -> int:
        value = int(self.number(code))
        if value > most:
            raise ValueError(f"a count of {value} at byte {self.at}")
        return value

    def skip(self, size: int) -> None:
        if size > len(self.data) - self.at:
            raise ValueError(f"a length of {size} at byte {self.at}")
        self.at += size

    def string(self) -> str:
        size = int(self.number("Q"))
        start = self.at
        self.skip(size)
        return self.data[start : self.at].decode("utf-8", "replace")

    def value(self, kind: int) -> object:
        if kind == STRING:
            return self.string()
        if kind in SCALARS:
            return self.number(SCALARS[kind])
        if kind == ARRAY:
            inner, length = self.count("I", max(SCALARS)), int(self.number("Q"))
            self._skip_array(inner, length)
            return length
        raise ValueError(f"a value of the unknown type {kind}")

    def _skip_array(self, inner: int, length: int) -> None:
        if inner in SCALARS:
            self.skip(length * struct.calcsize(f"<{SCALARS[inner]}"))
        elif inner == STRING:
            for _ in range(length):
                self.skip(int(self.number("Q")))
        else:
            raise ValueError("an array of arrays")


def read_header(path: Path) -> Header:
    """Read and check a file's header. Raises UnsupportedInput when it is no GGUF file, damaged or cut off."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[:4] != MAGIC:
                raise ValueError("it does not begin with GGUF")
            return _header(_Cursor(data, 4), len(data))
    except (ValueError, struct.error, KeyError, OverflowError) as error:
        raise UnsupportedInput(
            f"{path.name} is not a usable GGUF file: {error}.", hint="It may be cut off; fetch it again."
        ) from None


def _header(cursor: _Cursor, length: int) -> Header:
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    version = int(cursor.number("I"))
    if version not in VERSIONS:
        raise ValueError(f"its version is {version}, {VERSIONS[0]} to {VERSIONS[-1]} can be read")
    tensor_count, entry_count = cursor.count("Q", MAX_ENTRIES), cursor.count("Q", MAX_ENTRIES)
    metadata: dict[str, object] = {}
    places: dict[str, int] = {}
    for _ in range(entry_count):
        key, kind = cursor.string(), int(cursor.number("I"))
        places[key] = cursor.at
        metadata[key] = cursor.value(kind)
    metadata_end = cursor.at

    found: list[tuple[str, tuple[int, ...], GGMLQuantizationType, int]] = []
    for _ in range(tensor_count):
        name, dimensions = cursor.string(), cursor.count("I", 8)
        shape = tuple(int(cursor.number("Q")) for _ in range(dimensions))
        found.append((name, shape, GGMLQuantizationType(int(cursor.number("I"))), int(cursor.number("Q"))))
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment <= 0 or alignment & (alignment - 1):
        raise ValueError(f"its alignment is {alignment}")
    data_start = -(-cursor.at // alignment) * alignment

    tensors: list[Tensor] = []
    for name, shape, kind, offset in found:
        block, size = GGML_QUANT_SIZES[kind]
        bytes_needed = prod(shape) // block * size
        if data_start + offset + bytes_needed > length:
            missing = data_start + offset + bytes_needed - length
            raise ValueError(f"it is cut off: at least {missing} bytes are missing")
        tensors.append(Tensor(name, shape, kind.name, offset, bytes_needed))
    return Header(version, metadata, places, metadata_end, tuple(tensors), data_start, alignment)


def requantise(source: Path, target: Path, kind: Literal["Q8_0", "Q4_0"]) -> Generator[Progress]:
    """Rewrite the matrices that are in a `SLOW` format as ``kind``; ``target`` appears when it is complete.

    Metadata with tokenizer and chat template is copied byte for byte (only ``general.file_type`` changes). Vectors
    (norms, biases) stay as they are: they weigh nothing and errors in them spread. So do the token embedding and the
    output head, which publishers keep in a better format, as here, because every token's probability passes through
    them. Raises UnsupportedInput for a bad source, StorageError when the disk is full.
    """
    header = read_header(source)
    slow = [tensor.name for tensor in header.tensors if tensor.type in SLOW and len(tensor.shape) > 1]
    yield from rewrite(source, target, dict.fromkeys(slow, kind), FILE_TYPES[kind], converted)


Convert = Callable[[bytes, Tensor, Tensor], bytes]
"""The bytes of a tensor as another one of the same shape in another format."""


def rewrite(
    source: Path, target: Path, types: Mapping[str, str], file_type: int, convert: Convert
) -> Generator[Progress]:
    """Copy a file with the tensors named in ``types`` in these formats; ``target`` appears when it is complete.

    Raises UnsupportedInput for a bad source, StorageError when the disk is full.
    """
    header = read_header(source)
    tensors: list[Tensor] = []
    offset = 0
    for tensor in header.tensors:
        tensors.append(_planned(tensor, types.get(tensor.name, tensor.type), offset))
        offset = -(-(offset + tensors[-1].size) // header.alignment) * header.alignment
    check_space(target.parent, header.data_start + offset)
    partial = target.with_name(f"{target.name}.part")
    kind = max(set(types.values()), key=list(types.values()).count, default="it is")
    meter = Meter(f"Rewriting {source.name} as {kind}", sum(tensor.size for tensor in tensors))
    try:
        with storage_errors(str(target)), source.open("rb") as old, partial.open("wb") as new:
            new.write(_rewritten_head(old, header, tensors, file_type))
            for before, after in zip(header.tensors, tensors, strict=True):
                _pad(new, header.alignment)
                old.seek(header.data_start + before.offset)
                data = old.read(before.size)
                new.write(data if before.type == after.type else convert(data, before, after))
                if progress := meter.advance(after.size):
                    yield progress
            _pad(new, header.alignment)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def _planned(tensor: Tensor, kind: str, offset: int) -> Tensor:
    """What a tensor will be in the new file."""
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    block, size = GGML_QUANT_SIZES[GGMLQuantizationType[kind]]
    return replace(tensor, type=kind, offset=offset, size=prod(tensor.shape) // block * size)


def _rewritten_head(old: IO[bytes], header: Header, tensors: list[Tensor], file_type: int) -> bytes:
    """The bytes from the magic to the last tensor's description."""
    from gguf.constants import GGMLQuantizationType

    old.seek(0)
    head = bytearray(old.read(header.metadata_end))
    place = header.places.get("general.file_type")
    if place is not None:
        struct.pack_into("<I", head, place, file_type)
    for tensor in tensors:
        name = tensor.name.encode()
        head += struct.pack("<Q", len(name)) + name
        head += struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
        head += struct.pack("<IQ", GGMLQuantizationType[tensor.type].value, tensor.offset)
    return bytes(head)


def _pad(file: IO[bytes], alignment: int) -> None:
    file.write(b"\0" * (-file.tell() % alignment))


def values_of(data: bytes, tensor: Tensor) -> "NDArray[np.float32]":
    """The weights of a tensor (rows, row length) as numbers."""
    import numpy as np
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
    from gguf.quants import dequantize

    kind = GGMLQuantizationType[tensor.type]
    block, size = GGML_QUANT_SIZES[kind]
    rows = np.frombuffer(data, np.uint8).reshape(-1, tensor.shape[0] // block * size)
    return dequantize(rows, kind).astype(np.float32, copy=False)


def converted(data: bytes, before: Tensor, after: Tensor) -> bytes:
    """A tensor in another format, by the `gguf` package."""
    from gguf.constants import GGMLQuantizationType
    from gguf.quants import quantize

    return quantize(values_of(data, before), GGMLQuantizationType[after.type]).tobytes()


def vocabulary_holds(path: Path, tokens: tuple[str, ...]) -> bool:
    """Whether all these tokens stand in the file's vocabulary: as strings of its head, each after its length."""
    end = read_header(path).metadata_end
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        wanted = [struct.pack("<Q", len(token.encode())) + token.encode() for token in tokens]
        return all(data.find(token, 0, end) >= 0 for token in wanted)
