"""The HTTP server for monitors."""

from __future__ import annotations

import socket
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from filmgate.errors import ConfigError
from filmgate_server.operations.health import HealthServer


class Patient:
    """A server whose state the test sets."""

    live = ""
    ready = ""


@pytest.fixture
def health() -> Iterator[tuple[HealthServer, Patient]]:
    """Run a health server on any port."""
    patient = Patient()
    server = HealthServer(0, lambda: patient.live, lambda: patient.ready, lambda: b"count 1\n")
    yield server, patient
    server.close()


def get(server: HealthServer, path: str) -> tuple[int, str]:
    """Return status and body of *path*."""
    url = f"http://127.0.0.1:{server.port}{path}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_healthy_server_says_ok(health: tuple[HealthServer, Patient]) -> None:
    """Live and ready are 200; the metrics are what the gateway gives."""
    server, _ = health
    assert get(server, "/livez") == (200, "ok\n")
    assert get(server, "/readyz?verbose") == (200, "ok\n")
    assert get(server, "/metrics") == (200, "count 1\n")


def test_a_complaint_is_503_with_its_reason(health: tuple[HealthServer, Patient]) -> None:
    """What is wrong stands in the body; being ready and being alive are apart."""
    server, patient = health
    patient.ready = "draining"
    assert get(server, "/readyz") == (503, "draining\n")
    assert get(server, "/livez") == (200, "ok\n")


def test_other_pages_are_not_found(health: tuple[HealthServer, Patient]) -> None:
    """Nothing else is served."""
    assert get(health[0], "/etc/passwd")[0] == 404


def test_a_monitor_that_hangs_up_leaves_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    """The answer finds nobody; that is said nowhere, and the next monitor is served."""
    asked, gone = threading.Event(), threading.Event()

    def metrics() -> bytes:
        asked.set()
        gone.wait(10)
        return b"count 1\n"

    server = HealthServer(0, str, str, metrics)
    before = set(threading.enumerate())
    with socket.create_connection(("127.0.0.1", server.port)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
        probe.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert asked.wait(10)
    answering = set(threading.enumerate()) - before
    gone.set()
    for thread in answering:
        thread.join(10)
    assert len(answering) == 1
    assert get(server, "/metrics") == (200, "count 1\n")
    server.close()
    assert capfd.readouterr().err == ""


def test_a_taken_port_is_a_typed_error(health: tuple[HealthServer, Patient]) -> None:
    """The error names the port and the option."""
    port = health[0].port
    with pytest.raises(ConfigError, match=str(port)) as caught:
        HealthServer(port, str, str, bytes)
    assert "--http-port" in caught.value.remedy


def test_the_port_is_free_after_the_end() -> None:
    """A closed health server can be started again on the same port."""
    first = HealthServer(0, str, str, bytes)
    first.close()
    second = HealthServer(first.port, str, str, bytes)
    assert get(second, "/livez")[0] == 200
    second.close()
