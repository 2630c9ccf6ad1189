"""The command line as a person meets it: real processes, exit statuses, JSON, plain output off a terminal."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from castalia.core.models import Model
from castalia.serving.house import House

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(own_home: Path, tmp_path: Path) -> Run:
    """Runs `castalia ...` in a folder of its own, with fake models in its home."""
    from castalia.core.config import Settings

    with House(Settings(home=own_home)) as house:
        for name, output in (("talker", "text"), ("painter", "image"), ("voice", "speech"), ("tables", "table")):
            house.registry.add(
                Model(
                    name=name,
                    format="fake",
                    engines=["fake"],
                    outputs=[output],
                    folder=own_home,
                    details={"context_length": 300},
                )
            )

    def castalia(*arguments: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "castalia", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "CASTALIA_HOME": str(own_home), "NO_COLOR": "1", **environ},
            check=False,
        )

    return castalia


def test_ask_prints_the_answer_on_stdout_and_the_rest_on_stderr(run: Run) -> None:
    done = run("ask", "Tell me about rivers.", "--seed", "4")
    assert done.returncode == 0
    assert done.stdout.startswith("You said: Tell me about rivers.")
    assert "text by talker" in done.stderr
    assert "verdict:" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_ask_json_is_one_object_with_the_promised_fields(run: Run) -> None:
    done = run("ask", "Tell me about rivers.", "--json")
    answer = json.loads(done.stdout)
    assert {"id", "choice", "outputs", "verdict", "usage", "timing"} <= set(answer)
    assert {"modality", "model", "family", "engine", "confidence", "reasons", "alternatives"} <= set(answer["choice"])
    assert answer["outputs"][0]["type"] == "text"
    assert answer["outputs"][0]["text"]
    assert {"status", "measures"} <= set(answer["verdict"])
    assert done.stderr == ""


def test_ask_writes_media_where_told(run: Run, tmp_path: Path) -> None:
    done = run("ask", "Draw a cat", "-o", "cat.png")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "cat.png").read_bytes().startswith(b"\x89PNG")
    assert done.stdout.strip() == "cat.png"
    sound = json.loads(run("ask", "Read this aloud: good morning", "-o", "a.wav", "--json").stdout)
    assert sound["outputs"][0]["path"] == "a.wav"
    assert (tmp_path / "a.wav").read_bytes().startswith(b"RIFF")


def test_options_of_the_modality_are_options_of_the_command(run: Run) -> None:
    rows = json.loads(run("ask", "Make a synthetic table", "--modality", "table", "--rows", "7", "--json").stdout)
    assert rows["options"]["rows"] == 7
    text = json.loads(
        run("ask", "Tell me about rivers.", "--max-tokens=3", "--stop", "a", "--stop", "b", "--json").stdout
    )
    assert text["options"]["stop"] == ["a", "b"]
    assert text["usage"]["output_tokens"] <= 3


def test_standard_input_is_the_prompt_when_asked(run: Run) -> None:
    assert "rivers" in run("ask", "-", stdin="Tell me about rivers.").stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["ask"], 1, "nothing to ask"),
        (["ask", "  "], 1, "empty"),
        (["ask", "hello there", "--model", "nobody"], 1, "nobody"),
        (["ask", "hello there", "--temperature", "hot"], 1, "temperature"),
        (["ask", "hello there", "--no-such-thing", "1"], 1, "--no-such-thing"),
        (["ask", "hello there", "--temperature"], 1, "needs a value"),
        (["ask", "hello there", "missing.csv"], 1, "missing.csv"),
        (["ask", "Tell me about rivers.", "-o", "no/such/folder/a.txt"], 1, "no/such/folder"),
        (["ask", "word " * 400, "--modality", "text"], 1, "300"),
        (["ask", "hello there", "--engine", "openvino", "--model", "talker"], 1, "openvino"),
        (["ask", "draw a cat", "--model", "painter", "--temperature", "1"], 1, "temperature"),
        (["ask", "hello there", "--json-schema", "{broken", "--model", "talker"], 1, "json"),
        (["show", "nobody"], 1, "nobody"),
        (["rm", "nobody"], 1, "nobody"),
        (["again", "r-0"], 1, "r-0"),
        (["review", "r-0", "--accept"], 1, "r-0"),
        (["train"], 1, "--resume"),
        (["train", "missing-folder"], 1, "missing-folder"),
        (["train", "--resume", "t-0"], 1, "t-0"),
        (["pull", "nowhere:thing"], 1, "nowhere"),
        (["pull", "missing.gguf"], 1, "missing.gguf"),
        (["choose", "--batch", "missing.jsonl"], 1, "missing.jsonl"),
        (["serve", "--host", "0.0.0.0", "--no-auth"], 1, "loopback"),
        (["askk", "hello"], 1, "ask"),
        (["--set", "engines.threads=lots", "ls"], 1, "engines.threads"),
        (["--set", "nonsense", "ls"], 1, "NAME=VALUE"),
    ],
)
def test_bad_input_gets_a_clear_error_and_status(run: Run, arguments: list[str], status: int, said: str) -> None:
    done = run(*arguments)
    assert done.returncode == status, done.stderr
    assert said.lower() in done.stderr.lower()
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_all_problems_of_a_training_set_are_told_at_once(run: Run, tmp_path: Path) -> None:
    for name, text in (("empty", ""), ("head", "a,b\n"), ("short", "a,b\n1,2\n3,4\n")):
        (tmp_path / f"{name}.csv").write_text(text)
        done = run("train", f"{name}.csv")
        assert done.returncode == 1
        assert "  - " in done.stderr, done.stderr
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(3):
        (photos / f"{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    done = run("train", "photos", "--json")
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 1
    assert error["code"] == "dataset_error"
    assert all(any(f"{number}.png" in problem for problem in error["details"]["problems"]) for number in range(3))
    assert run("ls", "--json").stdout.count('"castalia"') == 0


def test_errors_are_json_when_json_was_asked_for(run: Run) -> None:
    done = run("ask", "hello there", "--model", "nobody", "--json")
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 1
    assert error["code"] == "not_found"
    assert error["hint"]


def test_personal_data_can_be_blocked_with_status_3(run: Run) -> None:
    done = run("ask", "Write to ada@example.org about rivers.", CASTALIA_GUARD_REQUESTS="block")
    assert done.returncode == 3
    assert "ada@example.org" not in done.stderr


def test_again_says_that_the_same_came_out(run: Run) -> None:
    first = json.loads(run("ask", "Tell me about rivers.", "--json").stdout)
    second = run("again", first["id"])
    assert first["outputs"][0]["text"] == second.stdout.strip()
    assert f"the same as {first['id']}" in second.stderr


def test_review_lists_what_waits_and_takes_decisions(run: Run) -> None:
    asked = json.loads(run("ask", "Tell me about rivers.", "--max-tokens", "2", "--json").stdout)
    assert asked["verdict"]["status"] == "flag"
    waiting = json.loads(run("review", "--json").stdout)
    assert [entry["id"] for entry in waiting] == [asked["id"]]
    assert "review: accepted" in run("review", asked["id"], "--accept", "--note", "short is fine").stdout
    assert json.loads(run("review", "--json").stdout) == []
    assert len(json.loads(run("review", "--all", "--json").stdout)) == 1


def test_choose_learns_and_takes_back(run: Run) -> None:
    herons = "the usual Monday thing with the herons"
    learnt = run("choose", "--learn", herons, "--as", "music")
    assert "Learnt: that is a wish for music." in learnt.stdout
    assert "Corrections followed: 0 before, 1 now, of 1." in learnt.stdout
    assert json.loads(run("choose", herons, "--json").stdout)["modality"] == "music"
    run("ask", "herons", "--modality", "text")
    assert json.loads(run("choose", "--learn", "--as", "image", "--json").stdout)["corrections"] == 2
    assert run("choose", "--undo").returncode == 0
    assert run("choose", "--forget").stdout.startswith("Taken back.")
    assert run("choose", "--undo").returncode == 1
    assert run("choose", "--learn", herons).returncode == 1


def test_what_no_generator_serves_is_said_in_plain_words(run: Run) -> None:
    for command in ("choose", "ask"):
        done = run(command, "Make a 3D mesh of a teapot that I can print")
        assert done.returncode == 0
        assert "Blender" in done.stdout


def test_choose_and_choose_batch(run: Run, tmp_path: Path) -> None:
    choice = json.loads(run("choose", "Draw a cat", "--json").stdout)
    assert (choice["modality"], choice["model"]) == ("image", "painter")
    assert choice["reasons"]
    lines = [
        {"text": "draw a cat", "attachments": []},
        {"text": "Who was Ada Lovelace?"},
        {"text": "more rows like these", "attachments": ["a.csv"]},
    ]
    (tmp_path / "requests.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    done = run("choose", "--batch", "requests.jsonl", "--json")
    assert [json.loads(line)["modality"] for line in done.stdout.splitlines()] == ["image", "text", "table"]
    (tmp_path / "broken.jsonl").write_text('{"text": "fine"}\nnot json\n')
    broken = run("choose", "--batch", "broken.jsonl", "--json")
    assert broken.returncode == 1
    assert (
        "line 2"
        in json.loads(
            broken.stdout.splitlines()[-1]
            if broken.stdout.count("\n") == 1
            else broken.stdout[broken.stdout.index("{\n") :]
        )["error"]["message"]
    )


def test_ls_and_show(run: Run) -> None:
    models = json.loads(run("ls", "--json").stdout)
    assert {"name", "modalities", "family", "engine"} <= set(models[0])
    assert "painter" in run("ls").stdout
    shown = run("show", "painter").stdout
    assert "fake" in shown
    assert json.loads(run("show", "painter", "--json").stdout)["modalities"] == ["image"]


def test_rm_forgets_a_model(run: Run) -> None:
    assert run("rm", "painter", "--yes").returncode == 0
    assert "painter" not in run("ls").stdout


def test_chat_keeps_the_conversation(run: Run) -> None:
    done = run(
        "chat",
        "--model",
        "talker",
        "--seed",
        "1",
        "--json",
        stdin="Hello there.\n\n/new\nAnd now?\n/exit\nnever said\n",
    )
    assert done.returncode == 0, done.stderr
    decoder, turns, text = json.JSONDecoder(), [], done.stdout.strip()
    while text:
        turn, end = decoder.raw_decode(text)
        turns.append(turn)
        text = text[end:].strip()
    assert len(turns) == 2


def test_config_tells_values_and_origins(run: Run) -> None:
    shown = json.loads(
        run("--set", "server.port=9999", "config", "show", "--json", CASTALIA_SERVER_API_KEY="hush").stdout
    )
    assert shown["server.port"] == {**shown["server.port"], "value": 9999, "origin": "flag"}
    assert shown["server.api_key"]["origin"] == "CASTALIA_SERVER_API_KEY"
    assert "hush" not in json.dumps(shown)


def test_doctor_finds_what_is_missing(run: Run, own_home: Path) -> None:
    assert run("doctor").returncode == 0
    from castalia.core.config import Settings
    from castalia.core.models import ModelFile

    lost = ModelFile(path="weights.gguf", size=3, sha256="0" * 64)
    with House(Settings(home=own_home)) as house:
        house.registry.add(
            Model(name="lost", format="gguf", engines=["llamacpp"], outputs=["text"], folder=own_home, files=[lost])
        )
    done = run("doctor", "--json")
    assert done.returncode == 1
    bad = [finding for finding in json.loads(done.stdout) if finding["state"] == "bad"]
    assert [finding["subject"] for finding in bad] == ["model lost"]


def test_help_names_the_options_of_every_modality(run: Run) -> None:
    text = run("ask", "--help").stdout
    for option in ("--temperature", "--rows", "--where", "--speed", "--count"):
        assert option in text


def test_compare_prints_rows_and_writes_the_report(run: Run, tmp_path: Path) -> None:
    wishes = tmp_path / "wishes.jsonl"
    wishes.write_text('{"text": "Draw a cat", "modality": "image", "task": "cats"}\n')
    done = run("compare", "painter", "voice", "--samples", "2", "--requests", "wishes.jsonl", "-o", "a.md", "--json")
    told = json.loads(done.stdout)
    rows = {row["name"]: row["cells"] for row in told["rows"]}
    assert {"value", "unit", "interval", "n", "reason"} <= set(rows["use-case fit"]["painter"])
    assert (rows["use-case fit"]["painter"]["value"], rows["use-case fit"]["voice"]["value"]) == (1.0, 0.0)
    assert (tmp_path / "a.md").read_text().startswith("# painter against voice")
    assert told["report"] == "a.md"


def test_compare_and_advise_refuse_what_they_cannot_read(run: Run, tmp_path: Path) -> None:
    alone = run("compare", "painter")
    assert alone.returncode == 1
    assert "1 model cannot be compared" in alone.stderr
    assert "painted.pdf" in run("compare", "painter", "voice", "-o", "painted.pdf").stderr
    missing = run("advise", "nowhere.jsonl", "--json")
    assert missing.returncode == 1
    assert json.loads(missing.stdout)["error"]["code"] == "bad_request"
    (tmp_path / "wishes.jsonl").write_text('{"text": "Draw a cat"}\n')
    advice = run("advise", "wishes.jsonl", "-o", "advice.html")
    assert "painter would answer 1" in advice.stdout
    assert (tmp_path / "advice.html").read_text().startswith("<!doctype html>")
