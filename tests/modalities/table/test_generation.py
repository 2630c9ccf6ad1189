"""From a request to a finished table, with training rows in the place of a trained model."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from castalia.core.contracts import Encoded, Sample, Sampler
from castalia.core.errors import BadRequest
from castalia.core.events import Progress
from castalia.core.requests import Request
from castalia.modalities.table.modality import TableModality
from castalia.modalities.table.options import TableData, TableOptions
from castalia.modalities.table.prompts import read_number, read_order
from castalia.modalities.table.representation import TableRepresentation
from castalia.modalities.table.wishes import read_wish

Bootstrap = Callable[[TableRepresentation, Encoded], Sampler]
Make = Callable[..., Sample]


@pytest.fixture
def shop_view(shop: Path) -> TableRepresentation:
    return TableModality().fit(shop, TableData())[0]


@pytest.fixture
def make(shop: Path, bootstrap: Bootstrap) -> Make:
    """Makes a table like the shop's orders for a prompt and options."""
    representation, encoded = TableModality().fit(shop, TableData())
    sampler = bootstrap(representation, encoded)

    def made(prompt: str = "rows", seed: int = 1, **options: object) -> Sample:
        request = Request.of_text(prompt, seed=seed, options=TableOptions.model_validate(options).model_dump())
        pieces = list(TableModality().generate(representation, sampler, request))
        assert all(isinstance(piece, Progress) for piece in pieces[:-1])
        assert isinstance(pieces[-1], Sample)
        return pieces[-1]

    return made


def frame(sample: Sample) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(sample.data), keep_default_na=False, na_values=[""])


def test_a_table_like_the_original(make: Make, shop: Path) -> None:
    sample = make(rows=300)
    table, original = frame(sample), pd.read_csv(shop, keep_default_na=False, na_values=[""])
    assert sample.media_type == "text/csv"
    assert len(table) == sample.info["rows"] == 300
    assert list(table) == sample.info["columns"] == [name for name in original if name != "remark"]
    assert set(table["member"]) == {"yes", "no"}
    assert set(table["city"]) <= {"Rome", "Oslo", "São Paulo", "?"}
    assert set(table["currency"]) == {"EUR"}
    assert table["order_no"].tolist()[:2] == ["A-00401", "A-00402"]
    assert table["token"].is_unique
    assert not set(table["token"]) & set(original["token"])
    assert table["age"].isna().mean() == pytest.approx(0.1, abs=0.06)
    assert pd.to_datetime(table["since"], format="%d.%m.%Y").notna().all()
    assert sample.data.decode().splitlines()[1].count(",") == 7


def test_same_seed_same_table(make: Make) -> None:
    assert make(rows=50, seed=7).data == make(rows=50, seed=7).data
    assert make(rows=50, seed=7).data != make(rows=50, seed=8).data


def test_many_rows_come_in_pieces_with_progress(shop: Path, bootstrap: Bootstrap) -> None:
    representation, encoded = TableModality().fit(shop, TableData())
    request = Request.of_text("x", seed=1, options=TableOptions(rows=10_000).model_dump())
    pieces = list(TableModality().generate(representation, bootstrap(representation, encoded), request))
    fractions = [piece.fraction for piece in pieces if isinstance(piece, Progress)]
    assert fractions == sorted(fractions)  # pyright: ignore[reportArgumentType]
    assert len(fractions) >= 3
    assert isinstance(pieces[-1], Sample)
    assert frame(pieces[-1])["order_no"].is_unique


def test_parquet_is_typed(make: Make) -> None:
    sample = make(rows=60, format="parquet")
    table = pd.read_parquet(io.BytesIO(sample.data))
    assert sample.media_type == "application/vnd.apache.parquet"
    assert len(table) == 60
    assert pd.api.types.is_float_dtype(table["spent"])
    assert pd.api.types.is_datetime64_any_dtype(table["since"])
    assert table["age"].dropna().between(18, 90).all()


