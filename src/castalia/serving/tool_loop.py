"""The loop of tools: the model answers or calls, calls are run and their outputs told to it, until it answers.

Each answer goes the way of a request (`castalia.serving.pipeline`) and is on the record under an id of its own; the
last one carries the whole trace.
"""

import time
from collections.abc import Generator
from contextlib import closing

from castalia.core.content import Message, ToolCall
from castalia.core.events import Chosen, Completed, Done, Event, ToolCallDelta, Used
from castalia.core.requests import Request, new_id
from castalia.core.results import Result, ToolUse
from castalia.serving.house import House
from castalia.serving.pipeline import NOTHING, Earlier, answer
from castalia.serving.toolbox import Toolbox

MAX_STEPS = 8
"""Answers of the model within which it must be done; in the last it may call nothing."""


def answer_with_tools(
    house: House,
    request: Request,
    toolbox: Toolbox,
    *,
    max_steps: int = MAX_STEPS,
    said: list[Message] | None = None,
    steps: list[str] | None = None,
) -> Generator[Event]:
    """The events of all steps in order, with a `Used` before and after each call, and one `Completed` at the end.

    A call of a tool that is not in the ``toolbox`` ends the loop: whoever asked has to run it. A tool that was demanded
    (``tool_choice``) is demanded in the first step only. The messages of the steps before the last are put into
    ``said``, the ids of all steps' results into ``steps``. Raises any CastaliaError of the pipeline; what a tool raises
    is told to the model instead.
    """
    earlier, step, started = NOTHING, 1, time.monotonic()
    offered = [*toolbox.definitions(), *_given(request)]
    while True:
        options = {**request.options, "tools": offered}
        if step >= max_steps:
            options["tool_choice"] = "none"
        elif step > 1 and options.get("tool_choice", "auto") != "none":
            options["tool_choice"] = "auto"
        asked = request.model_copy(update={"options": options})
        result = yield from _step(house, asked, toolbox, earlier, step)
        if steps is not None:
            steps.append(result.id)
        own = [call for call in result.tool_calls if call.name in toolbox]
        if not own or step >= max_steps:
            yield Completed(result=result)
            return
        uses = [*earlier.trace]
        new = [_called(result)]
        for call in own:
            use = yield from _used(toolbox, call, step)
            uses.append(use)
            text = use.output if use.error is None else f"The tool failed: {use.error}"
            new.append(Message.of_text(text or "", role="tool").model_copy(update={"tool_call_id": call.id}))
        if said is not None:
            said += new
        earlier = Earlier(tuple(uses), result.usage, time.monotonic() - started)
        if len(own) < len(result.tool_calls):
            yield Completed(result=result.model_copy(update={"trace": uses}))
            return
        request = request.model_copy(update={"id": new_id("r"), "messages": [*request.messages, *new]})
        step += 1


def _step(
    house: House, asked: Request, toolbox: Toolbox, earlier: Earlier, step: int
) -> Generator[Event, None, Result]:
    """One answer of the model. Calls that are run here are told as `Used` later, choices only once."""
    result: Result | None = None
    with closing(answer(house, asked, earlier)) as events:
        for event in events:
            match event:
                case Completed():
                    result = event.result
                case ToolCallDelta() if event.call.name in toolbox:
                    pass
                case Chosen() if step > 1:
                    pass
                case Done(finish_reason="tool_calls"):
                    pass
                case _:
                    yield event
    assert result is not None  # noqa: S101 - the pipeline ends with Completed or raises
    return result


def _used(toolbox: Toolbox, call: ToolCall, step: int) -> Generator[Event, None, ToolUse]:
    yield Used(use=toolbox.begun(call, step))
    use = yield from toolbox.run(call, step)
    yield Used(use=use)
    return use


def _called(result: Result) -> Message:
    """What the model said in a step that called tools."""
    said = Message.of_text(result.text, role="assistant") if result.text else Message(role="assistant")
    return said.model_copy(update={"tool_calls": result.tool_calls})


def _given(request: Request) -> list[dict[str, object]]:
    """The tools that the request itself brings, for whoever asked to run."""
    tools = request.options.get("tools")
    return list(tools) if isinstance(tools, list) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
