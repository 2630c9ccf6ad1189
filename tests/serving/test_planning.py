"""What a plan of training on texts does about personal data: the files that hold it are left out, or nothing is."""

import random
from pathlib import Path

import pytest

from castalia.core.errors import DatasetError
from castalia.core.plugins import modalities
from castalia.modalities.audio.options import AudioData
from castalia.modalities.music.options import MusicData
from castalia.serving.detect import listed
from castalia.serving.house import House
from castalia.serving.planning import pick_family, plan_training

WORDS = ["river", "stone", "bird", "sings", "over", "under", "green", "old", "house", "walks", "slowly", "when"]


def write(path: Path, seed: int, personal: str = "") -> None:
    draw = random.Random(seed)
    path.write_text("\n".join(" ".join(draw.choices(WORDS, k=8)) + f" {personal}" for _ in range(60)))


def test_texts_with_personal_data_are_left_out_and_named(house: House, tmp_path: Path) -> None:
    for index in range(4):
        write(tmp_path / f"{index}.txt", index)
    write(tmp_path / "letters.txt", 9, "write to anna.berg@example.org")
    plan, warnings = plan_training(house, tmp_path, name="m")
    assert (plan.modality, plan.family) == ("text", "transformer")
    assert plan.data_options == {"leave_out": ["letters.txt"]}
    assert any("letters.txt holds personal data" in line for line in warnings)


def test_nothing_is_trained_when_nothing_is_left(house: House, tmp_path: Path) -> None:
    write(tmp_path / "letters.txt", 9, "write to anna.berg@example.org")
    with pytest.raises(DatasetError, match="personal data") as error:
        plan_training(house, tmp_path / "letters.txt", name="m")
    assert any("letters.txt holds personal data" in line for line in error.value.problems)


@pytest.mark.parametrize(
    ("modality", "minutes", "family"),
    [
        ("image", 1.0, "vae"),
        ("image", 10.0, "diffusion"),
        ("audio", 30.0, "diffusion"),
        ("image", None, "vae"),
        ("table", 30.0, "vae"),
        ("table", 1.0, "trees"),
        ("table", None, "vae"),
        ("text", 1.0, "transformer"),
        ("music", 10.0, "transformer"),
    ],
)
def test_a_family_is_picked_by_kind_and_budget(modality: str, minutes: float | None, family: str) -> None:
    picked, reason = pick_family(modalities().spec(modality), minutes)
    assert picked == family
    assert reason


def test_one_word_is_a_list_of_one(house: House, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    draw = random.Random(0)
    table.write_text("\n".join(["age,sex", *(f"{draw.randrange(18, 90)},{draw.choice('fm')}" for _ in range(60))]))
    plan, _ = plan_training(house, table, data_options={"drop_columns": "sex"})
    assert plan.data_options == {"drop_columns": ["sex"]}


def test_digits_are_a_number_for_an_option_of_certain_numbers() -> None:
    assert listed(MusicData, {"grid": "4", "length": "64"}) == {"grid": 4, "length": "64"}
    assert listed(MusicData, {"grid": "auto"}) == {"grid": "auto"}
    assert listed(AudioData, {"rate": "16000"}) == {"rate": 16000}
