"""Downloads over a real socket: whole, resumed, refused, wrong."""

import hashlib
import random
import resource
import signal
import subprocess
import sys

import pytest

from castalia.core.errors import DownloadError, StorageError
from castalia.store.sources.download import Remote, download, make_client

BODY = random.Random(3).randbytes(3_000_000)
SHA256 = hashlib.sha256(BODY).hexdigest()

pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.fixture
def fetch(exhaust):
    def run(remote, folder):
        with make_client() as client:
            return exhaust(download(remote, folder, client, pause=0.0))

    return run


def test_whole_file_arrives_and_is_not_asked_for_twice(site, tmp_path, fetch):
    remote = Remote(site.put("/weights", BODY), "weights", SHA256, len(BODY))
    _, path = fetch(remote, tmp_path)
    assert path.read_bytes() == BODY
    assert not list(tmp_path.glob("*.part"))
    fetch(remote, tmp_path)
    assert len(site.requests("/weights")) == 1


def test_broken_connections_are_continued_where_they_broke(site, tmp_path, fetch):
    remote = Remote(site.put("/weights", BODY), "weights", SHA256, len(BODY))
    site.cuts["/weights"] = [1_000_000, 500_000]
    events, path = fetch(remote, tmp_path)
    assert path.read_bytes() == BODY
    assert [seen.range for seen in site.requests("/weights")] == [None, "bytes=1000000-", "bytes=1500000-"]
    assert sum("trying again" in event.message for event in events) == 2


def test_a_later_pull_continues_an_earlier_one(site, tmp_path, fetch):
    remote = Remote(site.put("/weights", BODY), "weights", SHA256, len(BODY))
    (tmp_path / f"{SHA256}.part").write_bytes(BODY[:2_000_000])
    _, path = fetch(remote, tmp_path)
    assert path.read_bytes() == BODY
    assert [seen.range for seen in site.requests("/weights")] == ["bytes=2000000-"]


def test_server_without_ranges_starts_over(site, tmp_path, fetch):
    site.honours_ranges = False
    remote = Remote(site.put("/weights", BODY), "weights", SHA256, len(BODY))
    (tmp_path / f"{SHA256}.part").write_bytes(b"x" * 1000)
    _, path = fetch(remote, tmp_path)
    assert path.read_bytes() == BODY


@pytest.mark.parametrize("left", [b"y" * 1000, b"y" * len(BODY), b"y" * (len(BODY) + 9)])
def test_wrong_remains_are_thrown_away(site, tmp_path, fetch, left):
    remote = Remote(site.put("/weights", BODY), "weights", SHA256, len(BODY))
    (tmp_path / f"{SHA256}.part").write_bytes(left)
    _, path = fetch(remote, tmp_path)
    assert path.read_bytes() == BODY


def test_other_bytes_than_promised_are_refused_and_deleted(site, tmp_path, fetch):
    remote = Remote(site.put("/weights", BODY[::-1]), "weights", SHA256)
    with pytest.raises(DownloadError, match="SHA-256") as caught:
        fetch(remote, tmp_path)
    assert caught.value.hint
    assert not list(tmp_path.iterdir())


def test_without_a_hash_nothing_is_resumed(site, tmp_path, fetch):
    remote = Remote(site.put("/small", BODY), "small", None, len(BODY))
    (tmp_path / f"{remote.key}.part").write_bytes(b"z" * 10)
    _, path = fetch(remote, tmp_path)
    assert path.read_bytes() == BODY
    assert site.requests("/small")[0].range is None


def test_gives_up_after_some_failures_and_keeps_what_came(site, tmp_path, fetch):
    remote = Remote(site.put("/weights", BODY), "weights", SHA256, len(BODY))
    site.cuts["/weights"] = [1_000_000] + [0] * 20
    with pytest.raises(DownloadError, match="could not be fetched"):
        fetch(remote, tmp_path)
    assert (tmp_path / f"{SHA256}.part").stat().st_size == 1_000_000
    site.cuts.clear()
    assert fetch(remote, tmp_path)[1].read_bytes() == BODY


def test_busy_servers_are_asked_again(site, tmp_path, fetch):
    remote = Remote(site.put("/weights", BODY), "weights", SHA256)
    site.statuses["/weights"] = [503, 429]
    assert fetch(remote, tmp_path)[1].read_bytes() == BODY


@pytest.mark.parametrize(("status", "word"), [(404, "spelling"), (401, "HF_TOKEN"), (403, "licence")])
def test_refusals_say_why(site, tmp_path, fetch, status, word):
    site.statuses["/weights"] = [status]
    with pytest.raises(DownloadError, match=str(status)) as caught:
        fetch(Remote(site.put("/weights", BODY), "weights", SHA256), tmp_path)
    assert word in caught.value.hint


def test_an_unknown_certificate_file_is_an_error(monkeypatch):
    monkeypatch.setenv("PIP_CERT", "/nowhere/bundle.pem")
    with pytest.raises(DownloadError, match="nowhere"):
        make_client()


def test_tokens_do_not_show_in_a_remote():
    assert "secret" not in repr(Remote("http://x/y", "y", headers={"Authorization": "secret"}))


def test_full_disk_is_a_storage_error_and_the_part_is_kept(site, tmp_path, fetch):
    remote = Remote(site.put("/weights", BODY), "weights", SHA256, len(BODY))
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, old[1]))
    try:
        with pytest.raises(StorageError, match="No space"):
            fetch(remote, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, before)
    assert 0 < (tmp_path / f"{SHA256}.part").stat().st_size <= 1_500_000
    assert fetch(remote, tmp_path)[1].read_bytes() == BODY


def test_killed_in_the_middle_then_continued(site, tmp_path, fetch):
    url = site.put("/weights", BODY)
    script = (
        "import os, sys; from pathlib import Path\n"
        "from castalia.store.sources import staging\n"
        "from castalia.store.sources.download import Remote, download, make_client\n"
        "count = 0\n"
        "def advance(self, amount):\n"
        "    global count\n"
        "    count += 1\n"
        "    if count == 2: os.kill(os.getpid(), 9)\n"
        "staging.Meter.advance = advance\n"
        "list(download(Remote(sys.argv[1], 'w', sys.argv[2]), Path(sys.argv[3]), make_client()))\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, url, SHA256, str(tmp_path)], check=False, timeout=60)
    assert ended.returncode == -9
    assert not (tmp_path / SHA256).exists()
    _, path = fetch(Remote(url, "w", SHA256), tmp_path)
    assert path.read_bytes() == BODY
