"""What a column is found to be, and that it is written as it was read."""

import numpy as np
import pytest

from castalia.modalities.table import dates, identifiers, numbers
from castalia.modalities.table.detection import Detected, detect
from castalia.modalities.table.transforms import Levels, Quantiles


def cells(texts: list[str]) -> np.ndarray:
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


def found(texts: list[str], name: str = "x", **options: object) -> Detected:
    return detect(name, cells(texts), **options)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("texts", "separator", "values"),
    [
        (["1", "-2", "30"], ",", [1, -2, 30]),
        (["1.5", "2", "3.25"], ",", [1.5, 2, 3.25]),
        (["1.50", "2.00", "0.25"], ",", [1.5, 2, 0.25]),
        (["1,5", "2,25"], ";", [1.5, 2.25]),
        (["1.234,50", "12,25"], ";", [1234.5, 12.25]),
        (["1,234", "12", "1,234,567"], ",", [1234, 12, 1234567]),
        (["1,234.5", "12.0"], ",", [1234.5, 12]),
        (["1'234", "99"], ",", [1234, 99]),
        (["$1,250.00", "$99.50"], ",", [1250, 99.5]),
        (["12 %", "7 %"], ",", [12, 7]),
        (["1e-05", "2.5e+20"], ",", [1e-5, 2.5e20]),
        (["0.038075906433423026", "-0.044641636506989144"], ",", [0.038075906433423026, -0.044641636506989144]),
    ],
)
def test_numbers_are_read_and_written_alike(texts: list[str], separator: str, values: list[float]) -> None:
    style = numbers.find_style(texts, separator)
    assert style is not None
    read = np.asarray([style.parse(text) for text in texts])
    assert read.tolist() == values
    assert style.format(read) == texts


@pytest.mark.parametrize("texts", [["00501", "01234"], ["C-001", "C-002"], ["1.2.3", "4.5.6"], ["a", "b"], []])
def test_codes_are_no_numbers(texts: list[str]) -> None:
    assert numbers.find_style(texts) is None


@pytest.mark.parametrize(
    "texts",
    [
        ["2024-01-31", "1999-12-01"],
        ["2024-01-31 23:59:59", "2024-02-01 00:00:00"],
        ["2024-01-31T23:59:59.250", "2024-02-01T00:00:00.125"],
        ["2024-01-31T23:59:59Z", "2024-02-01T00:00:01Z"],
        ["31.01.2024", "01.02.2024"],
        ["31.1.2024", "1.2.2024"],
        ["1/31/2024", "12/1/2024"],
        ["31/01/2024 08:05", "01/02/2024 17:30"],
        ["1/31/2024 8:05", "12/1/2024 17:30"],
        ["Jan 31, 2024", "Feb 01, 2024"],
        ["23:59", "08:05"],
    ],
)
def test_dates_are_read_and_written_alike(texts: list[str]) -> None:
    style, _ = dates.find_style(texts, "x")
    assert style is not None
    assert style.format_values(style.parse(texts)) == texts


def test_order_of_day_and_month_is_guessed_aloud() -> None:
    assert "day first" in dates.find_style(["01/02/2024", "03/04/2024"], "x")[1]
    assert dates.find_style(["01/02/2024", "13/04/2024"], "x")[1] == ""


def test_eight_digits_are_dates_only_by_name() -> None:
    texts = [f"202401{day:02d}" for day in range(1, 29)] * 2
    assert found(texts, "birth_date").column.kind == "datetime"
    assert found(texts, "amount").column.kind == "integer"


@pytest.mark.parametrize("pair", [["yes", "no"], ["True", "False"], ["0", "1"], ["T", "F"], ["Y", "N"], ["on", "off"]])
def test_booleans_keep_their_spelling(pair: list[str]) -> None:
    one = found(pair * 20)
    assert one.column.kind == "boolean"
    assert one.values is not None
    assert one.column.format(one.values).tolist() == pair * 20


@pytest.mark.parametrize("marker", ["", "NA", "N/A", "?", "null", "-", "NaN"])
def test_missing_markers_come_back(marker: str) -> None:
    texts = ["1.5", marker, "2.5", "7.5"] * 10
    one = found(texts)
    assert one.column.kind == "number"
    assert one.values is not None
    assert np.isnan(one.values).sum() == 10
    assert one.column.format(one.values).tolist() == texts


