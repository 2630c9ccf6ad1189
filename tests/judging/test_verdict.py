"""The verdict: checks found by their import strings, outputs merged, nothing at all blocked."""

import io

from PIL import Image

from castalia.core.content import Part, ToolCall
from castalia.core.requests import Request
from castalia.judging.context import CheckContext
from castalia.judging.verdict import judge


def context(prompt: str = "Please tell me about plants.", **fields: object) -> CheckContext:
    options = fields.pop("options", {})
    return CheckContext(request=Request.of_text(prompt, options=options), **fields)


def picture(left: int, right: int) -> Part:
    image = Image.linear_gradient("L").resize((32, 32)).point(lambda value: left + (right - left) * value // 255)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return Part(type="image", media_type="image/png", data=buffer.getvalue())


def test_a_sound_answer_passes() -> None:
    verdict = judge([Part.of_text("Plants grow from seeds and make sugar from light.")], context())
    assert verdict.status == "pass"
    assert {"empty", "repetition", "loop", "cut off", "language", "echo"} <= {m.name for m in verdict.measures}


def test_the_worst_state_wins() -> None:
    assert judge([Part.of_text("word " * 100)], context()).status == "flag"
    assert judge([Part.of_text("")], context()).status == "block"


def test_outputs_of_one_modality_share_their_measures() -> None:
    verdict = judge([picture(0, 250), picture(100, 101), picture(0, 250)], context("three pictures"))
    (contrast,) = [measure for measure in verdict.measures if measure.name == "contrast"]
    assert verdict.status == "flag"
    assert contrast.n == 3
    assert contrast.note.startswith("Output 2: ")
    verdict = judge([picture(100, 101), picture(100, 101)], context("two pictures"))
    assert any("2 of 2 in all" in measure.note for measure in verdict.measures)


def test_nothing_at_all_is_blocked() -> None:
    assert judge([], context()).status == "block"
    assert judge([], context(finish_reason="cancelled")).status == "pass"


def test_tool_calls_alone_are_an_answer() -> None:
    options = {"tools": [{"name": "weather", "parameters": {"type": "object", "required": ["city"]}}]}
    call = ToolCall(id="1", name="weather", arguments='{"city": "Oslo"}')
    assert judge([], context(options=options, tool_calls=[call], finish_reason="tool_calls")).status == "pass"
    wrong = ToolCall(id="1", name="weather", arguments="{}")
    assert judge([], context(options=options, tool_calls=[wrong], finish_reason="tool_calls")).status == "flag"


def test_unknown_kinds_have_no_measures() -> None:
    assert judge([Part(type="smell", data=b"x")], context()).measures == []
