"""A model of requests answers what it is asked in its own words, from the line that asks for each text."""

import numpy as np
import pytest

from castalia.core.errors import BadRequest, DatasetError
from castalia.core.requests import Request
from castalia.modalities.text.fingerprints import longest_copy
from castalia.modalities.text.generation import generate
from castalia.modalities.text.modality import TextModality
from castalia.modalities.text.options import TextData, TextOptions

MODALITY = TextModality()
REQUESTS = TextData(items="requests", tokenizer="characters")
ANIMALS = [f"{kind}{letter}" for kind in ("cat", "dog", "hen") for letter in "abcdefghijkl"]


@pytest.fixture
def folder(tmp_path):
    for animal in ANIMALS:
        (tmp_path / f"{animal}.txt").write_text(f"\nWrite  about a {animal.upper()}\n\nA {animal} sat.\nIt slept.\n")
    return tmp_path


@pytest.fixture
def learnt(folder):
    return MODALITY.fit(folder, REQUESTS)


def answered(view, answer, prompt, **options):
    """What comes of a prompt when the family writes ``answer``; and the beginning that it was given."""
    begun = []

    def sampler(count, conditions, known, seed, given):
        begun.append(view.decode(given.data[0][given.mask[0]]))
        row = given.data[0].copy()
        start = int(given.mask[0].sum())
        tokens = view.encode(answer)[: len(row) - start]
        row[start : start + len(tokens)] = tokens
        return row[None]

    request = Request.of_text(prompt, seed=1, options=TextOptions(**options).model_dump())
    (piece,) = generate(view, sampler, request)
    return piece.data.decode(), piece.info, begun[0]


def test_each_document_is_its_request_and_its_answer(folder, learnt):
    view, encoded = learnt
    assert encoded.data.shape == (len(ANIMALS), view.length)
    assert view.decode(encoded.data[0]) == "Write about a CATA\nA cata sat.\nIt slept."
    assert (encoded.data[:, -1] == 0).all(), "every answer ends"
    assert {"write", "about", "a", "cata"} <= set(view.asked)
    assert "slept" not in view.asked
    again = MODALITY.restore(view.config())
    assert (again.asked, again.layout) == (view.asked, view.layout)
    assert np.array_equal(MODALITY.encode(again, folder, TextData()).data, encoded.data)


def test_the_survey_tells_the_words_of_requests_and_files_without_an_answer(folder):
    found = MODALITY.survey(folder, REQUESTS)
    assert found.problems == []
    assert (found.facts["kind"], found.facts["requests"]) == ("requests", len(ANIMALS))
    assert "doga" in found.facts["asked in"]
    (folder / "short.txt").write_text("Write about nothing\n")
    assert "1 files hold one line only" in MODALITY.survey(folder, REQUESTS).problems[0]
    with pytest.raises(DatasetError, match=r"short\.txt holds one line only"):
        MODALITY.fit(folder, REQUESTS)
    skipping = REQUESTS.model_copy(update={"skip_bad": True})
    assert MODALITY.survey(folder, skipping).problems == []
    assert len(MODALITY.fit(folder, skipping)[1].data) == len(ANIMALS)


def test_too_long_answers_and_too_few_are_refused(folder):
    with pytest.raises(DatasetError, match="of at most 20"):
        MODALITY.fit(folder, REQUESTS.model_copy(update={"context": 20}))
    for path in sorted(folder.glob("*.txt"))[10:]:
        path.unlink()
    assert "10 different requests" in MODALITY.survey(folder, REQUESTS).problems[0]


def test_the_prompt_is_the_request_and_no_part_of_the_answer(learnt):
    view, _ = learnt
    text, info, begun = answered(view, "A cata sat.", " Write about\n a  CATA")
    assert (text, begun) == ("A cata sat.", "Write about a CATA\n")
    assert info == {"tokens": 11, "finish_reason": "stop"}
    text, _, begun = answered(view, " sat.", "Write about a CATA", beginning="A cata")
    assert (text, begun) == (" sat.", "Write about a CATA\nA cata")
    assert answered(view, "A", "Write", raw=True)[2] == "Write"


@pytest.mark.parametrize(
    ("options", "text", "reason"),
    [
        ({"max_tokens": 3}, "A c", "length"),
        ({"max_tokens": 11}, "A cata sat.", "length"),
        ({"max_tokens": 12}, "A cata sat.", "stop"),
        ({"stop": [" sat"]}, "A cata", "stop"),
    ],
)
def test_an_answer_ends_where_it_should(learnt, options, text, reason):
    made, info, _ = answered(learnt[0], "A cata sat.", "Write about a CATA", **options)
    assert (made, info["finish_reason"]) == (text, reason)


def test_an_answer_that_fills_the_context_is_cut_off(learnt):
    made, info, _ = answered(learnt[0], "sat. " * 40, "Write about a CATA")
    assert info["finish_reason"] == "length"
    assert len(made) == learnt[0].length - len("Write about a CATA\n")


def test_a_request_without_room_for_an_answer_is_refused(learnt):
    with pytest.raises(BadRequest, match="The request is"):
        answered(learnt[0], "A", "Write about a CATA " * 10)


def test_copied_runs_are_found_in_answers(learnt):
    view, encoded = learnt
    prints = MODALITY.fingerprints(view, encoded.data)
    training = "\n".join(view.decode(row) for row in encoded.data)
    assert longest_copy(training[100:400], prints).length > 250
    assert longest_copy("Nothing of this stands in what it was trained on, not at all.", prints).length == 0
