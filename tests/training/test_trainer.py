"""The loop: budgets, divergence, early stopping, progress, the artifact, errors of plan and data."""

import json
import subprocess
import sys

import numpy as np
import pytest
from pydantic import ValidationError

from castalia.core.errors import BadRequest, DatasetError, EngineError
from castalia.training import trainer
from castalia.training.budget import Budget, rate_at
from castalia.training.launcher import launch


def test_the_launcher_knows_no_torch():
    code = "import castalia.training.launcher, sys; sys.exit(bool({'torch', 'pandas', 'sklearn'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_plan_needs_an_end(plan_of):
    with pytest.raises(ValidationError, match="minutes or max_steps"):
        plan_of()


def test_a_time_budget_is_kept(plan_of, train, monkeypatch):
    monkeypatch.setattr(trainer, "PATIENCE", 1.0)  # a loss that stands still would end it before
    done, _, told = train(plan_of(family="vae", minutes=0.05))
    assert 3.0 <= done.figures["training_seconds"] < 4.5
    fractions = [event.fraction for event in told if event.message.startswith("step")]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_progress_tells_loss_and_shows_a_preview(plan_of, train):
    _, _, told = train(plan_of(max_steps=200))
    last = [event for event in told if event.message.startswith("step")][-1]
    assert last.message == "step 200"
    assert {"loss", "held_out", "epoch"} <= last.values.keys()
    shown = [event for event in told if event.preview]
    assert len(shown) >= 5
    assert shown[0].preview_type == "text/plain"
    assert len(shown[-1].preview.decode().splitlines()) == 64


def test_divergence_goes_back_to_a_lower_rate(plan_of, train):
    done, folder, told = train(plan_of(max_steps=200, family_options={"explode_above": 0.05}))
    assert sum("lower rate" in event.message for event in told) == 2
    training = json.loads((folder / "artifact" / "config.json").read_text())["training"]
    assert training["recoveries"] == 2
    assert np.isfinite(done.figures["held_out_loss"])


def test_divergence_without_end_is_an_error(plan_of, train):
    with pytest.raises(EngineError, match="keeps diverging"):
        train(plan_of(max_steps=200, family_options={"explode_above": -1.0}))


def test_few_items_stop_early_instead_of_being_memorised(plan_of, train, tmp_path):
    rng = np.random.default_rng(0)
    source = tmp_path / "few.dots"
    source.write_text("\n".join(f"{x} {y} red" for x, y in rng.standard_normal((60, 2))))
    plan = plan_of(family="vae", source=source, max_steps=1500, size="small", family_options={"dropout": 0.0})
    done, folder, _ = train(plan)
    config = json.loads((folder / "artifact" / "config.json").read_text())
    assert config["training"]["stopped_early"]
    assert done.figures["steps"] < 1500
    history = [entry["held_out"] for entry in config["training"]["history"]]
    assert done.figures["held_out_loss"] <= min(history)


def test_the_artifact_says_what_it_is(plan_of, train, card_of):
    done, folder, _ = train(plan_of(max_steps=30, licence="CC0-1.0"))
    card = card_of(folder)
    assert card == done.card
    assert card["data"]["licence"] == "CC0-1.0"
    assert card["data"]["items"] == card["details"]["items"] == 600
    assert card["description"] == "moments of dots, learnt from 600 items of training.dots"
    assert card["recipe"]["seed"] == 0
    assert "## Figures" in (folder / "artifact" / "card.md").read_text()
    assert (folder / "artifact" / "samples" / "sheet-0.txt").read_text().count("\n") == 63


def test_all_problems_of_the_data_arrive_at_once(plan_of, tmp_path):
    source = tmp_path / "bad.dots"
    source.write_text("1 2\n3 4 red\nfive")
    with pytest.raises(DatasetError) as error:
        list(launch(plan_of(source=source, max_steps=5), tmp_path / "run"))
    assert error.value.problems == ["line 1 is not 'x y colour'", "line 3 is not 'x y colour'"]


def test_unknown_options_are_refused_by_name(plan_of, train):
    with pytest.raises(BadRequest, match="'depth' of family moments") as error:
        train(plan_of(max_steps=5, family_options={"depth": 3}))
    assert "explode_above" in error.value.hint


def test_the_budget_ends_at_whichever_comes_first():
    budget = Budget(seconds=100.0, steps=50, useful_steps=1000)
    assert budget.fraction(10, 90.0) == pytest.approx(0.9)
    assert budget.fraction(40, 10.0) == pytest.approx(0.8)
    assert budget.fraction(60, 10.0) == 1.0
    assert Budget(None, None, 100).fraction(50, 1e9) == 0.5


def test_the_rate_warms_up_and_falls():
    rates = [rate_at(step, step / 1000) for step in range(1000)]
    assert rates[0] < 0.05
    assert max(rates) > 0.95
    assert rates[-1] < 0.02
