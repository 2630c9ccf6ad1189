"""Parts, requests, results and events: JSON there and back, saving, showing."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from castalia.core.content import Message, Part
from castalia.core.errors import BadRequest, NotFound, UnsupportedInput
from castalia.core.events import Completed, Event, MediaChunk, Progress, TextDelta, event_adapter
from castalia.core.requests import Request
from castalia.core.results import Choice, Measure, Result, Verdict

PNG = bytes.fromhex("89504e470d0a1a0a")


def result(*outputs: Part) -> Result:
    return Result(id="r-1", choice=Choice(modality="image", model="m"), outputs=list(outputs))


@pytest.mark.parametrize(
    "event",
    [
        TextDelta(text="héllo"),
        MediaChunk(modality="image", media_type="image/png", data=PNG, info={"width": 8}),
        Progress(message="step 3", fraction=0.5, values={"loss": 0.1}, preview=PNG, preview_type="image/png"),
        Completed(result=result(Part(type="image", data=PNG, media_type="image/png"))),
    ],
    ids=lambda event: event.event,
)
def test_an_event_survives_json(event: Event) -> None:
    assert event_adapter.validate_json(event.model_dump_json()) == event


def test_the_worst_measure_decides_the_verdict() -> None:
    good, doubtful, bad = (Measure(name=status, value=1, status=status) for status in ("pass", "flag", "block"))
    assert Verdict.of([]).status == "pass"
    assert Verdict.of([good, doubtful]).status == "flag"
    assert Verdict.of([bad, doubtful, good]).status == "block"


def test_prompt_and_attachments_are_those_of_the_last_user_message(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    request = Request.of_text("second", [Part.of_file(file)])
    request.messages.insert(0, Message.of_text("first"))
    request.messages.append(Message.of_text("answer", role="assistant"))
    assert request.prompt == "second"
    assert [part.name for part in request.attachments] == ["a.csv"]
    assert request.attachments[0].media_type == "text/csv"


def test_an_attachment_that_is_not_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file"):
        Part.of_file(tmp_path / "none")
    with pytest.raises(UnsupportedInput, match="folder"):
        Part.of_file(tmp_path)


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError):
        Request.model_validate({"messages": [], "promt": "typo"})


def test_save_writes_one_file_or_numbered_ones(tmp_path: Path) -> None:
    picture = Part(type="image", data=PNG, media_type="image/png")
    assert result(picture).save(tmp_path / "one.png") == [tmp_path / "one.png"]
    two = result(picture, Part.of_text("and words")).save(tmp_path / "two.png")
    assert [path.name for path in two] == ["two-1.png", "two-2.png"]
    assert two[0].read_bytes() == PNG
    assert two[1].read_text() == "and words"
    with pytest.raises(BadRequest):
        result().save(tmp_path / "none.png")


def test_a_notebook_shows_pictures_inline_and_escapes_text() -> None:
    table = Part(type="table", data=b"a,b\n1,<b>\n", media_type="text/csv")
    shown = result(Part(type="image", data=PNG, media_type="image/png"), Part.of_text("<script>"), table)._repr_html_()
    assert "data:image/png;base64," in shown
    assert "<script>" not in shown
    assert "<td>&lt;b&gt;</td>" in shown
