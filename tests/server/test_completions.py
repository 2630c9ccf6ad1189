"""POST /v1/completions with OpenAI's own client: shapes, echo, log-probabilities, streams, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai
import pytest

if TYPE_CHECKING:
    from tests.server.conftest import Running

PROMPT = "The river was quiet"


def test_text_is_gone_on_from(running: Running) -> None:
    made = running.client().completions.create(model="talker", prompt=PROMPT, max_tokens=3, seed=1)
    (choice,) = made.choices
    assert made.object == "text_completion"
    assert made.model == "talker"
    assert choice.text
    assert choice.finish_reason == "length"
    assert choice.logprobs is None, "not asked for"
    assert made.usage is not None
    assert (made.usage.prompt_tokens, made.usage.completion_tokens, made.usage.total_tokens) == (4, 3, 7)
    assert made.model_extra is not None
    assert made.model_extra["castalia"]["choice"]["modality"] == "text"


def test_options_reach_the_engine_and_the_chat_template_does_not(running: Running) -> None:
    made = running.client().completions.create(model="talker", prompt=PROMPT, max_tokens=40, stop=["quiet"], seed=1)
    assert "quiet" not in made.choices[0].text
    kept = running.house.history.newest(limit=1)[0].result
    assert kept is not None
    assert kept.options["raw"] is True
    assert kept.options["stop"] == ["quiet"]


def test_several_prompts_with_several_answers_come_in_order(running: Running) -> None:
    made = running.client().completions.create(model="talker", prompt=["one", "two"], n=2, max_tokens=4, seed=1)
    assert [choice.index for choice in made.choices] == [0, 1, 2, 3]
    said = [choice.text for choice in made.choices]
    assert ["one" in text for text in said] == [True, True, False, False]


def test_echo_with_logprobs_measures_the_prompt(running: Running) -> None:
    made = running.client().completions.create(
        model="talker", prompt=PROMPT, max_tokens=1, echo=True, logprobs=2, temperature=0
    )
    (choice,) = made.choices
    told = choice.logprobs
    assert told is not None
    assert told.tokens is not None
    assert told.token_logprobs is not None
    assert told.top_logprobs is not None
    assert told.text_offset is not None
    assert choice.text.startswith(PROMPT)
    assert "".join(told.tokens) == choice.text
    assert told.tokens[:4] == ["The", " river", " was", " quiet"]
    assert len(told.tokens) == 5, "the prompt and one more"
    assert [choice.text[place:].startswith(token) for place, token in zip(told.text_offset, told.tokens, strict=True)]
    assert told.text_offset[:4] == [0, 3, 9, 13]
    assert all(value < 0 for value in told.token_logprobs)
    for token, value, top in zip(told.tokens, told.token_logprobs, told.top_logprobs, strict=True):
        assert top[token] == value


def test_echo_alone_gives_the_prompt_back_and_max_tokens_0_only_that(running: Running) -> None:
    client = running.client()
    both = client.completions.create(model="talker", prompt=PROMPT, max_tokens=2, echo=True, seed=3)
    assert both.choices[0].text.startswith(PROMPT)
    assert len(both.choices[0].text) > len(PROMPT)
    read = client.completions.create(model="talker", prompt=PROMPT, max_tokens=0, echo=True, logprobs=0)
    assert read.choices[0].text == PROMPT
    assert read.choices[0].logprobs is not None
    assert read.choices[0].logprobs.top_logprobs is None
    assert len(read.choices[0].logprobs.token_logprobs or []) == 4


@pytest.mark.parametrize("wishes", [{}, {"echo": True}, {"echo": True, "logprobs": 1}, {"logprobs": 0}])
def test_a_stream_says_the_same(running: Running, wishes: dict[str, object]) -> None:
    client = running.client()
    asked = {"model": "talker", "prompt": ["one", "two"], "max_tokens": 5, "seed": 5, **wishes}
    whole = client.completions.create(**asked)
    chunks = list(client.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[-1].usage == whole.usage
    for choice in whole.choices:
        mine = [chunk.choices[0] for chunk in chunks if chunk.choices and chunk.choices[0].index == choice.index]
        assert "".join(one.text for one in mine) == choice.text
        assert mine[-1].finish_reason == choice.finish_reason
        told = [value for one in mine if one.logprobs for value in one.logprobs.token_logprobs or []]
        places = [place for one in mine if one.logprobs for place in one.logprobs.text_offset or []]
        assert told == (choice.logprobs.token_logprobs if choice.logprobs else [])
        assert places == (choice.logprobs.text_offset if choice.logprobs else [])


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"prompt": [1, 2, 3]}, "token numbers"),
        ({"prompt": [[1, 2], [3]]}, "token numbers"),
        ({"prompt": []}, "prompts"),
        ({"prompt": "a", "max_tokens": 0}, "max_tokens"),
        ({"prompt": "a", "logprobs": 99}, "logprobs"),
        ({"prompt": "a", "suffix": "end"}, "suffix"),
        ({"prompt": "a", "logit_bias": {"5": 1}}, "logit_bias"),
        ({"prompt": "a", "temperature": 9}, "temperature"),
        ({"prompt": "a", "model": "painter"}, "painter"),
        ({"prompt": "word " * 300}, "200"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_is_refused_with_a_reason(
    running: Running, wishes: dict[str, object], said: str, stream: bool
) -> None:
    with pytest.raises(openai.BadRequestError, match=said):
        running.client().completions.create(**{"model": "talker", **wishes}, stream=stream)


def test_without_a_prompt_a_document_begins(running: Running) -> None:
    made = running.client().completions.create(model="talker", prompt=None, max_tokens=3)
    assert made.choices[0].text
