"""The application: middleware, error shapes, and every endpoint found in `endpoints/`."""

import importlib
import pkgutil
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from castalia import __version__
from castalia.server import endpoints
from castalia.server.desk import Desk
from castalia.server.http.auth import KeyMiddleware
from castalia.server.http.errors import install_error_handlers
from castalia.server.http.limits import BodyLimitMiddleware, Queue
from castalia.serving.house import House

SWEEP_SECONDS = 20.0
LOCAL_NAMES = ["localhost", "127.0.0.1", "[::1]", "testserver"]


def create_app(house: House, *, key: str | None) -> FastAPI:
    """The server over a house. ``key`` None means that no key is asked for: only on loopback.

    Without a key only requests addressed to this machine by name are served, so that a page of a foreign site cannot
    reach it through the browser.
    """
    settings = house.settings.server
    app = FastAPI(title="Castalia", version=__version__, lifespan=_lifespan, docs_url="/docs", redoc_url=None)
    app.state.desk = Desk(house, Queue(settings.max_queue))
    app.state.stopping = threading.Event()
    for router in _routers():
        app.include_router(router)
    install_error_handlers(app)
    app.add_middleware(BodyLimitMiddleware, limit=settings.max_upload_mb * 1024 * 1024)
    if key is None:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=LOCAL_NAMES)
    else:
        app.add_middleware(KeyMiddleware, key=key)
    return app


def _routers() -> list[APIRouter]:
    modules = [
        importlib.import_module(f"{endpoints.__name__}.{found.name}")
        for found in pkgutil.iter_modules(endpoints.__path__)
    ]
    return [module.router for module in modules]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    house: House = app.state.desk.house
    stopping: threading.Event = app.state.stopping

    def sweep() -> None:
        while not stopping.wait(SWEEP_SECONDS):
            house.pool.sweep()

    sweeper = threading.Thread(target=sweep, name="castalia-sweeper", daemon=True)
    sweeper.start()
    yield
    stopping.set()
    house.pool.close()
