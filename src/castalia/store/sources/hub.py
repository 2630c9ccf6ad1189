"""``hf:ORG/REPO[:FILE]``: a model on Hugging Face's hub, or on a mirror named by ``HF_ENDPOINT``.

``HF_TOKEN`` is sent to the hub alone; it is neither logged nor stored.
"""

import os
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import cast
from urllib.parse import quote

import httpx

from castalia.core.errors import BadRequest, DownloadError, NotFound, UnsupportedInput
from castalia.core.events import Progress
from castalia.core.models import ModelFile
from castalia.store.locking import storage_errors
from castalia.store.sources.download import Remote, download, make_client, refused
from castalia.store.sources.staging import Fetched, Meter, check_space, copy_checked, sha256_of
from castalia.store.sources.wheel import inside

REPOSITORY = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(?::(?P<file>.+))?")

PREFERENCE = ("Q8_0", "Q4_K_M", "Q4_0", "Q6_K", "Q5_K_M", "Q4_K_S", "F16", "BF16")
"""GGUF files by kind, the first wish first: for a model of at most `SMALL` bytes at Q8_0, Q8_0 loses nothing and is
fast; above it, memory decides and Q4_K_M goes first."""

SMALL = 1 << 30

WHISPER = (
    "model.bin",
    "config.json",
    "tokenizer.json",
    "vocabulary.txt",
    "vocabulary.json",
    "preprocessor_config.json",
)


@dataclass(frozen=True)
class HubFile:
    """One file of a repository; ``sha256`` is known for large files (LFS)."""

    path: str
    size: int | None
    sha256: str | None


@dataclass(frozen=True)
class Repository:
    """A repository at one commit."""

    name: str
    commit: str
    licence: str
    files: tuple[HubFile, ...]


def parse(rest: str) -> tuple[str, str | None]:
    """``ORG/REPO[:FILE]`` as repository and file. Raises BadRequest."""
    match = REPOSITORY.fullmatch(rest.strip())
    if match is None:
        raise BadRequest(f"hf:{rest} names no repository.", hint="Write hf:ORG/REPO or hf:ORG/REPO:FILE.")
    return match["repository"], match["file"]


