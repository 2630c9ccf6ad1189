"""A model in another weight format: a new entry with its cost in likelihood, and nothing of what is refused."""

from pathlib import Path

import pytest

from castalia.core.errors import BadRequest, Conflict
from castalia.core.events import ModelReady
from castalia.core.models import Model
from castalia.serving.following import outcome
from castalia.serving.house import House
from castalia.serving.quantize import quantize


def test_a_new_model_tells_what_it_cost(house: House, base: Model, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("The harbour lies in the north, and the ships come in the morning, when the fog has gone.")
    made = outcome(quantize(house, "short", "q4_0", text=text), ModelReady).model
    assert made.name == "short-q4-0"
    assert house.registry.get("short-q4-0").details["quantised"] == "Q8_0 to Q4_0"
    assert made.size < base.size
    figures = made.figures
    assert figures["bytes_before"] == base.size
    assert figures["bits_per_byte"] > 0
    assert figures["bits_per_byte"] != figures["bits_per_byte_before"]
    assert (made.folder / str(made.details["gguf"])).is_file()
    assert house.registry.get("short") == base


def test_nothing_is_left_of_what_is_refused(house: House, base: Model) -> None:
    with pytest.raises(BadRequest, match="make nothing smaller"):
        list(quantize(house, "short", "F16"))
    with pytest.raises(Conflict):
        list(quantize(house, "short", "Q4_0", new_name="short"))
    events = quantize(house, "short", "Q4_0")
    next(events)
    events.close()
    assert [model.name for model in house.registry.list()] == ["short"]
    staging = house.models_folder / ".staging"
    assert not staging.exists() or list(staging.iterdir()) == []
