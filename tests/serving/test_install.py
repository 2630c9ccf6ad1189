"""Pulling and removing models, with a disk that fills, a process that is killed, and two that want the same."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from castalia.core.config import Settings
from castalia.core.errors import BadRequest, Conflict, NotFound, StorageError, UnsupportedInput
from castalia.core.events import ModelReady, Progress
from castalia.core.models import Model
from castalia.serving.house import House
from castalia.serving.install import pull, remove, sweep
from castalia.store.locking import locked

VOICE = json.dumps({"audio": {"sample_rate": 22050}, "phoneme_id_map": {}, "language": {"code": "en_US"}})
CUT = """
import os, sys
from castalia.core.config import Settings
from castalia.serving import install
from castalia.serving.house import House
from pathlib import Path
def cut(name):
    def kill(*arguments, **names):
        os.kill(os.getpid(), 9)
    setattr(install, name, kill)
home, voice, step = sys.argv[1:]
if step == "registry":
    House.registry.func.__globals__["Registry"].add = lambda *a, **n: os.kill(os.getpid(), 9)
else:
    cut(step)
with House(Settings(home=Path(home))) as house:
    list(install.pull(house, voice))
"""


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """A voice's files as they lie on a disk."""
    folder = tmp_path / "voices"
    folder.mkdir()
    (folder / "Anna.onnx").write_bytes(bytes(200_000))
    (folder / "Anna.onnx.json").write_text(VOICE)
    return folder / "Anna.onnx"


def ready(events: list[Progress | ModelReady]) -> list[Model]:
    return [event.model for event in events if isinstance(event, ModelReady)]


def leftovers(house: House) -> list[Path]:
    """Everything below models/ that belongs to no model."""
    known = house.registry.folders()
    return [path for path in house.models_folder.rglob("*") if path.is_file() and path.parent not in known]


def test_a_voice_from_a_path_is_in_the_registry_with_its_facts(house: House, voice: Path):
    (model,) = ready(list(pull(house, str(voice), aliases=("reader",))))
    assert model == house.registry.get("anna") == house.registry.get("reader")
    assert (model.format, model.outputs, model.engines) == ("piper-onnx", ["speech"], ["piper"])
    assert model.details["sample_rate"] == 22050
    assert model.source == str(voice)
    for file in model.files:
        assert (model.folder / file.path).stat().st_size == file.size
    voice.unlink()
    assert (model.folder / "Anna.onnx").exists()
    assert not leftovers(house)


def test_pulling_again_changes_nothing_and_says_so(house: House, voice: Path):
    (first,) = ready(list(pull(house, str(voice))))
    events = list(pull(house, str(voice), aliases=("again",)))
    assert any(isinstance(event, Progress) and "there already" in event.message for event in events)
    (second,) = ready(events)
    assert second.folder == first.folder
    assert house.registry.get("again").name == "anna"


def test_changed_files_are_not_taken_silently(house: House, voice: Path):
    (first,) = ready(list(pull(house, str(voice), aliases=("reader",))))
    voice.write_bytes(b"\x01" * 5000)
    with pytest.raises(Conflict, match="changed"):
        list(pull(house, str(voice)))
    assert house.registry.get("anna") == first
    (second,) = ready(list(pull(house, str(voice), replace=True)))
    assert (second.folder / "Anna.onnx").read_bytes() == b"\x01" * 5000
    assert house.registry.get("reader") == second
    assert not first.folder.exists() or first.folder == second.folder
    assert len(house.registry.list()) == 1
    assert not leftovers(house)


def test_names_that_are_taken(house: House, voice: Path, tmp_path: Path):
    list(pull(house, str(voice)))
    other = shutil.copytree(voice.parent, tmp_path / "other")
    (model,) = ready(list(pull(house, str(other))))
    assert model.name == "anna-2"
    with pytest.raises(Conflict):
        list(pull(house, str(shutil.copytree(other, tmp_path / "third")), name="anna"))
    with pytest.raises(BadRequest):
        list(pull(house, str(voice), name="../anna"))
    with pytest.raises(BadRequest):
        list(pull(house, "starter", name="one"))
    assert not leftovers(house)


def test_a_folder_of_models_brings_them_all(house: House, voice: Path):
    shutil.copy(voice, voice.with_name("Bert.onnx"))
    shutil.copy(f"{voice}.json", voice.with_name("Bert.onnx.json"))
    assert [model.name for model in ready(list(pull(house, str(voice.parent))))] == ["anna", "bert"]
    with pytest.raises(BadRequest, match="2 models"):
        list(pull(house, str(voice.parent), name="both", replace=True))


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("/nowhere/model.gguf", NotFound),
        ("https://example.org/model.gguf", BadRequest),
        ("hf:justone", BadRequest),
        ("pypi:no such", BadRequest),
        ("starter:nobody", NotFound),
    ],
)
def test_sources_that_cannot_be(house: House, source: str, error: type[Exception]):
    with pytest.raises(error):
        list(pull(house, source))
    assert house.registry.list() == []


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF\x03\x00\x00\x00" + bytes(16), b"hello"])
def test_damaged_models_leave_nothing(house: House, tmp_path: Path, content: bytes):
    file = tmp_path / "bad.gguf"
    file.write_bytes(content)
    with pytest.raises(UnsupportedInput):
        list(pull(house, str(file)))
    assert house.registry.list() == []
    assert not leftovers(house)


