"""Rows as vectors and back."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from castalia.modalities.table.modality import TableModality
from castalia.modalities.table.options import TableData
from castalia.modalities.table.reading import read_table
from castalia.modalities.table.representation import TableRepresentation
from castalia.modalities.table.transforms import Quantiles, fit_quantiles


def same(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return (left == right) | (np.isnan(left) & np.isnan(right))


def is_fine(coding: Quantiles) -> bool:
    """Whether the values are computed floats, or lie closer than float32 can tell apart."""
    return not coding.step or (coding.high - coding.low) / coding.step > 1e6


def test_real_tables_survive_the_round_trip(real_table: Path) -> None:
    representation, encoded = TableModality().fit(real_table, TableData())
    table = read_table(real_table.read_bytes(), real_table.name)
    values = representation.parse(table)
    back = representation.decode(encoded.data)
    for place, column in enumerate(representation.learned):
        coding = column.coding
        if isinstance(coding, Quantiles) and is_fine(coding):
            span = coding.high - coding.low
            assert np.abs(back[:, place] - values[:, place]).max() < 1e-4 * span
        else:
            assert same(values[:, place], back[:, place]).all(), column.name
    cells = representation.cells(back)
    assert [column.name for column in representation.written] == table.names
    for place, column in enumerate(representation.columns):
        if not isinstance(column.coding, Quantiles) or not is_fine(column.coding):
            assert (cells[place] == table.columns[place]).all(), column.name


def test_census_data_survive_the_round_trip(adult: Path) -> None:
    representation, encoded = TableModality().fit(adult, TableData())
    table = read_table(adult.read_bytes(), adult.name)
    back = representation.decode(encoded.data)
    cells = representation.cells(back)
    exact = np.mean([(mine == theirs).mean() for mine, theirs in zip(cells, table.columns, strict=True)])
    assert exact > 0.9999
    reals = [segment.start for segment in representation.layout.segments if segment.kind == "real"]
    whole = encoded.data[:, [start for start in reals if start in {reals[0], reals[1]}]]
    assert np.abs(whole.mean(axis=0)).max() < 0.02
    assert np.abs(whole.std(axis=0) - 1).max() < 0.02


def test_every_kind_of_column_survives(shop: Path) -> None:
    representation, encoded = TableModality().fit(shop, TableData())
    kinds = {column.name: column.kind for column in representation.columns}
    assert kinds == {
        "order_no": "identifier",
        "token": "identifier",
        "age": "integer",
        "member": "boolean",
        "city": "category",
        "spent": "number",
        "since": "datetime",
        "currency": "constant",
        "remark": "text",
    }
    table = read_table(shop.read_bytes(), shop.name)
    cells = representation.cells(representation.decode(encoded.data), seed=1)
    names = [column.name for column in representation.written]
    assert names == [name for name in table.names if name != "remark"]
    original = dict(zip(table.names, table.columns, strict=True))
    for name, mine in zip(names, cells, strict=True):
        if kinds[name] == "identifier":
            assert len(set(mine)) == len(mine)
            assert not set(mine) & set(original[name])
        else:
            assert (mine == original[name]).all(), name


def test_layout_and_conditions_cover_everything(shop: Path) -> None:
    representation, encoded = TableModality().fit(shop, TableData())
    segments = representation.layout.segments
    assert [segment.start for segment in segments] == [0, *(segment.stop for segment in segments[:-1])]
    assert representation.layout.shape == (segments[-1].stop,) == encoded.data.shape[1:]
    assert len({segment.name for segment in segments}) == len(segments)
    for segment in segments:
        if segment.kind == "categorical":
            assert (encoded.data[:, segment.start : segment.stop].sum(axis=1) == 1).all()
    assert encoded.conditions is not None
    assert encoded.known is not None
    assert encoded.conditions.shape == (400, representation.conditions.width)
    assert encoded.known.shape == (400, len(representation.conditions.groups))
    age = next(i for i, group in enumerate(representation.conditions.groups) if group.name == "age")
    gone = np.isnan(representation.decode(encoded.data)[:, age])
    assert (encoded.known[:, age] == ~gone).all()
    assert encoded.known[:, np.arange(encoded.known.shape[1]) != age].all()
    assert encoded.data.dtype == encoded.conditions.dtype == np.float32
    assert np.isfinite(encoded.data).all()


def test_config_is_json_and_complete(shop: Path) -> None:
    representation, encoded = TableModality().fit(shop, TableData(target="member"))
    config = json.loads(json.dumps(representation.config()))
    again = TableModality().restore(config)
    assert again.layout == representation.layout
    assert again.conditions == representation.conditions
    assert again.config() == representation.config()
    assert same(again.decode(encoded.data), representation.decode(encoded.data)).all()


def test_anything_decodes_to_valid_rows(shop: Path) -> None:
    representation, encoded = TableModality().fit(shop, TableData())
    rng = np.random.default_rng(0)
    noise = (5 * rng.standard_normal((500, *representation.layout.shape))).astype(np.float32)
    noise[0], noise[1, ::2] = np.nan, np.inf
    noise[2] = 0
    values = representation.decode(noise, seed=1)
    original = representation.decode(encoded.data)
    for place, column in enumerate(representation.learned):
        seen = original[:, place]
        mine = values[:, place]
        mine = mine[~np.isnan(mine)]
        assert mine.min() >= np.nanmin(seen)
        assert mine.max() <= np.nanmax(seen)
        read, wrong = column.parse(column.format(values[:, place]))
        assert not wrong.any()
        assert same(read, values[:, place]).all()


def test_probabilities_are_drawn_from(shop: Path) -> None:
    representation, _ = TableModality().fit(shop, TableData())
    segment = next(one for one in representation.layout.segments if one.name == "member")
    rows = np.zeros((4000, *representation.layout.shape), dtype=np.float32)
    rows[:, segment.start], rows[:, segment.start + 1] = 0.75, 0.25
    place = [column.name for column in representation.learned].index("member")
    drawn = representation.decode(rows, seed=5)[:, place]
    assert (drawn == 0).mean() == pytest.approx(0.75, abs=0.03)
    assert same(drawn, representation.decode(rows, seed=5)[:, place]).all()


@pytest.mark.parametrize("shape", ["lognormal", "ties", "spike", "mixture", "few"])
def test_scores_are_normal_and_keep_the_marginal(shape: str) -> None:
    rng = np.random.default_rng(0)
    values = {
        "lognormal": np.round(rng.lognormal(5, 2, 5000), 2),
        "ties": np.rint(rng.normal(40, 9, 5000)),
        "spike": np.where(rng.random(5000) < 0.6, 0.0, np.rint(rng.exponential(900, 5000))),
        "mixture": np.round(np.where(rng.random(5000) < 0.5, rng.normal(-50, 1, 5000), rng.normal(50, 5, 5000)), 3),
        "few": rng.normal(0, 1, 25),
    }[shape]
    coding = fit_quantiles(
        values, 0.0 if shape == "few" else {"ties": 1.0, "spike": 1.0}.get(shape, 0.001), values.min()
    )
    scores = coding.scores(values, rng)
    plain = scores[coding.state(values) == 0]
    if shape != "few":
        assert stats.kstest(plain, "norm").statistic < 0.02
    assert np.abs(coding.values(coding.state(values), scores) - values).max() <= max(
        coding.tolerance, 1e-6 * np.ptp(values)
    )
    fresh = coding.draw(5000, rng)
    assert stats.ks_2samp(fresh, values).statistic < (0.3 if shape == "few" else 0.03)
    below, upto = coding.cdf(values)
    assert ((below >= 0) & (below <= upto) & (upto <= 1 + 1e-9)).all()
    exact = (values[:50, None] > values[None, :]).mean(axis=1)
    assert np.abs(below[:50] - exact).max() < (0.05 if shape == "few" else 0.01)


def test_a_row_of_one_missing_column_is_not_known() -> None:
    values = np.asarray([1.5, np.nan] * 100 + list(np.linspace(2, 90, 100)))
    coding = fit_quantiles(values, 0.0, 1.5)
    assert coding.missing == 100
    assert coding.states == 3  # the number, the frequent 1.5, missing
    assert np.isnan(coding.values(coding.state(values), coding.scores(values, np.random.default_rng(0)))).sum() == 100
    assert TableRepresentation.name == "rows"
