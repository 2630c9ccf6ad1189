"""Fine-tuning over HTTP, with OpenAI's own client: create, follow, list, cancel."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import openai
import pytest
from tests.server.conftest import KEY, serving

if TYPE_CHECKING:
    from castalia.core.models import Model
    from castalia.serving.house import House


def wait(client: openai.OpenAI, id: str, states: set[str]) -> Any:
    for _ in range(1200):
        job = client.fine_tuning.jobs.retrieve(id)
        if job.status in states:
            return job
        time.sleep(0.2)
    pytest.fail(f"the job is {job.status}")


def test_a_job_is_made_followed_and_cancelled(house: House, base: Model) -> None:
    pytest.importorskip("peft")
    files = house.home / "finetuning-files"
    files.mkdir()
    rows = [{"prompt": f"number {n}", "completion": f"it is {n * n}"} for n in range(40)]
    (files / "squares.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (files / "broken.jsonl").write_text("{\n" + "".join(json.dumps(row) + "\n" for row in rows))
    wishes = {"castalia": {"max_steps": 2, "threads": 1, "rank": 4, "batch_tokens": 128}}
    with serving(house, KEY) as running:
        client = running.client()
        jobs = client.fine_tuning.jobs
        made = jobs.create(model="short", training_file="squares.jsonl", suffix="Squares", seed=1, extra_body=wishes)
        assert made.status in {"queued", "running"}
        done = wait(client, made.id, {"succeeded", "failed"})
        assert done.status == "succeeded", done.error
        assert done.fine_tuned_model == "short-squares"
        assert done.trained_tokens > 0
        assert done.seed == 1
        messages = [event.message for event in jobs.list_events(made.id, limit=100)]
        assert messages[0] == "short-squares is ready"
        assert messages[-1] == "fine-tuning short as short-squares"
        said = client.chat.completions.create(
            model="short-squares", messages=[{"role": "user", "content": "number 3"}], max_tokens=4
        )
        assert said.choices[0].message.content is not None

        broken = jobs.create(model="short", training_file="broken.jsonl", extra_body=wishes)
        failed = wait(client, broken.id, {"succeeded", "failed"})
        assert failed.status == "failed"
        assert "line 1: not valid JSON" in failed.model_extra["castalia"]["problems"][0]

        long = jobs.create(
            model="short", training_file="squares.jsonl", extra_body={"castalia": {"minutes": 60, "threads": 1}}
        )
        assert jobs.cancel(long.id).status == "cancelled"
        assert wait(client, long.id, {"cancelled"}).fine_tuned_model is None
        assert [job.id for job in jobs.list(limit=2)][:2] == [long.id, broken.id]
        for reference in ("../castalia.db", "nothing.jsonl"):
            with pytest.raises(openai.APIStatusError):
                jobs.create(model="short", training_file=reference)
