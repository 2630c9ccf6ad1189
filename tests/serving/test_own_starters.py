"""The starter models that were trained here."""

import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from castalia.core.errors import NotFound
from castalia.core.events import ModelReady
from castalia.serving.install import pull
from castalia.store.sources import own

STARTER = Path(__file__).parents[2] / "starter"
LIMIT = 60_000_000


def files() -> list[Path]:
    return [path for path in (STARTER / "src").rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def test_all_of_them_are_small_enough() -> None:
    assert sum(path.stat().st_size for path in files()) < LIMIT


def test_the_main_wheel_stays_small() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (STARTER.parent / "src").rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path)
    assert len(packed.getvalue()) < 5_000_000


def test_none_holds_a_pickle_or_a_path_of_a_machine() -> None:
    assert not [path for path in files() if path.suffix in {".pt", ".pth", ".pkl", ".bin"}]
    for path in files():
        if path.suffix in {".json", ".md"}:
            assert not re.search(r"(?<![\w.:/])/[a-z]+/\w", path.read_text("utf-8")), path


def test_each_says_what_it_is() -> None:
    for model in own.own_models():
        assert model.description
        assert model.licence
        card = json.loads((model.folder / "card.json").read_text("utf-8"))
        assert card["name"] == model.name
        assert card["licence"] == model.licence


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of one model, found before the checkout's."""
    root = tmp_path / "site" / "castalia_starter"
    folder = root / "models" / "dots"
    folder.mkdir(parents=True)
    save_file({"one": np.zeros(3, dtype=np.float32)}, folder / "weights.safetensors")
    (folder / "config.json").write_text(json.dumps({"modality": "image", "family": "diffusion"}))
    (folder / "card.json").write_text(json.dumps({"name": "dots", "description": "Dots", "licence": "CC0-1.0"}))
    (root / "__init__.py").write_text("")
    facts = {"aliases": ["points"], "description": "Dots", "licence": "CC0-1.0", "options": {"count": 2}}
    (folder / own.FACTS).write_text(json.dumps(facts))
    monkeypatch.syspath_prepend(str(root.parent))
    return folder


def test_a_model_of_the_package_is_pulled_once(house, package: Path) -> None:
    ready = [event.model for event in pull(house, "starter:points") if isinstance(event, ModelReady)]
    assert [model.name for model in ready] == ["dots"]
    model = house.registry.get("points")
    assert (model.licence, model.description, model.source) == ("CC0-1.0", "Dots", "starter:dots")
    assert model.options == {"count": 2}
    assert model.inputs == ["text", "image"], "a diffusion model of pictures can go on from one"
    again = [event.model for event in pull(house, "starter:dots") if isinstance(event, ModelReady)]
    assert again[0].created == model.created


def test_a_changed_model_replaces_the_former_one(house, package: Path) -> None:
    list(pull(house, "starter:dots"))
    before = house.registry.get("dots").created
    card = json.loads((package / "card.json").read_text())
    (package / "card.json").write_text(json.dumps(card | {"note": "new"}))
    list(pull(house, "starter:dots"))
    assert house.registry.get("dots").created > before
    assert len(house.registry.list()) == 1


def test_an_unknown_starter_names_all(house, package: Path) -> None:
    with pytest.raises(NotFound) as caught:
        list(pull(house, "starter:nothing"))
    assert "dots" in caught.value.hint
    assert "smollm2-135m" in caught.value.hint