def test_kinds_of_numbers() -> None:
    rng = np.random.default_rng(0)
    few = found([str(one) for one in rng.integers(1, 6, 300)])
    assert isinstance(few.column.coding, Levels)
    many = found([str(one) for one in rng.integers(0, 5000, 300)], "price")
    assert isinstance(many.column.coding, Quantiles)
    salaries = found([str(500 * one) for one in rng.integers(40, 400, 300)])
    assert isinstance(salaries.column.coding, Quantiles)
    assert salaries.column.coding.step == 500
    gains = found([str(one) for one in np.where(rng.random(500) < 0.9, 0, rng.integers(1, 90_000, 500))])
    assert isinstance(gains.column.coding, Quantiles)
    assert gains.column.coding.spikes == (0.0,)


@pytest.mark.parametrize(
    ("texts", "name", "kind"),
    [
        ([str(one) for one in range(1, 101)], "whatever", "identifier"),
        ([str(one) for one in np.random.default_rng(0).permutation(10**6)[:100]], "customer_id", "identifier"),
        ([str(one) for one in np.random.default_rng(0).permutation(10**6)[:100]], "price", "integer"),
        ([f"C{one:05d}" for one in range(100)], "customer", "identifier"),
        ([f"{one:032x}"[-12:] for one in np.random.default_rng(1).integers(0, 2**48, 100)], "hash", "identifier"),
        ([f"Call {one} back, she {'x' * (one % 7)} waits" for one in range(100)], "note", "text"),
        (["same"] * 100, "x", "constant"),
        ([""] * 100, "x", "constant"),
        ([f"v{one % 7}" for one in range(100)], "x", "category"),
    ],
)
def test_other_kinds(texts: list[str], name: str, kind: str) -> None:
    one = found(texts, name)
    assert one.column.kind == kind
    assert bool(one.warnings) == (kind in {"identifier", "text", "constant"})


def test_a_kind_can_be_forced() -> None:
    texts = [f"Call {one} back, she waits" for one in range(50)]
    assert found(texts, kind="category").column.kind == "category"
    wrong = found(texts, kind="number")
    assert wrong.column.kind == "category"
    assert "cannot be read as number" in wrong.warnings[0]
    zips = [str(10_000 + one % 40) for one in range(400)]
    assert found(zips, kind="category").column.kind == "category"


def test_strays_and_mixtures_are_told() -> None:
    strays = found([*(str(one / 4) for one in range(97)), "unknown", "unknown", "n.n."])
    assert strays.column.kind == "number"
    assert "3 cells such as 'unknown'" in strays.warnings[0]
    mixed = found([*(str(one % 60) for one in range(300)), *(f"size {one % 25}" for one in range(100))])
    assert mixed.column.kind == "category"
    assert "mixes numbers with text" in mixed.warnings[-1]


def test_rare_categories_are_pooled_and_come_back() -> None:
    rng = np.random.default_rng(0)
    names = [f"town {one}" for one in np.minimum(rng.geometric(0.01, 4000), 400)]
    one = found(names)
    coding = one.column.coding
    assert isinstance(coding, Levels)
    assert (coding.kept, coding.width) == (100, 101)
    assert one.values is not None
    back = coding.values(coding.places(one.values), np.random.default_rng(1))
    pooled = one.values >= 100
    assert (back[~pooled] == one.values[~pooled]).all()
    assert len(np.unique(back[pooled])) > 50


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        ([f"A-{one:04d}" for one in range(100)], "sequence"),
        ([str(one) for one in range(5, 105)], "sequence"),
        ([f"{one * 7919 % 999:03d}-{chr(65 + one % 26)}" for one in range(100)], "mask"),
    ],
)
def test_identifiers_are_made_afresh(texts: list[str], kind: str) -> None:
    pattern = identifiers.find_pattern(texts)
    assert pattern is not None
    assert pattern.kind == kind
    made = pattern.fresh(150, 0, seed=3) + pattern.fresh(150, 150, seed=3)
    assert len(set(made)) == 300
    assert made[:150] == pattern.fresh(150, 0, seed=3)
    assert identifiers.find_pattern(made) is not None
    if kind == "sequence":
        assert not set(made) & set(texts)
