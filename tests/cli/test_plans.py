"""Several outputs from the command line: the plan, the steps, the document, failures, Ctrl-C, again."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from castalia.cli.main import main
from castalia.core.config import Settings
from castalia.core.models import Model
from castalia.serving.house import House

FOX = "Write a story about a brave fox, draw the fox and read the story aloud"
REPORT = "Write a short report on our sales.csv with a chart-like picture and read the summary aloud"


@dataclass
class Ran:
    """What a command left behind."""

    status: object
    out: str
    err: str


Run = Callable[..., Ran]


def add(home: Path, name: str, output: str, **details: object) -> None:
    with House(Settings(home=home)) as house:
        model = Model(name=name, format="fake", engines=["fake"], outputs=[output], folder=home, details=details)
        house.registry.add(model, replace=True)


@pytest.fixture
def run(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `castalia ...` in this process, in a folder of its own, with fake models in its home."""
    for name, output in (("talker", "text"), ("painter", "image"), ("voice", "speech")):
        add(own_home, name, output)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def castalia(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["castalia", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        said = capfd.readouterr()
        return Ran(left.value.code, said.out, said.err)

    return castalia


def test_plan_is_printed_and_nothing_runs(run: Run, tmp_path: Path) -> None:
    done = run("ask", FOX, "--plan")
    assert done.status == 0, done.err
    lines = done.out.splitlines()
    assert [line for line in lines if line[:2] in {"1.", "2.", "3."}] == [
        "1. text: text by talker",
        "2. image: image by painter",
        "3. speech: speech by voice, after text",
    ]
    assert json.loads(run("review", "--all", "--json").out) == []
    assert run("choose", FOX).out == done.out
    plan = json.loads(run("ask", FOX, "--plan", "--json").out)
    assert (plan["modality"], [step["after"] for step in plan["steps"]]) == ("plan", [[], [], ["text"]])
    single = json.loads(run("ask", "Write a poem about a picture", "--plan", "--json").out)
    assert [step["modality"] for step in single["steps"]] == ["text"]


def test_steps_are_shown_and_the_document_is_written(run: Run, tmp_path: Path) -> None:
    done = run("ask", FOX, "-o", "fox.html", "--seed", "3")
    assert done.status == 0, done.err
    assert "step 1 of 3, text: text by talker" in done.err
    assert "speech done, verdict" in done.err
    assert "3 of 3 steps done" in done.err
    assert done.out.rstrip().endswith("fox.html")
    page = (tmp_path / "fox.html").read_text()
    assert page.count("src='data:") == 2
    answer = json.loads(run("ask", FOX, "-o", "fox.html", "--json").out)
    assert answer["document"] == "fox.html"
    assert [step["state"] for step in answer["choice"]["steps"]] == ["done"] * 3
    again = run("again", answer["id"], "-o", "second.html")
    assert again.status == 0, again.err
    assert f"the same as {answer['id']}" in again.err
    assert (tmp_path / "second.html").is_file()


def test_a_named_file_is_found_and_told(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    absent = run("ask", REPORT, "--plan")
    assert "sales.csv is named, but it does not lie in this folder" in absent.err
    assert "no table is attached" in absent.out
    (tmp_path / "sales.csv").write_text("month,revenue\n2025-01,3\n2025-02,5\n2025-03,4\n")
    done = run("ask", REPORT, "-o", "report.html")
    assert done.status == 0, done.err
    assert "sales.csv is named and lies in this folder: attached." in done.err
    assert "drawn from the table's own numbers" in done.err
    assert "The language model is told of sales.csv in" in done.err
    assert "revenue (sum) by month" in (tmp_path / "report.html").read_text()
    # one output: the file is not attached behind anybody's back
    assert "attached" not in run("ask", "Explain what sales.csv could hold").err


def test_a_failure_is_told_by_the_status_and_in_the_document(run: Run, own_home: Path, tmp_path: Path) -> None:
    add(own_home, "painter", "image", fail="No paint.")
    done = run("ask", FOX, "-o", "fox.html")
    assert done.status == 2
    assert "image failed: No paint." in done.err
    assert "2 of 3 steps done" in done.err
    page = (tmp_path / "fox.html").read_text()
    assert "No paint." in page
    assert "audio" in page


def test_another_suffix_is_refused_before_anything_runs(run: Run, tmp_path: Path) -> None:
    done = run("ask", FOX, "-o", "fox.txt")
    assert done.status == 1
    assert "html, docx, pdf" in done.err
    assert json.loads(run("review", "--all", "--json").out) == []
    assert run("ask", FOX, "--modality", "text", "-o", "fox.txt").status == 0


def test_ctrl_c_keeps_what_is_done(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from castalia.serving import plans

    genuine = plans.answer

    def interrupted(house: House, request: object):
        if request.modality == "image":  # pyright: ignore[reportAttributeAccessIssue]
            raise KeyboardInterrupt
        yield from genuine(house, request)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(plans, "answer", interrupted)
    done = run("ask", FOX, "-o", "fox.html")
    assert done.status == 130
    assert "What was done is kept: fox.html" in done.err
    assert "stopped before it was done" in (tmp_path / "fox.html").read_text()
