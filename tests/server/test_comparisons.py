"""Comparisons and advice over HTTP, on fake models."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.server.conftest import Running


def finished(running: Running, id: str) -> Any:
    for _ in range(900):
        told = httpx.get(f"{running.url}/v1/comparisons/{id}", headers=running.headers).json()
        if told["status"] in {"completed", "failed", "canceled"}:
            return told
        time.sleep(0.2)
    pytest.fail("the comparison does not end")


def test_a_comparison_starts_ends_and_has_a_report(running: Running) -> None:
    body = {
        "models": ["talker", "painter"],
        "samples": 2,
        "requests": [{"text": "Draw a cat", "modality": "image"}, {"text": "What is rain?"}],
    }
    made = httpx.post(f"{running.url}/v1/comparisons", json=body, headers=running.headers)
    assert made.status_code == 201, made.text
    done = finished(running, made.json()["id"])
    assert done["status"] == "completed", done["error"]
    rows = {row["name"]: row for row in done["comparison"]["rows"]}
    assert len(rows) == 17
    cell = rows["use-case fit"]["cells"]["painter"]
    assert (cell["value"], cell["n"], cell["unit"]) == (0.5, 2, "share")
    report = httpx.get(done["report_url"], headers=running.headers)
    assert report.text.startswith("<!doctype html>")
    listed = httpx.get(f"{running.url}/v1/comparisons", headers=running.headers).json()["data"]
    assert [one["id"] for one in listed] == [done["id"]]


def test_bad_comparisons_are_refused_at_once(running: Running) -> None:
    def post(**body: object) -> httpx.Response:
        return httpx.post(f"{running.url}/v1/comparisons", json=body, headers=running.headers)

    assert post(models=["talker", "nobody"]).status_code == 404
    assert post(models=["talker", "talker"]).status_code == 400
    assert post(models=["talker"]).status_code in {400, 422}
    assert post(models=["talker", "painter"], requests=[{"text": "a", "modality": "smell"}]).status_code == 400
    missing = httpx.get(f"{running.url}/v1/comparisons/c-1", headers=running.headers)
    assert missing.status_code == 404
    assert httpx.post(f"{running.url}/v1/advice", json={"requests": []}, headers=running.headers).status_code in {
        400,
        422,
    }


def test_advice_in_three_forms(running: Running) -> None:
    def post(form: str) -> httpx.Response:
        body = {"requests": [{"text": "Draw a cat"}, {"text": "What is rain?"}], "format": form}
        return httpx.post(f"{running.url}/v1/advice", json=body, headers=running.headers)

    told = post("json").json()
    assert {need["kind"]: need["requests"] for need in told["needs"]} == {"image": 1, "text": 1}
    assert told["sentences"]
    assert post("html").text.startswith("<!doctype html>")
    assert post("markdown").text.startswith("# Advice")
