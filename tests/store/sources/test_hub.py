"""A model hub, spoken to over a real socket."""

import hashlib

import pytest

from castalia.core.errors import BadRequest, DownloadError, NotFound, UnsupportedInput
from castalia.store.sources import hub
from castalia.store.sources.hub import HubFile, Repository, choose_files

pytestmark = pytest.mark.usefixtures("no_proxy")

WEIGHTS = b"GGUF" + bytes(5000)


@pytest.fixture
def hub_site(site, monkeypatch):
    """A repository with one GGUF file at a fixed commit."""
    monkeypatch.setenv("HF_ENDPOINT", site.address)
    site.put(
        "/api/models/maker/small-GGUF",
        {
            "sha": "c0ffee",
            "cardData": {"license": "apache-2.0"},
            "siblings": [
                {"rfilename": "README.md", "size": 3},
                {
                    "rfilename": "small.Q8_0.gguf",
                    "size": len(WEIGHTS),
                    "lfs": {"sha256": hashlib.sha256(WEIGHTS).hexdigest(), "size": len(WEIGHTS)},
                },
            ],
        },
    )
    site.put("/maker/small-GGUF/resolve/c0ffee/small.Q8_0.gguf", WEIGHTS)
    return site


def test_picks_and_fetches_with_licence_and_exact_source(hub_site, tmp_path, exhaust):
    _, fetched = exhaust(hub.fetch("maker/small-GGUF", None, tmp_path / "t", tmp_path / "c"))
    assert fetched.source == "hf:maker/small-GGUF:small.Q8_0.gguf"
    assert fetched.licence == "apache-2.0"
    assert (fetched.folder / "small.Q8_0.gguf").read_bytes() == WEIGHTS
    assert fetched.files[0].sha256 == hashlib.sha256(WEIGHTS).hexdigest()


def test_the_token_goes_to_the_hub_and_into_no_file(hub_site, tmp_path, exhaust, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_very_secret")
    events, fetched = exhaust(hub.fetch("maker/small-GGUF", None, tmp_path / "t", tmp_path / "c"))
    assert {seen.authorization for seen in hub_site.seen} == {"Bearer hf_very_secret"}
    assert "hf_very_secret" not in repr((events, fetched))


def test_a_cut_connection_is_continued(hub_site, tmp_path, exhaust):
    path = "/maker/small-GGUF/resolve/c0ffee/small.Q8_0.gguf"
    hub_site.cuts[path] = [1000]
    _, fetched = exhaust(hub.fetch("maker/small-GGUF", None, tmp_path / "t", tmp_path / "c", pause=0.0))
    assert (fetched.folder / "small.Q8_0.gguf").read_bytes() == WEIGHTS
    assert hub_site.requests(path)[-1].range == "bytes=1000-"


def test_wrong_bytes_are_refused(hub_site, tmp_path, exhaust):
    hub_site.put("/maker/small-GGUF/resolve/c0ffee/small.Q8_0.gguf", WEIGHTS[::-1])
    with pytest.raises(DownloadError, match="SHA-256"):
        exhaust(hub.fetch("maker/small-GGUF", None, tmp_path / "t", tmp_path / "c"))
    assert not list((tmp_path / "c").iterdir())


def test_unknown_repository_and_file(hub_site, tmp_path, exhaust):
    with pytest.raises(DownloadError, match="404"):
        exhaust(hub.fetch("maker/nothing", None, tmp_path / "t", tmp_path / "c"))
    with pytest.raises(NotFound) as caught:
        exhaust(hub.fetch("maker/small-GGUF", "other.gguf", tmp_path / "t", tmp_path / "c"))
    assert "small.Q8_0.gguf" in caught.value.hint


def test_a_hub_that_is_away(monkeypatch, tmp_path, exhaust):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DownloadError, match="does not answer"):
        exhaust(hub.fetch("maker/small", None, tmp_path / "t", tmp_path / "c"))


@pytest.mark.parametrize("rest", ["", "single", "a/b/c", "a/../b:", "a b/c"])
def test_what_is_no_repository(rest):
    with pytest.raises(BadRequest):
        hub.parse(rest)


def repository(*paths: str, size: int = 1000) -> Repository:
    return Repository("o/r", "main", "", tuple(HubFile(path, size, None) for path in paths))


def names(files: list[HubFile]) -> list[str]:
    return [file.path for file in files]


def test_small_models_are_taken_whole_and_large_ones_packed():
    paths = ("m-F16.gguf", "m-Q4_K_M.gguf", "m-Q8_0.gguf", "mmproj-m-F16.gguf")
    assert names(choose_files(repository(*paths), None)) == ["m-Q8_0.gguf"]
    assert names(choose_files(repository(*paths, size=8 << 30), None)) == ["m-Q4_K_M.gguf"]


def test_split_files_come_together():
    paths = ("m-00001-of-00002.gguf", "m-00002-of-00002.gguf", "other.txt")
    assert names(choose_files(repository(*paths), "m-00001-of-00002.gguf")) == list(paths[:2])


def test_voices_bring_their_configuration_and_must_be_named_when_many():
    voices = repository("a.onnx", "a.onnx.json", "b.onnx", "b.onnx.json")
    assert names(choose_files(voices, "b.onnx")) == ["b.onnx", "b.onnx.json"]
    with pytest.raises(UnsupportedInput) as caught:
        choose_files(voices, None)
    assert "hf:o/r:a.onnx" in caught.value.hint


def test_whisper_repositories_are_taken_whole():
    files = choose_files(repository("README.md", "config.json", "model.bin", "tokenizer.json", "vocabulary.txt"), None)
    assert names(files) == ["model.bin", "config.json", "tokenizer.json", "vocabulary.txt"]


def test_repositories_without_anything_runnable():
    with pytest.raises(UnsupportedInput, match="nothing"):
        choose_files(repository("pytorch_model.bin", "config.json"), None)
