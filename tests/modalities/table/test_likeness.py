"""Figures and prints of tables move with planted faults."""

from pathlib import Path

import numpy as np
import pytest

from castalia.modalities.table.fingerprints import compact, nearest, row_hashes
from castalia.modalities.table.modality import TableModality
from castalia.modalities.table.options import TableData


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sklearn.datasets import load_breast_cancer

    path = tmp_path_factory.mktemp("cells") / "cells.csv"
    load_breast_cancer(as_frame=True).frame.sample(frac=1, random_state=0).to_csv(path, index=False)
    return path


def test_figures_tell_real_from_shuffled(cells: Path) -> None:
    modality = TableModality()
    representation, encoded = modality.fit(cells, TableData())
    rng = np.random.default_rng(0)
    order = rng.permutation(len(encoded.data))
    left, right = encoded.data[order[:284]], encoded.data[order[284:]]
    real = modality.training_figures(representation, left, right)
    values = representation.decode(right)
    for place in range(values.shape[1]):
        values[:, place] = rng.permutation(values[:, place])
    shuffled = modality.training_figures(representation, left, representation.encode(values).data)
    copy = modality.training_figures(representation, left, left)
    assert copy["column_shape_similarity"] == copy["pair_trend_similarity"] == 1
    assert 0.8 < real["column_shape_similarity"] < 1
    assert shuffled["column_shape_similarity"] == pytest.approx(real["column_shape_similarity"], abs=0.01)
    assert shuffled["pair_trend_similarity"] < real["pair_trend_similarity"] - 0.1
    assert real["two_sample_auc"] < 0.65 < 0.9 < shuffled["two_sample_auc"]
    assert all(0 <= value <= 1 for value in real.values())


def test_prints_know_training_rows(cells: Path) -> None:
    modality = TableModality()
    representation, encoded = modality.fit(cells, TableData())
    prints = modality.fingerprints(representation, encoded.data[:100])
    hashes = row_hashes(representation.learned, representation.decode(encoded.data))
    known = np.isin(hashes, prints["hashes"])
    assert known[:100].all()
    assert not known[100:].any()
    assert float(prints["repeats"][0]) == 0
    assert all(array.nbytes < 1_000_000 for array in prints.values())
    rows = compact(representation.learned, representation.decode(encoded.data))
    distances = nearest(rows, prints["rows"].astype(np.uint16), representation.learned)
    assert distances[:100].max() < 1e-3
    assert np.median(distances[100:]) > 0.02
    assert np.median(distances[100:]) == pytest.approx(float(np.median(prints["distances"])), rel=0.5)
