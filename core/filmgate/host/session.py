"""The workflow that all hosts share: one session for each node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from filmgate.host.clock import Clock, SystemClock
from filmgate.host.node import NodeState
from filmgate.host.port import HostPort, Moment
from filmgate.host.state import Problem, State, Status
from filmgate.host.upgrade import Upgrade
from filmgate.manifest import Manifest

if TYPE_CHECKING:
    from filmgate.host.hub import Hub

DEBOUNCE_S = 0.25
"""How long an artist's hand must rest before live mode runs."""


@dataclass(frozen=True)
class Answer:
    """What a host that pulls gets at once.

    Attributes:
        state: of the frame that was asked for.
        paths: the file of each output; of a stale frame the old one, and none before there is any.
        problem: why there is no result.
    """

    state: State
    paths: Mapping[str, Path] = field(default_factory=dict[str, Path])
    problem: Optional[Problem] = None


class HostSession:
    """One node's work. Every method is called on the host's main thread unless it says otherwise.

    Args:
        port: the node, as the host offers it.
        hub: what all nodes of the process share.
        model: which model a new node is for; a node that was saved knows it itself.
        clock: the time.
    """

    def __init__(
        self, port: HostPort, hub: Hub, model: str = "", clock: Optional[Clock] = None
    ) -> None:
        """Read the node's state; neither the network nor the disk is asked here."""
        self._port, self._hub, self._clock = port, hub, clock or SystemClock()
        self._state = NodeState(model=model)

    # What the node is.

    @property
    def node(self) -> str:
        """The node's identity: 32 hexadecimal digits."""
        return self._state.node

    @property
    def node_state(self) -> NodeState:
        """What the node keeps in the artist's file."""
        return self._state

    @property
    def state_text(self) -> str:
        """The same as the text that `HostPort.store_state` is given."""
        return self._state.to_text()

    @property
    def manifest(self) -> Optional[Manifest]:
        """The embedded manifest; None until the model is known."""
        raise NotImplementedError

    @property
    def status(self) -> Status:
        """Where the node stands; from any thread."""
        raise NotImplementedError

    @property
    def busy(self) -> bool:
        """Whether anything is under way or waits for the main thread; from any thread."""
        raise NotImplementedError

    def state_at(self, moment: Moment) -> State:
        """Return the state of one frame; asks neither the network nor for pixels."""
        raise NotImplementedError

    def patterns(self) -> Mapping[str, str]:
        """Return the path pattern of each output that the node should read now.

        The baked ones where there are any, spelt for this platform, else those of the take.
        """
        raise NotImplementedError

    def new_identity(self) -> None:
        """Make a copied node one of its own; it goes on reading what it read."""
        raise NotImplementedError

    def reload(self) -> None:
        """Read the node's state from the port again, after the host has undone something."""
        raise NotImplementedError

    # The model.

    def choose(self, model: str) -> None:
        """Let the node be for another model, as ``name``, ``name@version`` or ``name@alias``."""
        raise NotImplementedError

    def offer(self) -> Optional[Upgrade]:
        """Return the version that the list of models has instead, or None; asks no network."""
        raise NotImplementedError

    def upgrade(self, upgrade: Upgrade) -> None:
        """Go over to another version; earlier results are then stale."""
        raise NotImplementedError

    # The work.

    def run(
        self,
        moments: Sequence[Moment],
        live: bool = False,
        preview: Optional[bool] = None,
        force: bool = False,
    ) -> None:
        """Begin to make results; returns at once.

        Args:
            moments: of which frames and views; those that are fresh are left out.
            live: whether this takes the place of everything the node has under way.
            preview: whether pictures for the panel are wanted; None means for a single frame.
            force: make fresh frames again as well.
        """
        raise NotImplementedError

    def touch(self, moment: Moment) -> None:
        """Say that something changed while the node is live: runs once the artist's hand rests."""
        raise NotImplementedError

    def result_for(self, moment: Moment, wait_s: float = 0.0) -> Answer:
        """Return what there is for a frame, and begin to make what is missing.

        Args:
            moment: the frame and view.
            wait_s: how long the caller would wait for a fresh result; 0 never blocks.
        """
        raise NotImplementedError

    def pump(self) -> bool:
        """Do one slice of the main thread's work: one capture or one delivery.

        Returns:
            Whether there is more to do now.
        """
        raise NotImplementedError

    def wait(self, timeout_s: Optional[float] = None) -> bool:
        """Pump until everything is done, where nothing else needs the main thread (farms).

        Returns:
            False when the time ran out before.
        """
        raise NotImplementedError

    def cancel(self) -> None:
        """End everything that is under way; what is finished stays. From any thread."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget the node's takes; a bake stays."""
        raise NotImplementedError

    def bake(
        self, frames: Sequence[int], script: str = "", script_dir: str = "", name: str = ""
    ) -> None:
        """Copy results to where artists keep files; the node reads them from then on.

        Args:
            frames: which; each must be fresh.
            script: the artist's file, without folder and suffix.
            script_dir: its folder.
            name: what the node is called.
        """
        raise NotImplementedError

    def unbake(self) -> None:
        """Read takes again; the files stay."""
        raise NotImplementedError

    def close(self) -> None:
        """The node is gone: end what is under way and never call the port again."""
        raise NotImplementedError
