"""Personal data found in sentences with known spans, by kind, and the time that a request costs.

    python benchmarks/guarding.py [--misses]

Reads `data/pii-dev.jsonl` in CASTALIA_SHARED, by default ../shared beside the repository; prints one JSON object. A
finding counts when it overlaps a span of its kind; one that overlaps a span of another kind is counted as wrong.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

from castalia.core.config import GuardSettings
from castalia.core.requests import Request
from castalia.guarding.detect import detect
from castalia.guarding.guard import Guard

KINDS = {
    "CREDIT_CARD": "card",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "PHONE_NUMBER": "phone",
    "US_SSN": "us_ssn",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true", help="print what was missed and what was wrong")
    arguments = parser.parse_args()
    shared = Path(os.environ.get("CASTALIA_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    source = shared / "data" / "pii-dev.jsonl"
    if not source.is_file():
        print(f"{source} is absent: nothing to measure", file=sys.stderr)
        return 1
    rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]

    counts = {kind: {"right": 0, "missed": 0, "wrong": 0} for kind in [*KINDS.values(), "other"]}
    for row in rows:
        spans = [(KINDS.get(span["type"]), span["start"], span["end"]) for span in row["spans"]]
        wanted = [span for span in spans if span[0] is not None]
        found = [(finding.kind, finding.start, finding.end) for finding in detect(row["text"])]
        for kind, start, end in wanted:
            hit = any(k == kind and s < end and start < e for k, s, e in found)
            counts[kind]["right" if hit else "missed"] += 1
            if arguments.misses and not hit:
                print("missed", kind, repr(row["text"][max(0, start - 30) : end + 10]), file=sys.stderr)
        for kind, start, end in found:
            if not any(k == kind and s < end and start < e for k, s, e in wanted):
                counts[kind if kind in counts else "other"]["wrong"] += 1
                if arguments.misses:
                    print("wrong", kind, repr(row["text"][max(0, start - 30) : end + 10]), file=sys.stderr)

    guard = Guard(GuardSettings(requests="redact"))
    requests = [Request.of_text(row["text"]) for row in rows]
    times: list[float] = []
    for request in requests:
        started = time.perf_counter()
        guard.inbound(request)
        times.append(1000 * (time.perf_counter() - started))
    result = {
        "command": "python benchmarks/guarding.py",
        "rows": len(rows),
        "kinds": {kind: scored(count) for kind, count in counts.items()},
        "all": scored({key: sum(count[key] for count in counts.values()) for key in ("right", "missed", "wrong")}),
        "ms_per_request": {
            "median": round(statistics.median(times), 3),
            "p95": round(sorted(times)[int(0.95 * len(times))], 3),
            "mean_characters": round(statistics.mean(len(row["text"]) for row in rows)),
        },
    }
    print(json.dumps(result, indent=2))
    return 0


def scored(count: dict[str, int]) -> dict[str, float]:
    """Precision, recall and F1 beside the counts."""
    found, wanted = count["right"] + count["wrong"], count["right"] + count["missed"]
    precision = count["right"] / found if found else 1.0
    recall = count["right"] / wanted if wanted else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {**count, "precision": round(precision, 3), "recall": round(recall, 3), "f1": round(f1, 3)}


if __name__ == "__main__":
    sys.exit(main())
