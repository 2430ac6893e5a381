"""The contract, passed by the fake host in each of its drives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.echo import EchoServer
from filmgate.testing import DRIVES, FakeNode, HostContract


@pytest.fixture
def server() -> Iterator[EchoServer]:
    """Return a server that answers."""
    with EchoServer() as echo:
        yield echo


@pytest.fixture(params=DRIVES)
def host(request: pytest.FixtureRequest, server: EchoServer, tmp_path: Path) -> Iterator[FakeNode]:
    """Return a node of a host that drives in one of the three ways."""
    node = FakeNode(request.param, server.address, tmp_path / "store")
    yield node
    node.close()


class TestFakeHost(HostContract):
    """The session passes in all three drives."""
