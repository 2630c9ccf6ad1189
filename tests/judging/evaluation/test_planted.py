"""The measures move when they must: faults are planted into real digits and real patients, more and more of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits

from castalia.core.errors import Interrupted
from castalia.judging.evaluation import vectors
from castalia.judging.evaluation.diversity import class_entropy
from castalia.judging.evaluation.encoder import Encoder, trained
from castalia.judging.evaluation.figures import Figure
from castalia.judging.evaluation.media import described
from castalia.judging.evaluation.table import copied, quality, two_sample, utility
from castalia.modalities.table.modality import TableModality
from castalia.modalities.table.options import TableData
from castalia.modalities.table.representation import TableRepresentation

TRAINING, HELD = 900, 450


class Digits:
    """8 x 8 digits in three parts: learnt, held out, and new real ones, into which faults are planted."""

    def __init__(self) -> None:
        data = load_digits()
        order = np.random.default_rng(0).permutation(len(data.images))
        items = (data.images[order, None] / 8 - 1).astype(np.float32)
        labels = data.target[order].astype(np.int64)
        self.training, self.held, self.new = np.split(items, [TRAINING, TRAINING + HELD])
        self.training_labels, _, self.new_labels = np.split(labels, [TRAINING, TRAINING + HELD])


@pytest.fixture(scope="module")
def digits() -> Digits:
    return Digits()


@pytest.fixture(scope="module")
def encoder(digits: Digits, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return fit(digits, tmp_path_factory.mktemp("encoders"))


def fit(digits: Digits, folder: Path) -> Encoder:
    return trained(digits.training[:600], digits.training_labels[:600], 10, folder, lambda *_: None)


def sets(digits: Digits, made: np.ndarray, view: Callable[[np.ndarray], np.ndarray]) -> vectors.Sets:
    trivial = vectors.shuffled_apart(digits.training, len(made), 0)
    return vectors.Sets(*(view(part) for part in (digits.training, digits.held, made, trivial, digits.training[600:])))


def named(figures: list[Figure]) -> dict[str, float]:
    return {one.name: one.value for one in figures if one.value is not None}


def test_planted_copies_move_originality_in_order(digits: Digits) -> None:
    found: list[dict[str, float]] = []
    for share in (0.0, 0.1, 0.5):
        made = digits.new.copy()
        count = round(share * len(made))
        made[:count] = digits.training[:count] + 0.02 * np.random.default_rng(1).normal(size=(count, 1, 8, 8))
        figures, curves, rows = vectors.originality(sets(digits, made, described), 0)
        found.append(named(figures))
        assert rows[:count].tolist() == list(range(count))
        assert [len(one.series) for one in curves] == [3]
    for name in ("authpct", "c_t"):
        assert found[0][name] > found[1][name] > found[2][name], name
    assert found[2]["c_t"] < -3 < found[0]["c_t"]
    assert found[0]["nearest_ratio"] > found[2]["nearest_ratio"]
    assert found[0]["nearest_ratio"] == pytest.approx(1.0, abs=0.1)


def test_added_noise_moves_realism_in_order(digits: Digits, encoder: Encoder) -> None:
    found: list[dict[str, float]] = []
    for sigma in (0.0, 0.3, 0.8):
        noise = sigma * np.random.default_rng(2).normal(size=digits.new.shape)
        made = (digits.new + noise).astype(np.float32)
        figures = vectors.realism(sets(digits, made, encoder.features), 0)
        found.append(named(figures))
        for one in figures:
            assert one.interval is not None
            assert one.interval[0] <= (one.value or 0) <= one.interval[1]
            assert one.floor is not None
            assert one.baseline is not None
    for name in ("kid", "mmd", "frechet"):
        assert found[0][name] < found[1][name] < found[2][name], name
    assert found[0]["precision"] > found[1]["precision"] > found[2]["precision"]
    assert abs(found[0]["kid"]) < 0.1 * found[2]["kid"]


def test_dropped_modes_move_diversity_in_order(digits: Digits, encoder: Encoder) -> None:
    found: list[dict[str, float]] = []
    entropies: list[float] = []
    for classes in (10, 4, 1):
        made = digits.new[digits.new_labels < classes]
        view = sets(digits, made, encoder.features)
        found.append(named([*vectors.diversity(view, 0), *vectors.realism(view, 0)]))
        told = encoder.probabilities(made).argmax(1).astype(np.int64)
        entropies.append(class_entropy(told, 10).value)
    for name in ("vendi_ratio", "coverage", "recall"):
        assert found[0][name] > found[1][name] > found[2][name], name
    assert entropies[0] > 0.95
    assert entropies[0] > entropies[1] > entropies[2]


def test_the_encoder_is_the_same_each_time_and_is_kept(digits: Digits, encoder: Encoder, tmp_path: Path) -> None:
    again = fit(digits, tmp_path)
    assert again.sha256 == encoder.sha256
    (kept,) = tmp_path.glob("*.safetensors")
    before = kept.stat().st_mtime_ns
    assert fit(digits, tmp_path).sha256 == encoder.sha256
    assert kept.stat().st_mtime_ns == before
    right = encoder.probabilities(digits.new).argmax(1) == digits.new_labels
    assert right.mean() > 0.9


def test_the_training_of_an_encoder_can_be_stopped(digits: Digits, tmp_path: Path) -> None:
    def tell(message: str, fraction: float | None = None) -> None:
        if fraction:
            raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        trained(digits.training, None, 0, tmp_path, tell)
    assert list(tmp_path.iterdir()) == []


class Patients:
    """442 patients in three parts, as values."""

    def __init__(self, folder: Path) -> None:
        frame = load_diabetes(as_frame=True, scaled=False).frame
        frame["sex"] = frame["sex"].map({1.0: "male", 2.0: "female"})
        path = folder / "patients.csv"
        frame.sample(frac=1, random_state=0).to_csv(path, index=False)
        view, encoded = TableModality().fit(path, TableData())
        assert isinstance(view, TableRepresentation)
        self.view = view
        self.training, self.held, self.new = np.split(view.decode(encoded.data), [160, 300])


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Patients:
    return Patients(tmp_path_factory.mktemp("patients"))


def test_shuffled_columns_move_the_two_sample_test_quality_and_use(patients: Patients) -> None:
    shuffled = vectors.shuffled_apart(patients.new, len(patients.new), 3)
    columns = patients.view.learned
    half = patients.new.copy()
    half[::2] = shuffled[::2]
    aucs = [
        two_sample(columns, patients.held, part, patients.training, shuffled, 0).value
        for part in (patients.new, half, shuffled)
    ]
    assert aucs[0] is not None
    assert aucs[1] is not None
    assert aucs[2] is not None
    assert aucs[0] < aucs[2]
    assert aucs[2] > 0.6
    good, bad = (
        quality(columns, patients.training, patients.held, part, shuffled, 0) for part in (patients.new, shuffled)
    )
    assert good.value is not None
    assert bad.value is not None
    assert good.value > bad.value
    uses = [
        utility(patients.view, patients.training, patients.held, patients.new, trivial, 0)[0]
        for trivial in (vectors.shuffled_apart(patients.new, len(patients.new), seed) for seed in range(3))
    ]
    assert uses[0].value is not None
    assert uses[0].value > 0.3
    assert np.mean([use.baseline for use in uses if use.baseline is not None]) < 0.1


def test_copied_rows_are_found_in_order_and_quality_alone_would_praise_them(patients: Patients) -> None:
    found: list[dict[str, float]] = []
    for share in (0.0, 0.1, 0.5):
        made = patients.new.copy()
        count = round(share * len(made))
        made[:count] = patients.training[:count]
        parts = (patients.training, patients.held, made, patients.new, patients.training)
        views = vectors.Sets(*(np.nan_to_num(patients.view.condition(part)[0]).astype(np.float64) for part in parts))
        figures = copied(views, patients.training, patients.held, made, patients.new, 0)
        found.append(named(figures))
        assert found[-1]["exact_copies"] == pytest.approx(share, abs=0.01)
    assert found[0]["nearer_to_training"] < found[1]["nearer_to_training"] < found[2]["nearer_to_training"]
    copy = quality(patients.view.learned, patients.training, patients.held, patients.training, patients.new, 0)
    assert copy.value == pytest.approx(1.0)
