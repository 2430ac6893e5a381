"""What the contract asks of a host's adapter, and the fake host that answers it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable, Optional, Protocol

from filmgate.config import load_config
from filmgate.errors import FilmgateError
from filmgate.host.hub import Hub
from filmgate.host.port import Moment
from filmgate.host.session import HostSession
from filmgate.host.state import Problem, State
from filmgate.job import Output, Payload
from filmgate.takes import Take
from filmgate.testing.fake_host import PULL, PUSH, FakeHost
from filmgate.testing.models import MODEL
from filmgate.wire.records import WorkSpec

SPAN = (1001, 1010)
CAPTURES_IN_COOK = 3
"""What one result of the contract's largest model needs."""

_ENDED = (State.FRESH, State.BAKED, State.ERROR)


class ContractServer(Protocol):
    """A server that answers every job by itself, by `filmgate.testing.echo_of`.

    Attributes:
        address: where it listens.
        hellos: how often a client has said hello.
        submitted: the work of each submission, in order.
        uploaded: the content of each upload, in order.
        ended: how each job has ended: ``result``, ``cancelled`` or an error's code.
    """

    address: str
    hellos: int
    submitted: list[WorkSpec]
    uploaded: list[bytes]
    ended: list[str]

    def allow(self, jobs: Optional[int]) -> None:
        """Answer so many jobs more and then none; None answers all."""
        ...

    def fail(self, error: Optional[FilmgateError]) -> None:
        """End every job with *error* from now on; None ends that."""
        ...

    def forge(self, change: Optional[Callable[[Output], Output]]) -> None:
        """Let every output go through *change* from now on; None ends that."""
        ...

    def stop(self) -> None:
        """Vanish as a killed server does."""
        ...

    def restart(self) -> None:
        """Vanish and come back at the same address, with nothing in memory."""
        ...


class ContractHost(ABC):
    """One node of a host in the hands of the contract: what artists and hosts do to it.

    Its main input has the ten frames of `SPAN`, its other inputs are not connected. Everything is
    called on the host's main thread.
    """

    @property
    @abstractmethod
    def session(self) -> HostSession:
        """The node's session."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What the artist calls the node."""

    @property
    @abstractmethod
    def take(self) -> Optional[Take]:
        """The take that the node reads."""

    @property
    @abstractmethod
    def problems(self) -> Sequence[Problem]:
        """What the artist was told, in order."""

    @property
    @abstractmethod
    def violations(self) -> Sequence[str]:
        """Which of the host's rules were broken."""

    @property
    @abstractmethod
    def captured(self) -> Sequence[tuple[str, float, str]]:
        """The input, frame and view of each capture that gave pixels, in order."""

    @property
    @abstractmethod
    def captures_at_once(self) -> int:
        """The largest number of captures in one slice of the main thread."""

    @property
    def captures_allowed(self) -> int:
        """How many there may be in one slice; a host that pulls takes all that one result needs."""
        return 1

    @property
    @abstractmethod
    def idle(self) -> bool:
        """Whether neither the session nor the host has anything to do."""

    @abstractmethod
    def run(self, frames: Sequence[int], live: bool = False, again: bool = False) -> None:
        """Begin to make results, as the host does it most.

        Args:
            frames: of which.
            live: whether they take the place of what is under way.
            again: whether the artist says so: what has failed is then tried again.
        """

    @abstractmethod
    def cancel(self) -> None:
        """End what is under way, as the host's artists do."""

    @abstractmethod
    def turn(self) -> None:
        """Give the main thread to Filmgate for one slice; wait a moment if it has nothing to do."""

    @abstractmethod
    def set_params(self, **params: Any) -> None:
        """Set parameters."""

    @abstractmethod
    def change_pixels(self, frame: int) -> None:
        """Change a pixel of the main input at a frame."""

    @abstractmethod
    def plate(self, frame: int) -> bytes:
        """Return what a capture of the main input at a frame gives now."""

    @abstractmethod
    def reopen(self) -> ContractHost:
        """Save and end the host, start it again, open what was saved; return the node."""

    @abstractmethod
    def copy(self) -> ContractHost:
        """Copy and paste the node in the same host; return the copy."""

    @abstractmethod
    def add(self, model: str) -> ContractHost:
        """Make another node for a model in the same host."""

    @abstractmethod
    def delete(self) -> None:
        """Delete the node."""


