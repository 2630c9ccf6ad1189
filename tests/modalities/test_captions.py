"""Captions from files and names, and what a request asks for in words."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from castalia.core import assets
from castalia.core.errors import DatasetError, NotFound
from castalia.core.representation import Segment
from castalia.core.requests import Request
from castalia.modalities import sentences
from castalia.modalities.asking import Askable, described, read_request
from castalia.modalities.captions import Captions, read_captions
from castalia.modalities.folders import list_folder
from castalia.modalities.image.drawing import PICTURES
from castalia.modalities.image.modality import ImageModality
from castalia.modalities.image.options import ImageData, ImageOptions

PNG = (".png",)


def said(sentence: str) -> np.ndarray:
    draw = np.random.default_rng(sum(map(ord, sentence)))
    return draw.standard_normal(sentences.WIDTH).astype(np.float32)


@pytest.fixture
def vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors that depend on the sentence alone, without weights."""
    monkeypatch.setattr(sentences, "vectors", lambda texts: np.stack([said(text) for text in texts]))


def pictures(folder: Path, names: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        level = place * 255 // max(1, len(names) - 1)
        Image.new("RGB", (16, 16), (level, 255 - level, 40)).save(path)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return pictures(tmp_path / "set", [f"{number:02d}.png" for number in range(20)])


def texts_of(folder: Path, wanted: str = "auto") -> dict[str, list[str]]:
    found = read_captions(list_folder(folder, PNG, "auto", 1000), wanted)  # pyright: ignore[reportArgumentType]
    assert not found.problems
    return found.texts


def test_sidecars_hold_a_caption_a_line(folder: Path) -> None:
    for number in range(20):
        (folder / f"{number:02d}.txt").write_text(f"number  {number}\n\nthe {number}\n", encoding="utf-8")
    listing = list_folder(folder, PNG, "auto", 1000)
    found = read_captions(listing, "auto")
    assert found.texts["03.png"] == ["number 3", "the 3"]
    assert found.of("03.png") == ["number 3", "the 3"]
    assert listing.others == []


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_tables_of_captions(folder: Path, kind: str) -> None:
    if kind == "csv":
        rows = "".join(f'{number:02d}.png,"red, and {number}"\n' for number in range(20))
        (folder / "metadata.csv").write_text(f"file_name,text\n{rows}", encoding="utf-8")
    else:
        rows = "".join(
            json.dumps({"file_name": f"{number:02d}.png", "caption": [f"red, and {number}"]}) + "\n"
            for number in range(20)
        )
        (folder / "metadata.jsonl").write_text(rows, encoding="utf-8")
    assert texts_of(folder)["07.png"] == ["red, and 7"]


def test_a_table_in_a_subfolder_names_files_beside_it(tmp_path: Path) -> None:
    folder = pictures(tmp_path, [f"a/{number}.png" for number in range(4)] + [f"b/{number}.png" for number in range(4)])
    for part in "ab":
        rows = "".join(json.dumps({"file_name": f"{n}.png", "text": f"{part}{n}"}) + "\n" for n in range(4))
        (folder / part / "metadata.jsonl").write_text(rows, encoding="utf-8")
    assert texts_of(folder)["b/2.png"] == ["b2"]


def test_names_as_captions(tmp_path: Path) -> None:
    folder = pictures(tmp_path, ["red_apple.png", "red_apple-2.png", "blue-heart (3).png", "0042.png", "img.png"])
    assert texts_of(folder, "names") == {
        "red_apple.png": ["red apple"],
        "red_apple-2.png": ["red apple"],
        "blue-heart (3).png": ["blue heart"],
        "img.png": ["img"],
    }


def test_few_captions_are_no_captions_unless_asked_for(folder: Path) -> None:
    (folder / "00.txt").write_text("alone", encoding="utf-8")
    assert texts_of(folder) == {}
    assert texts_of(folder, "files") == {"00.png": ["alone"]}
    assert texts_of(folder, "none") == {}


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("metadata.jsonl", b'{"text": "no file"}', "row 1 has no file_name"),
        ("metadata.jsonl", b"{", "cannot be read as captions"),
        ("metadata.csv", b"\xff\xfe\x00", "cannot be read as captions"),
        ("00.txt", b"x" * 70_000, "no caption is so long"),
        ("00.txt", b"\xff\xff", "cannot be read as captions"),
    ],
)
def test_files_that_are_no_captions_are_problems(folder: Path, name: str, content: bytes, what: str) -> None:
    (folder / name).write_bytes(content)
    survey = ImageModality().survey(folder, ImageData())
    assert any(what in problem for problem in survey.problems)
    with pytest.raises(DatasetError, match=name):
        ImageModality().fit(folder, ImageData())


def test_no_captions_where_they_are_wanted_is_a_problem(folder: Path) -> None:
    survey = ImageModality().survey(folder, ImageData(captions="files"))
    assert any("captions=files" in problem for problem in survey.problems)


