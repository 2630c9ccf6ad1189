"""Downloads that can be broken off: resumed by HTTP Range and checked by SHA-256."""

import hashlib
import os
import ssl
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from castalia.core.errors import DownloadError
from castalia.core.events import Progress
from castalia.store.locking import storage_errors
from castalia.store.sources.staging import BLOCK, Meter, check_space

CERTIFICATES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""Environment variables that name a bundle of certificate authorities, as pip, requests and OpenSSL read them."""

FAILURES = 4
"""Broken connections in a row, without one byte gained, after which a download is given up."""

PARTIAL, NOT_SATISFIABLE = 206, 416

BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that may pass by themselves."""


@dataclass(frozen=True)
class Remote:
    """A file to fetch. ``headers`` may hold a token and are never shown. ``sha256`` allows resuming."""

    url: str
    name: str
    sha256: str | None = None
    size: int | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def key(self) -> str:
        """A file name for it in the cache, free of anything that the address may hold."""
        return self.sha256 or hashlib.sha256(self.url.encode()).hexdigest()


class _Broken(Exception):
    """The attempt failed in a way that another attempt may mend."""


def make_client(certificates: str | None = None) -> httpx.Client:
    """An HTTP client that trusts the certificates that pip is told to trust; proxies come from the environment."""
    named = certificates or next((value for name in CERTIFICATES if (value := os.environ.get(name))), None)
    verify: ssl.SSLContext | bool = True
    if named:
        bundle = Path(named)
        if not bundle.exists():
            raise DownloadError(
                f"The certificates {named} are not there.", hint=f"Correct or unset {', '.join(CERTIFICATES)}."
            )
        verify = ssl.create_default_context(
            cafile=str(bundle) if bundle.is_file() else None, capath=str(bundle) if bundle.is_dir() else None
        )
    timeout = httpx.Timeout(60.0, connect=20.0)
    return httpx.Client(
        follow_redirects=True, timeout=timeout, verify=verify, headers={"User-Agent": "castalia", "Accept": "*/*"}
    )


def download(
    remote: Remote, folder: Path, client: httpx.Client, *, pause: float = 1.0
) -> Generator[Progress, None, Path]:
    """Fetch a file into ``folder`` (named by `Remote.key`) and return its path, told along the way.

    What a broken-off attempt left in ``KEY.part`` is continued when the SHA-256 is known and the server honours ranges,
    otherwise it starts afresh. A file that is there already is returned at once. ``pause`` is the wait in seconds
    before the second attempt; it doubles each time. Two downloads of one file must not run at once: the caller holds a
    lock.

    Raises DownloadError when the server refuses, stays away, or sends other bytes than promised (they are deleted);
    StorageError when the disk is full (what came so far stays for the next pull).
    """
    whole, part = folder / remote.key, folder / f"{remote.key}.part"
    if whole.exists():
        return whole
    with storage_errors(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
    if remote.sha256 is None:
        part.unlink(missing_ok=True)
    failures, furthest = 0, 0
    while True:
        try:
            yield from _receive(remote, part, client)
            break
        except (_Broken, httpx.TransportError) as error:
            reached = part.stat().st_size if part.exists() else 0
            failures = 1 if reached > furthest else failures + 1
            furthest = max(furthest, reached)
            if failures >= FAILURES:
                raise DownloadError(
                    f"{remote.name} could not be fetched: {str(error) or type(error).__name__}.",
                    hint="Pull again when the connection is back; what came so far is kept.",
                ) from None
            yield Progress(message=f"{remote.name}: the connection broke, trying again")
            time.sleep(pause * 2 ** (failures - 1))
    part.rename(whole)
    return whole


def _receive(remote: Remote, part: Path, client: httpx.Client) -> Generator[Progress]:
    """One attempt: append to ``part`` what is missing and check the whole of it."""
    digest, start = hashlib.sha256(), 0
    if part.exists():
        with part.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
                start += len(block)
    headers = {**remote.headers, "Accept-Encoding": "identity"}
    if start and start != remote.size:
        headers["Range"] = f"bytes={start}-"
    if not start or start != remote.size:
        with client.stream("GET", remote.url, headers=headers) as response:
            _check_status(response, remote, part)
            resumed = response.status_code == PARTIAL
            if start and not resumed:
                digest, start = hashlib.sha256(), 0
            if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                part.unlink(missing_ok=True)
                raise _Broken("the server continued it at the wrong place")
            length = response.headers.get("Content-Length")
            total = start + int(length) if length else remote.size
            check_space(part.parent, (total or 0) - start)
            meter = Meter(f"Downloading {remote.name}", total, start)
            with storage_errors(str(part)), part.open("ab" if resumed else "wb") as file:
                for block in response.iter_raw():
                    digest.update(block)
                    file.write(block)
                    if progress := meter.advance(len(block)):
                        yield progress
        if total is not None and meter.done < total:
            raise _Broken(f"it ended after {meter.done} of {total} bytes")
    if remote.sha256 and digest.hexdigest() != remote.sha256:
        part.unlink()
        if start:  # the beginning was from an earlier attempt, perhaps of another file: once more from the first byte
            raise _Broken("what an earlier attempt left did not fit")
        raise DownloadError(
            f"{remote.name} is not what was promised: its SHA-256 is {digest.hexdigest()}, "
            f"{remote.sha256} was expected. It was deleted.",
            hint="The mirror or the proxy may be serving something else; try another one.",
        )


def _check_status(response: httpx.Response, remote: Remote, part: Path) -> None:
    status = response.status_code
    if status in {200, PARTIAL}:
        return
    if status == NOT_SATISFIABLE:
        part.unlink(missing_ok=True)
        raise _Broken("the server could not continue it")
    if status in BUSY:
        raise _Broken(f"the server answered {status} {response.reason_phrase}")
    raise refused(remote.name, response)


def refused(name: str, response: httpx.Response) -> DownloadError:
    """The error for a status that will not pass by itself, with the likely reason."""
    hints = {
        401: "It needs a login: set HF_TOKEN for a model hub, or put user and password into the index address.",
        403: "Your token or account may not read it; accept its licence on the hub's page first.",
        404: "Check the spelling and the version.",
    }
    return DownloadError(
        f"{name} could not be fetched: the server answered {response.status_code} {response.reason_phrase}.",
        hint=hints.get(response.status_code, "Check the address and the proxy settings."),
    )
