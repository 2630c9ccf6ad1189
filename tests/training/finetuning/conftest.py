"""A network with an adapter that says something, and its tokenizer, read once."""

from pathlib import Path
from typing import Any

import pytest

CACHED = Path(__file__).parents[3] / ".cache" / "tests" / "short-tokenizer"


@pytest.fixture(scope="session")
def tokenizer(short_language_model: Path) -> Any:
    pytest.importorskip("peft")
    from castalia.training.finetuning.rendering import tokenizer_of

    return tokenizer_of(short_language_model, CACHED)


@pytest.fixture(scope="session")
def tokenizer_folder(tokenizer: Any) -> Path:
    """Where it lies as files."""
    assert tokenizer is not None
    return CACHED
