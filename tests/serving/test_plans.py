"""The way of a plan on the fake engine: order, inputs, failure, stop, record, again, options, the guard."""

from contextlib import closing
from pathlib import Path

import pytest

from castalia.core.config import GuardSettings, Settings
from castalia.core.content import Part
from castalia.core.errors import BadRequest, Blocked, EngineError
from castalia.core.events import Chosen, Completed, Event, Stepped, TextDelta
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import PLAN, Result
from castalia.serving.house import House
from castalia.serving.pipeline import answer
from castalia.serving.plans import carry_out, first_failure, once_more, planned, respond
from castalia.serving.recording import made_again
from castalia.serving.stepping import TOLD

REPORT = "Write a short report on our sales.csv with a chart-like picture and read the summary aloud"
FOX = "Write a story about a brave fox, draw the fox and read the story aloud"
SALES = "month,region,revenue\n" + "".join(f"2025-{n:02d},{'NS'[n % 2]},{n * 10}\n" for n in range(1, 13))


def add(house: House, name: str, output: str, **details: object) -> None:
    model = Model(name=name, format="fake", engines=["fake"], outputs=[output], folder=house.home, details=details)
    house.registry.add(model, replace=True)


@pytest.fixture
def furnished(house: House) -> House:
    add(house, "talker", "text", reply="# All is well\n\nThe **fox** won. It went home.")
    add(house, "painter", "image")
    add(house, "voice", "speech")
    return house


@pytest.fixture
def sales(tmp_path: Path) -> Part:
    path = tmp_path / "sales.csv"
    path.write_text(SALES)
    return Part.of_file(path)


def events_of(house: House, request: Request) -> list[Event]:
    return list(respond(house, request))


def result_of(events: list[Event]) -> Result:
    last = events[-1]
    assert isinstance(last, Completed)
    return last.result


def states(result: Result) -> dict[str, str]:
    return {step.name: step.state for step in result.choice.steps}


def test_every_step_is_an_ordinary_request_on_the_record(furnished: House, sales: Part) -> None:
    pytest.importorskip("matplotlib")
    events = events_of(furnished, Request.of_text(REPORT, [sales], seed=3))
    assert isinstance(events[0], Chosen)
    result = result_of(events)
    assert states(result) == dict.fromkeys(["text", "chart", "summary", "speech"], "done")
    assert [part.type for part in result.outputs] == ["text", "image", "text", "speech"]
    for step in result.choice.steps:
        assert step.result is not None
        kept = furnished.history.get(step.result)
        assert kept.result is not None
        assert kept.result.verdict.measures
        assert kept.request.modality == step.modality
        assert (kept.result.seed, kept.result.choice.modality) == (3, step.modality)
        assert [part.blob for part in kept.result.outputs] == [result.outputs[n].blob for n in step.outputs]
    whole = furnished.history.get(result.id).result
    assert whole is not None
    assert states(whole) == states(result)
    assert {measure.name for measure in whole.verdict.measures} == {f"step {step.name}" for step in result.choice.steps}


def test_steps_get_what_the_steps_before_have_made(furnished: House, sales: Part) -> None:
    pytest.importorskip("matplotlib")
    result = result_of(events_of(furnished, Request.of_text(REPORT, [sales])))
    asked = {step.name: furnished.history.get(step.result or "").request for step in result.choice.steps}
    assert "All is well" in asked["summary"].prompt
    assert asked["speech"].prompt == "All is well.\nThe fox won. It went home."  # no marks are read aloud
    assert asked["chart"].attachments[0].name == "sales.csv"
    assert asked["text"].attachments == []
    assert "The total revenue is 780," in asked["text"].prompt
    notes = next(step.notes for step in result.choice.steps if step.name == "text")
    assert "12 rows" in notes[0]


