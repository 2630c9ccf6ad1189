"""Engines are ranked by what was measured, and the reason is said in words."""

from pathlib import Path

import pytest

from castalia.core.errors import EngineError
from castalia.core.models import Model
from castalia.serving.calibrate import Speed, calibrate, with_speeds
from castalia.serving.house import House


def entry(engines: list[str], format: str = "gguf") -> Model:
    return Model(name="m", format=format, engines=engines, outputs=["text"], folder=Path("/nowhere"))


def finish(generator):
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value


def test_the_faster_engine_goes_first_with_figures_and_reason():
    slow, fast = Speed(first=2.0, alone=40, at_once=30), Speed(first=0.3, alone=38, at_once=100)
    model = with_speeds(entry(["a", "b"]), {"a": slow, "b": fast}, {"c": "its architecture is unknown"})
    assert model.engines == ["b", "a"]
    assert model.figures["b.tokens_per_second_at_eight"] == 100
    assert model.figures["a.first_token_seconds"] == 2.0
    assert model.engine_reason.startswith("fastest here: b starts after 0.30 s")
    assert "c is left out: its architecture is unknown" in model.engine_reason


def test_an_engine_is_really_measured_and_let_go(house: House):
    model = finish(calibrate(entry(["fake"], "fake"), house.pool))
    assert model.engines == ["fake"]
    assert model.figures["fake.tokens_per_second"] > 0
    assert house.pool.loaded() == []


def test_a_model_that_no_engine_can_load_is_refused_with_all_reasons(house: House, tmp_path: Path):
    file = tmp_path / "m.gguf"
    file.write_bytes(b"nonsense")
    model = entry(["llamacpp"]).model_copy(update={"folder": tmp_path, "details": {"gguf": "m.gguf"}})
    with pytest.raises(EngineError, match="llamacpp: "):
        finish(calibrate(model, house.pool))
    assert house.pool.loaded() == []
