"""The way of a request on the fake engine: events, record, options, stop, failure, again."""

from contextlib import closing
from pathlib import Path

import pytest

from castalia.core.content import Message, Part
from castalia.core.errors import (
    BadRequest,
    Conflict,
    ContextTooLong,
    EngineCrashed,
    EngineError,
    NotFound,
    UnsupportedInput,
    UnsupportedOption,
)
from castalia.core.events import Chosen, Completed, Done, Event, TextDelta, Usage
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import Result
from castalia.serving.house import House
from castalia.serving.pipeline import answer
from castalia.serving.recording import made_again


def add(house: House, name: str = "talker", outputs: tuple[str, ...] = ("text",), **fields: object) -> Model:
    model = Model.model_validate(
        {"name": name, "format": "fake", "engines": ["fake"], "outputs": outputs, "folder": house.home, **fields}
    )
    house.registry.add(model)
    return model


def ask(house: House, text: str, **fields: object) -> Result:
    return completed(house, Request.of_text(text, **fields))


def completed(house: House, request: Request) -> Result:
    *_, last = answer(house, request)
    assert isinstance(last, Completed)
    return last.result


def test_events_come_in_order_and_the_result_is_on_the_record(house: House) -> None:
    add(house)
    events: list[Event] = list(answer(house, Request.of_text("Tell me about rivers.", seed=3)))
    assert isinstance(events[0], Chosen)
    assert isinstance(events[-1], Completed)
    assert isinstance(events[-2], Done)
    assert sum(isinstance(event, Usage) for event in events) == 1
    result = events[-1].result
    assert result.text == "".join(event.text for event in events if isinstance(event, TextDelta))
    assert (result.choice.modality, result.choice.model, result.choice.engine) == ("text", "talker", "fake")
    assert result.choice.reasons
    assert {"empty", "loop", "cut off", "confidence"} <= {measure.name for measure in result.verdict.measures}
    assert result.usage.output_tokens > 0
    kept = house.history.get(result.id).result
    assert kept is not None
    assert kept.text == result.text


def test_every_option_is_resolved_and_the_person_wins(house: House) -> None:
    add(house, options={"temperature": 0.3, "top_p": 0.5})
    result = ask(house, "Hello there, how are you?", options={"temperature": 1.5})
    assert result.options["temperature"] == 1.5
    assert result.options["top_p"] == 0.5
    assert set(result.options) >= {"max_tokens", "stop", "json_schema"}
    assert result.seed is not None


def test_media_lands_in_the_blobs(house: House) -> None:
    add(house, "painter", ("image",))
    result = ask(house, "draw a cat", options={"count": 2})
    assert [part.type for part in result.outputs] == ["image", "image"]
    for part in result.outputs:
        assert part.path is not None
        assert part.path.read_bytes() == part.read()
        assert house.blobs.path(str(part.blob)) == part.path


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"options": {"temperature": 9}}, BadRequest, "temperature"),
        ({"options": {"temperatur": 1}}, BadRequest, "temperatur"),
        ({"engine": "llamacpp"}, BadRequest, "llamacpp"),
        ({"model": "nobody"}, NotFound, "nobody"),
        ({"modality": "smell"}, NotFound, "smell"),
        ({"model": "talker", "modality": "image"}, BadRequest, "image"),
    ],
)
def test_a_wrong_wish_is_named(house: House, fields: dict[str, object], error: type[Exception], said: str) -> None:
    add(house)
    with pytest.raises(error, match=said):
        ask(house, "Tell me about rivers.", **fields)


def test_an_option_that_the_engine_lacks_is_refused_by_name(house: House) -> None:
    add(house, "painter", ("image",))
    with pytest.raises(UnsupportedOption, match="temperature"):
        ask(house, "draw a cat", options={"temperature": 0.5})


def test_nothing_installed_says_how_to_get_it(house: House) -> None:
    with pytest.raises(NotFound) as raised:
        ask(house, "What is the capital of France?")
    assert "castalia pull" in raised.value.hint


def test_closing_stops_and_records_as_cancelled(house: House) -> None:
    add(house, details={"delay": 0.05, "reply": "word " * 200})
    request = Request.of_text("Talk for long, please.")
    with closing(answer(house, request)) as events:
        for event in events:
            if isinstance(event, TextDelta):
                break
    kept = house.history.get(request.id).result
    assert kept is not None
    assert kept.finish_reason == "cancelled"
    assert 0 < len(kept.text.split()) < 20
    assert not house.pool.in_use("talker")


def test_failures_are_on_the_record(house: House) -> None:
    add(house, details={"fail": "it broke"})
    request = Request.of_text("Tell me about rivers.")
    with pytest.raises(EngineError, match="it broke"):
        list(answer(house, request))
    entry = house.history.get(request.id)
    assert entry.result is None
    assert entry.error is not None
    assert entry.error["message"] == "it broke"


