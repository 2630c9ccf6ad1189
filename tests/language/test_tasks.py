"""What each task makes of options and answers, without a model."""

import json

import pytest

from castalia.core.errors import BadRequest, DatasetError, UnsupportedInput
from castalia.language.answering import cleaned
from castalia.language.catalogue import tasks
from castalia.language.tasks import answer, code, draft, extract, personalise, rewrite, summarise, translate


def test_every_task_tells_its_options_and_output_and_its_measures_exist() -> None:
    from castalia.judging.tasks import CHECKS

    names = ["answer", "classify", "code", "draft", "extract", "personalise", "rewrite", "summarise", "translate"]
    assert list(tasks()) == names
    for task in tasks().values():
        assert task.measures
        assert set(task.measures) <= set(CHECKS)
        assert all(field.description for field in task.options.model_fields.values()), task.name
        json.dumps([task.options.model_json_schema(), task.output.model_json_schema(mode="serialization")])


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("Here is a summary of the text:\n\nAll is well.", "All is well."),
        ("Sure! Here's the translation: Guten Tag.", "Guten Tag."),
        ("**Summary:** All is well.", "All is well."),
        ('"All is well."', "All is well."),
        ('"Yes", she said, "all is well"', '"Yes", she said, "all is well"'),
        ("Here we go again.", "Here we go again."),
    ],
)
def test_chatter_around_an_answer_is_taken_off(said: str, text: str) -> None:
    assert cleaned(said) == text


def test_a_value_is_spelt_as_in_the_text_or_is_null() -> None:
    text = "Flour: 250 g, bought in New-York from the O'Neill shop in 2019."
    assert extract.as_in(text, "250g") == "250 g"
    assert extract.as_in(text, "new york") == "New-York"
    assert extract.as_in(text, "Oneill") == "O'Neill"
    assert extract.as_in(text, "201") is None
    assert extract.as_in(text, "sugar") is None
    assert extract.as_in(text, None) is None


def test_values_of_several_sections_are_put_together() -> None:
    found = [({"name": "Bob", "items": ["a"]}, "nobody here"), ({"name": "Ann", "items": ["a", "b"]}, "Ann came")]
    assert extract.merged(found) == {"name": "Ann", "items": ["a", "b"]}


def test_extract_needs_either_fields_or_a_schema() -> None:
    with pytest.raises(BadRequest):
        extract.schema_of(extract.Options())
    with pytest.raises(BadRequest):
        extract.schema_of(extract.Options(fields=["a"], json_schema={"type": "object"}))


def test_of_a_long_text_the_fitting_passages_are_read_in_order_and_it_is_told() -> None:
    filler = "\n\n".join(f"Paragraph {n} speaks of weather and of nothing else at all." for n in range(300))
    text = f"{filler}\n\nThe vault code is kept by Olga Brandt.\n\n{filler}"
    picked, coverage = answer.pick(text, "Who keeps the vault code?", 400)
    assert "Olga Brandt" in picked
    assert coverage.sections_read < coverage.sections
    assert 0 < coverage.share < 0.2
    assert "were searched" in coverage.how


def test_an_answer_whose_numbers_are_not_in_the_text_is_not_supported() -> None:
    assert answer.supported("The notice is two months.", "notice of 2 months")
    assert not answer.supported("The notice is 12 months.", "notice of 2 months")
    assert not answer.supported("It was built by Romans in Wales.", "the notice is 2 months")
    assert answer.foreign("We deliver in Spain.", "Do you deliver to Norway?") == ["Norway"]
    assert answer.foreign("We deliver in Spain.", "Do you deliver to Spain?") == []


def test_points_that_are_left_out_are_found_and_put_before_the_closing() -> None:
    text = "Dear Ms Hall,\n\nthe meeting is moved to 3 pm.\n\nKind regards"
    assert draft.lost_points("- to Ms Hall\n- moved to 3 pm\n- room B12", text) == ["room B12"]
    assert draft.with_sentence(text, "It is in room B12.") == (
        "Dear Ms Hall,\n\nthe meeting is moved to 3 pm. It is in room B12.\n\nKind regards"
    )
    assert draft.with_sentence("Dear Ms Hall,\n\nKind regards", "Come.") == "Dear Ms Hall,\n\nCome.\n\nKind regards"


def test_a_summary_has_no_more_sentences_or_points_than_asked_for() -> None:
    assert summarise.sentences_of("One. Two!  Three?") == ["One.", "Two!", "Three?"]


def test_rewriting_and_translating_show_the_change_that_is_wanted() -> None:
    shown = rewrite.turns("hello", rewrite.Options(tone="formal"))
    assert shown[1] == ("assistant", rewrite.SHOWN["formal"])
    turns = translate.turns("Hello", translate.Options(to="german"))
    assert [text for role, text in turns if role == "assistant"] == list(translate.SAMPLES["german"])
    assert translate.turns("Hello", translate.Options(to="Swahili"))[-1][1].startswith("Translate to Swahili")


