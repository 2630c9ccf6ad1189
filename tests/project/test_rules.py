"""The project's own rules: short modules, start-up that loads nothing heavy, a public face that is what it says."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

import castalia

ROOT = Path(__file__).parents[2]
MOST_LINES = 400
HEAVY = ("torch", "fastapi", "numpy", "sqlalchemy", "pydantic", "rich", "pandas")


def python_files() -> list[Path]:
    return [
        path
        for folder in ("src", "tests", "benchmarks", "scripts", "examples")
        for path in (ROOT / folder).rglob("*.py")
    ]


def loaded_by(code: str) -> list[str]:
    probe = f"import json, sys; sys.argv = ['castalia', '--help']\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def test_no_module_is_over_400_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in python_files()
        if (count := len(path.read_text().splitlines())) > MOST_LINES
    }
    assert long == {}


@pytest.mark.parametrize(
    "code", ["import castalia", "import castalia.cli.main as m\ntry: m.main()\nexcept SystemExit: pass"]
)
def test_start_up_loads_nothing_heavy(code: str) -> None:
    loaded = loaded_by(code)
    assert [name for name in HEAVY if name in loaded] == []


@pytest.mark.parametrize("arguments", [["-c", "import castalia"], ["-m", "castalia", "--help"]])
def test_start_up_is_quick(arguments: list[str]) -> None:
    def once(command: list[str]) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, *command], capture_output=True, check=True)
        return time.perf_counter() - started

    bare = min(once(["-c", "pass"]) for _ in range(3))
    # 0.3 s is the promise on a machine at rest; the interpreter's own start tells how busy this one is
    assert min(once(arguments) for _ in range(5)) < 0.3 * max(1.0, bare / 0.03)


def test_public_names_are_all_there() -> None:
    assert sorted(castalia.__all__) == castalia.__all__
    for name in castalia.__all__:
        assert getattr(castalia, name) is not None
    with pytest.raises(AttributeError):
        _ = castalia.nothing_of_that_name


def test_no_pickle_anywhere() -> None:
    names = ("import pickle", "torch.load(", "joblib", "allow_pickle=True")
    found = {str(path): name for path in (ROOT / "src").rglob("*.py") for name in names if name in path.read_text()}
    assert found == {}


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in python_files()
        if path.stat().st_size and not path.read_text().startswith('"""')
    ]
    assert silent == []
