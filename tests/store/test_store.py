"""Database, registry, history, runs, blobs: what is kept is kept whole, and damage is told."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from castalia.core.errors import BadRequest, Conflict, EngineError, NotFound, StorageError
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import Choice, Measure, Result, Verdict
from castalia.store.blobs import Blobs
from castalia.store.database import HEAD, Database
from castalia.store.history import History
from castalia.store.locking import publish_folder, write_whole
from castalia.store.registry import Registry
from castalia.store.runs import Runs
from castalia.store.tables import metadata


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.at(tmp_path)


def model(name: str, **fields: object) -> Model:
    base = {"name": name, "format": "fake", "engines": ["fake"], "outputs": ["text"], "folder": "/nowhere"}
    return Model.model_validate({**base, **fields})


def result(id: str, *measures: Measure) -> Result:
    return Result(id=id, choice=Choice(modality="text", model="m"), verdict=Verdict.of(list(measures)))


def test_the_migrations_make_what_the_tables_say(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with database.begin() as connection:
        # the tables of an index of words are FTS5's own
        known = {"include_name": lambda name, kind, _: kind != "table" or "_words" not in name}
        assert compare_metadata(MigrationContext.configure(connection, opts=known), metadata) == []
        assert connection.execute(sa.text("pragma journal_mode")).scalar() == "wal"


def test_head_is_the_newest_migration() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    import castalia.store.migrations as folder

    config = Config()
    config.set_main_option("script_location", str(Path(folder.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_many_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    code = (
        f"from castalia.store.database import Database; from pathlib import Path; Database.at(Path({str(tmp_path)!r}))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait() for process in running] == [0, 0, 0, 0]


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "castalia.db").write_bytes(b"this is no database, but long enough to look like one" * 40)
    with pytest.raises(StorageError, match="damaged"):
        Database.at(tmp_path)


def test_a_database_of_the_future_is_left_alone(tmp_path: Path) -> None:
    Database.at(tmp_path).close()
    with sqlite3.connect(tmp_path / "castalia.db") as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    with pytest.raises(StorageError, match="newer") as raised:
        Database.at(tmp_path)
    assert "pip install" in raised.value.hint


def test_models_by_name_and_alias(database: Database, tmp_path: Path) -> None:
    registry = Registry(database, tmp_path)
    registry.add(model("first", aliases=["default"]))
    registry.add(model("second", aliases=["default"]))
    assert registry.get("default").name == "second", "an alias moves to the newest that claims it"
    assert registry.get("second").aliases == ["default"]
    assert [each.name for each in registry.list()] == ["first", "second"]
    registry.remove("default")
    assert [each.name for each in registry.list()] == ["first"]
    with pytest.raises(NotFound):
        registry.get("default")


def test_a_home_may_be_moved(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "models" / "mine").mkdir(parents=True)
    registry = Registry(Database.at(old), old)
    registry.add(model("mine", folder=old / "models" / "mine"))
    registry.add(model("elsewhere", folder="/srv/models/elsewhere"))
    registry.database.close()
    old.rename(new)
    moved = Registry(Database.at(new), new)
    assert moved.get("mine").folder == new / "models" / "mine"
    assert moved.get("elsewhere").folder == Path("/srv/models/elsewhere")


def test_names_are_checked_and_taken_ones_refused(database: Database, tmp_path: Path) -> None:
    registry = Registry(database, tmp_path)
    registry.add(model("one"))
    with pytest.raises(Conflict):
        registry.add(model("one"))
    registry.add(model("one", licence="MIT"), replace=True)
    assert registry.get("one").licence == "MIT"
    for name in ("auto", "../x", "A B", "", "a..b"):
        with pytest.raises(BadRequest):
            registry.add(model(name))
    with pytest.raises(Conflict):
        registry.alias("one", "one")


def test_a_misspelt_name_gets_a_suggestion(database: Database, tmp_path: Path) -> None:
    registry = Registry(database, tmp_path)
    registry.add(model("smollm2"))
    with pytest.raises(NotFound) as raised:
        registry.get("smolm2")
    assert "smollm2" in raised.value.hint


def test_history_keeps_results_failures_and_reviews(database: Database) -> None:
    history = History(database)
    doubtful = Measure(name="blank", value=1, status="flag")
    good, bad = Request.of_text("good", id="r-1"), Request.of_text("doubtful", id="r-2")
    history.record(good, result("r-1"))
    history.record(bad, result("r-2", doubtful))
    failed = Request.of_text("failed", id="r-3")
    history.record_failure(failed, EngineError("it broke"))

    assert [entry.request.id for entry in history.newest()] == ["r-3", "r-2", "r-1"]
    assert [entry.request.id for entry in history.newest(review="open")] == ["r-2"]
    error = history.get("r-3").error
    assert error is not None
    assert error["message"] == "it broke"

    history.set_review("r-2", "accepted", "looks fine")
    assert history.newest(review="open") == []
    assert history.get("r-2").review_note == "looks fine"
    with pytest.raises(BadRequest):
        history.set_review("r-3", "accepted")
    with pytest.raises(NotFound):
        history.get("r-4")


def test_history_takes_many_writers(database: Database) -> None:
    history = History(database)

    def write(number: int) -> None:
        history.record(Request.of_text("x", id=f"r-{number}"), result(f"r-{number}"))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(64)))
    assert len(history.newest(limit=100)) == 64


def test_runs(database: Database) -> None:
    runs = Runs(database)
    runs.start("t-1", {"name": "a"})
    runs.start("t-2", {"name": "b"})
    runs.finish("t-1", "failed", error=EngineError("out of memory"))
    runs.start("t-1", {"name": "a"})
    assert runs.get("t-1").state == "running"
    runs.finish("t-1", "done", model="a")
    assert (runs.get("t-1").state, runs.get("t-1").model, runs.get("t-1").error) == ("done", "a", None)
    with pytest.raises(NotFound):
        runs.get("t-3")


def test_the_same_bytes_are_one_blob(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    digest, path = blobs.put(b"sound", "audio/wav")
    assert blobs.put(b"sound", "audio/wav") == (digest, path)
    assert path.suffix == ".wav"
    assert blobs.path(digest).read_bytes() == b"sound"
    for wrong in ("0" * 64, "../../etc/passwd", "", "*" * 64):
        with pytest.raises(NotFound):
            blobs.path(wrong)


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from castalia.core.errors import StorageError\nfrom castalia.store.blobs import Blobs\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"try: Blobs(Path({str(tmp_path)!r})).put(b'x' * 5000, 'text/plain')\n"
        "except StorageError as error: print(error.message)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "No space is left" in run.stdout
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_published_folder_never_replaces_another(tmp_path: Path) -> None:
    for content in ("old", "new"):
        staged = tmp_path / "staged"
        staged.mkdir()
        write_whole(staged / "file", content.encode())
        place = publish_folder(staged, tmp_path / "models", "name")
        assert (place / "file").read_text() == content
    assert (tmp_path / "models" / "name" / "file").read_text() == "old"
