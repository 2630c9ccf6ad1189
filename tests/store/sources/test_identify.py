"""What files are, by their contents."""

import json
import struct

import pytest

from castalia.core.errors import UnsupportedInput
from castalia.store.sources.identify import gather, identify, join_parts
from castalia.store.sources.local import fetch

VOICE = json.dumps({"audio": {"sample_rate": 22050}, "phoneme_id_map": {}})
CTRANSLATE2 = struct.pack("<IH", 6, 12) + b"WhisperSpec\0" + bytes(3000)


def put(folder, files):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return folder


WHISPER = {"model.bin": CTRANSLATE2, "config.json": "{}", "tokenizer.json": "{}", "vocabulary.txt": "a"}


def test_each_kind_is_known(tmp_path):
    put(tmp_path / "a", {"joe.onnx": bytes(2000), "joe.onnx.json": VOICE, "MODEL_CARD": "c"})
    put(tmp_path / "b", {**WHISPER, "README.md": "x"})
    put(tmp_path / "c", {"m.gguf": b"GGUF", "mmproj-m.gguf": b"GGUF"})
    put(tmp_path / "d", {"config.json": "{}", "weights.safetensors": b"x", "card.json": "{}", "samples/1.png": b"p"})
    found = identify(tmp_path)
    assert [(one.format, one.stem, len(one.files)) for one in found] == [
        ("piper-onnx", "joe", 3),
        ("whisper-ctranslate2", "b", 4),
        ("gguf", "m", 1),
        ("castalia", "d", 4),
    ]


def test_gathering_takes_what_belongs_to_the_model_alone(tmp_path):
    put(tmp_path / "a", {**WHISPER, "README.md": "x", "training.json": "{}"})
    moved = gather(identify(tmp_path / "a")[0], tmp_path / "b")
    assert moved.files[0] == tmp_path / "b" / "model.bin"
    assert {path.name for path in (tmp_path / "b").iterdir()} == WHISPER.keys()


def test_split_files_are_joined_in_order(tmp_path):
    halves = {"model.bin.part1": CTRANSLATE2[:100], "model.bin.part2": CTRANSLATE2[100:]}
    put(tmp_path, {**WHISPER, **halves})
    (tmp_path / "model.bin").unlink()
    list(join_parts(tmp_path))
    assert (tmp_path / "model.bin").read_bytes() == CTRANSLATE2
    assert identify(tmp_path)[0].format == "whisper-ctranslate2"
    assert not list(tmp_path.glob("*.part*"))


def test_half_of_a_split_file_says_so(tmp_path):
    put(tmp_path, {"model.bin.part1": b"x"})
    with pytest.raises(UnsupportedInput, match="only the parts"):
        list(join_parts(tmp_path))


def test_missing_pieces_of_a_split_gguf(tmp_path):
    put(tmp_path, {"m-00001-of-00002.gguf": b"GGUF"})
    with pytest.raises(UnsupportedInput, match="00002-of-00002"):
        identify(tmp_path)


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({"model.bin": b"PK\x03\x04" + bytes(100)}, "pickle"),
        ({"model.bin": b"\x80\x02" + bytes(100)}, "pickle"),
        ({"model.bin": bytes(100)}, "no CTranslate2"),
        ({"model.bin": struct.pack("<IH", 6, 16) + b"TransformerSpec\0"}, "TransformerSpec"),
        ({"model.bin": CTRANSLATE2, "config.json": "{}"}, "tokenizer.json"),
        ({"pytorch_model.bin": b"PK"}, "pickle"),
        ({"a.onnx": bytes(2000)}, r"\.onnx\.json"),
        ({"a.onnx": bytes(2000), "a.onnx.json": "{"}, "not valid JSON"),
        ({"a.onnx": bytes(2000), "a.onnx.json": "{}"}, "Piper voice"),
        ({"a.onnx": b"", "a.onnx.json": VOICE}, "cut off"),
        ({"model.safetensors": b"x"}, "another program"),
        ({"README.md": "x"}, "no model"),
    ],
)
def test_what_cannot_be_run_says_why(tmp_path, files, word):
    with pytest.raises(UnsupportedInput, match=word):
        identify(put(tmp_path, files))


def test_paths_are_copied_and_pickles_refused(tmp_path, exhaust):
    put(
        tmp_path, {"joe.onnx": bytes(2000), "joe.onnx.json": VOICE, "x.pt": b"\x80", "code.py": "", ".git/a.json": "{}"}
    )
    _, fetched = exhaust(fetch(tmp_path / "joe.onnx", tmp_path / "t1"))
    assert sorted(file.path for file in fetched.files) == ["joe.onnx", "joe.onnx.json"]
    with pytest.raises(UnsupportedInput, match="pickle"):
        exhaust(fetch(tmp_path / "x.pt", tmp_path / "t2"))
    folder = put(tmp_path / "only", {"x.pt": b"\x80"})
    with pytest.raises(UnsupportedInput, match=r"only pickles \(x.pt\)"):
        exhaust(fetch(folder, tmp_path / "t3"))
