"""Every problem of a folder of texts is told at once, and nothing fatal is missed."""

import random

import pytest

from castalia.core.errors import DatasetError
from castalia.modalities.text.modality import TextModality
from castalia.modalities.text.options import TextData

MODALITY = TextModality()
WORDS = [
    "the",
    "a",
    "river",
    "stone",
    "bird",
    "sings",
    "over",
    "under",
    "green",
    "old",
    "house",
    "walks",
    "slowly",
    "when",
    "morning",
    "light",
    "comes",
    "again",
]


def prose(seed, count=400):
    draw = random.Random(seed)
    return "\n".join(" ".join(draw.choices(WORDS, k=8)) + "." for _ in range(count // 8)) + "\n"


@pytest.fixture
def folder(tmp_path):
    for index in range(6):
        (tmp_path / f"{index}.txt").write_text(prose(index, 4000))
    return tmp_path


def test_a_good_folder_has_no_problems(folder):
    found = MODALITY.survey(folder, TextData())
    assert found.problems == []
    assert found.count == found.facts["documents"] == 6
    assert found.facts["kind"] == "continuation"
    assert set(found.excerpts) == {f"{index}.txt" for index in range(6)}
    assert 0.8 < MODALITY.recognises(folder) <= 1.0


def test_all_unreadable_files_are_problems_together(folder):
    (folder / "latin.txt").write_bytes("café".encode("latin-1") * 50)
    (folder / "binary.txt").write_bytes(b"abc\x00def" * 50)
    problems = MODALITY.survey(folder, TextData()).problems
    assert sorted(problems) == ["binary.txt holds zero bytes: it is no text", "latin.txt is not UTF-8 (byte 3)"]
    with pytest.raises(DatasetError) as error:
        MODALITY.fit(folder, TextData())
    assert len(error.value.problems) == 2
    assert MODALITY.survey(folder, TextData(skip_bad=True)).problems == []
    assert len(MODALITY.fit(folder, TextData(skip_bad=True))[1].data) > 10_000


def test_duplicates_and_near_duplicates_are_told_and_duplicates_used_once(folder):
    text = (folder / "0.txt").read_text()
    (folder / "again.txt").write_text(text)
    (folder / "almost.txt").write_text(text.replace("river", "brook", 3))
    (folder / "void.txt").write_text(" \n")
    found = MODALITY.survey(folder, TextData())
    assert found.problems == []
    told = "; ".join(found.warnings)
    assert "1 exact duplicates" in told
    assert "almost.txt ~ 0.txt" in told
    assert "1 files are empty: void.txt" in told
    assert found.count == 7


def test_nothing_is_learnt_from_too_little(tmp_path):
    (tmp_path / "note.txt").write_text("Buy milk.")
    assert MODALITY.survey(tmp_path, TextData()).problems == ["10 characters are too short: at least 1000 are needed"]
    (tmp_path / "note.txt").write_text("")
    assert MODALITY.survey(tmp_path, TextData()).problems != []
    (tmp_path / "empty").mkdir()
    assert "there is no text" in MODALITY.survey(tmp_path / "empty", TextData()).problems[0]


def test_a_line_that_is_everywhere_is_told(folder):
    for path in folder.glob("*.txt"):
        path.write_text("".join(f"{line}\nPRINTED BY THE OFFICE\n" for line in path.read_text().splitlines()))
    assert any("PRINTED BY THE OFFICE" in line for line in MODALITY.survey(folder, TextData()).warnings)


def test_files_can_be_left_out_by_name(folder):
    assert MODALITY.survey(folder, TextData(leave_out=["0.txt", "1.txt"])).count == 4
    everything = [f"{index}.txt" for index in range(6)]
    assert "leaving out" in MODALITY.survey(folder, TextData(leave_out=everything)).problems[0]


def test_lines_are_items_of_molecules_and_on_demand(tmp_path):
    lines = ["C" * n + end for n in range(1, 20) for end in ("O", "N", "Br")]
    (tmp_path / "set.smi").write_text("\n".join(f"{line} name{n}" for n, line in enumerate([*lines, lines[0]])))
    found = MODALITY.survey(tmp_path / "set.smi", TextData())
    assert found.problems == []
    assert found.count == len(lines)
    assert found.facts["content"] == "smiles"
    (tmp_path / "set.smi").rename(tmp_path / "set.txt")
    assert MODALITY.survey(tmp_path / "set.txt", TextData()).facts["documents"] == 1
    assert MODALITY.survey(tmp_path / "set.txt", TextData(items="lines")).facts["lines"] == len(lines) + 1


def test_long_lines_are_no_items(tmp_path):
    (tmp_path / "a.txt").write_text("\n".join("x" * (2000 + n) for n in range(40)))
    assert "longer than 1024" in MODALITY.survey(tmp_path, TextData(items="lines")).problems[0]
