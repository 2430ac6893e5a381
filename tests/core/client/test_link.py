"""The connection: hello, welcome, loss and return, over real sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Optional

import pytest

from fakes.scripted import RESUME, ScriptedServer
from filmgate import link as link_module
from filmgate.errors import ConfigError, DeniedError, FilmgateError, VersionError
from filmgate.link import Link, LinkEvents
from filmgate.wire.codec import encode
from filmgate.wire.messages import Credit, Drain, Error, Hello, Message, ModelsList, Welcome

HELLO = Hello((1,), "test/1", "alice", "film", "secret")
PATIENCE_S = 20.0


class Recorder(LinkEvents):
    """Remembers what the link tells, and lets a test wait for it."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.threads: set[str] = set()
        self._changed = threading.Condition()

    def _note(self, what: object) -> None:
        with self._changed:
            self.told.append(what)
            self.threads.add(threading.current_thread().name)
            self._changed.notify_all()

    def opened(self, welcome: Welcome) -> None:
        """Note it."""
        self._note("opened")

    def closed(self) -> None:
        """Note it."""
        self._note("closed")

    def failed(self, error: FilmgateError) -> None:
        """Note why."""
        self._note(error)

    def received(self, message: Message, re: Optional[int], piece: memoryview) -> None:
        """Note what."""
        self._note((message, re, bytes(piece)))

    def wait_for(self, what: object, times: int = 1) -> None:
        """Wait until it has been told so often."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.told.count(what) >= times, PATIENCE_S), (
                f"{what} was not told, only {self.told}"
            )

    def wait_for_error(self) -> FilmgateError:
        """Wait until an error has been told."""
        with self._changed:
            assert self._changed.wait_for(lambda: bool(self._errors()), PATIENCE_S)
            return self._errors()[0]

    def _errors(self) -> list[FilmgateError]:
        return [what for what in self.told if isinstance(what, FilmgateError)]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Return a server that answers nothing by itself."""
    with ScriptedServer() as scripted:
        yield scripted


@pytest.fixture
def events() -> Recorder:
    """Return a listener."""
    return Recorder()


@pytest.fixture
def link(server: ScriptedServer, events: Recorder) -> Iterator[Link]:
    """Return a link to the server, not let in yet."""
    made = Link(server.address, HELLO, events)
    made.start()
    yield made
    made.close()


def test_hello_is_said_first(server: ScriptedServer, events: Recorder, link: Link) -> None:
    """The first message is the hello, without a token to resume; the welcome opens the session."""
    assert server.welcome() == HELLO
    events.wait_for("opened")
    assert link.welcome is not None
    assert events.threads == {"filmgate-link"}


def test_messages_arrive_with_their_parts(
    server: ScriptedServer, events: Recorder, link: Link
) -> None:
    """A message reaches the listener with the number it answers and its binary part."""
    server.welcome()
    server.tell(Drain(5), re=7, piece=b"pixels")
    events.wait_for((Drain(5), 7, b"pixels"))


def test_numbers_count_up(server: ScriptedServer, events: Recorder, link: Link) -> None:
    """Every message has a number of its own, also after a reconnection."""
    server.welcome()
    events.wait_for("opened")
    for _ in range(2):
        link.post(lambda: link.send(ModelsList()))
    first, second = server.receive(), server.receive()
    assert 1 < first.envelope.id < second.envelope.id


@pytest.mark.parametrize(
    "parts",
    [(b"",), (b"\xc1",), (encode(Drain()), b"1", b"2"), (b"\x80",), (encode(ModelsList())[:-3],)],
    ids=["empty", "no msgpack", "three parts", "no kind", "cut off"],
)
def test_unsound_messages_are_dropped(
    server: ScriptedServer, events: Recorder, link: Link, parts: tuple[bytes, ...]
) -> None:
    """What a broken server sends is dropped, and the next message is heard."""
    server.welcome()
    server.tell_raw(*parts)
    server.tell(Drain(1))
    events.wait_for((Drain(1), None, b""))
    assert len(events.told) == 2


