"""What publishing and pulling a model takes beside a plain copy of its files."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path

import boto3

from bench.measure import Case, elapsed_s, interleave
from bench.table import milliseconds, table
from filmgate_server.registry.downloads import Downloads
from filmgate_server.registry.shared import SharedRegistry, open_registry
from filmgate_server.zoo import ZOO_FOLDER

BUCKET = "models"
START_S = 30.0
_KEY, _MB = "bench", 1e6


def measure_registry(size_bytes: int, rounds: int) -> str:
    """Return the table of what a package of *size_bytes* takes on its way there and back."""
    with tempfile.TemporaryDirectory() as name, _bucket(Path(name) / "s3") as endpoint:
        source = _Source(Path(name), size_bytes)
        folder = open_registry(str(Path(name) / "registry"))
        cases = {"plain copy, synced": source.copy_s, **_cases("folder", folder, source)}
        if endpoint:
            bucket = open_registry(f"s3://{BUCKET}/bench", endpoint)
            cases.update(_cases("S3 on this machine", bucket, source))
        timings = interleave(cases, rounds, warmups=0)
    rows = [
        [case, milliseconds(each.median_s), f"{size_bytes / each.median_s / _MB:.0f}"]
        for case, each in timings.items()
    ]
    return table(("Package", "Median", "MB/s"), rows)


class _Source:
    """A package whose weights and version are new each time that it is taken."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self.folder = folder
        self._package = folder / "negate"
        self._numbers = count(1)
        self._weight = os.urandom(size_bytes)
        shutil.copytree(
            ZOO_FOLDER / "negate", self._package, ignore=shutil.ignore_patterns("__pycache__")
        )

    def renew(self) -> tuple[Path, str]:
        """Return the package's folder and its new version."""
        number = next(self._numbers)
        manifest, version = self._package / "model.toml", f"2.0.{number}"
        lines = manifest.read_text(encoding="utf-8").splitlines()
        lines = [f'version = "{version}"' if each.startswith("version") else each for each in lines]
        manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
        weight = number.to_bytes(8, "big") + self._weight[8:]
        (self._package / "weights.bin").write_bytes(weight)
        return self._package, version

    def copy_s(self) -> float:
        """Copy the package until it is on the disk; return the seconds."""
        path, version = self.renew()
        return elapsed_s(lambda: _copy_synced(path, self.folder / f"copy-{version}"))


def _copy_synced(source: Path, target: Path) -> None:
    shutil.copytree(source, target)
    for path in target.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _cases(name: str, registry: SharedRegistry, source: _Source) -> dict[str, Case]:
    return {
        f"publish, {name}": partial(_publish_s, registry, source),
        f"pull, {name}": partial(_pull_s, registry, source),
    }


def _publish_s(registry: SharedRegistry, source: _Source) -> float:
    path, _ = source.renew()
    return elapsed_s(lambda: registry.publish(path, "bench"))


def _pull_s(registry: SharedRegistry, source: _Source) -> float:
    path, version = source.renew()
    release = registry.publish(path, "bench")
    downloads = Downloads(registry.store, source.folder / f"cache-{version}")
    return elapsed_s(lambda: downloads.pull(release))


@contextmanager
def _bucket(folder: Path) -> Generator[str]:
    """Yield the address of an S3 server with an empty bucket; nothing where none is installed."""
    weed = Path(sys.executable).with_name("weed")
    if not weed.exists():
        yield ""
        return
    folder.mkdir()
    port, *others = _free_ports(5)
    credentials = [{"accessKey": _KEY, "secretKey": _KEY}]
    identity = {"name": _KEY, "credentials": credentials, "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
    names = ("master.port", "volume.port", "filer.port", "admin.port")
    command = [
        *(str(weed), "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *("-webdav=false", f"-s3.config={folder / 's3.json'}", f"-s3.port={port}"),
        *(f"-{name}={other}" for name, other in zip(names, others, strict=True)),
    ]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet)
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _make_bucket(endpoint)
        yield endpoint
    finally:
        process.terminate()
        process.wait()


def _make_bucket(endpoint: str) -> None:
    os.environ.update(
        AWS_ACCESS_KEY_ID=_KEY, AWS_SECRET_ACCESS_KEY=_KEY, AWS_DEFAULT_REGION="us-east-1"
    )
    deadline_s = time.monotonic() + START_S
    while not _answers(endpoint) and time.monotonic() < deadline_s:
        time.sleep(0.1)
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=BUCKET)


def _answers(endpoint: str) -> bool:
    with suppress(OSError):
        try:
            urllib.request.urlopen(endpoint, timeout=1).close()  # noqa: S310 - our own
        except urllib.error.HTTPError:
            return True  # it refuses who does not sign
        return True
    return False


def _free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    try:
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
