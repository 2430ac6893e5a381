"""The contract, passed by the fake host in each of its drives."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.echo import EchoServer
from filmgate.host.port import Moment
from filmgate.host.state import State
from filmgate.testing import DRIVES, SPAN, FakeHost, FakeNode, HostContract
from filmgate.testing.contract import result_of, settle


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

    def test_views_are_told_apart(self, host: FakeNode) -> None:
        """Each view is captured, sent and read by itself; the pattern has its place for them."""
        views = ("left", "right")
        host.session.run([Moment(float(SPAN[0]), view) for view in views])
        settle(host)
        assert host.take is not None
        assert host.take.pattern("color").endswith("/color.%V.%04d.exr")
        assert host.take.views() == list(views)
        contents = {host.take.path("color", SPAN[0], view).read_bytes() for view in views}
        assert len(contents) == 2
        assert sorted(view for _, _, view in host.captured) == list(views)

    def test_an_animated_parameter_has_its_value_at_each_frame(self, host: FakeNode) -> None:
        """A result is made with what is set at its own frame, and stays fresh with it."""
        host.set_params(strength=lambda time: time - SPAN[0])
        host.run([SPAN[0], SPAN[0] + 2])
        settle(host)
        for frame in (SPAN[0], SPAN[0] + 2):
            expected = result_of(host, frame, float(frame - SPAN[0]))
            assert host.take is not None
            assert host.take.path("color", frame).read_bytes() == expected
            assert host.session.state_at(Moment(float(frame))) is State.FRESH


def test_a_host_s_rules_are_kept() -> None:
    """The fake host would notice a call on another thread, and a capture within another."""

    def capture_again(name: str, moment: Moment) -> None:
        fake.capture(name, moment)

    fake = FakeHost("push", capture_again)
    with pytest.raises(RuntimeError, match="while it was capturing"):
        fake.capture("color", Moment(1001.0))
    thread = threading.Thread(target=lambda: suppressed(fake.span), name="elsewhere")
    thread.start()
    thread.join()
    assert fake.violations[1:] == ["span was called on elsewhere"]


def suppressed(call: Callable[[], object]) -> None:
    """Call what is refused, as a thread does whose errors get lost."""
    with contextlib.suppress(RuntimeError):
        call()
