"""Families of tokens from a training file to a served model: sequences with conditions, streams, exact resume."""

import threading

import numpy as np
import pytest

from castalia.core.errors import BadRequest
from castalia.training.plan import TrainingPlan

FAMILIES = pytest.mark.parametrize("family", ["transformer", "recurrent"])
SMALL = {"width": 32, "layers": 1}


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """800 words: a consonant and a vowel in turn, two to eleven letters."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(800):
        letters = [rng.choice(list("bdkmst" if place % 2 == 0 else "aeiou")) for place in range(rng.integers(2, 12))]
        made.append("".join(letters))
    path = tmp_path_factory.mktemp("words") / "words.letters"
    path.write_text("\n".join(made))
    return path


def alternates(word):
    return all(letter in ("bdkmst" if place % 2 == 0 else "aeiou") for place, letter in enumerate(word))


def texts(events):
    return [one.data.decode() for one in events if one.event == "media"]


@FAMILIES
def test_words_are_learnt_conditioned_and_gone_on_from(plan_of, train, generate, words, card_of, family):
    plan = plan_of(source=words, modality="letters", family=family, max_steps=250, family_options=SMALL)
    done, folder, told = train(plan)
    assert done.figures["held_out_loss"] < 2.0, "a letter of 28 by chance costs 3.3 nats"
    assert done.figures["letters.size_gap"] < 2.0
    assert [one.preview_type for one in told if one.preview][-1] == "text/plain"
    assert card_of(folder)["conditions"] == ["size"]
    made = texts(generate(folder / "artifact", "letters", count=100))
    assert np.mean([alternates(word) for word in made]) > 0.8
    short, long = (texts(generate(folder / "artifact", "letters", count=50, size=size)) for size in (3, 10))
    assert np.mean([len(word) for word in short]) < np.mean([len(word) for word in long]) - 3
    begun = texts(generate(folder / "artifact", "letters", count=20, beginning="kato"))
    assert all(word.startswith("kato") for word in begun)
    assert len(set(begun)) > 10
    cold = texts(generate(folder / "artifact", "letters", count=5, temperature=0.0))
    assert len(set(cold)) == 1
    with pytest.raises(BadRequest, match=r"not allowed|Items of at most"):
        generate(folder / "artifact", "letters", count=1, beginning="kato" * 4)


@FAMILIES
def test_a_text_is_learnt_as_a_stream(plan_of, train, generate, words, family):
    options = {"data_options": {"stream": True}, "family_options": SMALL | {"batch": 16}}
    plan = plan_of(source=words, modality="letters", family=family, max_steps=200, **options)
    _, folder, _ = train(plan)
    made = texts(generate(folder / "artifact", "letters", count=2, max_tokens=200, beginning="kato "))
    assert [len(text) for text in made] == [205, 205]
    inner = [word for text in made for word in text.split(" ")[1:-1]]
    assert np.mean([alternates(word) for word in inner]) > 0.7


@FAMILIES
def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one(plan_of, train, words, family):
    plan = plan_of(source=words, modality="letters", family=family, max_steps=60, family_options=SMALL)
    _, whole, _ = train(plan, "whole")
    stop = threading.Event()
    folder = whole.with_name("halves")
    folder.mkdir()
    plan.write(folder)
    from castalia.training.runs import run_training

    def stop_halfway(event):
        if event.message.startswith("step") and 0.3 < (event.fraction or 0) < 1.0:
            stop.set()

    first = run_training(folder, stop_halfway, stop)
    assert first.event == "stopped"
    assert 0 < first.step < 60
    run_training(folder, lambda _: None, threading.Event())
    assert TrainingPlan.read(folder) == plan
    weights = [(one / "artifact" / "weights.safetensors").read_bytes() for one in (whole, folder)]
    assert weights[0] == weights[1]
