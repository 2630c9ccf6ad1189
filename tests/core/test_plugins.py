"""Discovery: by folder and by entry point, specs without implementations, missing extras."""

import subprocess
import sys
from pathlib import Path

import pytest

from castalia.core.errors import ConfigError, MissingExtra, NotFound
from castalia.core.plugins import Catalogue, engines, families, modalities
from castalia.core.specs import EngineSpec

SPEC = """
from castalia.core.specs import EngineSpec

SPEC = EngineSpec(
    name={name!r}, summary="s", implementation="nowhere:X", requires={requires!r}, formats=(), outputs=(), options={{}}
)
"""


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package installed into a folder of the path, with an entry point in its metadata."""
    info = tmp_path / "outsider-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outsider\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[castalia.engines]\nouter = outsider_spec:SPEC\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "outsider_spec.py").write_text(SPEC.format(name="outer", requires=("no_such_module_anywhere",)))
    sys.modules.pop("outsider_spec", None)
    return tmp_path


def test_the_built_in_ones_are_found() -> None:
    assert {"fake", "llamacpp", "native", "openvino", "piper", "whisper"} <= set(engines().specs())
    assert {"image", "speech", "table", "text"} <= set(modalities().specs())
    assert "vae" in families().specs()


def test_an_outside_package_is_found_and_its_missing_module_named(outside: Path) -> None:
    catalogue = Catalogue("engine", "castalia.engines", EngineSpec)
    assert "outer" in catalogue.specs()
    with pytest.raises(MissingExtra, match="no_such_module_anywhere") as raised:
        catalogue.implementation("outer")
    assert "pip install" in raised.value.hint


def test_two_of_one_name_are_refused(outside: Path) -> None:
    (outside / "outsider_spec.py").write_text(SPEC.format(name="fake", requires=()))
    with pytest.raises(ConfigError, match="Two engine plug-ins"):
        Catalogue("engine", "castalia.engines", EngineSpec).specs()


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(NotFound) as raised:
        engines().spec("none-such")
    assert "fake" in raised.value.hint


def test_reading_all_specs_imports_no_implementation() -> None:
    code = (
        "import sys\nfrom castalia.core.plugins import engines, families, modalities\n"
        "names = [*engines().specs(), *families().specs(), *modalities().specs()]\n"
        "heavy = ['torch', 'numpy', 'PIL', 'pandas', 'openvino_genai', 'xllamacpp', 'faster_whisper']\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
