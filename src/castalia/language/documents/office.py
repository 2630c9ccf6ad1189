"""What the Office formats share: they are ZIP archives of XML, which may unpack to far more than they weigh."""

import io
import zipfile

from castalia.core.errors import TooLarge, UnsupportedInput

MOST_UNPACKED = 512 * 1024 * 1024
"""Bytes that an archive may unpack to."""
MOST_XML = 128 * 1024 * 1024
"""Bytes that one XML file in it may unpack to: the parser holds the whole tree."""
MOST_MEMBERS = 20_000


def check_archive(data: bytes, name: str) -> None:
    """Raise TooLarge for an archive that unpacks to too much, UnsupportedInput for a broken one.

    The sizes that an archive states may lie: reading one on stops at the stated size, and its checksum then fails.
    """
    try:
        members = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise UnsupportedInput(f"{name} is broken: {error}.", hint="Open it, and save it anew.") from None
    unpacked = sum(member.file_size for member in members)
    largest = max((member.file_size for member in members if member.filename.endswith((".xml", ".rels"))), default=0)
    if unpacked > MOST_UNPACKED or largest > MOST_XML or len(members) > MOST_MEMBERS:
        raise TooLarge(
            f"{name} unpacks to {unpacked / 1e6:.0f} MB in {len(members)} files, which is over the limit.",
            hint="It may be a trap. If it is honest, split it or save it as PDF.",
        )
