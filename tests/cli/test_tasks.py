"""castalia do, on a fake model."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from castalia.cli import main as command
from castalia.core.config import Settings
from castalia.core.models import Model
from castalia.serving.house import House

Call = Callable[..., tuple[int, str, str]]
TEXT = "The harbour festival takes place in July."


@pytest.fixture
def call(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    monkeypatch.chdir(tmp_path)
    with House(Settings(home=own_home)) as house:
        house.registry.add(Model(name="talker", format="fake", engines=["fake"], outputs=["text"], folder=own_home))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["castalia", "do", *arguments])
        with pytest.raises(SystemExit) as left:
            command.main()
        said = capsys.readouterr()
        return int(str(left.value.code or 0)), said.out, said.err

    return run


def test_tasks_are_listed(call: Call) -> None:
    status, out, _ = call("--list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()][:2] == ["answer", "classify"]
    assert len(json.loads(call("--list", "--json")[1])) == 9


def test_a_file_is_summarised_and_the_result_can_be_written(call: Call, tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text(TEXT)
    status, out, err = call("summarise", "report.md", "--sentences", "1", "-o", "short.txt")
    assert status == 0
    assert (tmp_path / "short.txt").read_text() in out
    assert "verdict" in err


def test_json_holds_the_output(call: Call) -> None:
    status, out, _ = call("classify", TEXT, "--labels", "news,poem", "--json")
    told = json.loads(out)
    assert status == 0
    assert told["output"]["label"] in {"news", "poem"}


def test_standard_input_is_an_input(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(TEXT))
    status, out, _ = call("extract", "-", "--fields", "town", "--json")
    assert status == 0
    assert json.loads(out)["output"]["value"] == {"town": None}


def test_a_wish_is_routed_and_says_why(call: Call) -> None:
    status, _, err = call("shorten this", TEXT)
    assert status == 0
    assert "rewrite" in err
    assert "it says length: shorter" in err


def test_an_unclear_wish_asks_back(call: Call) -> None:
    status, out, err = call("hmm", TEXT)
    assert (status, out) == (1, "")
    assert "unsure" in err


@pytest.mark.parametrize("arguments", [(), ("summarise", "gone.pdf"), ("summarise", TEXT, "--colour", "red")])
def test_wrong_calls_leave_with_one(call: Call, arguments: tuple[str, ...]) -> None:
    assert call(*arguments)[0] == 1


def test_a_result_of_a_task_is_made_again(
    call: Call, own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = json.loads(call("rewrite", TEXT, "--tone", "formal", "--json")[1])
    monkeypatch.setattr("sys.argv", ["castalia", "again", told["id"]])
    with pytest.raises(SystemExit):
        command.main()
    assert f"the same as {told['id']}" in capsys.readouterr().err
