"""The way of a task on the fake engine: record, again, sections, stop, options, the guard; and on a real model."""

from contextlib import closing
from pathlib import Path

import pytest

from castalia.core.config import EngineSettings, GuardSettings, Settings
from castalia.core.content import Part
from castalia.core.errors import (
    BadRequest,
    Blocked,
    DatasetError,
    EngineError,
    NotFound,
    UnsupportedInput,
    UnsupportedOption,
)
from castalia.core.events import Chosen, Completed, Progress, TextDelta
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import Result
from castalia.serving.house import House
from castalia.serving.plans import respond
from castalia.serving.recording import made_again
from castalia.serving.task_desk import PipelineDesk
from castalia.serving.tasks import carry_out, output_of, task_request
from castalia.serving.wishing import routed

TEXT = "The harbour festival of Norby takes place in July. Tickets cost 15 crowns and are sold at the town hall."
LONG = "\n\n".join(f"# Part {n}\n\nThe harbour of Norby had {n} ships that year, and {n} captains." for n in range(120))


def add(house: House, name: str = "talker", **details: object) -> None:
    model = Model(name=name, format="fake", engines=["fake"], outputs=["text"], folder=house.home, details=details)
    house.registry.add(model, replace=True)


def request_of(name: str, *texts: str, **options: object) -> Request:
    return task_request(name, [Part.of_text(text) for text in texts], options, seed=5)


def done(house: House, name: str, *texts: str, **options: object) -> Result:
    last = list(carry_out(house, request_of(name, *texts, **options)))[-1]
    assert isinstance(last, Completed)
    return last.result


def test_the_whole_and_its_calls_are_on_the_record_and_can_be_made_again(house: House) -> None:
    add(house)
    result = done(house, "summarise", TEXT, sentences=3)
    kept = house.history.get(result.id)
    assert kept.request.task == "summarise"
    assert (kept.request.model, kept.request.engine, kept.request.options["sentences"]) == ("talker", "fake", 3)
    call = house.history.get(str(result.choice.steps[0].result))
    assert call.request.task is None
    assert TEXT in call.request.prompt
    again, before = made_again(house, result.id)
    repeated = list(respond(house, again))[-1]
    assert isinstance(repeated, Completed)
    assert repeated.result.text == before.text == result.text
    assert repeated.result.id != result.id


def test_events_come_in_order_and_the_model_is_told(house: House) -> None:
    add(house)
    events = list(carry_out(house, request_of("rewrite", TEXT, tone="formal")))
    assert isinstance(events[0], Chosen)
    assert events[0].choice.model == "talker"
    assert "rewrite" in events[0].choice.reasons[0]
    assert (
        "".join(event.text for event in events if isinstance(event, TextDelta)).strip()
        == output_of(
            events[-1].result  # pyright: ignore[reportAttributeAccessIssue]
        ).text
    )


def test_a_text_several_times_the_context_is_read_whole_in_sections(own_home: Path) -> None:
    with House(Settings(home=own_home, engines=EngineSettings(context=700))) as house:
        add(house, reply="Norby has a harbour.")
        events = list(carry_out(house, request_of("summarise", LONG)))
        result = events[-1].result  # pyright: ignore[reportAttributeAccessIssue]
        coverage = output_of(result).coverage
        assert coverage is not None
        assert coverage.sections > 5
        assert (coverage.sections_read, coverage.read, coverage.share) == (coverage.sections, len(LONG), 1.0)
        read = "".join(house.history.get(str(step.result)).request.prompt for step in result.choice.steps)
        assert all(f"# Part {n}\n" in read for n in range(120))
        told = [event.fraction for event in events if isinstance(event, Progress) and event.fraction is not None]
        assert told == sorted(told)
        assert result.text == "Norby has a harbour."


def test_sections_that_give_nothing_are_told_and_flagged(house: House) -> None:
    add(house, reply=" ")
    result = done(house, "translate", TEXT, to="German")
    coverage = output_of(result).coverage
    assert coverage is not None
    assert coverage.read == 0
    assert result.verdict.status == "block"
    noted = {measure.name: measure for measure in result.verdict.measures}
    assert noted["coverage"].status == "flag"