def test_a_table_is_told_within_bounds(furnished: House, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "sales.csv"
    path.write_text("town,revenue\n" + "".join(f"town number {n},{n}\n" for n in range(20_000)))
    result = result_of(events_of(furnished, Request.of_text(REPORT, [Part.of_file(path)])))
    text = furnished.history.get(result.choice.steps[0].result or "").request.prompt
    assert len(text) < TOLD + 200
    assert "20000 rows" in text


def test_events_tell_each_step_from_beginning_to_end(furnished: House) -> None:
    told = [event for event in events_of(furnished, Request.of_text(FOX)) if isinstance(event, Stepped)]
    changes = [(event.step.name, event.step.state) for event in told if event.inside is None]
    assert changes == [(name, state) for name in ("text", "image", "speech") for state in ("running", "done")]
    streamed = "".join(event.inside.text for event in told if isinstance(event.inside, TextDelta))
    assert streamed == "# All is well\n\nThe **fox** won. It went home."


def test_a_failing_step_takes_only_those_with_it_that_need_it(furnished: House) -> None:
    add(furnished, "talker", "text", fail="The pen is broken.")
    result = result_of(events_of(furnished, Request.of_text(FOX)))
    assert states(result) == {"text": "failed", "image": "done", "speech": "skipped"}
    steps = {step.name: step for step in result.choice.steps}
    assert "The pen is broken." in steps["text"].why
    assert "text, which failed" in steps["speech"].why
    assert [part.type for part in result.outputs] == ["image"]
    assert result.verdict.status == "flag"
    failure = first_failure(result)
    assert isinstance(failure, EngineError)
    assert failure.exit_status == 2
    add(furnished, "talker", "text")
    add(furnished, "painter", "image", fail="No paint.")
    assert states(result_of(events_of(furnished, Request.of_text(FOX)))) == {
        "text": "done",
        "image": "failed",
        "speech": "done",
    }


def test_what_nothing_installed_makes_is_told_in_its_step(house: House) -> None:
    add(house, "talker", "text")
    result = result_of(events_of(house, Request.of_text(FOX)))
    assert states(result) == {"text": "done", "image": "failed", "speech": "failed"}
    assert "castalia pull starter" in result.choice.steps[1].why


def test_a_withheld_output_goes_no_further(furnished: House) -> None:
    add(furnished, "talker", "text", reply="")
    result = result_of(events_of(furnished, Request.of_text(FOX)))
    if result.choice.steps[0].status == "block":
        assert states(result)["speech"] == "skipped"
        assert isinstance(first_failure(result), Blocked)
    else:  # an empty text is no output that can be read aloud either
        assert states(result)["speech"] == "failed"


def test_stopping_keeps_what_is_done_and_it_can_be_made_again(furnished: House) -> None:
    request = Request.of_text(FOX)
    with closing(respond(furnished, request)) as events:
        for event in events:
            if isinstance(event, Stepped) and event.step.name == "image" and event.inside is not None:
                break
    kept = furnished.history.get(request.id).result
    assert kept is not None
    assert kept.finish_reason == "cancelled"
    assert states(kept) == {"text": "done", "image": "stopped", "speech": "stopped"}
    assert [part.type for part in kept.outputs] == ["text"]
    again, before = made_again(furnished, request.id)
    whole = result_of(list(carry_out(furnished, again, once_more(before))))
    assert states(whole) == dict.fromkeys(["text", "image", "speech"], "done")
    assert whole.outputs[0].blob == kept.outputs[0].blob


def test_a_plan_made_again_gives_the_same(furnished: House) -> None:
    add(furnished, "talker", "text")  # words drawn by seed
    first = result_of(events_of(furnished, Request.of_text(FOX)))
    add(furnished, "later", "text", reply="something else")
    request, before = made_again(furnished, first.id)
    second = result_of(list(carry_out(furnished, request, once_more(before))))
    assert second.id != first.id
    assert [part.blob for part in second.outputs] == [part.blob for part in first.outputs]


def test_options_go_to_the_steps_that_have_them(furnished: House) -> None:
    request = Request.of_text(FOX, options={"temperature": 0.3, "speed": 1.5})
    result = result_of(events_of(furnished, request))
    options = {step.name: furnished.history.get(step.result or "").request.options for step in result.choice.steps}
    assert options["text"]["temperature"] == 0.3
    assert options["speech"]["speed"] == 1.5
    assert "speed" not in options["text"]
    with pytest.raises(BadRequest, match="rows"):
        events_of(furnished, Request.of_text(FOX, options={"rows": 5}))


def test_the_guard_looks_at_the_request_first(own_home: Path) -> None:
    with House(Settings(home=own_home, guard=GuardSettings(requests="block"))) as house:
        add(house, "talker", "text")
        with pytest.raises(Blocked):
            events_of(house, Request.of_text(f"{FOX}, then write to jane@example.org"))


def test_personal_data_is_hidden_in_the_steps_on_the_record(furnished: House) -> None:
    text = "Write a letter to jane@example.org and read it aloud"
    result = result_of(events_of(furnished, Request.of_text(text)))
    kept = furnished.history.get(result.id)
    assert "jane@example.org" not in kept.request.model_dump_json()
    assert "jane@example.org" not in (kept.result or result).choice.model_dump_json()


def test_one_output_goes_its_ordinary_way(furnished: House) -> None:
    request = Request.of_text("Write a poem about a picture")
    assert planned(furnished, request).steps[0].modality == "text"
    result = result_of(events_of(furnished, request))
    assert result.choice.modality == "text"
    assert result.choice.steps == []


def test_planning_runs_nothing(furnished: House) -> None:
    choice = planned(furnished, Request.of_text(FOX))
    assert choice.modality == PLAN
    assert [step.choice.model for step in choice.steps if step.choice] == ["talker", "painter", "voice"]
    assert furnished.history.newest() == []


def test_the_pipeline_itself_answers_with_one_output(furnished: House) -> None:
    with pytest.raises(BadRequest, match="several outputs"):
        list(answer(furnished, Request.of_text(FOX)))
