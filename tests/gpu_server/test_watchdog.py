"""The watchdog tells connections apart that had the same descriptor one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zmq

from fakes.descriptors import count_descriptors
from fakes.waiting import wait_until
from fakes.zmtp import Wire
from filmgate_server.gateway.router import bind_router, port_of, source_of
from filmgate_server.gateway.watchdog import Watchdog

MIB = 1 << 20
LONG = b"a message that is longer than a greeting is, and longer than all that is sent to say hello"


class Post:
    """A ROUTER with its watchdog, read only when a test says so."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.socket = bind_router(context, "tcp://127.0.0.1:0", MIB, lambda _: None)
        self.watchdog = Watchdog(self.socket, 16 * MIB, lambda _: True)

    def wire(self, handshake: bool = True) -> Wire:
        """Return a new connection."""
        return Wire(port_of(self.socket), handshake)

    def hear(self) -> tuple[bytes, int, bool]:
        """Return who sent the next message, by which descriptor, and whether he may be there."""
        assert self.socket.poll(10_000)
        frame, _ = self.socket.recv_multipart(copy=False)
        fd = source_of(frame)
        assert fd is not None
        return frame.bytes, fd, self.watchdog.delivered(fd, frame.bytes, len(LONG))

    def answer(self, route: bytes) -> None:
        """Send something to who said something."""
        self.socket.send_multipart([route, LONG])
        self.watchdog.sent(route, len(LONG))

    def vanish(self, wire: Wire) -> None:
        """Let a connection go, and return once its descriptor is free."""
        before = count_descriptors()
        wire.socket.close()
        wait_until(lambda: count_descriptors() == before - 2, "both ends to be closed")


@pytest.fixture
def post() -> Iterator[Post]:
    """Return a socket that listens."""
    with zmq.Context() as context:
        made = Post(context)
        yield made
        made.watchdog.close()
        made.socket.close(0)


def test_answered_connection_can_be_shut(post: Post):
    """Who said something and was answered is shut down by his routing id."""
    with post.wire() as wire:
        wire.send_frame(LONG)
        route, _, is_there = post.hear()
        assert is_there
        post.answer(route)
        assert post.watchdog.routes() == [route]
        post.watchdog.shut_down(route)
        assert wire.closed_by_server()


@pytest.mark.parametrize("handshake", [False, True])
def test_message_of_one_who_left_is_not_his_successors(post: Post, handshake: bool):
    """A first message read too late neither names nor shuts who has the descriptor now."""
    leaving = post.wire()
    leaving.send_frame(LONG)
    post.vanish(leaving)
    with post.wire(handshake) as wire:
        route, fd, _ = post.hear()
        with pytest.raises(zmq.ZMQError):
            post.answer(route)
        post.watchdog.shut_down(route)
        assert post.watchdog.routes() == []
        if not handshake:
            wire.greet()
        wire.send_frame(LONG)
        own, own_fd, is_there = post.hear()
        assert is_there
        assert own_fd == fd
        post.answer(own)
        assert post.watchdog.routes() == [own]


def test_many_who_left_are_not_their_successors(post: Post):
    """Of several who had one descriptor, only the last is believed, in whatever order they come."""
    for _ in range(5):
        leaving = post.wire()
        leaving.send_frame(LONG)
        post.vanish(leaving)
    with post.wire() as wire:
        wire.send_frame(LONG)
        heard: list[tuple[bytes, int]] = []
        for _ in range(6):
            route, fd, is_there = post.hear()
            if is_there:
                heard.append((route, fd))
                _try_to_answer(post, route)
        assert len({fd for _, fd in heard}) == 1
        assert post.watchdog.routes() == [max(route for route, _ in heard)]


def _try_to_answer(post: Post, route: bytes) -> None:
    try:
        post.answer(route)
    except zmq.ZMQError:
        return


def test_successor_of_a_known_one_is_not_shut(post: Post):
    """Shutting who has just gone, unnoticed so far, leaves who has his descriptor alone."""
    leaving = post.wire()
    leaving.send_frame(LONG)
    former, fd, _ = post.hear()
    post.answer(former)
    post.vanish(leaving)
    with post.wire() as wire:
        post.watchdog.shut_down(former)
        assert post.watchdog.drain() == [former]
        wire.send_frame(LONG)
        route, own_fd, is_there = post.hear()
        assert (own_fd, is_there) == (fd, True)
        post.answer(route)
        assert post.watchdog.routes() == [route]
