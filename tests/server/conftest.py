"""A real server on a real socket, with fake models, and the unmodified OpenAI client."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import openai
import pytest
import uvicorn

from castalia.core.config import ServerSettings, Settings
from castalia.core.models import Model
from castalia.server.app import create_app
from castalia.serving.house import House

KEY = "castalia-test-key"


@dataclass
class Running:
    """A server's address and the house behind it."""

    url: str
    house: House
    clients: list[openai.OpenAI] = field(default_factory=list)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {KEY}"}

    def client(self, key: str = KEY) -> openai.OpenAI:
        client = openai.OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0, timeout=60)
        self.clients.append(client)
        return client


@contextmanager
def serving(house: House, key: str | None) -> Iterator[Running]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(house, key=key), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    running = Running(f"http://127.0.0.1:{listener.getsockname()[1]}", house)
    try:
        yield running
    finally:
        for client in running.clients:
            client.close()
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()


def add(house: House, name: str, output: str, **fields: object) -> None:
    base = {"name": name, "format": "fake", "engines": ["fake"], "outputs": [output], "folder": house.home}
    house.registry.add(Model.model_validate({**base, **fields}))


@pytest.fixture
def running(own_home: Path) -> Iterator[Running]:
    settings = Settings(home=own_home, server=ServerSettings(max_upload_mb=1, max_queue=2))
    with House(settings) as house:
        add(house, "talker", "text", details={"context_length": 200})
        add(house, "painter", "image")
        add(house, "voice", "speech")
        add(house, "slow", "text", details={"delay": 0.1, "reply": "word " * 500})
        with serving(house, KEY) as server:
            yield server


@pytest.fixture
def open_server(running: Running) -> Iterator[Running]:
    """The same house served without a key."""
    with serving(running.house, None) as server:
        yield server