def test_parquet_in_parquet_out(tmp_path: Path, bootstrap: Bootstrap) -> None:
    rng = np.random.default_rng(0)
    original = pd.DataFrame(
        {
            "n": rng.integers(0, 900, 200).astype("int16"),
            "x": rng.normal(size=200).astype("float32"),
            "b": rng.random(200) < 0.3,
            "t": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 9_000_000, 200), unit="s"),
            "c": rng.choice(["u", "v"], 200),
        }
    )
    original.to_parquet(tmp_path / "t.parquet")
    representation, encoded = TableModality().fit(tmp_path / "t.parquet", TableData())
    assert [column.kind for column in representation.columns] == [
        "integer",
        "number",
        "boolean",
        "datetime",
        "category",
    ]
    request = Request.of_text("x", seed=1, options=TableOptions(rows=80, format="parquet").model_dump())
    *_, sample = TableModality().generate(representation, bootstrap(representation, encoded), request)
    assert isinstance(sample, Sample)
    made = pd.read_parquet(io.BytesIO(sample.data))
    assert made.dtypes["n"] == "int16"
    assert made.dtypes["x"] == "float32"
    assert made.dtypes["b"] == "bool"
    assert str(made.dtypes["t"]).startswith("datetime64")
    assert set(made["n"]) <= set(range(900))


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        (["member=yes"], lambda table: (table["member"] == "yes").all()),
        (["city = são paulo"], lambda table: (table["city"] == "São Paulo").all()),
        (["city in Rome, Oslo"], lambda table: table["city"].isin(["Rome", "Oslo"]).all()),
        (["city != Rome"], lambda table: (table["city"] != "Rome").all()),
        (["city=?"], lambda table: (table["city"] == "?").all()),
        (["age>=80"], lambda table: (table["age"] >= 80).all()),
        (["age<30", "member=yes"], lambda table: ((table["age"] < 30) & (table["member"] == "yes")).all()),
        (["age=40"], lambda table: (table["age"] == 40).all()),
        (["spent=0"], lambda table: (table["spent"] == 0).all()),
        (["spent>0"], lambda table: (table["spent"] > 0).all()),
        (
            ["since>=2024-06-01"],
            lambda table: (pd.to_datetime(table["since"], format="%d.%m.%Y") >= "2024-06-01").all(),
        ),
        (["since<01.02.2023"], lambda table: table["since"].str.endswith("01.2023").all()),
    ],
)
def test_conditions_are_met(make: Make, where: list[str], holds: Callable[[pd.DataFrame], bool]) -> None:
    sample = make(rows=40, where=where)
    assert len(frame(sample)) == 40
    assert holds(frame(sample))
    assert sample.info["where"] == where
    assert sample.info["set"] == 0


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("colour=red", "starts with no column.*It has: age, member, city"),
        ("member=maybe", "no value 'maybe'.*It knows: .*yes"),
        ("age>200", "No row can meet.*18 to 89"),
        ("age=40.5", "No row can meet"),
        ("age", "no operator"),
        ("age>", "names no value"),
        ("city<Rome", "has no order"),
        ("age=old", "no value 'old'.*18 to 89"),
        ("since>yesterday", "no value 'yesterday'"),
    ],
)
def test_impossible_conditions_name_what_exists(make: Make, condition: str, said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        make(where=[condition])
    text = f"{caught.value.message} {caught.value.hint}"
    assert re.search(said, text), text


def test_conditions_that_exclude_each_other(make: Make) -> None:
    with pytest.raises(BadRequest, match="'age' meets age>50 and age<40"):
        make(where=["age>50", "age<40"])


def test_a_model_that_cannot_do_it_says_so(shop: Path) -> None:
    representation, encoded = TableModality().fit(shop, TableData())
    values = representation.decode(encoded.data)
    members = values[:, [column.name for column in representation.learned].index("member")] == 0

    def deaf(count: int, conditions: object, known: object, seed: int) -> np.ndarray:
        return encoded.data[members][np.random.default_rng(seed).integers(0, members.sum(), count)]

    label = representation.learned[1].labels[1]
    request = Request.of_text("x", seed=1, options=TableOptions(rows=50, where=[f"member={label}"]).model_dump())
    with pytest.raises(BadRequest, match="hardly ever makes rows with member="):
        list(TableModality().generate(representation, deaf, request))


@pytest.mark.parametrize(
    ("prompt", "rows", "where"),
    [
        ("make 250 rows", 250, []),
        ("a synthetic dataset please", 100, []),
        ("two hundred and fifty orders", 250, []),
        ("a thousand rows", 1000, []),
        ("2k customers", 2000, []),
        ("1,500 records", 1500, []),
        ("a dozen examples", 12, []),
        ("500 customers where member is yes", 500, ["member is yes"]),
        ("20 orders where age is at least 60 and city in Rome, Oslo", 20, ["age is at least 60", "city in Rome, Oslo"]),
        ("orders of people with age over 60", 100, ["age over 60"]),
        ("a table with 50 rows that look real", 50, []),
        ("a table with age and city columns", 100, []),
        ("30 Oslo orders", 30, ["city=Oslo"]),
        ("customers older than 30", 100, []),
    ],
)
def test_prompts(shop_view: TableRepresentation, prompt: str, rows: int, where: list[str]) -> None:
    order = read_order(prompt, TableOptions(), shop_view.learned)
    assert (order.rows, [wish.text for wish in order.wishes]) == (rows, where)


def test_options_win_over_the_prompt(shop_view: TableRepresentation) -> None:
    options = TableOptions(rows=7, where=["age<50"])
    order = read_order("90 rows where age > 60 and city is Rome", options, shop_view.learned)
    assert order.rows == 7
    assert [wish.text for wish in order.wishes] == ["age<50", "city is Rome"]


def test_a_clause_after_where_must_be_understood(shop_view: TableRepresentation) -> None:
    with pytest.raises(BadRequest, match="'colour is red'"):
        read_order("50 rows where colour is red", TableOptions(), shop_view.learned)
    with pytest.raises(BadRequest, match="no value 'Atlantis'"):
        read_order("50 rows with city = Atlantis", TableOptions(), shop_view.learned)


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("1,000", 1000), ("2.5k", 2500), ("three million", 3_000_000), ("ninety-nine", 99), ("many", None)],
)
def test_numbers_in_words(text: str, number: int | None) -> None:
    assert read_number(text) == number


def test_wishes_hold_for_numbers_near_enough(shop_view: TableRepresentation) -> None:
    wish = read_wish("spent <= 20.50", shop_view.learned)
    column = shop_view.learned[wish.place]
    values = np.asarray([0, 20.5, 20.51, np.nan, 20.500000001])
    assert wish.holds(values, column).tolist() == [True, True, False, False, True]


def test_preview_is_markdown(shop: Path) -> None:
    representation, encoded = TableModality().fit(shop, TableData())
    sample = TableModality().preview(representation, encoded.data[:5])
    lines = sample.data.decode().splitlines()
    assert sample.media_type == "text/markdown"
    assert len(lines) == 7
    assert lines[0].startswith("| order_no | token | age |")
