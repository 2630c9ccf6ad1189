"""Media by the SHA-256 of its bytes: the same bytes are kept once."""

import hashlib
import mimetypes
from pathlib import Path

from castalia.core.errors import NotFound
from castalia.store.locking import write_whole

SUFFIXES = {
    "audio/wav": ".wav",
    "audio/midi": ".mid",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
    "audio/mpeg": ".mp3",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "application/vnd.recordare.musicxml+xml": ".musicxml",
    "image/webp": ".webp",
    "application/vnd.apache.parquet": ".parquet",
}
"""Where the system's table of media types is silent or differs between machines."""


class Blobs:
    """A folder of files named by hash, with a suffix so that programs open them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes, media_type: str) -> tuple[str, Path]:
        """Keep the bytes; returns their SHA-256 and their file. Raises StorageError when the disk is full."""
        digest = hashlib.sha256(data).hexdigest()
        suffix = SUFFIXES.get(media_type) or mimetypes.guess_extension(media_type) or ".bin"
        path = self.folder / digest[:2] / f"{digest}{suffix}"
        if not path.exists():
            write_whole(path, data)
        return digest, path

    def path(self, digest: str) -> Path:
        """The file of a hash. Raises NotFound."""
        if len(digest) == 64 and digest.isalnum():
            for path in (self.folder / digest[:2]).glob(f"{digest}.*"):
                return path
        raise NotFound(f"There is no stored file {digest[:80]}.", hint="It may have been removed with its result.")
