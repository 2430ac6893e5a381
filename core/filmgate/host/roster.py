"""The sessions of an open file's nodes, found by the identity that each node carries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable, Generic, Optional, Protocol, TypeVar

from filmgate.config import load_config
from filmgate.host.hub import Hub
from filmgate.host.node import parse_node_state
from filmgate.host.port import HostPort
from filmgate.host.session import HostSession


class Seat(HostPort, Protocol):
    """One node's side of the seam, as a roster needs it."""

    @property
    def alive(self) -> bool:
        """Whether the node still is in the open file."""
        ...

    def holds(self, node: object) -> bool:
        """Say whether this is the side of *node*, the host's own object."""
        ...

    def server(self) -> str:
        """Return the server of the node's own; empty for the configured one."""
        ...

    def model(self) -> str:
        """Return the model that the node shows."""
        ...


SeatT = TypeVar("SeatT", bound=Seat)
NodeT = TypeVar("NodeT")


@dataclass
class Entry(Generic[SeatT]):
    """A node that has been seen, and its session once it was needed.

    Attributes:
        seat: its side of the seam.
        node: its identity; empty before the first session of a new node.
        session: made when first asked for.
        server: which one the session is for.
    """

    seat: SeatT
    node: str
    session: Optional[HostSession] = None
    server: str = ""


class Roster(Generic[NodeT, SeatT]):
    """The nodes of one host process; on its main thread only. Nothing here asks the network.

    Args:
        sit: makes a node's side of the seam.
        opened: told of each session that is made.
        check: refuses a hub whose folders the host could not read.

    Attributes:
        given: settings that count more than files and environment: those of a command line.
    """

    def __init__(
        self,
        sit: Callable[[NodeT], SeatT],
        opened: Callable[[SeatT, HostSession], None] = lambda _seat, _session: None,
        check: Callable[[Hub], None] = lambda _hub: None,
    ) -> None:
        self._sit, self._opened, self._check = sit, opened, check
        self._entries: list[Entry[SeatT]] = []
        self._hubs: dict[str, Hub] = {}
        self.given: dict[str, str] = {}

    def hub(self, server: str = "") -> Hub:
        """Return what all nodes of a server share.

        Args:
            server: an address of the node's own; empty for the configured one.

        Raises:
            ConfigError: a setting cannot be used.
            StorageError: the folder of the cache cannot be made.
        """
        if server not in self._hubs:
            made = Hub(load_config({**self.given, "server": server}))
            self._check(made)
            self._hubs[server] = made
        return self._hubs[server]

    def session(self, node: NodeT) -> HostSession:
        """Return the session of a node; made at the first call, and anew for another server.

        Raises:
            ConfigError: a setting cannot be used.
        """
        entry = self.adopt(node)
        server = entry.seat.server()
        if entry.session is not None and entry.server != server:
            _close(entry)
        if entry.session is None:
            return self._open(entry, server)
        if entry.session.state_text != entry.seat.load_state():  # something was undone
            entry.session.reload()
            entry.node = entry.session.node
        return entry.session

    def adopt(self, node: NodeT) -> Entry[SeatT]:
        """Take notice of a node; a copy, which has another's identity, is given one of its own.

        Raises:
            ConfigError: the node is a copy, and a setting cannot be used.
        """
        entry = self.find(node)
        if entry is not None:
            return entry
        seat = self._sit(node)
        text = seat.load_state()
        entry = Entry(seat, parse_node_state(text).node if text else "")
        is_copy = any(each.node == entry.node for each in self.alive() if entry.node)
        self._entries.append(entry)
        if is_copy:
            self._open(entry, seat.server()).new_identity()
            entry.node = self._open(entry, seat.server()).node
        return entry

    def find(self, node: NodeT) -> Optional[Entry[SeatT]]:
        """Return a node that has been seen."""
        return next((each for each in self.alive() if each.seat.holds(node)), None)

    def alive(self) -> Iterator[Entry[SeatT]]:
        """Go through the nodes that still are in the open file."""
        return (each for each in list(self._entries) if each.seat.alive)

    def forget(self, node: NodeT) -> None:
        """Close the session of a node that is being deleted; undo brings it back as it was."""
        for entry in list(self._entries):
            if not entry.seat.alive or entry.seat.holds(node):
                self._entries.remove(entry)
                _close(entry)

    def close_all(self) -> None:
        """Cancel what runs and forget every node: the file closes."""
        for entry in list(self._entries):
            self._entries.remove(entry)
            _close(entry)

    def close_hubs(self) -> None:
        """End the connections too: the host ends."""
        self.close_all()
        for each in self._hubs.values():
            each.close()
        self._hubs.clear()

    def _open(self, entry: Entry[SeatT], server: str) -> HostSession:
        if entry.session is None:
            entry.session = HostSession(entry.seat, self.hub(server), entry.seat.model())
            entry.node, entry.server = entry.session.node, server
            self._opened(entry.seat, entry.session)
        return entry.session


def _close(entry: Entry[SeatT]) -> None:
    if entry.session is not None:
        entry.session.close()
        entry.session = None