def test_a_crashed_engine_is_told_and_the_next_request_works(house: House) -> None:
    add(house, "fragile", details={"crash_after": 2})
    add(house)
    with pytest.raises(EngineCrashed):
        ask(house, "Tell me about rivers.", model="fragile")
    with pytest.raises(EngineCrashed):
        ask(house, "Tell me about rivers.", model="fragile")
    assert ask(house, "Tell me about rivers.", model="talker").text


def test_a_prompt_over_the_context_gives_both_lengths(house: House) -> None:
    add(house, details={"context_length": 64})
    with pytest.raises(ContextTooLong, match=r"100.*64"):
        ask(house, "word " * 100)


def test_again_makes_the_same(house: House) -> None:
    add(house)
    first = ask(house, "Tell me about rivers.", options={"temperature": 1.0})
    request, before = made_again(house, first.id)
    assert request.id != first.id
    assert before.text == first.text
    second = completed(house, request)
    assert second.text == first.text
    assert second.seed == first.seed


def test_again_notices_a_changed_attachment(house: House, tmp_path: Path) -> None:
    add(house, "tables", ("table",))
    file = tmp_path / "rows.csv"
    file.write_text("a,b\n1,2\n")
    parts = [Part.of_text("Make more rows like these."), Part.of_file(file)]
    result = completed(house, Request(messages=[Message(parts=parts)], model="tables"))
    made_again(house, result.id)
    file.write_text("a,b\n3,4\n")
    with pytest.raises(Conflict, match="changed"):
        made_again(house, result.id)
    file.unlink()
    with pytest.raises(NotFound, match="gone"):
        made_again(house, result.id)


def test_an_attached_text_is_read_by_the_language_model(house: House, tmp_path: Path) -> None:
    add(house)
    file = tmp_path / "notes.txt"
    file.write_text("The river rose; call ada@example.org.")
    parts = [Part.of_text("Summarise the attached text."), Part.of_file(file)]
    result = completed(house, Request(messages=[Message(parts=parts)], modality="text"))
    assert "The river rose" in result.text
    file.unlink()
    request, _ = made_again(house, result.id)
    assert "The river rose" in request.prompt, "what was read is on the record"
    assert "ada@example.org" not in request.prompt
    file.write_bytes(b"\xff\xfe\x00 not text")
    with pytest.raises(UnsupportedInput, match="UTF-8"):
        completed(house, Request(messages=[Message(parts=parts)], modality="text"))


def test_history_hides_personal_data(house: House) -> None:
    add(house)
    result = ask(house, "Write a note to ada@example.org about rivers.")
    assert "ada@example.org" in result.text, "the model itself may see it by default"
    entry = house.history.get(result.id)
    assert entry.result is not None
    assert "ada@example.org" not in entry.request.prompt + entry.result.text


def test_an_idle_model_is_unloaded(house: House) -> None:
    add(house)
    ask(house, "Tell me about rivers.")
    assert house.pool.loaded() == [("talker", "fake")]
    house.pool.settings = house.pool.settings.model_copy(update={"idle_minutes": 0.0})
    house.pool.sweep()
    assert house.pool.loaded() == []


def test_a_model_that_got_the_name_of_another_is_loaded_afresh(house: House) -> None:
    add(house, details={"reply": "the first"})
    assert ask(house, "Tell me about rivers.").text == "the first"
    house.registry.remove("talker")
    add(house, details={"reply": "the second"})
    assert ask(house, "Tell me about rivers.").text == "the second"
    assert house.pool.loaded() == [("talker", "fake")]


def test_memory_makes_room_by_unloading_the_oldest(house: House) -> None:
    add(house, "one")
    add(house, "two")
    house.pool.settings = house.pool.settings.model_copy(update={"memory_gb": 0.001})
    ask(house, "Tell me about rivers.", model="one")
    ask(house, "Tell me about rivers.", model="two")
    assert house.pool.loaded() == [("two", "fake")]


def test_what_no_generator_serves_is_refused_without_an_error(house: House) -> None:
    add(house)
    result = ask(house, "Make a 3D mesh of a teapot that I can print")
    assert (result.finish_reason, result.choice.modality, result.choice.model) == ("unsupported", "unsupported", None)
    assert "Blender" in result.text
    assert house.history.get(result.id).result is not None
    with pytest.raises(BadRequest, match="no result to make again"):
        made_again(house, result.id)


def test_the_next_model_answers_when_the_first_fails(house: House) -> None:
    add(house, "broken", aliases=["default"], details={"fail": "start"})
    add(house, "spare")
    result = ask(house, "Tell me about rivers.", seed=5)
    assert (result.choice.model, result.seed) == ("spare", 5)
    assert any("broken failed" in reason for reason in result.choice.reasons)
    with pytest.raises(EngineError):
        ask(house, "Tell me about rivers.", model="broken")


def test_experience_is_read_from_the_record(house: House) -> None:
    add(house)
    for _ in range(3):
        ask(house, "Tell me about rivers.")
    known = house.history.experience()["talker"]
    assert known.n == 3
    assert 0 <= known.passed <= 3
    assert known.seconds >= 0
