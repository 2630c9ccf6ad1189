"""Wheels on the package indexes that pip is set up with: mirrors, extra indexes, folders of wheels.

Speaks the simple repository API, as JSON (PEP 691) or HTML (PEP 503). Read from pip's environment and configuration:
``index-url``, ``extra-index-url``, ``find-links`` (folders), ``no-index`` and ``cert``.
"""

import ast
import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

import httpx
from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from castalia.core.errors import DownloadError, NotFound
from castalia.store.sources.download import refused

DEFAULT_INDEX = "https://pypi.org/simple"
ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


@dataclass(frozen=True)
class Indexes:
    """Where pip would look: index addresses in order, and folders of wheels."""

    addresses: tuple[str, ...]
    folders: tuple[Path, ...]
    certificates: str | None = None


@dataclass(frozen=True)
class Wheel:
    """One wheel of a listing. ``url`` is http(s) or file; ``sha256`` and ``size`` are None where it states none."""

    filename: str
    version: Version
    url: str
    sha256: str | None = None
    size: int | None = None
    yanked: bool = False


def pip_indexes() -> Indexes:
    """The indexes that ``pip download`` would use in this environment."""
    settings = _pip_settings()
    folders = tuple(folder for link in settings.get("find-links", "").split() if (folder := _folder(link)))
    if settings.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        return Indexes((), folders, settings.get("cert"))
    first = settings.get("index-url") or DEFAULT_INDEX
    addresses = (first, *settings.get("extra-index-url", "").split())
    return Indexes(addresses, folders, settings.get("cert"))


def _pip_settings() -> dict[str, str]:
    """pip's settings by name; environment variables win over its files. Without pip, the environment alone."""
    found: dict[str, str] = {}
    if importlib.util.find_spec("pip"):
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        for section in ("global.", "install.", "download."):
            for line in shown.stdout.splitlines():
                name, _, value = line.partition("=")
                if name.startswith(section) and value[:1] in {"'", '"'}:
                    found[name.removeprefix(section)] = str(ast.literal_eval(value))
    for name in ("index-url", "extra-index-url", "find-links", "no-index", "cert"):
        value = os.environ.get("PIP_" + name.upper().replace("-", "_"))
        if value:
            found[name] = value
    return found


def _folder(link: str) -> Path | None:
    path = Path(url2pathname(urlsplit(link).path)) if link.startswith("file:") else Path(link).expanduser()
    return path if path.is_dir() else None


def find_wheel(package: str, version: str | None, indexes: Indexes, client: httpx.Client) -> Wheel:
    """The wheel to fetch: of that version, or the newest that is neither yanked nor a pre-release.

    Raises NotFound with the versions there are, DownloadError when no index answers.
    """
    found = [wheel for folder in indexes.folders for wheel in _in_folder(folder, package)]
    for address in indexes.addresses:
        found += _listed(address, package, client)
    places = ", ".join([*(without_password(address) for address in indexes.addresses), *map(str, indexes.folders)])
    fitting = [wheel for wheel in found if _runs_here(wheel.filename)]
    if not fitting:
        reason = "has no wheel for this machine" if found else "is not there"
        raise NotFound(f"The package {package} {reason} (looked in {places or 'no index'}).", hint="Check the name.")
    if version is not None:
        exact = [wheel for wheel in fitting if str(wheel.version) == str(Version(version))]
        if not exact:
            known = ", ".join(sorted({str(wheel.version) for wheel in fitting})[-8:])
            raise NotFound(f"{package} has no wheel of version {version}.", hint=f"There are: {known}.")
        return min(exact, key=_preference)
    offered = [wheel for wheel in fitting if not wheel.yanked] or fitting
    stable = [wheel for wheel in offered if not wheel.version.is_prerelease] or offered
    newest = max(wheel.version for wheel in stable)
    return min((wheel for wheel in stable if wheel.version == newest), key=_preference)


def _preference(wheel: Wheel) -> tuple[bool, bool]:
    """Wheels for any machine first, then those on this disk."""
    return not wheel.filename.endswith("-none-any.whl"), not wheel.url.startswith("file:")


def _runs_here(filename: str) -> bool:
    return not parse_wheel_filename(filename)[3].isdisjoint(sys_tags())


def _wheel(filename: str, package: str, url: str, **facts: object) -> Wheel | None:
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return None
    if name != canonicalize_name(package):
        return None
    return Wheel(filename, version, url, **facts)  # pyright: ignore[reportArgumentType]


def _in_folder(folder: Path, package: str) -> list[Wheel]:
    files = sorted(folder.glob("*.whl"))
    found = [_wheel(file.name, package, file.absolute().as_uri(), size=file.stat().st_size) for file in files]
    return [wheel for wheel in found if wheel]


def _listed(address: str, package: str, client: httpx.Client) -> list[Wheel]:
    page = f"{address.rstrip('/')}/{canonicalize_name(package)}/"
    if address.startswith("file:"):
        listing = Path(url2pathname(urlsplit(page).path)) / "index.html"
        return _from_html(listing.read_text("utf-8"), page, package) if listing.is_file() else []
    try:
        response = client.get(page, headers={"Accept": ACCEPT})
    except httpx.TransportError as error:
        raise DownloadError(
            f"The package index {without_password(address)} does not answer: {error or type(error).__name__}.",
            hint="Check the connection, PIP_INDEX_URL and the proxy settings.",
        ) from None
    if response.status_code == 404:
        return []
    if response.is_error:
        raise refused(f"The listing of {package} on {without_password(address)}", response)
    if "json" in response.headers.get("Content-Type", ""):
        return _from_json(response, package)
    return _from_html(response.text, str(response.url), package)


def _from_json(response: httpx.Response, package: str) -> list[Wheel]:
    found: list[Wheel | None] = []
    for entry in cast("list[dict[str, object]]", response.json()["files"]):
        hashes = cast("dict[str, str]", entry.get("hashes") or {})
        found.append(
            _wheel(
                str(entry["filename"]),
                package,
                urljoin(str(response.url), str(entry["url"])),
                sha256=hashes.get("sha256"),
                size=entry.get("size"),
                yanked=bool(entry.get("yanked")),
            )
        )
    return [wheel for wheel in found if wheel]


class _Anchors(HTMLParser):
    """The links of a PEP 503 page with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(dict(attrs))


def _from_html(text: str, page: str, package: str) -> list[Wheel]:
    anchors = _Anchors()
    anchors.feed(text)
    found: list[Wheel | None] = []
    for anchor in anchors.found:
        url, _, fragment = urljoin(page, anchor.get("href") or "").partition("#")
        sha256 = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else None
        filename = unquote(urlsplit(url).path.rsplit("/", 1)[-1])
        found.append(_wheel(filename, package, url, sha256=sha256, yanked="data-yanked" in anchor))
    return [wheel for wheel in found if wheel]


def without_password(address: str) -> str:
    """An address without the user and password that it may hold."""
    pieces = urlsplit(address)
    return pieces._replace(netloc=pieces.netloc.rpartition("@")[2]).geturl()
