"""Language measures move when they must: shuffled sentences, wrong facts, loops, copied words."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from castalia.core.errors import BadRequest
from castalia.judging.evaluation.language.asking import agreement, matches, written
from castalia.judging.evaluation.language.instructions import instructions
from castalia.judging.evaluation.language.likelihood import bits_per_byte, coherence, shuffled
from castalia.judging.evaluation.language.material import Question, packaged, pieces, supplied
from castalia.judging.evaluation.language.support import support
from castalia.judging.evaluation.language.texts import Corpus, reading_ease, repetition, sentences_of, syllables
from castalia.modalities.text.claims import is_supported, numbers_of

FOLLOWING = {
    "most words": "Water that falls down.",
    "least words": "word " * 60,
    "sentences": "It sleeps. It hunts. It purrs.",
    "paragraphs": "One.\n\nTwo.\n\nThree.",
    "bullets": "* red\n* blue\n* green\n* black",
    "numbered list": "1. a\n2. b\n3. c\n4. d\n5. e",
    "words to use": "A river under a bridge, a lamp at the door in the snow.",
    "words to avoid": "A star.",
    "letter to avoid": "dog",
    "beginning": "My advice: chess.",
    "ending": "Green. That is all.",
    "json": '```json\n{"name": "A", "age": 3, "city": "Rome", "country": "Italy"}\n```',
    "one of": "Yes.",
    "capitals": "ROME, OSLO, LIMA",
    "small letters": "honey.",
    "no commas": "I rise and eat.",
    "title": "<<Wind>>\nIt blows.",
    "quotation": '"A high place."',
    "separator": "Hello\n******\nHi",
    "number only": "7",
    "questions": "Where? When?",
    "repeat first": "Water finds its way because it falls.",
    "frequency": "honey, blue honey, blue honey",
}


BREAKING = "Perhaps, an azure bright friend is hot, " * 4


def test_every_kind_of_instruction_can_be_followed_and_broken() -> None:
    asked = instructions()
    kinds = {one.kind for one in asked}
    assert kinds == set(FOLLOWING)
    assert len(kinds) >= 12
    for kind in kinds:
        mine = [one for one in asked if one.kind == kind]
        assert len(mine) == 2
        assert any(one.check(FOLLOWING[kind]) for one in mine), kind
        for one in mine:
            assert not (one.check("") and one.check(BREAKING)), one.prompt


def test_wrong_facts_lower_support_in_order() -> None:
    source = packaged().passages[1]
    right = [
        "Tomasz opened his bakery on Linden Street in 2011.",
        "He bakes 340 loaves a day.",
        "His sister Maria keeps the books on Mondays.",
        "On Sundays the bakery is closed.",
    ]
    wrong = [
        "Tomasz opened his bakery on Linden Street in 2008.",
        "He bakes 530 loaves a day.",
        "His sister Helena keeps the books on Mondays.",
        "On Sundays the restaurant offers grilled vegetables.",
    ]
    scores = [support(" ".join(wrong[:count] + right[count:]), source) for count in range(5)]
    assert scores == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert support(source, source) == 1.0
    assert support("  ", source) is None


def test_numbers_are_the_same_in_words_and_with_signs_between_thousands() -> None:
    assert numbers_of("1,260 nests, twelve men at 6:40") == {"1260", "12", "6:40"}
    assert is_supported("They found 1260 nests.", packaged().passages[4])


@pytest.mark.parametrize("question", packaged().sourced, ids=lambda one: one.text)
def test_the_answers_to_our_questions_stand_in_their_sources(question: Question) -> None:
    assert matches(question.source, question.answers)


def test_exact_match_wants_whole_words() -> None:
    assert matches("It is Paris, of course.", ["paris"])
    assert matches("CO2", ["carbon dioxide", "CO2"])
    assert not matches("Parisian", ["Paris"])
    assert not matches("1450", ["45"])


def bigrams(texts: list[str]) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for text in texts:
        sentences = sentences_of(text)
        for one, two in itertools.pairwise(sentences):
            counts[one, two] = counts.get((one, two), 0) + 1
    return counts


def test_coherence_is_one_for_a_judge_of_order_and_half_for_a_blind_one() -> None:
    passages = packaged().passages
    known = bigrams(passages)

    def knowing(texts: Sequence[str]) -> list[float]:
        return [
            sum(known.get(pair, 0) for pair in zip(sentences_of(text), sentences_of(text)[1:], strict=False))
            for text in texts
        ]

    def blind(texts: Sequence[str]) -> list[float]:
        rng = np.random.default_rng(0)
        return [float(rng.random()) for _ in texts]

    perfect = coherence(passages, knowing, 0)
    assert perfect is not None
    assert perfect.value == 1.0
    guess = coherence(passages * 8, blind, 0)
    assert guess is not None
    assert guess.value == pytest.approx(0.5, abs=0.15)
    # a text that is shuffled itself is no longer likelier than its orders
    rng = np.random.default_rng(1)
    spoilt = coherence([shuffled(sentences_of(text), rng) for text in passages], knowing, 0)
    assert spoilt is not None
    assert spoilt.value is not None
    assert spoilt.value < perfect.value
    assert coherence(["One sentence only."], knowing, 0) is None


def test_bits_per_byte_of_a_uniform_model_of_bytes_is_eight() -> None:
    found = bits_per_byte(["abc", "dëf"], lambda texts: [-len(text.encode()) * np.log(256) for text in texts], "")
    assert found.value == pytest.approx(8.0)
    with pytest.raises(BadRequest):
        bits_per_byte([], lambda _: [], "")


def test_loops_raise_repetition_in_order() -> None:
    passage = packaged().passages[0]
    loop = "the ferry leaves the pier " * 20
    scores = [repetition(passage), repetition(passage + loop), repetition(loop)]
    assert scores[0] < 0.02
    assert scores == sorted(scores)
    figures = {one.name: one for one in written([passage], [passage], 0)}
    assert (figures["repetition"].baseline or 0) > 0.8


def test_reading_ease_of_plain_and_of_heavy_prose() -> None:
    # "The cat sat on the mat." is 116 by Flesch's formula: six words, one sentence, six syllables
    assert reading_ease("The cat sat on the mat.") == pytest.approx(206.835 - 1.015 * 6 - 84.6)
    heavy = "Institutional considerations necessitate comprehensive reconsideration of organisational responsibilities."
    assert (reading_ease(heavy) or 0) < 0
    assert [syllables(word) for word in ("cat", "table", "time", "reading", "banana")] == [1, 2, 1, 2, 3]
    assert reading_ease("...") is None


def test_copied_runs_of_words_are_found() -> None:
    corpus = Corpus(["The grey cat slept on the warm stone wall all day long.", "Nothing else."])
    assert corpus.longest("We saw that the grey cat slept on the warm stone") == 8
    assert corpus.longest("stone nothing") == 1  # not across texts
    assert corpus.copied_share("The grey cat slept on the warm stone") == 1.0
    assert corpus.copied_share("A completely different text of eight words, or nine.") == 0.0


def test_sentences_keep_titles_with_their_names() -> None:
    assert sentences_of('Dr. Lind came. "Good," he said. It was 3.5 km.') == [
        "Dr. Lind came.",
        '"Good," he said.',
        "It was 3.5 km.",
    ]


def test_agreement_counts_pairs() -> None:
    assert agreement(["a", "a", "a", "b"]) == 0.5
    assert agreement(["It is Paris.", "Paris, it is"]) == 1.0
    assert agreement(["red fox", "red cat"]) == 0.5


def test_supplied_questions_and_texts_replace_ours(tmp_path: Path) -> None:
    folder = tmp_path
    questions = folder / "q.jsonl"
    questions.write_text(
        '{"question": "Who?", "answer": "Ann"}\n{"question": "How many?", "answer": [3, "three"], "source": "Three."}\n'
    )
    found = supplied(questions)
    assert [one.answers for one in (*found.facts, *found.sourced)] == [("Ann",), ("3", "three")]
    assert found.passages == packaged().passages
    text = folder / "t.txt"
    text.write_text("\n\n".join(f"Paragraph {number}. " + "It goes on and on. " * 30 for number in range(9)))
    found = supplied(text)
    assert len(found.passages) >= 3
    assert max(map(len, found.passages)) <= 1500
    bad = folder / "bad.jsonl"
    bad.write_text('{"question": "Who?"}\n')
    with pytest.raises(BadRequest, match="line 1"):
        supplied(bad)


def test_a_text_without_paragraphs_is_cut_at_sentences() -> None:
    text = "It was a long day. " * 300
    found = pieces(text)
    assert max(map(len, found)) <= 1500
    assert "".join(found).replace(" ", "") == text.replace(" ", "")
