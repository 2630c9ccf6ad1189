"""Document formats: one reader file each, found by scanning, and which of them a file is."""

import importlib
import io
import pkgutil
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import PurePath

from castalia.core.errors import ConfigError, MissingExtra, UnsupportedInput
from castalia.language.documents.content import Reading

GROUP = "castalia.language.documents.readers"
GUESSED = 65_536
"""Bytes of a text by which its encoding is guessed."""
OTHERS = {b"{\\rtf": "an RTF file", b"%!PS": "a PostScript file"}
"""Texts by their first bytes whose words stand among commands: read as they are, they would be noise."""


@dataclass(frozen=True)
class DocumentFormat:
    """A format and its reader. A reader file names its own ``FORMAT``.

    ``read`` takes the bytes and the file's name and returns a `Reading`; it raises UnsupportedInput or TooLarge with a
    reason. ``recognises`` tells from the bytes alone; formats that are plain text have none, their suffix decides.
    ``requires`` are modules that must be importable; the extra ``documents`` brings them.
    """

    name: str
    summary: str
    suffixes: tuple[str, ...]
    media_type: str
    read: Callable[[bytes, str], Reading]
    recognises: Callable[[bytes], bool] | None = None
    requires: tuple[str, ...] = ()


@cache
def formats() -> dict[str, DocumentFormat]:
    """Every format found, by name: the files in `readers`, and entry points of outside packages.

    Raises ConfigError when two claim one name, or when an entry point is no format.
    """
    package = importlib.import_module(GROUP)
    found = [
        (name, importlib.import_module(f"{GROUP}.{name}").FORMAT)
        for name in sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    ]
    found += [(point.value, point.load()) for point in entry_points(group=GROUP)]
    known: dict[str, DocumentFormat] = {}
    for place, one in found:
        if not isinstance(one, DocumentFormat):
            raise ConfigError(f"{place} is no document format.", hint="Correct or uninstall that reader.")
        if one.name in known:
            raise ConfigError(f"Two readers are named {one.name!r}.", hint="Uninstall one of them.")
        known[one.name] = one
    return known


def suffixes() -> set[str]:
    """Every suffix of a file that some reader reads."""
    return {suffix for one in formats().values() for suffix in one.suffixes}


def format_of(data: bytes, name: str) -> DocumentFormat:
    """The format of a file, by its bytes first and its suffix second.

    Raises UnsupportedInput for a file that is none of them, or whose name says other than its bytes.
    """
    suffix = PurePath(name).suffix.lower()
    claimed = next((one for one in formats().values() if suffix in one.suffixes), None)
    actual = next((one for one in formats().values() if one.recognises is not None and one.recognises(data)), None)
    if actual is not None and claimed is not None and actual is not claimed:
        raise UnsupportedInput(
            f"{name} is named like {claimed.summary}, but its bytes are those of {actual.summary}.",
            hint=f"Rename it to {PurePath(name).stem}{actual.suffixes[0]} if that is what it is.",
        )
    if actual is not None:
        return actual
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnsupportedInput(
            f"{name} is an Office file that is encrypted or of the format before 2007.",
            hint="Save it without a password as DOCX, PPTX or PDF.",
        )
    other = next((kind for begin, kind in OTHERS.items() if data.startswith(begin)), None)
    if other is not None:
        raise UnsupportedInput(f"{name} is {other}, which is not read.", hint="Save it as DOCX or PDF.")
    if claimed is not None and claimed.recognises is not None:
        raise UnsupportedInput(
            f"{name} is named like {claimed.summary}, but its bytes are not.",
            hint="The file may be broken or mislabelled: open it, and save it anew.",
        )
    if claimed is None and not _is_utf8(data):
        read = ", ".join(sorted(suffixes()))
        raise UnsupportedInput(f"{name} is of no kind that can be read.", hint=f"These can: {read}, and UTF-8 text.")
    return claimed or formats()["text"]


def looks_binary(data: bytes) -> bool:
    """Whether the first bytes hold a NUL and no sign of UTF-16."""
    return b"\x00" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff"))


def _is_utf8(data: bytes) -> bool:
    """Whether the first bytes are UTF-8; a character that is cut at their end does not count."""
    head = data[:4096]
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3 and error.start > 0
    return b"\x00" not in head


def check_installed(one: DocumentFormat) -> None:
    """Raise MissingExtra when a reader's library is not there."""
    _check_modules(one.summary, one.requires)


def _check_modules(what: str, modules: Iterable[str]) -> None:
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise MissingExtra(
            f"Reading {what} needs {', '.join(missing)}, which is not installed.",
            hint="pip install 'castalia[documents]'",
        )


def zip_holds(data: bytes, member: str) -> bool:
    """Whether the bytes are a ZIP archive with that member."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        return member in zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


LEGACY = {
    "cp1252": "Windows-1252",
    "gb18030": "GB 18030",
    "big5": "Big5",
    "cp932": "Shift JIS",
    "euc_jp": "EUC-JP",
    "euc_kr": "EUC-KR",
    "cp1251": "Windows-1251",
    "koi8_r": "KOI8-R",
}
"""Encodings of old texts, by Python's names."""


def _likeliest(data: bytes) -> str:
    """The one of `LEGACY` in which the bytes look most like words; Windows-1252 where none does."""
    _check_modules("a text that is not UTF-8", ["charset_normalizer"])
    from charset_normalizer import from_bytes

    best = from_bytes(data[:GUESSED], cp_isolation=list(LEGACY)).best()
    return best.encoding if best is not None and best.encoding in LEGACY else "cp1252"


def decoded(data: bytes, name: str, notes: list[str]) -> str:
    """The text of the bytes: UTF-8, or UTF-16 by its mark, else the likeliest of `LEGACY` with a note.

    Raises UnsupportedInput for what is no text, MissingExtra where the guess needs a library that is not there.
    """
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not looks_binary(data):
        try:
            return data.decode("utf-16" if marked else "utf-8-sig")
        except UnicodeDecodeError:
            encoding = _likeliest(data)
        try:
            text = data.decode(encoding)
            notes.append(f"The file is not UTF-8; it was read as {LEGACY[encoding]}, which is a guess.")
            return text
        except UnicodeDecodeError:
            pass
    raise UnsupportedInput(f"{name} is not text.", hint="Save it as UTF-8 and add it again.")
