"""N + M: a family and a modality from outside meet each other and the built-in ones, with no change to the source."""

import csv
import io

import numpy as np
import pytest

from castalia.training.launcher import launch


def points(events):
    return np.array([[one.info["x"], one.info["y"]] for one in events if one.event == "media"])


def test_outside_family_on_outside_modality(plan_of, train, generate):
    done, folder, _ = train(plan_of(max_steps=300))
    assert done.figures["dots.mean_gap"] < 0.2
    found = points(generate(folder / "artifact", "dots", count=200))
    assert found.shape == (200, 2)
    assert np.allclose(found.mean(axis=0), 1.0, atol=0.3)


def test_builtin_vae_on_outside_modality(plan_of, train, generate):
    _, folder, _ = train(plan_of(family="vae", max_steps=800))
    red = points(generate(folder / "artifact", "dots", count=300, colour="red"))
    blue = points(generate(folder / "artifact", "dots", count=300, colour="blue"))
    assert np.abs(np.median(red, axis=0) - 2.0).max() < 0.2
    radius = np.hypot(*blue.T)
    assert 0.8 < np.median(radius) < 1.2, "a ring, which no single Gaussian makes"
    assert np.mean(radius < 0.5) < 0.15


def test_outside_family_on_builtin_modality(plan_of, train, generate, tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{rng.normal(170, 9):.1f},{rng.choice(['a', 'b'])}" for _ in range(200)]
    source = tmp_path / "people.csv"
    source.write_text("\n".join(["height,team", *rows]))
    _, folder, _ = train(plan_of(modality="table", source=source, max_steps=200))
    media = [one for one in generate(folder / "artifact", "table", rows=20, format="csv") if one.event == "media"]
    table = list(csv.DictReader(io.StringIO(media[0].data.decode())))
    assert len(table) == 20
    assert {row["team"] for row in table} <= {"a", "b"}


@pytest.mark.parametrize("family", ["moments", "vae"])
def test_child_processes_find_the_outside_package(plan_of, tmp_path, family):
    *_, last = launch(plan_of(family=family, max_steps=20), tmp_path / "run")
    assert last.event == "trained"
    assert (last.artifact / "weights.safetensors").is_file()
