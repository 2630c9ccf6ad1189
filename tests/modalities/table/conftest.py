"""Tables to learn from: real ones of scikit-learn, census data where it is there, and one with every kind of column."""

import csv
import datetime
import os
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine

from castalia.core.contracts import Encoded, Sampler
from castalia.modalities.table.representation import TableRepresentation

LOADERS = {"iris": load_iris, "wine": load_wine, "diabetes": load_diabetes, "breast_cancer": load_breast_cancer}


@pytest.fixture(params=sorted(LOADERS))
def real_table(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """One of scikit-learn's tables as CSV."""
    path = tmp_path / f"{request.param}.csv"
    LOADERS[request.param](as_frame=True).frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def adult() -> Path:
    """Census data, 32,561 rows: skips where the shared data are not there."""
    shared = Path(os.environ.get("CASTALIA_SHARED", Path(__file__).parents[4] / "shared"))
    path = shared / "data" / "adult.csv"
    if not path.is_file():
        pytest.skip("the shared data are not here")
    return path


def shop_rows(count: int = 400, seed: int = 0) -> list[dict[str, str]]:
    """Orders of a shop: every kind of column, written the way that such exports are."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, str]] = []
    for index in range(count):
        age = int(rng.integers(18, 90))
        member = rng.random() < age / 100
        spent = 0.0 if rng.random() < 0.4 else float(np.round(rng.lognormal(3 + member, 1), 2))
        day = datetime.date(2023, 1, 1) + datetime.timedelta(days=int(rng.integers(0, 700)))
        rows.append(
            {
                "order_no": f"A-{index + 1:05d}",
                "token": str(uuid.UUID(bytes=rng.bytes(16), version=4)),
                "age": "" if rng.random() < 0.1 else str(age),
                "member": "yes" if member else "no",
                "city": str(rng.choice(["Rome", "Oslo", "São Paulo", "?"], p=[0.5, 0.3, 0.15, 0.05])),
                "spent": f"{spent:.2f}",
                "since": day.strftime("%d.%m.%Y"),
                "currency": "EUR",
                "remark": f"Customer said {rng.bytes(6).hex()} and {rng.bytes(4).hex()} today",
            }
        )
    return rows


def write_csv(path: Path, rows: list[dict[str, str]], separator: str = ",", encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """400 orders as CSV."""
    return write_csv(tmp_path / "shop.csv", shop_rows())


@pytest.fixture
def write() -> Callable[..., Path]:
    """Writes dictionaries as CSV: path, rows, separator, encoding."""
    return write_csv


@pytest.fixture
def bootstrap() -> Callable[[TableRepresentation, Encoded], Sampler]:
    """Makes a sampler without a model: training rows drawn at random, near to the conditions where there are any."""

    def make(representation: TableRepresentation, encoded: Encoded) -> Sampler:
        widths = [group.width for group in representation.conditions.groups]

        def sample(count: int, conditions: np.ndarray | None, known: np.ndarray | None, seed: int) -> np.ndarray:
            rng = np.random.default_rng(seed)
            if conditions is None or known is None or encoded.conditions is None:
                return encoded.data[rng.integers(0, len(encoded.data), count)]
            asked = np.repeat(known[0], widths)
            chosen = np.empty(count, dtype=np.int64)
            for place in range(count):
                rows = rng.integers(0, len(encoded.data), 400)
                gaps = (encoded.conditions[rows][:, asked] - conditions[place, asked]) ** 2
                chosen[place] = rows[gaps.sum(axis=1).argmin()]
            return encoded.data[chosen]

        return sample

    return make
