"""A shared registry on a bad day: stores that fail, stop, lie or are slow; disks that are full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.bucket import BUCKET, Bucket
from fakes.relay import Cut, Flip, HalfOpen, Relay, Stream
from fakes.releases import MIB, CountingStore, weighty
from fakes.waiting import wait_until
from filmgate.errors import (
    ConfigError,
    ConnectionLostError,
    DeniedError,
    IntegrityError,
    StorageError,
)
from filmgate_server.registry.content import digest_package
from filmgate_server.registry.downloads import Downloads
from filmgate_server.registry.local import LocalRegistry
from filmgate_server.registry.objects import TakenError
from filmgate_server.registry.records import Release
from filmgate_server.registry.s3 import S3Store
from filmgate_server.registry.shared import SharedRegistry

PULL = """
import resource, sys
from pathlib import Path
from filmgate.errors import FilmgateError
from filmgate_server.registry.downloads import Downloads
from filmgate_server.registry.shared import open_registry
address, endpoint, cache, limit = sys.argv[1:]
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
registry = open_registry(address, endpoint)
try:
    Downloads(registry.store, Path(cache)).pull(registry.release("toy", "1.0.0"))
except FilmgateError as error:
    print(error.code)
"""


class Answer:
    """Gives the first *count* connections this answer, whatever the server says."""

    def __init__(self, status: str, code: str, count: int) -> None:
        body = f"<Error><Code>{code}</Code></Error>"
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self._answer = (head + body).encode()
        self._count = count
        self.given = 0

    def __call__(self, piece: bytes, stream: Stream) -> bytes:
        """Replace the first piece, and swallow what follows."""
        if stream.number >= self._count:
            return piece
        if stream.place:
            return b""
        self.given += 1
        return self._answer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """Return a running S3 server."""
    with Bucket(tmp_path_factory.mktemp("bucket")) as running:
        yield running


@pytest.fixture
def bucket(server: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Return the S3 server, which lets us in."""
    server.let_in(monkeypatch)
    return server


@pytest.fixture
def release(bucket: Bucket, tmp_path: Path) -> Release:
    """Return a release with 8 MiB of weights."""
    source = weighty(tmp_path, weight=os.urandom(8 * MIB))
    return SharedRegistry(bucket.store(tmp_path)).publish(source, "ann")


def sound(path: Path, release: Release) -> bool:
    """Return whether a package is what was published."""
    return digest_package(path).hex() == release.digest


def arrived(cache: Path) -> int:
    """Return how many bytes of files that are not complete have arrived."""
    return sum(path.stat().st_size for path in (cache / "parts").glob("*"))


def pull_command(bucket: Bucket, folder: Path, port: int = 0, limit_bytes: int = 0) -> list[str]:
    """Return the command that pulls the release into the folder's cache."""
    endpoint = f"http://127.0.0.1:{port or bucket.port}"
    given = (bucket.address(folder), endpoint, str(folder / "cache"), str(limit_bytes))
    return [sys.executable, "-c", PULL, *given]


def test_pull_goes_on_within_itself(bucket: Bucket, release: Release, tmp_path: Path) -> None:
    """Answers that end too early are asked for again from where they stopped."""
    cut = Cut(3 * MIB, 2 * MIB)
    with Relay(bucket.port, downward=[cut]) as relay:
        counting = CountingStore(bucket.store(tmp_path, relay.port))
        assert sound(Downloads(counting, tmp_path / "cache").pull(release), release)
    assert cut.cuts == 2
    assert sum(offset > MIB for _, offset in counting.streams) == 2


def test_killed_pull_goes_on(bucket: Bucket, release: Release, tmp_path: Path) -> None:
    """A pull that was ended by SIGKILL leaves nothing to use; the next one fetches the rest."""
    with Relay(bucket.port, bytes_per_s=4 * MIB) as relay:
        pull = subprocess.Popen(pull_command(bucket, tmp_path, relay.port))
        wait_until(lambda: arrived(tmp_path / "cache") > MIB, "a part of the package")
        pull.send_signal(signal.SIGKILL)
        pull.wait()
    counting = CountingStore(bucket.store(tmp_path))
    downloads = Downloads(counting, tmp_path / "cache")
    assert not LocalRegistry([downloads.packages]).packages()
    assert sound(downloads.pull(release), release)
    assert max(offset for _, offset in counting.streams) > MIB


def test_full_disk(bucket: Bucket, release: Release, tmp_path: Path) -> None:
    """A disk without room is a typed error; with room, the pull goes on from what there is."""
    command = pull_command(bucket, tmp_path, limit_bytes=2 * MIB)
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout == "storage\n"
    counting = CountingStore(bucket.store(tmp_path))
    assert sound(Downloads(counting, tmp_path / "cache").pull(release), release)
    assert max(offset for _, offset in counting.streams) >= MIB


def test_damaged_download_is_fetched_again(
    bucket: Bucket, release: Release, tmp_path: Path
) -> None:
    """A bit that flips on the way is noticed, and the file is fetched anew."""
    flip = Flip(MIB)
    with Relay(bucket.port, downward=[flip]) as relay:
        store = bucket.store(tmp_path, relay.port)
        assert sound(Downloads(store, tmp_path / "cache").pull(release), release)
    assert flip.flipped


