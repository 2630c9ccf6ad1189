"""EleutherAI's lm-evaluation-harness against our server: a script of ours runs it on a local task."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from castalia.engines.llamacpp.loading import LoadOptions, load, weights_file
from castalia.judging.evaluation.language.material import packaged

if TYPE_CHECKING:
    from tests.server.conftest import Running

    from castalia.serving.house import House

SCRIPT = Path(__file__).parents[2] / "scripts" / "harness.py"
PYTHON = os.environ.get("CASTALIA_HARNESS_PYTHON", sys.executable)
"""An interpreter with lm_eval; by default this one."""
HERE = importlib.util.find_spec("lm_eval") is not None or "CASTALIA_HARNESS_PYTHON" in os.environ


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("harness", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    harness = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(harness)
    return harness


@pytest.mark.skipif(not HERE, reason="lm_eval is not installed: pip install 'lm_eval[api]'")
def test_the_harness_measures_a_model_over_our_api(running: Running, tmp_path: Path) -> None:
    key = running.headers["Authorization"].removeprefix("Bearer ")
    found = script().run(PYTHON, running.url, "talker", key, 3, tmp_path)
    assert 0.0 <= found["exact_match,none"] <= 1.0
    assert len(running.house.history.newest()) == 3


def test_each_choice_has_one_right_answer_among_four(tmp_path: Path) -> None:
    harness = script()
    harness.write_tasks(tmp_path)
    rows = [json.loads(line) for line in (tmp_path / f"{harness.CHOICES}.jsonl").read_text().splitlines()]
    accepted = {one.text: one.answers for one in packaged().facts}
    assert len(rows) == len(accepted)
    for row in rows:
        fitting = [choice for choice in row["choices"] if choice in accepted[row["question"]]]
        assert fitting == [row["choices"][row["right"]]]
        assert len({*row["choices"]}) == 4
    assert len({row["right"] for row in rows}) > 1


def test_the_tokenizer_of_the_harness_counts_as_the_model_does(starter: House, tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    (model,) = [one for one in starter.registry.list() if one.format == "gguf"]
    words = tokenizers.Tokenizer.from_file(
        str(script().write_tokenizer(weights_file(model), tmp_path) / "tokenizer.json")
    )
    loaded = load(model, LoadOptions(threads=1, context=64, slots=1))
    for text in ("Question: How many legs has a spider?\nAnswer: 8", "naïve 你好 🎉  two  spaces 1987", "<|im_end|> x"):
        assert words.encode(text).ids == [token.number for token in loaded.desk.tokens(text)]
    loaded.desk.close()