def test_stopping_keeps_what_there_is_as_cancelled(own_home: Path) -> None:
    with House(Settings(home=own_home, engines=EngineSettings(context=700))) as house:
        add(house, reply="Norby.")
        request = request_of("translate", LONG, to="German")
        with closing(carry_out(house, request)) as events:
            for event in events:
                if isinstance(event, TextDelta):
                    break
        kept = house.history.get(request.id).result
        assert kept is not None
        assert kept.finish_reason == "cancelled"
        assert "Norby." in kept.text


def test_extracted_json_obeys_its_schema_and_foreign_values_become_null(house: House) -> None:
    add(house)
    assert output_of(done(house, "extract", TEXT, fields="town,price")).model_dump()["value"] == {
        "town": None,
        "price": None,
    }
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert isinstance(output_of(done(house, "extract", TEXT, json_schema=schema)).model_dump()["value"]["n"], int)
    with pytest.raises(BadRequest, match="JSON schema"):
        done(house, "extract", TEXT, json_schema={"type": "object", "nonsense": 1})


def test_a_label_is_one_of_those_given_with_probabilities(house: House) -> None:
    add(house)
    made = output_of(done(house, "classify", TEXT, labels=["news", "poem", "bill"])).model_dump()
    assert made["label"] in {"news", "poem", "bill"}
    assert sum(made["scores"].values()) == pytest.approx(1, abs=0.001)


