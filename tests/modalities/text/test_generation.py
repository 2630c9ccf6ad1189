"""A text goes on from what it is given, ends where it should, and comes out as text from the native engine."""

import random
import re

import numpy as np
import pytest

from castalia.core.errors import BadRequest
from castalia.core.requests import Request
from castalia.modalities.text.generation import generate
from castalia.modalities.text.options import TextOptions
from castalia.modalities.text.representation import TextRepresentation
from castalia.modalities.text.tokenization import BytePairs, Symbols
from castalia.modalities.text.wording import Order, read_order

LETTERS = "abcdefghij"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Sentences about three animals, each of which always does the same."""
    path = tmp_path_factory.mktemp("animals") / "animals.txt"
    draw = random.Random(0)
    lines = [draw.choice(["The dog digs.", "A cat climbs.", "One bee buzzes."]) for _ in range(1500)]
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def animals(source, artifact_of):
    return artifact_of(source, "text", steps=120)


def counting(representation, text):
    """A sampler that writes ``text`` over and over, whatever it is given."""
    tokens = representation.encode(text)
    calls = []

    def sample(count, conditions, known, seed, given=None):
        length = representation.length
        start = sum(call for call in calls)
        kept = 0 if given is None else int(given.mask[0].sum())
        calls.append(length - kept)
        window = np.resize(np.roll(tokens, -start), length - kept)
        return np.concatenate([np.zeros(0, np.int64) if given is None else given.data[0, :kept], window])[None]

    return sample


def written(representation, sampler, prompt, **options):
    request = Request.of_text(prompt, seed=1, options=TextOptions(**options).model_dump())
    pieces = list(generate(representation, sampler, request))
    return "".join(piece.data.decode() for piece in pieces), pieces


@pytest.mark.parametrize("most", [1, 7, 8, 9, 50])
def test_windows_join_without_gap(most):
    representation = TextRepresentation(Symbols(tuple(LETTERS)), 8, stream=True)
    text, pieces = written(representation, counting(representation, LETTERS), "abc", max_tokens=most)
    assert text == (LETTERS * 9)[:most]
    assert sum(piece.info["tokens"] for piece in pieces) == most
    assert pieces[-1].info["finish_reason"] == "length"


def test_a_stop_text_ends_it_even_across_windows():
    representation = TextRepresentation(Symbols(tuple(LETTERS)), 8, stream=True)
    for stop in ("cde", "ghija", "b"):
        text, pieces = written(representation, counting(representation, LETTERS), "abc", stop=[stop])
        assert text == (LETTERS * 9).split(stop)[0]
        assert pieces[-1].info["finish_reason"] == "stop"


def test_a_document_ends_at_its_border():
    representation = TextRepresentation(Symbols(tuple(LETTERS)), 8, stream=True)
    stream = np.concatenate([representation.encode("abcde"), [1], representation.encode("fg")])
    _, pieces = written(representation, lambda *_: stream[None], "write something", max_tokens=100)
    assert [piece.data for piece in pieces] == [b"abcde"]


def test_no_half_characters_are_told():
    representation = TextRepresentation(BytePairs.of(["abc" * 50], 300), 7, stream=True)
    text, pieces = written(representation, counting(representation, "日本語のテキスト"), "abc", max_tokens=240)
    assert text == "日本語のテキスト" * 10
    assert len(pieces) > 10


@pytest.mark.parametrize(
    ("prompt", "order"),
    [
        ("Write something like it", Order("", None)),
        ("Once upon a time", Order("Once upon a time", None)),
        ("Continue: ROMEO:\nO", Order("ROMEO:\nO", None)),
        ('Continue this text: "It was dark"', Order("It was dark", None)),
        ("Write on from “My lord,”", Order("My lord,", None)),
        ("10 molecules, please", Order("", 10)),
        ("Generate 25 new names", Order("", 25)),
        ('He said "go" and went', Order('He said "go" and went', None)),
        ("What is the capital of France?", Order("What is the capital of France?", None)),
        ("", Order("", None)),
    ],
)
def test_a_prompt_is_continued_or_a_wish(prompt, order):
    assert read_order(prompt, TextOptions()) == order


def test_the_option_beats_the_wording():
    assert read_order("Write it", TextOptions(beginning="Thus", lines=3)) == Order("Thus", 3)


def test_train_save_serve(animals, ask):
    events = ask(animals, "text", "The d", temperature=0, max_tokens=8)
    assert [event.event for event in events] == ["text", "usage", "done"]
    assert events[0].text == "og digs."
    assert events[1].counts.output_tokens == 8
    assert events[2].finish_reason == "length"


def test_the_seed_repeats_and_the_temperature_counts(animals, ask):
    def answer(**options):
        return "".join(e.text for e in ask(animals, "text", "write", max_tokens=300, **options) if e.event == "text")

    assert answer(seed=1) == answer(seed=1) != answer(seed=2)
    assert answer(seed=1).count("One bee buzzes.") < 20
    assert len(set(answer(temperature=0)[100:].split("\n"))) <= 3


def test_what_it_cannot_do_is_refused(animals, ask):
    with pytest.raises(BadRequest, match="never seen 'q'"):
        ask(animals, "text", "The queen")
    with pytest.raises(BadRequest, match="json_schema"):
        ask(animals, "text", "write", json_schema={"type": "object"})


def test_the_card_says_that_it_continues(animals, card_of):
    card = card_of(animals)
    assert card["details"]["kind"] == "continuation"
    figures = card["figures"]
    assert figures["text.alphabet_coverage"] > 0.8
    assert figures["text.words_known"] > 0.5
    assert figures["text.bytes_per_token"] == 1.0


def test_items_end_and_start_as_asked(tmp_path, artifact_of, ask):
    draw = random.Random(0)
    lines = sorted({"C" * draw.randint(1, 12) + draw.choice(["O", "N", "Br", "Cl"]) for _ in range(400)})
    (tmp_path / "set.smi").write_text("\n".join(lines))
    folder = artifact_of(tmp_path / "set.smi", "text", steps=300)
    text = "".join(
        event.text for event in ask(folder, "text", "30 molecules", temperature=1.0) if event.event == "text"
    )
    made = text.split("\n")
    assert len(made) == 30
    assert np.mean([bool(re.fullmatch("C+(O|N|Br|Cl)?", line)) for line in made]) > 0.7, "atoms, and one end"
    begun = "".join(event.text for event in ask(folder, "text", "CCC", lines=5) if event.event == "text").split("\n")
    assert len(begun) == 5
    assert all(line.startswith("CCC") for line in begun)