def test_stopping_a_pull_leaves_nothing(house: House, voice: Path):
    voice.write_bytes(bytes(30_000_000))
    events = pull(house, str(voice))
    for event in events:
        if isinstance(event, ModelReady):
            break
    events.close()
    assert not (house.models_folder / ".staging").exists() or not list((house.models_folder / ".staging").iterdir())


@pytest.mark.parametrize("step", ["identify", "gather", "model_of", "publish_folder", "registry"])
def test_killed_anywhere_the_next_pull_works_and_nothing_half_is_seen(house: House, voice: Path, step: str):
    command = [sys.executable, "-c", CUT, str(house.home), str(voice), step]
    killed = subprocess.run(command, check=False, timeout=120, capture_output=True)
    assert killed.returncode == -9, killed.stderr.decode()
    assert house.registry.list() == []
    (model,) = ready(list(pull(house, str(voice))))
    assert all((model.folder / file.path).is_file() for file in model.files)
    sweep(house, now=time.time() + 10_000)
    assert {path.name for path in house.models_folder.iterdir()} == {".staging", model.folder.name}
    assert not leftovers(house)


def test_a_full_disk_is_a_storage_error_and_leaves_nothing(house: House, voice: Path):
    house.registry.list()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, old[1]))
    try:
        with pytest.raises(StorageError, match="No space"):
            list(pull(house, str(voice)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, before)
    assert house.registry.list() == []
    assert not leftovers(house)
    assert ready(list(pull(house, str(voice))))


def test_a_disk_too_small_is_known_before_writing(tmp_path: Path, voice: Path, small_disk: Callable[[int], Path]):
    home = small_disk(40)
    with House(Settings(home=home)) as house:
        with pytest.raises(StorageError, match="MB free"):
            list(pull(house, str(voice)))
        assert house.registry.list() == []
        assert not leftovers(house)


@pytest.fixture
def small_disk(tmp_path: Path):
    """Makes a file system of so many megabytes, where mounting is allowed."""
    place = tmp_path / "disk"
    place.mkdir()

    def make(megabytes: int) -> Path:
        if os.geteuid() != 0:
            pytest.skip("mounting needs root")
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("mounting is not allowed here")
        return place

    yield make
    if os.path.ismount(place):
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_two_pulls_of_the_same_thing_wait_for_each_other(house: House, voice: Path):
    list(pull(house, str(voice)))
    (lock,) = (house.home / "cache" / "locks").glob("pull-*.lock")
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(lock):
            held.set()
            release.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    messages = []
    for event in pull(house, str(voice)):
        if isinstance(event, Progress):
            messages.append(event.message)
        release.set()
    thread.join()
    assert "Waiting" in messages[0]
    assert "there already" in messages[-1]


def test_a_package_that_is_there_needs_no_index(house: House, voice: Path, tmp_path: Path, monkeypatch):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "anna_voice-1.2-py3-none-any.whl", "w") as archive:
        archive.write(voice, "anna_voice/Anna.onnx")
        archive.writestr("anna_voice/Anna.onnx.json", VOICE)
        archive.writestr("anna_voice-1.2.dist-info/METADATA", "Name: anna-voice\nVersion: 1.2\nLicense: CC0\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    (model,) = ready(list(pull(house, "pypi:Anna_Voice")))
    assert (model.name, model.source, model.licence) == ("anna", "pypi:anna-voice==1.2", "CC0")
    shutil.rmtree(wheels)
    assert ready(list(pull(house, "pypi:anna-voice"))) == [model]
    assert ready(list(pull(house, "pypi:anna-voice==1.2"))) == [model]
    with pytest.raises(NotFound):
        list(pull(house, "pypi:anna-voice==1.3"))
    assert ready(list(pull(house, "pypi:anna-voice"))) == [model]


def test_removing_forgets_and_deletes(house: House, voice: Path):
    (model,) = ready(list(pull(house, str(voice), aliases=("reader",))))
    converted = house.home / "cache" / "converted"
    mine, other = converted / f"engine-{model.files[0].sha256[:16]}-1", converted / f"engine-{'0' * 16}-1"
    mine.mkdir(parents=True)
    other.mkdir()
    assert remove(house, "reader").name == "anna"
    assert not model.folder.exists()
    assert list(converted.iterdir()) == [other]
    with pytest.raises(NotFound):
        house.registry.get("anna")
    with pytest.raises(NotFound):
        remove(house, "anna")
    assert ready(list(pull(house, str(voice))))


def test_a_model_at_work_is_not_removed(house: House, tmp_path: Path):
    model = Model(name="busy", format="fake", engines=["fake"], outputs=["text"], folder=tmp_path)
    house.registry.add(model)
    with house.pool.lease(model, "fake"), pytest.raises(Conflict, match="answering"):
        remove(house, "busy")
    assert remove(house, "busy").name == "busy"
    assert tmp_path.exists()
    assert house.pool.loaded() == []


def test_old_downloads_are_given_up_and_young_ones_kept(house: House):
    for name, age in (("old", 8), ("young", 6)):
        file = house.home / "cache" / "downloads" / name / "x.part"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"x")
        past = time.time() - age * 24 * 3600
        os.utime(file, (past, past))
    sweep(house)
    assert [path.name for path in (house.home / "cache" / "downloads").iterdir()] == ["young"]
