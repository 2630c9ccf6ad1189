"""/v1/choices over HTTP: the choice, refusals, policies, corrections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.server.conftest import Running

HERONS = "the usual Monday thing with the herons"


def post(running: Running, path: str, **body: object) -> httpx.Response:
    return httpx.post(f"{running.url}{path}", json=body, headers=running.headers, timeout=60)


def test_a_choice_with_a_policy_and_its_fallbacks(running: Running) -> None:
    choice = post(running, "/v1/choices", text="Why is the sea salty?", policy="cheapest").json()
    assert choice["policy"] == "cheapest"
    assert {choice["model"], *choice["fallbacks"]} == {"talker", "slow"}
    assert post(running, "/v1/choices", text="Why?", policy="prettiest").status_code == 400


def test_what_no_generator_serves_is_refused_in_a_chat(running: Running) -> None:
    question = [{"role": "user", "content": "Make a 3D mesh of a teapot that I can print"}]
    answer = running.client().chat.completions.create(model="auto", messages=question)
    assert answer.choices[0].finish_reason == "stop"
    assert "Blender" in (answer.choices[0].message.content or "")
    assert answer.model_extra["castalia"]["finish_reason"] == "unsupported"


def test_corrections_are_learnt_and_taken_back(running: Running) -> None:
    lesson = post(running, "/v1/choices/corrections", text=HERONS, modality="music").json()
    assert (lesson["chosen"], lesson["corrections"]) == ("music", 1)
    assert lesson["after"]["corrections_followed"] == 1
    assert post(running, "/v1/choices", text=HERONS).json()["modality"] == "music"
    assert post(running, "/v1/choices/corrections", text=HERONS, modality="smell").status_code == 400
    gone = httpx.delete(f"{running.url}/v1/choices/corrections/last", headers=running.headers, timeout=60)
    assert gone.json()["corrections"] == 0
    none = httpx.delete(f"{running.url}/v1/choices/corrections/last", headers=running.headers, timeout=60)
    assert none.status_code == 404
    assert httpx.delete(f"{running.url}/v1/choices/corrections", headers=running.headers, timeout=60).is_success
