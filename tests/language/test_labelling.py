"""Probabilities of labels: what raises them, that none may fit, and pieces of long texts."""

import numpy as np
import pytest

from castalia.core.contracts import Array
from castalia.language.labelling import BOTH, LIKELIHOOD, Fit, Label, meaning_of, probabilities


def words(texts: list[str]) -> Array:
    """Unit vectors that hold which of four words a text has."""
    rows = np.array([[1e-3 + (word in text.lower()) for word in ("cat", "dog", "fish", "bird")] for text in texts])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_probabilities_follow_the_evidence_and_sum_to_one() -> None:
    found = probabilities(["a", "b"], Fit(likelihood=[1.0, 0.0]))
    assert found["a"] == pytest.approx(1 / (1 + np.exp(-LIKELIHOOD.likelihood)))
    assert sum(found.values()) == pytest.approx(1)
    mixed = probabilities(["a", "b"], Fit(likelihood=[1.0, 0.0], meaning=[0.0, 1.0]))
    assert mixed["b"] > mixed["a"]  # a tenth of cosine says more than a nat
    assert mixed["a"] == pytest.approx(1 / (1 + np.exp(BOTH.meaning - BOTH.likelihood)))


def test_none_wins_when_no_label_is_near() -> None:
    far = probabilities(["a", "b"], Fit(meaning=[0.2, 0.1]), "none")
    assert max(far, key=lambda name: far[name]) == "none"
    near = probabilities(["a", "b"], Fit(meaning=[4.0, 0.1]), "none")
    assert max(near, key=lambda name: near[name]) == "a"
    assert "none" not in probabilities(["a", "b"], Fit(meaning=[0.2, 0.1]))


def test_descriptions_and_examples_bring_a_text_nearer_to_a_label() -> None:
    plain, _ = meaning_of("my dog barks", [Label("cat"), Label("pet")], "animal", words)
    told, _ = meaning_of("my dog barks", [Label("cat"), Label("pet", "a dog or so")], "animal", words)
    assert told[1] > plain[1]
    assert told[0] == plain[0]
    labels = [Label("cat", examples=("the cat", "a cat")), Label("pet", examples=("a dog", "a fish", "the dog"))]
    _, near = meaning_of("my dog barks", labels, "animal", words)
    assert near is not None
    assert near[1] > near[0]
    assert meaning_of("my dog barks", [labels[0], Label("pet")], "animal", words)[1] is None


def test_all_of_a_long_text_counts() -> None:
    text = "\n\n".join(["The cat sleeps here all day long, and nothing else happens at all. " * 8, "dog " * 90])
    meaning, _ = meaning_of(text, [Label("cat"), Label("dog"), Label("fish")], "animal", words)
    assert min(meaning[0], meaning[1]) > meaning[2] + 1