def test_labels_without_likelihoods_or_with_vectors(
    house: House, starter: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(house)
    monkeypatch.setattr(PipelineDesk, "can_score", False)
    kinds = {"labels": ["sports", "politics", "food"], "about": "topic"}
    written = output_of(done(house, "classify", "The striker scored twice.", **kinds)).model_dump()
    assert written["label"] in kinds["labels"]
    assert (written["scores"], written["confidence"]) == ({}, None)
    with pytest.raises(BadRequest, match="likelihoods"):
        done(house, "classify", "The striker scored twice.", **kinds, none=True)
    house.registry.add(starter.registry.get("minilm"))
    result = done(house, "classify", "The striker scored twice.", **kinds)
    near = output_of(result).model_dump()
    assert near["label"] == "sports"
    assert near["confidence"] == max(near["scores"].values()) > 0.5
    assert result.choice.steps == []  # no model was asked
    far = output_of(done(house, "classify", "I lost my left glove on the bus.", **kinds, none=True)).model_dump()
    assert (far["label"], far["fits"]) == ("none", False)
    assert set(far["scores"]) == {*kinds["labels"], "none"}


def test_personal_messages_need_no_model_unless_something_is_to_be_written(house: House) -> None:
    made = done(house, "personalise", "Dear {name}, see you in {town}.", "name,town\nAnn,Holm\nBob,Kell\n")
    assert [part.text for part in made.outputs] == ["Dear Ann, see you in Holm.", "Dear Bob, see you in Kell."]
    assert made.choice.model is None
    with pytest.raises(NotFound):
        done(house, "personalise", "Dear {name}, [[one sentence]]", "name,town\nAnn,Holm\n")
    add(house, reply="All the best.")
    made = done(house, "personalise", "Dear {name}, [[a wish for {name}]]", "name\nAnn\nBob\n")
    assert output_of(made).model_dump()["texts"] == ["Dear Ann, All the best.", "Dear Bob, All the best."]


def test_an_unknown_field_is_an_error_before_any_message(house: House) -> None:
    add(house)
    with pytest.raises(DatasetError):
        done(house, "personalise", "Dear {nam}, [[a wish]]", "name\nAnn\n")
    assert [entry.error is not None for entry in house.history.newest()] == [True]


@pytest.mark.parametrize(
    ("name", "texts", "options"),
    [
        ("translate", [TEXT], {}),
        ("translate", [TEXT], {"to": "German", "colour": "red"}),
        ("summarise", [TEXT], {"sentences": 0}),
        ("summarise", [], {}),
        ("summarise", [" "], {}),
        ("personalise", ["{name}"], {}),
        ("rewrite", [TEXT], {}),
        ("classify", [TEXT], {"labels": ["a", "A"]}),
        ("classify", [TEXT], {"labels": ["a", "b"], "examples": [["x", "c"]]}),
        ("classify", [TEXT], {"labels": ["a", "b"], "descriptions": {"c": "x"}}),
        ("classify", [TEXT], {"labels": ["a", "None"], "none": True}),
        ("code", ["x = 1"], {"action": "complete"}),
        ("summarise", [TEXT], {"temperature": 9}),
    ],
)
def test_wrong_requests_say_what_is_wrong(
    house: House, name: str, texts: list[str], options: dict[str, object]
) -> None:
    add(house)
    with pytest.raises(BadRequest) as error:
        done(house, name, *texts, **options)
    assert error.value.hint


def test_a_model_without_tokens_for_it_fills_in_no_middle(house: House) -> None:
    add(house)
    with pytest.raises(UnsupportedOption, match="fill in the middle"):
        done(house, "code", "def f(x):\n    return <cursor>\n", action="complete")


def test_a_failing_engine_is_on_the_record(house: House) -> None:
    add(house, fail="the engine is tired")
    with pytest.raises(EngineError, match="tired"):
        done(house, "summarise", TEXT)
    assert all(entry.error for entry in house.history.newest())


def test_personal_data_is_stopped_and_hidden_on_the_record(own_home: Path) -> None:
    with House(Settings(home=own_home, guard=GuardSettings(requests="block"))) as house:
        add(house)
        with pytest.raises(Blocked):
            done(house, "summarise", "Write to ann@example.org.")
        with pytest.raises(Blocked):
            done(house, "classify", "Write to ann@example.org.", labels=["a", "b"])
    with House(Settings(home=own_home, guard=GuardSettings(history="redact"))) as house:
        result = done(house, "answer", TEXT, question="Is bob@example.org in it?")
        assert "bob@example.org" not in house.history.get(result.id).request.model_dump_json()


def test_files_are_read_and_what_is_no_text_is_refused(house: House, tmp_path: Path) -> None:
    add(house)
    good, bad = tmp_path / "a.md", tmp_path / "a.bin"
    good.write_text(TEXT)
    bad.write_bytes(b"\xff\xfe\x00\x01")
    request = task_request("summarise", [Part.of_file(good)], {})
    result = list(carry_out(house, request))[-1].result  # pyright: ignore[reportAttributeAccessIssue]
    assert output_of(result).coverage.characters == len(TEXT)  # pyright: ignore[reportOptionalMemberAccess]
    with pytest.raises(UnsupportedInput):
        list(carry_out(house, task_request("summarise", [Part.of_file(bad)], {})))


def test_what_was_guessed_or_left_out_of_a_file_is_flagged_and_its_pages_are_told(house: House, tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    add(house)
    half_scanned = tmp_path / "half.pdf"
    canvas = Canvas(str(half_scanned))
    canvas.drawString(72, 700, TEXT)
    canvas.showPage()
    canvas.showPage()
    canvas.save()
    events = list(carry_out(house, task_request("summarise", [Part.of_file(half_scanned)], {})))
    told = [event.message for event in events if isinstance(event, Progress) and "page" in event.message]
    assert told == ["half.pdf: reading page 1", "half.pdf: reading page 2"]
    result = events[-1].result  # pyright: ignore[reportAttributeAccessIssue]
    [reading] = [measure for measure in result.verdict.measures if measure.name == "reading"]
    assert reading.status == "flag"
    assert "half.pdf: 1 page of 2 without text" in reading.note


def test_a_wish_becomes_a_task_and_what_the_person_sets_wins() -> None:
    route, request = routed("put this into French", [Part.of_text(TEXT)], {"source": "English"})
    assert (route.task, request.task) == ("translate", "translate")
    assert request.options == {"to": "French", "source": "English"}
    _, request = routed("put this into French", [Part.of_text(TEXT)], {"to": "Dutch"})
    assert request.options == {"to": "Dutch"}


@pytest.mark.models
def test_a_real_model_reads_a_text_several_times_its_context(starter_home: Path) -> None:
    with House(Settings(home=starter_home, engines=EngineSettings(context=512))) as house:
        text = "\n\n".join(f"{TEXT} It is the festival number {n}." for n in range(40))
        request = task_request("translate", [Part.of_text(text[:4500])], {"to": "Spanish"}, model="smollm2", seed=1)
        result = list(carry_out(house, request))[-1].result  # pyright: ignore[reportAttributeAccessIssue]
        coverage = output_of(result).coverage
        assert coverage is not None
        assert coverage.characters == 4500
        assert coverage.share == 1.0
        assert coverage.sections >= 5