def fetch(
    repository: str, file: str | None, target: Path, cache: Path, *, pause: float = 1.0
) -> Generator[Progress, None, Fetched]:
    """Fetch one model of a repository into ``target``: the named file with what belongs to it, or our pick.

    Raises NotFound, DownloadError, UnsupportedInput, StorageError.
    """
    yield Progress(message=f"Looking for {repository}")
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    token = os.environ.get("HF_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with make_client() as client:
        listing = _listing(endpoint, repository, headers, client)
        chosen = choose_files(listing, file)
        files: list[ModelFile] = []
        for entry in chosen:
            url = f"{endpoint}/{repository}/resolve/{listing.commit}/{quote(entry.path)}"
            remote = Remote(url, PurePosixPath(entry.path).name, entry.sha256, entry.size, headers)
            path = yield from download(remote, cache, client, pause=pause)
            files.append((yield from _placed(path, target, entry)))
    named = PurePosixPath(chosen[0].path)
    source = f"hf:{repository}:{named}" if file or named.suffix == ".gguf" else f"hf:{repository}"
    return Fetched(target, source, listing.licence, f"{repository} from the hub", files)


def choose_files(listing: Repository, file: str | None) -> list[HubFile]:
    """The files to fetch, the one with the weights first.

    Raises NotFound for a file that is not there and UnsupportedInput when nothing in the repository can be run.
    """
    by_path = {entry.path: entry for entry in listing.files}
    if file is not None:
        if file not in by_path:
            near = [path for path in by_path if path.endswith((".gguf", ".onnx", ".bin"))][:12]
            raise NotFound(
                f"{listing.name} has no file {file!r}.", hint=f"There are: {', '.join(near) or 'no weights at all'}."
            )
        if file.endswith(".onnx"):
            return [by_path[name] for name in (file, f"{file}.json") if name in by_path]
        return _shards(file, by_path)
    ggufs = [path for path in by_path if path.endswith(".gguf") and "mmproj" not in path.lower()]
    if ggufs:
        return _shards(_preferred(ggufs, by_path), by_path)
    if {"model.bin", "config.json", "tokenizer.json"} <= by_path.keys():
        return [by_path[name] for name in WHISPER if name in by_path]
    if {"config.json", "weights.safetensors"} <= by_path.keys():
        wanted = [path for path in by_path if path.endswith((".json", ".safetensors", ".md", ".png", ".wav"))]
        return [by_path[path] for path in sorted(wanted, key=lambda path: path != "weights.safetensors")]
    voices = [path for path in by_path if path.endswith(".onnx") and f"{path}.json" in by_path]
    if len(voices) == 1:
        return [by_path[voices[0]], by_path[f"{voices[0]}.json"]]
    if voices:
        raise UnsupportedInput(
            f"{listing.name} holds {len(voices)} voices.", hint=f"Name one: hf:{listing.name}:{voices[0]}"
        )
    raise UnsupportedInput(
        f"{listing.name} holds nothing that Castalia can run.",
        hint="Look for a GGUF version of it (its name often ends in -GGUF).",
    )


def _preferred(ggufs: list[str], by_path: dict[str, HubFile]) -> str:
    def kind(path: str) -> int:
        small = (by_path[path].size or 0) <= SMALL
        order = PREFERENCE if small else PREFERENCE[1:]
        names = path.upper().replace("-", ".").replace("/", ".").split(".")
        return next((place for place, name in enumerate(order) if name in names), len(order))

    return min(sorted(ggufs), key=kind)


def _shards(file: str, by_path: dict[str, HubFile]) -> list[HubFile]:
    """The file, or all pieces of a file that was split (``-00001-of-00003.gguf``)."""
    match = re.fullmatch(r"(.*)-\d{5}-of-(\d{5}\.gguf)", file)
    if match is None:
        return [by_path[file]]
    pieces = sorted(path for path in by_path if path.startswith(f"{match[1]}-") and path.endswith(f"-of-{match[2]}"))
    return [by_path[path] for path in pieces]


def _listing(endpoint: str, repository: str, headers: dict[str, str], client: httpx.Client) -> Repository:
    url = f"{endpoint}/api/models/{repository}"
    try:
        response = client.get(url, params={"blobs": "true"}, headers=headers)
    except httpx.TransportError as error:
        raise DownloadError(
            f"{endpoint} does not answer: {error or type(error).__name__}.",
            hint="Check the connection, HF_ENDPOINT and the proxy settings.",
        ) from None
    if response.is_error:
        raise refused(repository, response)
    data = cast("dict[str, object]", response.json())
    card = cast("dict[str, object]", data.get("cardData") or {})
    files = [_file(cast("dict[str, object]", entry)) for entry in cast("list[object]", data.get("siblings") or [])]
    return Repository(repository, str(data.get("sha") or "main"), str(card.get("license") or ""), tuple(files))


def _file(entry: dict[str, object]) -> HubFile:
    large = cast("dict[str, object]", entry.get("lfs") or {})
    size = large.get("size", entry.get("size"))
    sha256 = large.get("sha256")
    return HubFile(str(entry["rfilename"]), size if isinstance(size, int) else None, str(sha256) if sha256 else None)


def _placed(path: Path, target: Path, entry: HubFile) -> Generator[Progress, None, ModelFile]:
    """Put a download into its place, without a second copy of the bytes where the file system can share them."""
    size = path.stat().st_size
    place = inside(target, PurePosixPath(entry.path).name)
    with storage_errors(str(target)):
        place.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.hardlink_to(path)
    except OSError:  # a file system without hard links
        check_space(target, size)
        with path.open("rb") as source:
            return (yield from copy_checked(source, place, Meter(f"Copying {place.name}", size), size))
    return ModelFile(path=place.name, size=size, sha256=entry.sha256 or sha256_of(place))
