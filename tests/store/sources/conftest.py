"""A small web server that behaves, or misbehaves, as told: ranges, broken connections, refusals."""

import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest


class Seen(NamedTuple):
    path: str
    range: str | None
    authorization: str | None


class Site:
    """What the server serves and how; ``cuts`` maps a path to the bytes after which its next answers break off."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, str]] = {}
        self.cuts: dict[str, list[int]] = {}
        self.statuses: dict[str, list[int]] = {}
        self.honours_ranges = True
        self.seen: list[Seen] = []
        self.address = ""

    def put(self, path: str, body: bytes | str | object, kind: str = "application/octet-stream") -> str:
        if isinstance(body, str):
            body, kind = body.encode(), "text/html"
        elif not isinstance(body, bytes):
            body, kind = json.dumps(body).encode(), "application/vnd.pypi.simple.v1+json"
        self.files[path] = body, kind
        return self.address + path

    def requests(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == path]


@pytest.fixture
def site() -> Iterator[Site]:
    state = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            asked = self.headers.get("Range")
            state.seen.append(Seen(path, asked, self.headers.get("Authorization")))
            if state.statuses.get(path):
                self.send_error(state.statuses[path].pop(0))
                return
            if path not in state.files:
                self.send_error(404)
                return
            body, kind = state.files[path]
            start = 0
            if asked and state.honours_ranges:
                start = int(asked.removeprefix("bytes=").rstrip("-"))
                if start >= len(body):
                    self.send_error(416)
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            else:
                self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            cut = state.cuts[path].pop(0) if state.cuts.get(path) else None
            self.wfile.write(body[start:] if cut is None else body[start : start + cut])
            self.close_connection = cut is not None

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        state.address = f"http://127.0.0.1:{server.server_port}"
        yield state
        server.shutdown()
        thread.join()


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's server is reached directly, whatever the machine is set up with."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HF_TOKEN", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


VOICE = {"audio": {"sample_rate": 22050}, "phoneme_id_map": {"a": [1]}, "language": {"code": "en_US"}}


@pytest.fixture
def voice_wheel(tmp_path: Path):
    """Makes a wheel with a (dummy) Piper voice in it; returns its bytes and SHA-256."""

    def make(version: str = "1.0.0", extra: dict[str, bytes] | None = None, weights: bytes = b"\x08" * 4096):
        file = tmp_path / f"voice-{version}.whl"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("tiny_voice/__init__.py", "raise SystemExit('never imported')")
            archive.writestr("tiny_voice/data/tiny.onnx", weights)
            archive.writestr("tiny_voice/data/tiny.onnx.json", json.dumps(VOICE))
            for name, data in (extra or {}).items():
                archive.writestr(name, data)
            archive.writestr(
                f"tiny_voice-{version}.dist-info/METADATA",
                f"Metadata-Version: 2.1\nName: tiny-voice\nVersion: {version}\nSummary: A voice\nLicense: MIT\n",
            )
        data = file.read_bytes()
        return data, hashlib.sha256(data).hexdigest()

    return make


def run(generator):
    """Exhaust a generator; its events and its returned value."""
    events = []
    while True:
        try:
            events.append(next(generator))
        except StopIteration as stop:
            return events, stop.value


@pytest.fixture
def exhaust():
    return run
