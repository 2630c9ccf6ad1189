"""Several outputs wished for in one request, in six languages; and requests that only sound like it."""

from pathlib import Path

import pytest

from castalia.choosing.chooser import Chooser
from castalia.choosing.several import pieces
from castalia.core.config import ChooserSettings
from castalia.core.content import Message, Part
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import PLAN

ROOT = Path(__file__).parents[2]
TUNED_ON = [Path(__file__).parent / name for name in ("several_cases.txt", "several_more_cases.txt")]
HELD_OUT = [ROOT / "benchmarks" / name for name in ("plans_held_out.txt", "plans_held_out_2.txt")]


def cases(path: Path) -> list[tuple[str, list[str], str]]:
    """(language, kinds of output wanted, request) of each line; no kinds for one output."""
    found: list[tuple[str, list[str], str]] = []
    pasted: dict[str, str] = {}
    language = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("~ "):
            name, _, words = line[2:].partition(" | ")
            pasted[name] = words
        elif line.startswith("= "):
            language = line[2:]
        elif line[:1] in {"+", "-"}:
            head, _, text = line.partition("| ")
            for name, words in pasted.items():
                text = text.replace(f"<<{name}>>", words)
            found.append((language, head[1:].split(), text.replace("\\n", "\n")))
    return found


@pytest.fixture(scope="module")
def chooser() -> Chooser:
    return Chooser(ChooserSettings())


def kinds_found(chooser: Chooser, text: str) -> list[str]:
    from castalia.choosing.reading import read

    return [piece.kind for piece in pieces(read(text, chooser.lexicon), text, chooser.lexicon)]


@pytest.mark.parametrize(
    ("language", "wanted", "text"),
    [case for path in TUNED_ON for case in cases(path)],
    ids=lambda value: str(value)[:40],
)
def test_own_cases(chooser: Chooser, language: str, wanted: list[str], text: str) -> None:
    assert kinds_found(chooser, text) == wanted, language


def test_cases_cover_six_languages_on_both_sides() -> None:
    for path in (*TUNED_ON, *HELD_OUT):
        for language in ("en", "es", "fr", "de", "zh", "vi"):
            sides = {bool(wanted) for found, wanted, _ in cases(path) if found == language}
            assert sides == {True, False}, (path.name, language)


def test_held_out_requests_are_others() -> None:
    tuned, held = ({text for path in paths for *_, text in cases(path)} for paths in (TUNED_ON, HELD_OUT))
    assert not tuned & held


@pytest.mark.parametrize("path", HELD_OUT, ids=lambda path: path.stem)
def test_held_out_precision_and_recall(chooser: Chooser, path: Path) -> None:
    judged = [(bool(wanted), bool(kinds_found(chooser, text))) for _, wanted, text in cases(path)]
    hits = sum(wanted and got for wanted, got in judged)
    assert hits / sum(got for _, got in judged) >= 0.97
    assert hits / sum(wanted for wanted, _ in judged) >= 0.9


LETTER = " ".join(["The ferry was late again and nobody on the quay knew why."] * 20)


def test_a_long_text_goes_to_what_is_written_and_only_there(chooser: Chooser) -> None:
    wish = "Summarise the text below in two sentences, draw the ferry and read the summary aloud."
    steps = {step.name: step for step in chooser.choose(Request.of_text(f"{wish}\n\n{LETTER}"), []).steps}
    assert list(steps) == ["text", "image", "speech"]
    assert steps["text"].prompt == f"Summarise the text below in two sentences\n\n{LETTER}"
    assert [LETTER in steps[name].prompt for name in ("image", "speech")] == [False, False]
    after = "Summarise the text above in two sentences and read the summary aloud."
    text, speech = chooser.choose(Request.of_text(f"{LETTER}\n\n{after}"), []).steps
    assert text.prompt == f"{LETTER}\n\nSummarise the text above in two sentences"
    assert speech.after == ["text"]


