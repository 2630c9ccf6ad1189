"""Every code block of README and docs runs, page by page, on real models, in a folder with the files that it names."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str]]:
    return FENCE.findall(page.read_text(encoding="utf-8"))


@pytest.fixture
def workplace(tmp_path: Path, starter_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with photos/ and customers.csv, and a home of its own that shares the starter models' files."""
    sys.path.insert(0, str(ROOT / "examples"))
    from make_data import write_digits, write_patients

    write_digits(tmp_path / "photos")
    write_patients(tmp_path / "customers.csv")
    home = tmp_path / "home"
    home.mkdir()
    with (
        closing(sqlite3.connect(starter_home / "castalia.db")) as theirs,
        closing(sqlite3.connect(home / "castalia.db")) as own,
    ):
        theirs.backup(own)
    for name in ("cache", "models"):
        if (starter_home / name).exists():
            shutil.copytree(starter_home / name, home / name, copy_function=os.link)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "castalia"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m castalia "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("CASTALIA_HOME", str(home))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    yield tmp_path
    sys.path.remove(str(ROOT / "examples"))


def check(language: str, code: str, place: Path) -> None:
    match language:
        case "sh":
            run = subprocess.run(["sh", "-e", "-c", code], cwd=place, capture_output=True, text=True, check=False)
        case "python":
            run = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True, check=False)
        case "toml":
            from castalia.core.config import load

            assert tomllib.loads(code)
            (place / "castalia.toml").write_text(code)
            load(environ={"CASTALIA_CONFIG": str(place / "castalia.toml")})
            (place / "castalia.toml").unlink()
            return
        case _:
            pytest.fail(f"a block of {language} is never run: indent it instead, or teach this test")
    assert run.returncode == 0, f"{code}\n{run.stdout}\n{run.stderr}"


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
def test_the_examples_of_a_page_run(page: Path, workplace: Path, request: pytest.FixtureRequest) -> None:
    served = None
    if page.name == "http.md":
        served = subprocess.Popen(
            [sys.executable, "-m", "castalia", "serve", "--port", "8484"], stderr=subprocess.PIPE, text=True
        )
        request.addfinalizer(served.wait)
        request.addfinalizer(served.terminate)
        assert served.stderr is not None
        while "documentation of the API" not in served.stderr.readline():
            assert served.poll() is None
    key = (workplace / "home" / "api-key").read_text().strip() if served is not None else "KEY"
    for language, code in blocks(page):
        check(language, code.replace('"KEY"', repr(key)), workplace)
    if served is not None and served.stderr is not None:
        served.terminate()
        served.wait()
        served.stderr.close()
