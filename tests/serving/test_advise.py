"""Advice for a workload: counts that can be checked by hand, evidence, what is missing, the pages."""

import json
import re
from pathlib import Path

import pytest

from castalia.core.errors import BadRequest
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.serving.advice_pages import page, sentences, text
from castalia.serving.advise import Advice, advise
from castalia.serving.house import House
from castalia.serving.pipeline import answer
from castalia.serving.workload import drawn, read_workload, workload_of

LINES = [
    {"text": "What is the capital of France?", "modality": "text"},
    {"text": "Explain photosynthesis in two sentences.", "modality": "text"},
    {"text": "Translate 'good morning' into German.", "modality": "image"},
    {"text": "Draw a picture of a red bicycle.", "modality": "image"},
    {"text": "Compose a slow waltz for piano in D minor.", "modality": "music"},
    {"text": "Train a classifier that predicts which customers churn.", "modality": "unsupported"},
]


def add(house: House, name: str, output: str = "text", **fields: object) -> None:
    base = {"name": name, "format": "fake", "engines": ["fake"], "outputs": [output], "folder": house.home}
    house.registry.add(Model.model_validate({**base, **fields}))


@pytest.fixture
def advice(house: House) -> Advice:
    add(house, "talker", details={"reply": "A plain answer."})
    add(house, "painter", "image")
    for _ in answer(house, Request.of_text("What is rain?", model="talker", seed=1)):
        pass
    lines = workload_of("\n".join(map(json.dumps, LINES)), "wishes")
    return advise(house, lines, "wishes", "castalia advise wishes")


def test_requests_are_counted_by_what_they_want(advice: Advice) -> None:
    needs = {need.kind: need for need in advice.needs}
    assert {kind: need.requests for kind, need in needs.items()} == {"text": 3, "image": 1, "music": 1}
    assert advice.unsupported == 1
    assert advice.served == 4
    assert needs["text"].models[0].answers == 3
    assert needs["music"].models == []
    assert "castalia train FOLDER" in needs["music"].missing
    assert needs["text"].part.value == 0.5
    assert advice.language.value == 0.6
    assert advice.agreement is not None
    assert (advice.agreement.n, advice.agreement.value) == (6, pytest.approx(5 / 6, abs=1e-5))


def test_a_wish_for_several_outputs_is_a_need_of_its_own(house: House) -> None:
    add(house, "talker")
    lines = workload_of("\n".join(json.dumps({"text": text}) for text in (
        "Write a haiku about rain and read it aloud", "Write a haiku about rain", "Draw a cat")), "wishes")  # fmt: skip
    found = advise(house, lines, "wishes")
    (plan,) = (need for need in found.needs if need.kind == "plan")
    assert (plan.requests, plan.served) == (1, 0)
    assert "no installed model makes speech" in plan.missing
    assert [(one.model, one.answers) for one in plan.models] == [("talker", 1)]
    assert found.language.value == pytest.approx(2 / 3, abs=1e-5)
    add(house, "voice", "speech")
    again = advise(house, lines, "wishes")
    assert [need.served for need in again.needs if need.kind == "plan"] == [1]
    assert again.served == 2
    assert "talker would take part in 1" in " ".join(sentences(again))


def test_evidence_is_what_was_measured(advice: Advice) -> None:
    found = {one.model: one for need in advice.needs for one in need.models}
    assert found["talker"].passed is not None
    assert found["talker"].passed.n == 1
    assert found["talker"].seconds is not None
    assert found["painter"].passed is None
    told = " ".join(sentences(advice))
    assert "Nothing was measured of it yet" in told
    assert "of its 1 results on the record passed" in told


def test_every_number_of_the_sentences_is_one_of_the_counts(advice: Advice) -> None:
    known = [float(one) for one in re.findall(r"\d+(?:\.\d+)?", json.dumps(advice.model_dump(mode="json")))]
    shares = {f"{100 * one:.0f}" for one in known if one <= 1}
    plain = {f"{one:.3g}" for one in known}
    for sentence in sentences(advice)[:-1]:
        if "No generator here" in sentence:
            continue
        for one in re.findall(r"(?<![\w-])\d+(?:\.\d+)?", sentence):
            counted = sum(need.requests - need.served for need in advice.needs)
            assert one in shares | plain | {str(counted), str(advice.served), "95", "100"}, (one, sentence)


def test_the_pages_hold_it_all_and_fetch_nothing(advice: Advice) -> None:
    html, markdown = page(advice), text(advice)
    for told in ("music", "talker", "painter", "6 requests"):
        assert told in html
    assert "| text | 3 |" in markdown
    assert "http" not in html


def test_personal_data_is_not_shown(house: House) -> None:
    add(house, "talker")
    lines = workload_of(json.dumps({"text": "Write a letter to anna.berg@example.org about the rent."}), "wishes")
    assert "anna.berg" not in page(advise(house, lines, "wishes"))


def test_bad_files_say_what_and_where(tmp_path: Path) -> None:
    for content, told in [
        ("", "holds no request"),
        ("[1]", 'line 1 has no "text"'),
        ('{"text": "a"}\n{"text": "b", "modality": "smell"}', "line 2 wants 'smell'"),
        ('{"text": "a", "attachments": "b.csv"}', '"attachments" is not a list'),
    ]:
        (tmp_path / "wishes.jsonl").write_text(content)
        with pytest.raises(BadRequest, match=re.escape(told)):
            read_workload(tmp_path / "wishes.jsonl")
    (tmp_path / "wishes.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(BadRequest, match="cannot be read"):
        read_workload(tmp_path / "wishes.jsonl")


def test_drawing_is_even_over_the_classes_and_the_same_each_time() -> None:
    lines = workload_of("\n".join(json.dumps({"text": f"{n}", "task": "ab"[n > 3]}) for n in range(40)), "wishes")
    chosen = drawn(lines, 8, 1)
    assert [line.task for line in chosen] == ["a"] * 4 + ["b"] * 4
    assert drawn(lines, 8, 1) == chosen
    assert len(drawn(lines, 99, 1)) == 40
