"""Checks of tables move with planted faults and leave good tables alone."""

import io
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from castalia.core.content import Part
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import Measure, Verdict
from castalia.judging.context import CheckContext
from castalia.judging.instant.table import check
from castalia.modalities.table.modality import TableModality
from castalia.modalities.table.options import TableData, TableOptions

Judge = Callable[..., dict[str, Measure]]


def customers(count: int, seed: int) -> pd.DataFrame:
    """Customers whose income follows age and schooling."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, count)
    school = rng.choice(["none", "school", "college"], count, p=[0.2, 0.5, 0.3])
    base = pd.Series(school).map({"none": 18_000, "school": 30_000, "college": 52_000}).to_numpy()
    income = np.rint(base * (0.6 + age / 60) * rng.lognormal(0, 0.15, count))
    joined = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1400, count), unit="D")
    height = np.round(rng.normal(170, 9, count), 1).astype(object)
    height[rng.random(count) < 0.1] = ""
    return pd.DataFrame(
        {
            "age": age,
            "school": school,
            "income": income.astype(int),
            "joined": joined.strftime("%Y-%m-%d"),
            "height": height,
            "active": np.where(rng.random(count) < age / 100, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def training() -> pd.DataFrame:
    return customers(2000, 0)


@pytest.fixture(scope="module")
def model(training: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """What the checks need of an artifact, without a trained network."""
    folder = tmp_path_factory.mktemp("model")
    training.to_csv(folder / "t.csv", index=False)
    representation, encoded = TableModality().fit(folder / "t.csv", TableData())
    (folder / "config.json").write_text(
        json.dumps({"modality": "table", "representation": representation.config()}), encoding="utf-8"
    )
    prints = TableModality().fingerprints(representation, encoded.data)
    save_file(
        {name: np.ascontiguousarray(array) for name, array in prints.items()}, folder / "fingerprints.safetensors"
    )
    return Model(name="customers", format="castalia", engines=["native"], outputs=["table"], folder=folder)


@pytest.fixture
def judge(model: Model) -> Judge:
    def judged(data: pd.DataFrame | bytes, known: bool = True, **options: object) -> dict[str, Measure]:
        if isinstance(data, pd.DataFrame):
            options.setdefault("rows", len(data))
            data = data.to_csv(index=False).encode()
        request = Request.of_text("x", options=TableOptions.model_validate(options).model_dump())
        found = check(Part(type="table", data=data), CheckContext(request, model if known else None))
        assert len({measure.name for measure in found}) == len(found)
        return {measure.name: measure for measure in found}

    return judged


def flagged(found: dict[str, Measure]) -> set[str]:
    return {name for name, measure in found.items() if measure.status != "pass"}


@pytest.mark.parametrize("count", [40, 100, 1000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fresh_rows_of_the_same_source_pass(judge: Judge, count: int, seed: int) -> None:
    found = judge(customers(count, seed))
    assert flagged(found) <= {"ranges"}  # a fresh extreme may lie beyond the training table's
    assert {"types", "ranges", "column_shapes", "copies", "near_copies", "far_rows", "missing"} <= found.keys()


def test_copies_move_in_order(judge: Judge, training: pd.DataFrame) -> None:
    fresh = customers(200, 5)
    scores = []
    for share in (0.0, 0.1, 0.5):
        copied = int(200 * share)
        scores.append(judge(pd.concat([training[:copied], fresh[copied:]])))
    assert [found["copies"].value for found in scores] == [0, 0.1, 0.5]
    near = [found["near_copies"].value or 0 for found in scores]
    assert near == sorted(near)
    assert near[2] > near[0] + 0.3
    assert "copies" not in flagged(scores[0])
    assert "copies" in flagged(scores[1])
    assert {"copies", "near_copies"} <= flagged(scores[2])
    assert Verdict.of(list(scores[2].values())).status == "flag"


def test_copies_with_a_little_noise_are_near(judge: Judge, training: pd.DataFrame) -> None:
    noisy = training[:200].copy()
    noisy["income"] += 1
    found = judge(noisy)
    assert found["copies"].value == 0
    assert flagged(found) == {"near_copies"}


def test_shuffled_columns_do_not_belong_together(judge: Judge) -> None:
    shuffled = customers(400, 4)
    rng = np.random.default_rng(0)
    for name in ("school", "active"):
        shuffled[name] = rng.permutation(shuffled[name].to_numpy())
    shuffled["age"] = shuffled["age"].to_numpy()[np.argsort(-shuffled["income"].to_numpy()).argsort()]
    shuffled["age"] = np.sort(shuffled["age"])[np.argsort(np.argsort(-shuffled["income"]))]
    found = judge(shuffled)
    assert (found["far_rows"].value or 0) > (judge(customers(400, 4))["far_rows"].value or 0) + 0.1


def test_a_collapsed_model_repeats_itself(judge: Judge) -> None:
    assert {"repeated_rows", "column_shapes"} <= flagged(judge(pd.concat([customers(10, 4)] * 20)))


def test_wrong_types_ranges_and_gaps(judge: Judge) -> None:
    wrong = customers(100, 6).astype(object)
    wrong.loc[3:5, "income"] = "a lot"
    found = judge(wrong)
    assert flagged(found) == {"types"}
    assert "'a lot' in 'income' (integer)" in found["types"].note
    assert found["types"].value == pytest.approx(3 / 600)

    outside = customers(100, 6)
    outside.loc[7, "age"] = 207
    found = judge(outside)
    assert flagged(found) == {"ranges"}
    assert "age" in found["ranges"].note

    gaps = customers(100, 6).astype(object)
    gaps.loc[:60, "school"] = ""
    assert "missing" in flagged(judge(gaps))

    swapped = customers(100, 6).rename(columns={"age": "income", "income": "age"})
    assert {"columns", "ranges"} <= flagged(judge(swapped))


def test_conditions_are_verified(judge: Judge) -> None:
    rows = customers(200, 7)
    college = rows[rows["school"] == "college"]
    assert flagged(judge(college, where=["school=college"])) == set()
    found = judge(pd.concat([college, rows[rows["school"] == "none"][:3]]), where=["school=college"])
    assert flagged(found) == {"conditions"}
    assert found["conditions"].value == pytest.approx(3 / (len(college) + 3), abs=1e-3)


def test_count_and_columns(judge: Judge) -> None:
    assert flagged(judge(customers(50, 1), rows=60)) == {"rows"}
    assert "columns" in flagged(judge(customers(50, 1).drop(columns="age")))
    assert "columns" in flagged(judge(customers(50, 1).assign(extra=1)))


def test_broken_files(judge: Judge) -> None:
    assert judge(b"")["readable"].status == "block"
    assert judge(b"\x00\x01\x02")["readable"].status == "block"
    lines = customers(50, 1).to_csv(index=False).encode() + b"1,2\n"
    assert flagged(judge(lines, rows=50)) == {"whole_lines"}
    header = customers(50, 1)[:0].to_csv(index=False).encode()
    assert judge(header)["rows"].status == "block"


def test_parquet_is_read_by_type(judge: Judge) -> None:
    frame = customers(100, 2)
    frame["joined"] = pd.to_datetime(frame["joined"])
    frame["height"] = pd.to_numeric(frame["height"])
    sink = io.BytesIO()
    frame.to_parquet(sink)
    assert flagged(judge(sink.getvalue(), rows=100)) == set()


def test_tables_of_unknown_origin_get_the_checks_that_need_no_original(judge: Judge) -> None:
    good = judge(b"name,born\nAda,1815\nGrace,1906\n", known=False)
    assert good.keys() == {"readable", "whole_lines", "rows", "empty_cells", "repeated_rows"}
    assert flagged(good) == set()
    assert flagged(judge(b"a,b\n1,2\n1,2\n1,2\n1,2\n", known=False)) == {"repeated_rows"}
    assert flagged(judge(b"a,b\n1,\n2,\n,\n", known=False)) == {"empty_cells"}
    assert flagged(judge(b"a,b\n1,2\n", known=False, rows=5)) == {"rows"}