def test_the_wish_tells_the_language_not_the_text_pasted_into_it(chooser: Chooser) -> None:
    wish = "Erkläre den folgenden Text in zwei Sätzen und lies die Zusammenfassung laut vor."
    steps = chooser.choose(Request.of_text(f"{wish}\n\n{LETTER}"), []).steps
    assert [step.name for step in steps] == ["text", "summary", "speech"]
    assert steps[1].prompt == "Fasse den Text oben in zwei Sätzen zusammen."
    english = chooser.choose(Request.of_text("Summarise this article and read the summary aloud"), []).steps
    assert [step.name for step in english] == ["text", "speech"]


def test_a_pasted_text_may_command_what_it_likes(chooser: Chooser) -> None:
    order = "Write a report on the sales, draw a picture of the shop and read the report aloud."
    assert len(chooser.choose(Request.of_text(order), []).steps) == 3
    for text in (f"{LETTER} {order} {LETTER}", f"{LETTER}\n\n{order}\n\n{LETTER}", f"{LETTER}\n\n{order}"):
        assert not chooser.wants_several(Request.of_text(text))
    assert not chooser.wants_several(Request.of_text(f"Translate the text below into Dutch.\n\n{LETTER}\n\n{order}"))


def test_a_plan_with_its_steps(chooser: Chooser) -> None:
    table = Part(type="file", name="sales.csv")
    text = "Write a short report on our sales.csv with a chart-like picture and read the summary aloud"
    choice = chooser.choose(Request.of_text(text, [table]), [])
    assert choice.modality == PLAN
    steps = {step.name: step for step in choice.steps}
    assert list(steps) == ["text", "chart", "summary", "speech"]
    assert (steps["chart"].modality, steps["chart"].model) == ("image", "charts")
    assert steps["summary"].after == ["text"]
    assert steps["speech"].after == ["summary"]
    assert steps["text"].attach
    assert steps["text"].prompt == "Write a short report on our sales.csv"
    assert "sales.csv" in steps["chart"].prompt
    assert all(step.reason and step.choice is not None for step in choice.steps)


def test_without_a_table_there_is_no_chart(chooser: Chooser) -> None:
    text = "Write a report on the climate with a chart and read it aloud"
    choice = chooser.choose(Request.of_text(text), [])
    assert [step.name for step in choice.steps] == ["text", "speech"]
    assert any("no table is attached" in reason for reason in choice.reasons)
    assert chooser.choose(Request.of_text("Write a report on the climate with a chart"), []).modality == "text"


def test_what_a_picture_is_of_when_the_request_only_points(chooser: Chooser) -> None:
    def prompt(text: str) -> str:
        return next(step.prompt for step in chooser.choose(Request.of_text(text), []).steps if step.modality == "image")

    assert prompt("Write a story about a brave fox and illustrate it") == "a picture about a brave fox"
    assert prompt("Write a poem about autumn and draw a picture of a red leaf") == "draw a picture of a red leaf"


def test_a_picture_of_a_text_without_a_topic_comes_after_it(chooser: Chooser) -> None:
    steps = chooser.choose(Request.of_text("Write a bedtime story, illustrate it and read it to me"), []).steps
    assert [(step.name, step.after) for step in steps] == [("text", []), ("image", ["text"]), ("speech", ["text"])]


@pytest.mark.parametrize(
    "fields",
    [{"modality": "text"}, {"model": "talker"}, {"options": {"json_schema": {"type": "object"}}}],
    ids=["modality", "model", "schema"],
)
def test_whoever_says_what_is_wanted_gets_one_answer(chooser: Chooser, fields: dict[str, object]) -> None:
    folder = Path()
    talker = Model(name="talker", format="fake", engines=["fake"], outputs=["text"], folder=folder)
    request = Request.of_text("Write a haiku about rain and read it aloud", **fields)
    assert not chooser.wants_several(request)
    assert chooser.choose(request, [talker]).steps == []


def test_a_conversation_goes_on_with_one_answer(chooser: Chooser) -> None:
    turns = [
        Message.of_text("hello"),
        Message.of_text("hi", role="assistant"),
        Message.of_text("Write a haiku and read it aloud"),
    ]
    assert not chooser.wants_several(Request(messages=turns))