class FakeNode(ContractHost):
    """A node of a `FakeHost`.

    Args:
        drive: one of `filmgate.testing.DRIVES`.
        server: the address.
        folder: for everything on disk.
        model: what a new node is for.
    """

    def __init__(self, drive: str, server: str, folder: Path, model: str = MODEL) -> None:
        given = {"server": server, "show": "film", "user": "alice"}
        self._config, self._folder = load_config(given, {}), folder
        self._hubs: list[Hub] = []
        self._start(drive, Hub(self._config, folder), model)

    def _start(self, drive: str, hub: Hub, model: str = "", state: str = "") -> None:
        self.hub = hub
        self._hubs.append(hub)
        self.host = FakeHost(drive, self._pixels, SPAN, state)
        self._session = HostSession(self.host, hub, model)
        self._cooking: deque[Moment] = deque()

    def _beside(self, model: str = "", state: str = "") -> FakeNode:
        """Return another node of the same host."""
        node = FakeNode.__new__(FakeNode)
        node._config, node._folder, node._hubs = self._config, self._folder, self._hubs
        node._start(self.host.drive, self.hub, model, state)
        node.host.params.update(self.host.params)
        node.host.revisions.update(self.host.revisions)
        return node

    @property
    def session(self) -> HostSession:
        """The node's session."""
        return self._session

    @property
    def name(self) -> str:
        """The node's name."""
        return self.host.name

    @property
    def take(self) -> Optional[Take]:
        """The take that the node reads."""
        return self.host.take

    @property
    def problems(self) -> Sequence[Problem]:
        """What the artist was told."""
        return self.host.problems

    @property
    def violations(self) -> Sequence[str]:
        """Which rules were broken."""
        return self.host.violations

    @property
    def captured(self) -> Sequence[tuple[str, float, str]]:
        """Each capture; only the main input is connected."""
        return [each for each in self.host.captured if each[0] == "color"]

    @property
    def captures_at_once(self) -> int:
        """The largest number of captures in one slice."""
        return self.host.captures_at_once

    @property
    def idle(self) -> bool:
        """Whether nothing is under way; a host that pulls has nothing more to cook."""
        return not (self._cooking or self._session.busy)

    @property
    def captures_allowed(self) -> int:
        """How many captures there may be in one slice."""
        return CAPTURES_IN_COOK if self.host.drive == PULL else 1

    def run(self, frames: Sequence[int], live: bool = False, again: bool = False) -> None:
        """Press the button, or cook."""
        self.host.begin_slice()
        moments = [Moment(float(frame)) for frame in frames]
        if self.host.drive == PULL and not (live or again):
            self._cooking.extend(moments)
        else:
            self._session.run(moments, live=live)

    def cancel(self) -> None:
        """Press the button; a host that pulls stops cooking."""
        self._cooking.clear()
        self._session.cancel()

    def turn(self) -> None:
        """Run an event, cook a frame or tick."""
        if self.host.drive == PUSH:
            self.host.run_events()
        elif self._cooking:
            self._cook()
        else:
            self.host.tick(self._session)

    def _cook(self) -> None:
        """Ask for one frame until it has ended, then go on to the next."""
        self.host.begin_slice()
        answer = self._session.result_for(self._cooking[0])
        if answer.state in _ENDED:
            self._cooking.popleft()
        else:
            self.host.rest()

    def set_params(self, **params: Any) -> None:
        """Turn knobs."""
        self.host.params.update(params)

    def change_pixels(self, frame: int) -> None:
        """Change a pixel, and with it the hint."""
        self.host.revisions[float(frame)] = self.host.revisions.get(float(frame), 0) + 1

    def plate(self, frame: int) -> bytes:
        """Return bytes that tell the frame and how often it has changed."""
        revision = self.host.revisions.get(float(frame), 0)
        return f"frame {frame} revision {revision} ".encode() * 500

    def reopen(self) -> FakeNode:
        """Open what was saved in another process of the host."""
        state, params = self.host.state, dict(self.host.params)
        self.delete()
        self.hub.close()
        node = FakeNode.__new__(FakeNode)
        node._config, node._folder, node._hubs = self._config, self._folder, self._hubs
        node._start(self.host.drive, Hub(self._config, self._folder), state=state)
        node.host.params.update(params)
        node.host.revisions.update(self.host.revisions)
        return node

    def copy(self) -> FakeNode:
        """Paste a node with the same state, which is then made one of its own."""
        node = self._beside(state=self.host.state)
        node.session.new_identity()
        return node

    def add(self, model: str) -> FakeNode:
        """Make a node."""
        return self._beside(model)

    def delete(self) -> None:
        """Delete the node."""
        self._session.close()
        self.host.gone = True

    def close(self) -> None:
        """End the host, however often it was started."""
        if not self.host.gone:
            self.delete()
        for hub in self._hubs:
            hub.close()

    def _pixels(self, name: str, moment: Moment) -> Optional[Payload]:
        if name != "color":
            return None
        content = self.plate(int(moment.time))
        return Payload(name, content, time=moment.time, view=moment.view)
