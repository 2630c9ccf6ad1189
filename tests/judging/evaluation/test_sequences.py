"""Music and trained text: planted copies, shuffled notes and words move the figures as they must."""

from dataclasses import replace
from pydoc_data.topics import topics
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from castalia.judging.evaluation import music
from castalia.judging.evaluation.figures import Evaluation
from castalia.judging.evaluation.language import trained
from castalia.judging.evaluation.language.material import pieces
from castalia.judging.evaluation.language.texts import Corpus
from castalia.modalities.music.fingerprints import line_hashes, lines
from castalia.modalities.music.piece import Part, Piece, in_order
from castalia.modalities.text.representation import TextRepresentation
from castalia.modalities.text.tokenization import Symbols

SCALE = np.array([0, 2, 4, 5, 7, 9, 11])


def values(found: Evaluation) -> dict[str, float]:
    return {one.name: one.value for one in found.figures if one.value is not None}


def melody(rng: np.random.Generator) -> Piece:
    """Two parts in C major: a walk over the scale that ends on C, and its bass."""
    places = np.clip(np.cumsum(rng.choice([-2, -1, -1, 1, 1, 2], 48)) + 14, 7, 24)
    places[-1] = 14
    upper = 36 + 12 * (places // 7) + SCALE[places % 7]
    lower = upper[::4] - 24
    rows = [[0.5 * index, 0.5, pitch, 80, 0] for index, pitch in enumerate(upper)]
    rows += [[2.0 * index, 2.0, pitch, 80, 1] for index, pitch in enumerate(lower)]
    return music.home(Piece(in_order(np.array(rows, dtype=np.float64)), (Part(), Part())))


@pytest.fixture(scope="module")
def melodies() -> list[Piece]:
    rng = np.random.default_rng(0)
    return [melody(rng) for _ in range(180)]


def prints(training: list[Piece]) -> dict[str, np.ndarray]:
    hashes = [line_hashes(line) for piece in training for line in lines(piece)]
    return {"runs": np.unique(np.concatenate(hashes))}


def test_copied_pieces_and_shuffled_notes_are_found(melodies: list[Piece]) -> None:
    training, held, new = melodies[:80], melodies[80:130], melodies[130:]
    known = prints(training)
    found: list[dict[str, float]] = []
    for share in (0.0, 0.1, 0.5):
        count = round(share * len(new))
        made = [*(piece.transposed(5) for piece in training[:count]), *new[count:]]
        found.append(values(music.measured(training, held, [music.home(piece) for piece in made], known, 0)))
    for name in ("longest_copied_run", "copied_share"):
        assert found[0][name] < found[1][name] < found[2][name], name
    assert found[0]["longest_copied_run"] < 16
    rng = np.random.default_rng(1)
    noisy = [music.home(music.shuffled(_chromatic(piece, rng), rng)) for piece in new]
    bad = values(music.measured(training, held, noisy, known, 0))
    assert bad["in_key"] < found[0]["in_key"]
    for name in ("kid", "mmd", "frechet"):
        assert bad[name] > found[0][name], name
    same = [new[0]] * len(new)
    assert values(music.measured(training, held, same, known, 0))["vendi_ratio"] < 0.3 * found[0]["vendi_ratio"]


def _chromatic(piece: Piece, rng: np.random.Generator) -> Piece:
    notes = piece.notes.copy()
    notes[:, 2] += rng.integers(-1, 2, len(notes))
    return replace(piece, notes=notes)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Real prose: the pieces of Python's own language reference, in a random order."""
    found = [piece[:600] for name in sorted(topics) for piece in pieces(topics[name])]
    order = np.random.default_rng(0).permutation(len(found))
    return [found[place] for place in order]


def test_copied_texts_and_shuffled_words_are_found(texts: list[str]) -> None:
    third = len(texts) // 3
    training, held, new = texts[:third], texts[third : 2 * third], texts[2 * third :]
    corpus = Corpus(training)
    found: list[dict[str, float]] = []
    for share in (0.0, 0.1, 0.5):
        count = round(share * len(new))
        found.append(values(trained.measured(training, held, [*training[:count], *new[count:]], 0, corpus)))
    for name in ("longest_copied_run", "copied_share"):
        assert found[0][name] < found[1][name] < found[2][name], name
    assert found[0]["copied_share"] < 0.2, "a reference repeats its phrases"
    whole = trained.measured(training, held, new, 0, corpus)
    baseline = {one.name: one.baseline for one in whole.figures}
    assert (baseline["frechet"] or 0) > found[0]["frechet"]
    looped = [" ".join(text.split()[:6] * 10) for text in new]
    bad = values(trained.measured(training, held, looped, 0, corpus))
    assert bad["repetition"] > 0.5 > found[0]["repetition"]
    assert bad["frechet"] > found[0]["frechet"]
    assert {one.name for one in trained.measured(training, held, new, 0, None).figures}.isdisjoint(
        {"longest_copied_run", "copied_share"}
    )


def test_a_model_of_requests_is_asked_those_of_the_held_out_texts() -> None:
    bench: Any = SimpleNamespace(plan=SimpleNamespace(samples=2, seed=5), tell=lambda *_: None)
    bench.ask = lambda request, seed, temperature: SimpleNamespace(text=f"{seed} answers {request}")
    held = ["Write of a fox\nA fox ran.", "Write of a hen\nA hen sat.", "Write of a cow\nA cow lay."]
    made = trained._answered(bench, held)
    assert made == ["Write of a fox\n6 answers Write of a fox", "Write of a hen\n7 answers Write of a hen"]


def test_documents_begin_where_the_model_begins_to_write() -> None:
    stories = [f"Story {number} goes on and on until it ends." for number in range(40)]
    view = TextRepresentation(Symbols.of(stories, "prose"), 16, stream=True, documents=len(stories))
    stream = view.joined(stories)
    windows = stream[: len(stream) // 16 * 16].reshape(-1, 16)
    found = trained.documents(view, windows, whole=True)
    assert found == stories[: len(found)]
    assert len(found) >= 38
    cut = trained.documents(view, windows)
    assert all(story.startswith(text) and len(text) == 16 for text, story in zip(cut, found, strict=True))
    few = TextRepresentation(view.tokenizer, 16, stream=True, documents=1)
    assert len(trained.documents(few, windows)) == len(windows)