def test_unknown_session_leads_to_a_new_connection(
    server: ScriptedServer, events: Recorder, link: Link
) -> None:
    """Told that the session is unknown, the client comes back and shows its token."""
    server.welcome()
    events.wait_for("opened")
    old = server.route
    server.tell(Error("unknown_session", "This connection has no session."))
    hello = server.welcome()
    assert hello.resume == RESUME
    assert server.route != old
    events.wait_for("opened", times=2)
    assert events.told == ["opened", "closed", "opened"]


def test_a_server_that_comes_back_is_found(events: Recorder) -> None:
    """After the server has died and started again, the client resumes by itself."""
    server = ScriptedServer()
    link = Link(server.address, HELLO, events)
    link.start()
    try:
        server.welcome()
        events.wait_for("opened")
        server.close()
        events.wait_for("closed")
        with ScriptedServer(server.port) as again:
            assert again.welcome().resume == RESUME
            events.wait_for("opened", times=2)
    finally:
        link.close()


def test_a_server_that_starts_later_is_found(events: Recorder) -> None:
    """A client that was started first waits for its server."""
    with ScriptedServer() as server:
        port = server.port
    link = Link(f"tcp://127.0.0.1:{port}", HELLO, events)
    link.start()
    try:
        with ScriptedServer(port) as late:
            late.welcome()
            events.wait_for("opened")
    finally:
        link.close()


def test_hello_is_said_again_if_nobody_answers(
    server: ScriptedServer, events: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that accepts the connection and says nothing is tried anew."""
    monkeypatch.setattr(link_module, "WELCOME_WITHIN_S", 0.1)
    link = Link(server.address, HELLO, events)
    link.start()
    try:
        _, first = server.expect(Hello)
        _, second = server.expect(Hello)
        assert first.route != second.route
    finally:
        link.close()


@pytest.mark.parametrize(("code", "kind"), [("version", VersionError), ("denied", DeniedError)])
def test_being_turned_away_is_final(
    server: ScriptedServer, events: Recorder, link: Link, code: str, kind: type[FilmgateError]
) -> None:
    """A wrong token or version is told and not tried again and again."""
    _, received = server.expect(Hello)
    server.route = received.route
    server.answer(received, Error(code, "Go away."))
    assert type(events.wait_for_error()) is kind
    assert link.welcome is None
    assert server.silent()


def test_a_welcome_of_another_version_is_final(
    server: ScriptedServer, events: Recorder, link: Link
) -> None:
    """A server that welcomes with a version that nobody offered is not spoken to."""
    server.welcome(protocol=99)
    assert isinstance(events.wait_for_error(), VersionError)
    assert link.welcome is None


def test_calls_run_on_the_links_thread(
    server: ScriptedServer, events: Recorder, link: Link
) -> None:
    """What any thread posts runs in order on the one thread that owns the socket."""
    server.welcome()
    events.wait_for("opened")
    done = threading.Event()
    ran: list[tuple[int, str]] = []
    for number in range(100):
        link.post(lambda n=number: ran.append((n, threading.current_thread().name)))  # type: ignore[misc]
    link.post(done.set)
    assert done.wait(PATIENCE_S)
    assert ran == [(number, "filmgate-link") for number in range(100)]


def test_a_fault_on_the_thread_is_told(server: ScriptedServer, events: Recorder) -> None:
    """If the client's own code fails, whoever waits is told instead of waiting for ever."""
    link = Link(server.address, HELLO, events)
    link.start()
    link.post(lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    assert "ZeroDivisionError" in events.wait_for_error().text
    link.close()


def test_closing_leaves_nothing(server: ScriptedServer, events: Recorder) -> None:
    """After close no thread of ours is left, and posting is harmless."""
    link = Link(server.address, HELLO, events)
    link.start()
    link.close()
    link.post(lambda: None)
    assert "filmgate-link" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("address", ["", "nonsense", "tcp://", "tcp://host", "udp://1.2.3.4:5"])
def test_unusable_addresses_are_refused(address: str, events: Recorder) -> None:
    """An address that cannot be one is an error of the configuration, at once."""
    with pytest.raises(ConfigError):
        Link(address, HELLO, events)


def test_a_probe_is_only_a_message(server: ScriptedServer, events: Recorder, link: Link) -> None:
    """Credit of size 0, the server's probe, needs no answer."""
    server.welcome()
    server.tell(Credit(0))
    events.wait_for((Credit(0), None, b""))
    assert server.silent()
