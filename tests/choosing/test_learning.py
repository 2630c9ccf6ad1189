"""Corrections move the classifier, leave the rest in place, and can be taken back."""

from pathlib import Path

import pytest

from castalia.choosing import held_out
from castalia.choosing.classifier import load
from castalia.choosing.corpus import grammar
from castalia.choosing.corrections import Corrections
from castalia.choosing.learning import TOLERANCE, Correction, guess, learn, of, score
from castalia.choosing.lexicon import LEXICON
from castalia.core.config import Settings
from castalia.core.errors import BadRequest, NotFound, StorageError
from castalia.core.requests import Request
from castalia.serving.house import House
from castalia.serving.learning import correct, forget, undo

HERONS = Correction("the usual Monday thing with the herons", "music")


def told(classifier, text: str, *kinds: str) -> str:
    return guess(classifier, of(text, kinds, LEXICON))


def test_a_correction_is_followed_also_in_other_words_and_nothing_else_suffers() -> None:
    shipped, requests = load(), held_out.load()
    assert told(shipped, HERONS.text) != "music"
    moved = learn(shipped, [HERONS], LEXICON, requests)
    assert told(moved, HERONS.text) == "music"
    assert told(moved, "that Monday thing with herons") == "music"
    assert told(moved, "Explain why herons stand on one leg") == "text"
    assert score(moved, requests, LEXICON).accuracy >= score(shipped, requests, LEXICON).accuracy - TOLERANCE


def test_the_later_word_counts() -> None:
    moved = learn(load(), [HERONS, Correction(HERONS.text, "video")], LEXICON, held_out.load())
    assert told(moved, HERONS.text) == "video"


def test_what_would_harm_is_not_learnt() -> None:
    """A hundred plain requests called something else: the requests held out would suffer, so it is not followed."""
    shipped, requests = load(), held_out.load()
    plain = [one.text for one in requests if one.label == "image" and not one.kinds]
    moved = learn(shipped, [Correction(text, "speech") for text in plain], LEXICON, requests)
    assert score(moved, requests, LEXICON).accuracy >= score(shipped, requests, LEXICON).accuracy - TOLERANCE


def test_the_house_keeps_measures_and_takes_back(tmp_path: Path) -> None:
    with House(Settings(home=tmp_path)) as house:
        request = Request.of_text(HERONS.text)
        first = house.chooser.choose(request, []).modality
        lesson = correct(house, request, "music")
        assert (lesson.corrections, lesson.chosen) == (1, "music")
        assert (lesson.before.corrections_followed, lesson.after.corrections_followed) == (0, 1)
        assert lesson.after.n == len(held_out.load())
    with House(Settings(home=tmp_path)) as again:  # another process would read the same
        assert again.chooser.choose(request, []).modality == "music"
        assert undo(again).corrections == 0
        assert again.chooser.choose(request, []).modality == first
        with pytest.raises(NotFound, match="no correction"):
            undo(again)
        correct(again, request, "music")
        forget(again)
        assert again.chooser.choose(request, []).modality == first
        assert not any((tmp_path / "chooser").iterdir())


def test_bad_corrections_are_refused(tmp_path: Path) -> None:
    with House(Settings(home=tmp_path)) as house:
        with pytest.raises(BadRequest, match="'smell'"):
            correct(house, Request.of_text("a rose"), "smell")
        with pytest.raises(BadRequest, match="empty"):
            correct(house, Request.of_text("  "), "image")
        assert house.corrections.read() == []


def test_personal_data_is_not_kept(tmp_path: Path) -> None:
    with House(Settings(home=tmp_path)) as house:
        correct(house, Request.of_text("the herons for mira.lund@example.org"), "image")
        assert "example.org" not in (tmp_path / "chooser" / "corrections.jsonl").read_text(encoding="utf-8")


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    kept = Corrections(tmp_path)
    kept.write([HERONS])
    with (tmp_path / "chooser" / "corrections.jsonl").open("a", encoding="utf-8") as file:
        file.write("{not json\n")
    with pytest.raises(StorageError, match="line 2"):
        kept.read()


def test_what_is_held_out_is_not_in_the_corpus() -> None:
    ours = {held_out.plain(one.text) for one in held_out.load()}
    assert len(ours) > 380
    assert not ours & {held_out.plain(example.text) for example in grammar.load().examples(seed=0)}
    assert {one.language for one in held_out.load()} == {"en", "es", "fr", "de", "zh", "vi"}
    assert {one.label for one in held_out.load()} == {*load().labels}
