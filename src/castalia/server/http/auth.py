"""Who may ask: a bearer key, compared in constant time."""

import os
import secrets
from pathlib import Path

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from castalia.core.config import ServerSettings
from castalia.core.errors import ConfigError, NotAuthorised
from castalia.server.http.errors import error_response

OPEN_PATHS = frozenset({"/healthz"})
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
KEY_FILE = "api-key"


class KeyMiddleware:
    """Answers 401 in OpenAI's shape to whoever does not send the key."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self.app = app
        self.key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let health checks and holders of the key through."""
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS and not self._holds_key(Request(scope)):
            error = NotAuthorised(
                "The API key is missing or wrong.",
                hint="Send it as 'Authorization: Bearer KEY'; castalia serve names its file.",
            )
            await error_response(error)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _holds_key(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and secrets.compare_digest(given.strip().encode(), self.key)


def check_exposure(host: str, *, no_auth: bool) -> None:
    """Raise ConfigError when keys are switched off on an address that others can reach."""
    if no_auth and host not in LOOPBACK:
        raise ConfigError(
            f"--no-auth is for loopback only, and {host} can be reached from elsewhere.",
            hint="Leave --no-auth out, or use --host 127.0.0.1.",
        )


def server_key(settings: ServerSettings, home: Path) -> str:
    """The configured key, else the one in ``<home>/api-key``, made (readable by its owner only) when missing."""
    if settings.api_key is not None:
        return settings.api_key.get_secret_value()
    path = home / KEY_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = f"castalia-{secrets.token_urlsafe(24)}"
        file.write(key + "\n")
    return key
