"""Training over HTTP, from what is sent to what is drawn: started, followed, stopped, gone on with."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from PIL import Image
from tests.server.conftest import KEY, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castalia.serving.house import House


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def discs(count: int) -> dict[str, bytes]:
    """Grey pictures of a bright disc somewhere, in a folder as people pack it."""
    rows, columns = np.mgrid[:16, :16]
    draw = np.random.default_rng(0)
    files = {"__MACOSX/discs/._0.png": b"nothing", "discs/.DS_Store": b"nothing"}
    for number in range(count):
        y, x = draw.uniform(4, 12, 2)
        buffer = io.BytesIO()
        disc = 255 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 8)
        Image.fromarray(disc.astype(np.uint8)).save(buffer, "png")
        files[f"discs/{number}.png"] = buffer.getvalue()
    return files


@pytest.fixture
def client(house: House) -> Iterator[httpx.Client]:
    with (
        serving(house, KEY) as running,
        httpx.Client(base_url=running.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=120) as opened,
    ):
        yield opened


def sent(client: httpx.Client, data: bytes, name: str) -> str:
    answer = client.post("/v1/files", files={"file": (name, data)}, data={"purpose": "user_data"})
    return answer.raise_for_status().json()["id"]


def started(client: httpx.Client, **body: object) -> dict[str, Any]:
    answer = client.post("/v1/trainings", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def followed(client: httpx.Client, id: str) -> list[dict[str, Any]]:
    with client.stream("GET", f"/v1/trainings/{id}/events") as stream:
        lines = [line.removeprefix("data: ") for line in stream.iter_lines() if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_a_packed_folder_becomes_a_model_that_draws(client: httpx.Client) -> None:
    file = sent(client, packed(discs(80)), "discs.zip")
    job = started(client, file=file, name="discs", family="vae", size="tiny", max_steps=40, threads=1)
    assert job["plan"]["modality"] == "image"
    told = followed(client, job["id"])
    assert told[-1]["status"] == "completed", told[-1]["error"]
    assert told[-1]["model"] == "discs"
    assert told[-1]["figures"]["steps"] == 40
    preview = client.get(f"/v1/trainings/{job['id']}/preview")
    assert preview.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(preview.content)).width > 16
    drawn = client.post("/v1/images/generations", json={"model": "discs", "prompt": "a disc"})
    assert drawn.status_code == 200, drawn.text
    assert [one["id"] for one in client.get("/v1/trainings").json()["data"]] == [job["id"]]

    on = started(client, file=file, name="discs-2", start_from="discs", max_steps=4, threads=1)
    last = followed(client, on["id"])[-1]
    assert (last["status"], last["figures"]["steps"]) == ("completed", 4)


def test_stopped_it_goes_on_from_its_checkpoint(client: httpx.Client) -> None:
    file = sent(client, packed(discs(80)), "discs.zip")
    job = started(client, file=file, name="discs", family="vae", size="tiny", max_steps=240, threads=1)
    address = f"/v1/trainings/{job['id']}"
    for _ in range(600):
        if client.get(address).json()["values"]:
            break
        time.sleep(0.1)
    assert client.post(f"{address}/cancel").json()["status"] == "canceled"
    assert client.post(f"{address}/cancel").json()["status"] == "canceled"
    again = client.post(f"{address}/resume")
    assert again.status_code == 200, again.text
    assert client.post(f"{address}/resume").status_code == 409
    told = followed(client, job["id"])
    assert told[-1]["status"] == "completed", told[-1]["error"]
    assert told[-1]["figures"]["steps"] == 240
    late = client.post(f"{address}/resume")
    assert late.status_code == 409
    assert "is completed" in late.json()["error"]["message"]


def test_a_table_is_learnt_as_it_is(client: httpx.Client) -> None:
    rows = "\n".join(f"{n},{n * n % 17},{'ab'[n % 2]}" for n in range(200))
    file = sent(client, f"n,square,letter\n{rows}".encode(), "squares.csv")
    job = started(client, file=file, name="squares", minutes=1, threads=1)
    assert (job["plan"]["modality"], job["plan"]["family"]) == ("table", "trees")
    assert any("trees" in note for note in job["notes"])
    assert followed(client, job["id"])[-1]["status"] == "completed"


def test_problems_of_the_data_are_the_answer(client: httpx.Client) -> None:
    broken = {**discs(20), "discs/torn.png": b"\x89PNG\r\n\x1a\n torn", "discs/no.png": b"text"}
    answer = client.post("/v1/trainings", json={"file": sent(client, packed(broken), "discs.zip"), "name": "m"})
    assert answer.status_code == 422
    problems = answer.json()["error"]["details"]["problems"]
    assert any("torn.png" in line for line in problems)
    assert any("no.png" in line for line in problems)
    assert client.get("/v1/trainings").json()["data"] == []
    assert client.post("/v1/trainings", json={"file": "file-none"}).status_code == 404
    assert client.get("/v1/trainings/t-none/events").status_code == 404


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (packed({"../out.png": b"x"}), "outside of its folder"),
        (packed({"/etc/out.png": b"x"}), "outside of its folder"),
        (packed({"a\\..\\..\\out.png": b"x"}), "outside of its folder"),
        (packed({}), "holds no files"),
        (b"PK\x03\x04 torn", "no ZIP archive"),
    ],
)
def test_archives_that_would_do_harm_are_refused(client: httpx.Client, house: House, data: bytes, why: str) -> None:
    answer = client.post("/v1/trainings", json={"file": sent(client, data, "a.zip"), "name": "m"})
    assert 400 <= answer.status_code < 500
    assert why in answer.json()["error"]["message"]
    assert list((house.home / "training-data").iterdir()) == []
    assert not list(house.home.rglob("out.png"))
