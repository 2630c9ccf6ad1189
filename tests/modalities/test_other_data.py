"""Other data than a model learnt from, as arrays of the model's own representation."""

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from castalia.core.errors import DatasetError
from castalia.modalities.image.modality import ImageModality
from castalia.modalities.image.options import ImageData
from castalia.modalities.table.modality import TableModality
from castalia.modalities.table.options import TableData
from castalia.modalities.text.modality import TextModality
from castalia.modalities.text.options import TextData


def pictures(folder: Path, classes: dict[str, int], side: int = 16) -> Path:
    draw = np.random.default_rng(0)
    for label, shade in classes.items():
        place = folder / label
        place.mkdir(parents=True)
        for number in range(12):
            noise = draw.integers(0, 20, (side, side)).astype(np.uint8)
            Image.fromarray(noise + np.uint8(shade)).save(place / f"{number}.png")
    return folder


@pytest.mark.parametrize("kind", ["continuous", "tokens"])
def test_a_table_is_read_by_the_distributions_of_the_model(tmp_path, kind):
    draw = np.random.default_rng(0)
    whole = pd.DataFrame({"size": draw.normal(50.0, 10.0, 600).round(2), "kind": draw.choice(["a", "b", "c"], 600)})
    whole.to_csv(tmp_path / "whole.csv", index=False)
    large = whole[whole["size"] > 55.0].reset_index(drop=True)
    large.to_csv(tmp_path / "large.csv", index=False)
    modality = TableModality()
    view, _ = modality.fit(tmp_path / "whole.csv", TableData(), kind)
    own, misread = modality.fit(tmp_path / "large.csv", TableData(), kind)
    assert own.config() != view.config()
    read = view.decode(modality.encode(view, tmp_path / "large.csv", TableData()).data)
    np.testing.assert_allclose(np.sort(read[:, 0]), np.sort(large["size"]), atol=3.0)
    assert np.sort(view.decode(misread.data)[:, 0])[0] < 45.0, "by distributions of its own it means something else"


def test_a_table_without_a_column_is_refused(tmp_path):
    rows = pd.DataFrame({"size": np.arange(100) % 17 + 0.5, "kind": ["a", "b"] * 50})
    rows.to_csv(tmp_path / "whole.csv", index=False)
    rows[["size"]].to_csv(tmp_path / "less.csv", index=False)
    modality = TableModality()
    view, _ = modality.fit(tmp_path / "whole.csv", TableData())
    with pytest.raises(DatasetError) as raised:
        modality.encode(view, tmp_path / "less.csv", TableData())
    assert raised.value.problems == ["there is no column 'kind'"]


def test_texts_lose_only_letters_that_the_model_cannot_write(tmp_path):
    draw = random.Random(0)
    words = ["tea", "rat", "seat", "star", "treat"]
    (tmp_path / "learnt.txt").write_text(" ".join(draw.choices(words, k=1200)))
    (tmp_path / "other.txt").write_text("zebra tea " * 200)
    modality = TextModality()
    view, _ = modality.fit(tmp_path / "learnt.txt", TextData())
    read = modality.encode(view, tmp_path / "other.txt", TextData())
    assert view.decode(read.data).startswith("era tea era tea")
    assert read.data.max() < view.layout.vocabulary
    (tmp_path / "other.txt").write_text("0123456789" * 200)
    with pytest.raises(DatasetError, match="nothing in it can be written"):
        modality.encode(view, tmp_path / "other.txt", TextData())


def test_pictures_keep_size_and_classes_of_the_model(tmp_path):
    learnt = pictures(tmp_path / "learnt", {"ash": 60, "coal": 10, "snow": 230})
    other = pictures(tmp_path / "other", {"night": 0, "snow": 230}, side=24)
    modality = ImageModality()
    view, _ = modality.fit(learnt, ImageData())
    read = modality.encode(view, other, ImageData())
    assert read.data.shape == (24, 1, view.side, view.side)
    assert read.conditions is not None
    assert read.known is not None
    assert read.known[:, 0].sum() == 12, "a class that the model does not have is unknown"
    assert read.conditions[read.known[:, 0]].argmax(axis=1).tolist() == [view.askable.classes.index("snow")] * 12
