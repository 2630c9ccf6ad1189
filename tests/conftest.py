"""What all tests share: a home of their own, and one home with the starter models, pulled once."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castalia.core.config import Settings

if TYPE_CHECKING:
    from castalia.serving.house import House

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "tests"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test touches the user's home folder or configuration."""
    home = tmp_path / "castalia-home"
    monkeypatch.setenv("CASTALIA_HOME", str(home))
    monkeypatch.delenv("CASTALIA_CONFIG", raising=False)
    return home


@pytest.fixture
def house(own_home: Path) -> "Iterator[House]":
    """An empty house."""
    from castalia.serving.house import House

    with House(Settings(home=own_home)) as opened:
        yield opened


@pytest.fixture(scope="session")
def starter_home() -> Path:
    """A home with the starter models, kept between runs. Read from it; do not train or pull into it."""
    from castalia.serving.house import House
    from castalia.serving.install import pull

    home = CACHE / "starter-home"
    home.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with House(Settings(home=home)) as opened:
            for _ in pull(opened, "starter"):
                pass
    return home


@pytest.fixture(scope="session")
def starter(starter_home: Path) -> "Iterator[House]":
    """A house with the starter models, its engines warm for the whole session."""
    from castalia.serving.house import House

    with House(Settings(home=starter_home)) as opened:
        yield opened


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of development data. Skips the test where there is none."""
    folder = Path(os.environ.get("CASTALIA_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip("the development data is not on this machine")
    return folder
