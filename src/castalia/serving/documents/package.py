"""A file as an object that Word and LibreOffice open by a double click: an OLE "Package" in a compound file.

Compound files: [MS-CFB], version 3 with sectors of 512 bytes, version 4 with 4,096 for large ones. The stream
``\\x01Ole10Native``: [MS-OLEDS] 2.3.6 and the layout that the Windows packager writes.
"""

import struct
from uuid import UUID

SIGNATURE = bytes.fromhex("D0CF11E0A1B11AE1")
PACKAGE = UUID("0003000C-0000-0000-C000-000000000046")
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
IN_HEADER = 109
"""FAT sectors that the header itself can list."""
SMALLEST = 4096
"""Streams below lie in a store of their own; ours is padded up to it instead."""


def package(name: str, data: bytes) -> bytes:
    """The compound file that holds ``data`` under a file name."""
    stream = _native(name, data)
    size = 512
    if -(-len(stream) // size) > (IN_HEADER - 1) * size // 4 - IN_HEADER:
        size = 4096
    per_sector = size // 4
    content = -(-len(stream) // size)
    tables = 1
    while tables * per_sector < content + 1 + tables:
        tables += 1
    # sectors: the stream, the directory, the tables
    chain = [*range(1, content), END, END, *[FAT] * tables]
    chain += [FREE] * (tables * per_sector - len(chain))
    header = _header(size, directory=content, tables=range(content + 1, content + 1 + tables))
    body = stream.ljust(content * size, b"\0") + _directory(len(stream), size)
    return header + body + struct.pack(f"<{len(chain)}I", *chain)


def _native(name: str, data: bytes) -> bytes:
    ansi = name.encode("ascii", errors="replace") + b"\0"
    inside = b"\x02\0" + ansi + ansi + b"\0\0\x03\0" + struct.pack("<I", len(ansi)) + ansi
    inside += struct.pack("<I", len(data)) + data
    return (struct.pack("<I", len(inside)) + inside).ljust(SMALLEST, b"\0")


def _header(size: int, directory: int, tables: range) -> bytes:
    version, shift = (3, 9) if size == 512 else (4, 12)
    listed = [*tables, *[FREE] * (IN_HEADER - len(tables))]
    fields = struct.pack(
        "<8s16sHHHHH6sIIIIIIIIII",
        SIGNATURE, b"", 0x3E, version, 0xFFFE, shift, 6, b"",
        0 if version == 3 else 1, len(tables), directory, 0, SMALLEST, END, 0, END, 0, listed[0],
    )  # fmt: skip
    return (fields + struct.pack(f"<{IN_HEADER - 1}I", *listed[1:])).ljust(size, b"\0")


def _directory(length: int, size: int) -> bytes:
    root = _entry("Root Entry", 5, child=1, start=END, length=0, identifier=PACKAGE.bytes_le)
    stream = _entry("\x01Ole10Native", 2, child=FREE, start=0, length=length)
    return (root + stream).ljust(size, b"\0")


def _entry(name: str, kind: int, *, child: int, start: int, length: int, identifier: bytes = b"") -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    return struct.pack(
        "<64sHBBIII16sI8s8sIQ", text, len(text), kind, 1, FREE, FREE, child, identifier, 0, b"", b"", start, length
    )
