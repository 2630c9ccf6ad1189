"""What all tests share: a home of their own, and one home with the starter models, pulled once."""

import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castalia.core.config import Settings

if TYPE_CHECKING:
    from castalia.core.models import Model
    from castalia.serving.house import House
    from castalia.store.gguf import Header

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "tests"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run side by side, a file's tests stay together, as they share what they trained; pages of the docs do not."""
    for item in items:
        alone = item.path.name == "test_doc_examples.py"
        item.add_marker(pytest.mark.xdist_group(item.name if alone else str(item.path)))


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


@pytest.fixture(scope="session")
def short_language_model(starter_home: Path) -> Path:
    """The starter language model without most of its blocks: what it says makes no sense, but all is where it is in
    the whole one, and it is worked with in a fraction of the time."""
    from castalia.store.gguf import read_header

    source = next((starter_home / "models" / "smollm2-135m").glob("*.gguf"))
    target = CACHE / "short.gguf"
    with (CACHE / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            partial = target.with_suffix(".part")
            partial.write_bytes(shortened(source.read_bytes(), read_header(source), blocks=2))
            partial.rename(target)
    return target


def shortened(data: bytes, header: "Header", blocks: int) -> bytes:
    """A GGUF file with the first blocks only."""
    from gguf.constants import GGMLQuantizationType

    kept = [one for one in header.tensors if not one.name.startswith("blk.") or int(one.name.split(".")[1]) < blocks]
    head = bytearray(data[: header.metadata_end])
    struct.pack_into("<Q", head, 8, len(kept))
    struct.pack_into("<I", head, header.places[f"{header.architecture}.block_count"], blocks)
    body = bytearray()
    for tensor in kept:
        name = tensor.name.encode()
        head += struct.pack("<Q", len(name)) + name + struct.pack("<I", len(tensor.shape))
        head += struct.pack(f"<{len(tensor.shape)}QIQ", *tensor.shape, GGMLQuantizationType[tensor.type], len(body))
        start = header.data_start + tensor.offset
        body += data[start : start + tensor.size]
        body += b"\0" * (-len(body) % header.alignment)
    head += b"\0" * (-len(head) % header.alignment)
    return bytes(head + body)


@pytest.fixture
def base(house: "House", short_language_model: Path) -> "Model":
    """That model in a house of its own, named ``short``."""
    from castalia.serving.describe import model_of
    from castalia.store.sources.identify import Found

    folder = house.models_folder / "short"
    folder.mkdir(parents=True)
    file = folder / "short.gguf"
    file.hardlink_to(short_language_model)
    model = model_of(Found("gguf", folder, (file,)), "short").model_copy(update={"engines": ["llamacpp"]})
    house.registry.add(model)
    return model
