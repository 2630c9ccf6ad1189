"""Which tools a request needs, by meaning: with vectors that are counted words, and the real ones on real models."""

import json
import re
from collections.abc import Sequence

import numpy as np
import pytest

from castalia.core.content import Message, ToolCall
from castalia.core.contracts import Array
from castalia.core.events import Completed
from castalia.core.requests import Request
from castalia.core.results import Result
from castalia.modalities.text.options import TextOptions, Tool
from castalia.serving.following import outcome
from castalia.serving.functions import function_tool
from castalia.serving.house import House
from castalia.serving.pipeline import answer
from castalia.serving.talking import Talk
from castalia.serving.tool_loop import answer_with_tools
from castalia.serving.tool_routing import needed_tools, pieces_of
from castalia.serving.toolbox import Toolbox

TOOLS = [Tool(name="get_weather", description="The weather in a city."), Tool(name="set_timer", description="A timer.")]
WORDS = ("weather", "timer", "minutes")


def counted(texts: Sequence[str]) -> Array:
    """Unit vectors of which words stand in a text; the last place keeps all of them apart a little."""
    rows = np.array([[float(word in text.lower()) for word in WORDS] + [0.1] for text in texts], np.float32)
    rows[:, 1] += rows[:, 2]
    rows[:, 2] = 0
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def needed(text: str, *later: Message, **options: object) -> list[str]:
    request = Request(messages=[Message.of_text(text), *later])
    return needed_tools(request, TextOptions.model_validate({"tools": TOOLS, **options}), counted)[0]


def test_the_nearest_tool_is_needed_and_none_when_none_is_near() -> None:
    assert needed("What is the weather in Ulm?") == ["get_weather"]
    assert needed("Wake me in 5 minutes") == ["set_timer"]
    assert needed("") == []


def test_clauses_are_called_at_once_or_one_after_the_other() -> None:
    assert needed("Start a timer and tell me the weather") == ["set_timer", "get_weather"]
    assert needed("The weather in Ulm and the weather in Bonn") == ["get_weather", "get_weather"]
    assert needed("Start a timer and tell me the weather", parallel_tool_calls=False) == ["set_timer"]
    assert needed("Start a timer and then tell me the weather") == ["set_timer"]


def test_what_was_called_since_the_last_words_is_not_called_again() -> None:
    call = Message(role="assistant", tool_calls=[ToolCall(id="1", name="set_timer", arguments="{}")])
    told = Message.of_text("done", role="tool")
    text = "Start a timer and then tell me the weather"
    assert needed(text, call, told) == ["get_weather"]
    both = call.model_copy(
        update={"tool_calls": [*call.tool_calls, ToolCall(id="2", name="get_weather", arguments="{}")]}
    )
    assert needed(text, both, told) == []
    assert needed("timer", call, told, tool_choice="required") == ["set_timer"], "a demand always gets one"


def test_what_follows_a_colon_is_not_taken_apart() -> None:
    assert pieces_of("Look up Tom and write to him: Come and see. Bye now.") == [
        "Look up Tom",
        "write to him: Come and see. Bye now.",
    ]
    assert pieces_of("Hello there.") == []


def get_weather(city: str) -> str:
    """The weather in a city now."""
    return f"It is 31 degrees in {city}."


def set_timer(minutes: int) -> str:
    """Start a timer."""
    return f"The timer of {minutes} minutes runs."


BOX = [function_tool(get_weather), function_tool(set_timer)]
CALLING = {"temperature": 0.0, "max_tokens": 120}


def asked(house: House, text: str, **options: object) -> Result:
    tools = [tool.definition.model_dump() for tool in BOX]
    request = Request.of_text(
        text, modality="text", model="smollm2", seed=1, options={**CALLING, "tools": tools, **options}
    )
    return outcome(answer(house, request), Completed).result


@pytest.mark.models
def test_the_packaged_model_calls_the_right_tool_or_none(starter: House) -> None:
    result = asked(starter, "What is the weather in Lisbon?")
    [call] = result.tool_calls
    assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Lisbon"})
    assert any("meaning of the words" in reason for reason in result.choice.reasons)
    assert asked(starter, "Who wrote Romeo and Juliet?").tool_calls == []
    assert asked(starter, "What is the weather in Lisbon?", tool_choice="none").tool_calls == []
    [named] = asked(starter, "Wake me in 20 minutes.", tool_choice="set_timer").tool_calls
    assert named.name == "set_timer"
    minutes = json.loads(named.arguments)["minutes"]  # it obeys the schema; a model so small may read 10 for 20
    assert isinstance(minutes, int)
    assert {call.name for call in asked(starter, "Hello", tool_choice="required").tool_calls} <= {
        "get_weather",
        "set_timer",
    }


@pytest.mark.models
def test_the_packaged_model_uses_what_a_tool_gave_back(starter: House) -> None:
    request = Request.of_text(
        "What is the weather in Lisbon?", modality="text", model="smollm2", seed=1, options=CALLING
    )
    result = outcome(answer_with_tools(starter, request, Toolbox(BOX)), Completed).result
    [use] = result.trace
    assert (use.name, use.output) == ("get_weather", "It is 31 degrees in Lisbon.")
    assert result.text
    assert result.tool_calls == []


@pytest.mark.models
def test_the_packaged_model_sums_a_conversation_up_that_outgrows_its_context(starter: House) -> None:
    settings = starter.settings.model_copy(
        update={"engines": starter.settings.engines.model_copy(update={"context": 512})}
    )
    with House(settings) as house:
        talk = Talk(house, model="smollm2", seed=1, options={"temperature": 0.0, "max_tokens": 60})
        story = "My boat is called Minka. " + "She lies in the harbour of Ulm and is painted blue. " * 6
        summarised = []
        for text in (story, f"Remember this as well. {story}", f"And this. {story}", "What is my boat called?"):
            summarised += [event for event in talk.say(text) if event.event == "summarised"]
        assert summarised
        assert re.search("boat|Minka|Ulm", summarised[-1].text)
        house.conversations.delete(talk.conversation or "")