def test_code_is_taken_out_of_its_fence() -> None:
    assert code.code_of("Here:\n```python\nx = 1\n```\nDone.") == "x = 1"
    assert code.code_of("```\nx = 1") == "x = 1"
    assert code.code_of("x = 1") == "x = 1"


def test_all_problems_of_recipients_are_told_at_once() -> None:
    rows = personalise.rows_of("name;town\nAnn;Holm\nBob;\n")
    assert rows == [{"name": "Ann", "town": "Holm"}, {"name": "Bob", "town": ""}]
    with pytest.raises(DatasetError) as error:
        personalise.check("{name} {town} {street} {age}", rows, personalise.Options())
    assert error.value.problems == [
        "the template names street, which is no column",
        "the template names age, which is no column",
        "town is empty in row 2",
    ]
    personalise.check("{name} in {town}, {{braces}}", rows, personalise.Options(missing="your town"))


@pytest.mark.parametrize("template", ["{name", "{name.__class__}", "{name[0]}", "{0:>9}", "{}", "{name!r}"])
def test_templates_reach_columns_and_nothing_else(template: str) -> None:
    with pytest.raises((BadRequest, DatasetError)):
        personalise.check(template, [{"name": "Ann"}], personalise.Options())


@pytest.mark.parametrize("table", ["", "name,name\na,b\n", "name,\na,b\n", "name,town\n"])
def test_tables_that_cannot_be_read_are_refused(table: str) -> None:
    with pytest.raises(UnsupportedInput):
        personalise.rows_of(table)


def test_a_summary_keeps_to_the_text() -> None:
    text = "Wolves have returned to the Kar forest. Shepherds ask for fences. The ministry decides in autumn."
    assert summarise.mended("Wolves returned to the Kar forest.", text) == "Wolves returned to the Kar forest."
    assert summarise.mended("Shepherds want 300 fences.", text) == "Shepherds ask for fences."
    assert summarise.mended("Wolves like the Berg forest.", text) == "Wolves have returned to the Kar forest."
    assert summarise.mended("- Shepherds ask for fences.\n- Shepherds buy 9 fences.", text) == (
        "- Shepherds ask for fences."
    )


def test_what_a_draft_adds_is_struck_and_much_of_it_gives_way_to_the_points() -> None:
    options = draft.Options(kind="email")
    points = ["to Ms Hall", "meeting moved to 3 pm", "room B12"]
    good = "Dear Ms Hall,\n\nthe meeting is moved to 3 pm. It is in room B12."
    assert draft.struck(f"{good} I look forward to it.\n\nKind regards", points, options) == (
        f"{good} I look forward to it.\n\nKind regards"
    )
    assert draft.struck(f"{good} Bring 20 euros.\n\nKind regards\n\nMike", points, options) == (
        f"{good}\n\nKind regards"
    )
    assert draft.struck("Dear Ms Hall,\n\nI am in Rome. The room is not B12. It has 3 beds.", points, options) == ""
    assert draft.struck("Dear Ms Weber,\n\nyour order is late. It will arrive.", points, options) == ""
    assert draft.frame(points, options) == ("Dear Ms Hall,", "Kind regards")
    assert draft.frame(["to the bank", "card stolen"], draft.Options(kind="letter"))[0] == "Dear bank,"
    assert draft.frame(points, draft.Options(kind="paragraph")) == ("", "")


def test_a_rewriting_is_faulty_when_it_tells_of_the_example_or_loses_what_must_stay() -> None:
    formal = rewrite.Options(tone="formal")
    assert rewrite.faults("send me 3 keys by friday", "Please send me 3 keys by Friday.", formal) == 0
    assert rewrite.faults("send me 3 keys by friday", "Please send me the keys by Friday.", formal) == 1
    assert rewrite.faults("send me the keys", rewrite.SHOWN["formal"], formal) >= 3
    assert rewrite.faults("send me the keys", "send me the keys", formal) == 1
    assert rewrite.faults("Please send me all of the keys.", "Please send me all of the keys now.", rewrite.Options(
        length="shorter")) == 1  # fmt: skip


def test_a_message_is_what_was_wished_for_without_greeting_around_it() -> None:
    answer = "Dear Ann,\n\nYou are welcome at our concert in Holm. It begins at 8.\n\nBest regards,\nOskar"
    assert personalise.plain(answer, "one sentence that invites Ann") == "You are welcome at our concert in Holm."
    assert personalise.plain(answer, "a text for Ann") == "You are welcome at our concert in Holm. It begins at 8."
    assert personalise.names("Five years with us, Cem!", "5")
    assert not personalise.names("Years with us, Cem!", "5")