def test_survey_tells_captions_and_shows_them_to_the_guard(folder: Path) -> None:
    for number in range(19):
        (folder / f"{number:02d}.txt").write_text(f"write to person{number}@example.org", encoding="utf-8")
    survey = ImageModality().survey(folder, ImageData())
    assert survey.problems == []
    assert survey.facts["captions"] == 19
    assert len(survey.excerpts["captions"]) == 19
    assert any("1 pictures have no caption" in warning for warning in survey.warnings)
    assert not any("are not pictures" in warning for warning in survey.warnings)


@pytest.mark.usefixtures("vectors")
def test_pictures_are_learnt_with_each_of_their_captions(folder: Path) -> None:
    for number in range(18):
        (folder / f"{number:02d}.txt").write_text(f"number {number}\nthe {number}", encoding="utf-8")
    representation, encoded = ImageModality().fit(folder, ImageData())
    assert representation.conditions is not None
    assert representation.conditions.groups == (Segment(name="caption", kind="real", start=0, width=sentences.WIDTH),)
    assert encoded.conditions is not None
    assert encoded.known is not None
    assert encoded.data.shape[0] == encoded.conditions.shape[0] == 38
    assert encoded.known.sum() == 36
    np.testing.assert_array_equal(encoded.conditions[1], said("the 0"))
    restored = ImageModality().restore(representation.config())
    assert restored == representation


@pytest.mark.usefixtures("vectors")
def test_the_prompt_reaches_the_model_as_what_it_describes(folder: Path) -> None:
    for number in range(20):
        (folder / f"{number:02d}.txt").write_text(f"number {number}", encoding="utf-8")
    representation, encoded = ImageModality().fit(folder, ImageData())
    asked: list[np.ndarray] = []

    def sampler(count, conditions, known, seed):
        asked.append(conditions)
        assert known.all()
        return np.zeros((count, *encoded.data.shape[1:]), dtype=np.float32)

    options = ImageOptions().model_dump()
    request = Request.of_text("Please draw me two pictures of a red apple!", modality="image", seed=1, options=options)
    made = [item for item in ImageModality().generate(representation, sampler, request) if hasattr(item, "data")]
    assert len(made) == 2
    assert made[0].info["caption"] == "red apple"
    np.testing.assert_array_equal(asked[0], np.stack([said("red apple")] * 2))


@pytest.mark.usefixtures("vectors")
def test_classes_and_captions_side_by_side() -> None:
    askable = Askable(("cat", "dog"), captioned=True)
    conditions, known = askable.encode(["dog", None, "cat"], ["asleep", "running", None])
    assert conditions is not None
    assert known is not None
    assert conditions.shape == (3, 2 + sentences.WIDTH)
    assert known.tolist() == [[True, True], [False, True], [True, False]]
    assert conditions[0, :2].tolist() == [0.0, 1.0]
    assert not conditions[2, 2:].any()
    asked = read_request(askable, None, "three sleeping dogs", PICTURES, None)
    assert (asked.count, asked.labels, asked.caption) == (3, ["dog"], "sleeping dogs")
    assert asked.facts(0) == {"label": "dog", "caption": "sleeping dogs"}


@pytest.mark.parametrize(
    ("prompt", "what"),
    [
        ("draw a red apple", "a red apple"),
        ("Draw me a red apple, please.", "a red apple"),
        ("a picture of a blue heart", "a blue heart"),
        ("Could you please make an icon of a smiling face?", "a smiling face"),
        ("generate 4 images of cats", "cats"),
        ("three cute drawings showing a green car", "a green car"),
        ("dibuja una manzana roja", "una manzana roja"),
        ("dessine-moi un mouton", "un mouton"),
        ("zeichne ein Bild von einem Haus", "einem Haus"),
        ("purple apple", "purple apple"),
        ("picture frame", "picture frame"),
        ("draw", "draw"),
        ("", ""),
    ],
)
def test_what_a_prompt_describes(prompt: str, what: str) -> None:
    assert described(prompt, PICTURES) == what


def test_missing_sentence_vectors_name_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "_folders", {})
    with pytest.raises(NotFound) as caught:
        sentences.vectors(["a red apple"])
    assert "castalia pull starter:minilm" in caught.value.hint


def test_a_picture_with_two_captions_is_one_training_picture() -> None:
    draw = np.random.default_rng(0)
    once = draw.uniform(-1, 1, (20, 3, 16, 16)).astype(np.float32)
    twice = ImageModality().fingerprints(None, np.concatenate([once, once]))  # pyright: ignore[reportArgumentType]
    assert len(twice["images"]) == len(twice["statistics"]) == 20
    assert twice["floors"].min() > 0


def test_a_model_of_bare_captions_is_asked_without_an_article():
    named = Captions({"a": ["red apple", "apple"], "b": ["the moon"], "c": [f"thing {n}" for n in range(20)]})
    assert named.bare
    assert not Captions({"a": ["a red apple moves"], "b": ["red apple"]}).bare
    assert not Captions().bare
    things = frozenset({"pictures"})
    prompts = ("draw a red apple", "a picture of an apple", "The apple tree", "theatre")
    asked = [read_request(Askable((), captioned=True, bare=True), None, one, things, None).caption for one in prompts]
    assert asked == ["red apple", "apple", "apple tree", "theatre"]
    whole = read_request(Askable((), captioned=True), None, prompts[0], things, None)
    assert whole.caption == "a red apple"
