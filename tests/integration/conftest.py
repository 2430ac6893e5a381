"""Servers for tests of the whole path: real processes, real sockets, and a ledger beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from fakes.ledger import Ledger
from fakes.service import MIB, Service, restarts, wait_idle
from filmgate.client import Client

ENGINES_BYTES = 768 * MIB
"""What Open Image Denoise takes for the example renders."""

MakeService = Callable[..., Service]


@pytest.fixture(scope="session")
def shared_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run one server for every test that leaves it as it was."""
    folder = tmp_path_factory.mktemp("shared")
    terms = {"job_lease_s": 1.0, "upload_stall_s": 2.0, "handshakes_per_s": 1000.0}
    with Service(folder, models_bytes=ENGINES_BYTES, **terms) as service:
        yield service


@pytest.fixture
def server(shared_service: Service) -> Iterator[Service]:
    """Return the shared server; after the test it must be as it was, and have lost no worker."""
    with shared_service.client() as client:
        before = restarts(client.status())
    yield shared_service
    assert shared_service.alive, shared_service.log[-4000:]
    shared_service.audit()
    with shared_service.client() as client:
        assert restarts(client.status()) == before, shared_service.log[-4000:]
    assert "Traceback" not in shared_service.log


@pytest.fixture
def client(server: Service) -> Iterator[Client]:
    """Return a client of the shared server."""
    with server.client() as connected:
        yield connected


@pytest.fixture
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """Return a ledger; at the end all its jobs are held against the shared server's journal."""
    service: Service | None = (
        request.getfixturevalue("server") if "server" in request.fixturenames else None
    )
    kept = Ledger()
    yield kept
    if service is not None:
        kept.settle()
        with service.client() as client:
            wait_idle(client)
        kept.audit_journal(service.journal)


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[MakeService]:
    """Return a maker of servers of this test's own, gone when it ends; none may have failed."""
    made: list[Service] = []
    with ExitStack() as stack:

        def make(**settings: Any) -> Service:
            folder = tmp_path / f"service{len(made)}"
            folder.mkdir()
            made.append(stack.enter_context(Service(folder, **settings)))
            return made[-1]

        yield make
    for service in made:
        assert "Traceback" not in service.log, service.log[-4000:]