def test_damaged_cache_is_mended(bucket: Bucket, release: Release, tmp_path: Path) -> None:
    """A bit that flips on this machine's disk is noticed, and that file alone fetched anew."""
    counting = CountingStore(bucket.store(tmp_path))
    downloads = Downloads(counting, tmp_path / "cache")
    weights = downloads.pull(release) / "weights.bin"
    weights.chmod(0o644)
    with weights.open("r+b") as file:
        file.write(b"\0" * 64)
    assert not downloads.is_sound(release)
    counting.streams.clear()
    assert sound(downloads.pull(release), release)
    assert len(counting.streams) == 1


def test_changed_content_is_never_used(bucket: Bucket, release: Release, tmp_path: Path) -> None:
    """Content that was changed in the bucket is refused, and no package of it appears."""
    (entry,) = [entry for entry in release.files if entry.path == "weights.bin"]
    key = f"{bucket.address(tmp_path).partition(BUCKET + '/')[2]}/files/{entry.digest}"
    bucket.client().put_object(Bucket=BUCKET, Key=key, Body=os.urandom(entry.size_bytes))
    downloads = Downloads(bucket.store(tmp_path), tmp_path / "cache")
    with pytest.raises(IntegrityError):
        downloads.pull(release)
    assert not list(downloads.packages.rglob("model.toml"))


def test_silent_store(bucket: Bucket, release: Release, tmp_path: Path) -> None:
    """A store that stops in the middle of an answer is asked again; one that never speaks fails."""
    silent = HalfOpen(4 * MIB)
    with Relay(bucket.port, downward=[silent]) as relay:
        store = bucket.store(tmp_path, relay.port, silence_s=1.0)
        assert sound(Downloads(store, tmp_path / "cache").pull(release), release)
    assert silent.swallowed_bytes
    with Relay(bucket.port, downward=[HalfOpen(0, connections=99)]) as relay:
        store = bucket.store(tmp_path, relay.port, silence_s=0.2)
        with pytest.raises(StorageError):
            store.read("releases/toy/1.0.0.json")


def test_failing_store(bucket: Bucket, release: Release, tmp_path: Path) -> None:
    """An error of the server is asked about again; one that stays is typed."""
    failing = Answer("500 Internal Server Error", "InternalError", 2)
    with Relay(bucket.port, downward=[failing]) as relay:
        assert SharedRegistry(bucket.store(tmp_path, relay.port)).releases() == [release]
    assert failing.given == 2
    for_ever = Answer("500 Internal Server Error", "InternalError", 99)
    with Relay(bucket.port, downward=[for_ever]) as relay:
        store = bucket.store(tmp_path, relay.port)
        with pytest.raises(StorageError, match="InternalError"):
            store.keys("releases/")


def test_race_that_the_store_cannot_judge(bucket: Bucket, tmp_path: Path) -> None:
    """Where the store says that another is at it, it is asked again until it knows."""
    racing = Answer("409 Conflict", "ConditionalRequestConflict", 1)
    with Relay(bucket.port, downward=[racing]) as relay:
        bucket.store(tmp_path, relay.port).create("x", b"a")
    assert racing.given == 1
    assert bucket.store(tmp_path).read("x") == b"a"


def test_lost_answer_to_a_write(bucket: Bucket, tmp_path: Path) -> None:
    """Who wrote an object whose answer was lost has written it, although it is there by then."""
    with Relay(bucket.port, downward=[Cut(1)]) as relay:
        bucket.store(tmp_path, relay.port).create("x", b"ours")
    assert bucket.store(tmp_path).read("x") == b"ours"
    with Relay(bucket.port, downward=[Cut(1)]) as relay, pytest.raises(TakenError):
        bucket.store(tmp_path, relay.port).create("x", b"theirs")


def test_wrong_secret(server: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong secret is a refusal that names what to look at."""
    server.let_in(monkeypatch, secret="wrong")  # noqa: S106
    store = server.store(tmp_path)
    with pytest.raises(DeniedError, match="access key"):
        store.read("releases/toy/1.0.0.json")
    with pytest.raises(DeniedError):
        store.create("x", b"")


def test_missing_bucket(bucket: Bucket) -> None:
    """A bucket that does not exist is a mistake in the settings, not an empty registry."""
    with pytest.raises(ConfigError, match="no bucket 'nowhere'"):
        S3Store("s3://nowhere/models", bucket.endpoint).keys("releases/")


def test_no_server(bucket: Bucket) -> None:
    """A store that does not answer is a lost connection, and the remedy names its address."""
    with pytest.raises(ConnectionLostError) as raised:
        S3Store(f"s3://{BUCKET}", "http://127.0.0.1:9").read("x")
    assert "--endpoint" in raised.value.remedy


def test_no_credentials(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an access key the remedy names the variables that hold one."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(DeniedError) as raised:
        S3Store(f"s3://{BUCKET}", bucket.endpoint).read("x")
    assert "AWS_ACCESS_KEY_ID" in raised.value.remedy


@pytest.mark.parametrize("address", ["s3://", "s3:///x"])
def test_address_without_a_bucket(address: str) -> None:
    """An address that names no bucket is refused at once."""
    with pytest.raises(ConfigError):
        S3Store(address)
