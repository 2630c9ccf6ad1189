"""EleutherAI's lm-evaluation-harness against our server: a script of ours runs it on a local task."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.server.conftest import Running

SCRIPT = Path(__file__).parents[2] / "scripts" / "harness.py"
PYTHON = os.environ.get("CASTALIA_HARNESS_PYTHON", sys.executable)
"""An interpreter with lm_eval; by default this one."""
HERE = importlib.util.find_spec("lm_eval") is not None or "CASTALIA_HARNESS_PYTHON" in os.environ


@pytest.mark.skipif(not HERE, reason="lm_eval is not installed: pip install 'lm_eval[api]'")
def test_the_harness_measures_a_model_over_our_api(running: Running, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("harness", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    harness = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(harness)
    key = running.headers["Authorization"].removeprefix("Bearer ")
    found = harness.run(PYTHON, running.url, "talker", key, 3, tmp_path)
    assert 0.0 <= found["exact_match,none"] <= 1.0
    assert len(running.house.history.newest()) == 3
