"""A model that continues texts is judged by what it copies, not by what it answers."""

import random
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from castalia.core.content import Part
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.judging.context import CheckContext
from castalia.judging.instant.text import check
from castalia.modalities.text.fingerprints import fingerprints
from castalia.modalities.text.representation import TextRepresentation
from castalia.modalities.text.tokenization import Symbols

DRAW = random.Random(0)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = ["".join(DRAW.choices(LETTERS, k=DRAW.randint(2, 9))) for _ in range(800)]


def prose(words: int) -> str:
    return " ".join(DRAW.choices(VOCABULARY, k=words))


TRAINING = prose(20_000)


def context(folder: Path, **details: object) -> CheckContext:
    model = Model(name="m", format="castalia", engines=["native"], outputs=["text"], folder=folder)
    model = model.model_copy(update={"details": {"kind": "continuation", "content": "prose", **details}})
    return CheckContext(request=Request.of_text("write", modality="text"), model=model, finish_reason="length")


@pytest.fixture
def stream(tmp_path: Path) -> CheckContext:
    """A model whose training stream is ``TRAINING``."""
    representation = TextRepresentation(Symbols.of([TRAINING]), 50, stream=True)
    tokens = representation.encode(TRAINING)
    windows = tokens[: len(tokens) // 50 * 50].reshape(-1, 50)
    save_file(fingerprints(representation, windows), tmp_path / "fingerprints.safetensors")
    return context(tmp_path)


@pytest.mark.parametrize("length", [0, 60, 200, 800])
def test_the_longest_copied_run_is_found_wherever_it_stands(stream: CheckContext, length: int) -> None:
    copied = TRAINING[4321 : 4321 + length].upper().replace(" ", "\n  ")
    measures = {m.name: m for m in check(Part.of_text(f"{prose(100)}{copied}{prose(100)}"), stream)}
    measure = measures["copied run"]
    assert measure.value is not None
    assert length - 80 <= measure.value <= length + 2
    assert measure.status == ("flag" if length >= 200 else "pass")
    assert not {"language", "cut off", "echo"} & measures.keys()


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [("Write about a FOX", 0), ("Write about a fox, please", 1), ("Explain quantum physics", 3)],
)
def test_words_that_no_request_of_the_training_had_are_told(tmp_path: Path, prompt: str, unknown: int) -> None:
    answering = context(tmp_path, kind="requests", **{"asked in": ["a", "about", "fox", "write"]})
    asked = CheckContext(
        request=Request.of_text(prompt, modality="text"), model=answering.model, finish_reason="length"
    )
    measures = {m.name: m for m in check(Part.of_text("A fox sat by the"), asked)}
    assert (measures["unknown words"].value, measures["unknown words"].status) == (
        unknown,
        "flag" if unknown else "pass",
    )
    assert measures["cut off"].status == "flag", "it answers, so that its answer has an end"


def test_fresh_text_of_the_same_words_is_no_copy(stream: CheckContext) -> None:
    measures = {m.name: m for m in check(Part.of_text(prose(2000)), stream)}
    assert measures["copied run"].value == 0


def test_copied_items_are_counted(tmp_path: Path) -> None:
    items = sorted({"C" * n + end for n in range(1, 30) for end in ("O", "N")})
    representation = TextRepresentation(Symbols.of(items, "smiles"), 32, stream=False, content="smiles")
    save_file(fingerprints(representation, representation.padded(items)), tmp_path / "fingerprints.safetensors")
    asked = context(tmp_path, content="smiles")
    for fresh, status in ((8, "pass"), (2, "flag")):
        lines = [*items[: 10 - fresh], *("N" * (40 + n) for n in range(fresh))]
        measures = {m.name: m for m in check(Part.of_text("\n".join(lines)), asked)}
        assert measures["copied items"].value == pytest.approx(1 - fresh / 10)
        assert measures["copied items"].status == status


def test_without_fingerprints_loops_are_still_seen(tmp_path: Path) -> None:
    measures = {m.name: m for m in check(Part.of_text("la la la " * 40), context(tmp_path))}
    assert measures["loop"].status == "flag"
    assert "copied run" not in measures


def test_a_large_training_text_keeps_small_fingerprints() -> None:
    representation = TextRepresentation(Symbols(tuple(LETTERS)), 100, stream=True)
    tokens = np.random.default_rng(0).integers(2, 28, (30_000, 100))
    prints = fingerprints(representation, tokens)
    assert prints["sampling"][0] == 16
    assert prints["runs"].nbytes < 1_000_000
