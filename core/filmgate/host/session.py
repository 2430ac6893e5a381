"""The workflow that all hosts share: one session for each node.

A host drives it in one of three ways. One that pushes does nothing but run the calls that
`HostPort.call_on_main` is given; one that ticks calls `HostSession.pump` as often as it likes; one
that pulls calls `HostSession.result_for` and gets at once what there is.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Callable, Optional

from filmgate.errors import FilmgateError
from filmgate.host.answer import SETTLED, Answer
from filmgate.host.baking import Baking, Place
from filmgate.host.board import Board
from filmgate.host.clock import Clock, SystemClock
from filmgate.host.freshness import FrameNote, frame_key, parse_frame_key
from filmgate.host.inbox import Inbox
from filmgate.host.live import Debounce
from filmgate.host.node import Node, NodeState
from filmgate.host.port import HostPort, Moment
from filmgate.host.run import Run
from filmgate.host.state import State, Status
from filmgate.host.upgrade import Upgrade
from filmgate.host.workflow import Workflow
from filmgate.manifest import Manifest

if TYPE_CHECKING:
    from filmgate.host.hub import Hub

DEBOUNCE_S = 0.25
"""How long an artist's hand must rest before live mode runs."""

_SLICE_S = 0.5
"""Waiting is cut into slices, so that Ctrl-C is heard on every platform."""


__all__ = ["DEBOUNCE_S", "Answer", "HostSession"]


class HostSession:
    """One node's work. Every method is called on the host's main thread unless it says otherwise.

    Args:
        port: the node, as the host offers it.
        hub: what all nodes share.
        model: which model a new node is for; a node that was saved knows it itself.
        clock: the time.
    """

    def __init__(
        self, port: HostPort, hub: Hub, model: str = "", clock: Optional[Clock] = None
    ) -> None:
        """Read the node's state. The network is not asked here, nor later until something runs."""
        self._port, self._hub, self._clock = port, hub, clock or SystemClock()
        self._node = Node(port, model)
        self._inbox = Inbox(port, self.pump)
        self._flow = Workflow(port, hub, self._clock, self._inbox, self._node)
        self._live = Debounce(self._clock, DEBOUNCE_S, self._inbox.wake)
        self._baking = Baking(self._flow, hub, self._inbox.wake)
        self._pumping = self._closed = False
        self._shown: Optional[Status] = None
        self._flow.versions.pin()

    # What the node is.

    @property
    def node(self) -> str:
        """The node's identity: 32 hexadecimal digits."""
        return self._node.state.node

    @property
    def node_state(self) -> NodeState:
        """What the node keeps in the artist's file."""
        return self._node.state

    @property
    def state_text(self) -> str:
        """The same as the text that `HostPort.store_state` is given."""
        return self._node.state.to_text()

    @property
    def manifest(self) -> Optional[Manifest]:
        """The manifest that the node carries; None where it carries none."""
        return self._node.embedded

    @property
    def status(self) -> Status:
        """Where the node stands; from any thread."""
        return self._baking.status or self._flow.status

    @property
    def board(self) -> Board:
        """What panels show of this node and the others; any thread may read it."""
        return self._hub.board

    @property
    def busy(self) -> bool:
        """Whether anything is under way or waits for the main thread; from any thread."""
        return not self._closed and (self._flow.busy or self._live.pending)

    def state_at(self, moment: Moment) -> State:
        """Return the state of one frame; asks neither the network nor for pixels."""
        state = self._flow.reading.state_at(self._node.manifest, moment)
        if state is State.BAKED:
            return state
        if self._flow.pending(moment):
            return State.RUNNING
        failed = self._flow.failures.problem(moment) is not None
        return State.ERROR if failed and state is not State.FRESH else state

    def look_at(self, moment: Moment) -> Status:
        """Show the node as it stands at the frame where the artist is; asks no network."""
        if not self._flow.busy:
            standing, state = self._flow.standing, self.state_at(moment)
            if standing.rest.problem is None or state in (State.FRESH, State.BAKED):
                standing.look(state, moment)
        self._show()
        return self.status

    def peek(self, moment: Moment) -> Answer:
        """Return what there is for a frame, and begin nothing."""
        self._drain()
        return self._answer(moment)

    def note(self, moment: Moment) -> FrameNote:
        """Return how the result of a frame was made, as far as it is known."""
        return self._flow.reading.notes.frames.get(frame_key(moment), FrameNote())

    def fresh_frames(self, view: str = "") -> list[int]:
        """List the frames whose results are what would be made now, as far as the host can tell."""
        reading, manifest = self._flow.reading, self._node.manifest
        noted = [parse_frame_key(key) for key in reading.notes.frames]
        return sorted(
            frame
            for seen, frame in noted
            if seen == view
            and reading.computed_at(manifest, Moment(float(frame), view)) is State.FRESH
        )

    def patterns(self) -> Mapping[str, str]:
        """Return the path pattern of each output that the node should read now.

        The baked ones where there are any, spelt for this platform, else those of the take.
        """
        return self._flow.reading.patterns()

    def new_identity(self) -> None:
        """Make a copied node one of its own; it goes on reading what it read."""
        self.cancel()
        self._flow.change(node=secrets.token_hex(16))
        if self._flow.reading.take is not None:
            self._flow.own_take()

    def reload(self) -> None:
        """Read the node's state from the port again, after the host has undone something."""
        self._node.reload()
        self._flow.follow()
        self._flow.standing.unread()
        self._show()

    # The model.

    def choose(self, model: str) -> None:
        """Let the node be for another model, as ``name``, ``name@version`` or ``name@alias``.

        What the reference means is looked up in the list of models on disk; where it is not
        there, the server is asked when something runs; until then `manifest` is the earlier
        model's, by which the host has built the node.
        """
        self.cancel()
        self._flow.versions.choose(model)
        self._flow.standing.unread()
        self._show()

    def offer(self) -> Optional[Upgrade]:
        """Return the version that the list of models has instead, or None; asks no network."""
        return self._flow.versions.offer()

    def upgrade(self, upgrade: Upgrade) -> None:
        """Go over to another version; earlier results are then stale."""
        self.cancel()
        self._flow.versions.upgrade(upgrade)
        self._flow.standing.unread()
        self._show()

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
        if self._closed or not moments:
            return
        if live:
            self._flow.cancel()
        now_s = self._clock.now_s()
        self._flow.begin(Run(self.node, moments, live, preview, force, now_s))

    def touch(self, moment: Moment) -> None:
        """Say that something changed while the node is live: runs once the artist's hand rests."""
        if not self._closed:
            self.look_at(moment)
            self._live.touch(moment)

    def result_for(self, moment: Moment, wait_s: float = 0.0) -> Answer:
        """Return what there is for a frame, and begin to make what is missing.

        Args:
            moment: the frame and view.
            wait_s: how long the caller would wait for a fresh result; 0 never blocks, and captures
                at most one input: the next call, or the host's events, capture the next.
        """
        self._drain()
        if self._is_wanted(moment, wait_s > 0):
            outdated = self._flow.outdated_run(moment)
            if outdated is not None:
                self._flow.cancel_run(outdated)
            self.run([moment])
        made = self._flow.captures_made
        while self._flow.uncaptured(moment) and made == self._flow.captures_made and self.pump():
            pass
        if wait_s > 0:
            self._wait_until(lambda: self._is_settled(moment), wait_s)
        self._drain()
        return self._answer(moment)

    def pump(self) -> bool:
        """Do one slice of the main thread's work: one capture or one delivery.

        Returns:
            Whether there is more to do now.
        """
        if self._pumping or self._closed:  # a host that draws while it captures calls again
            return False
        self._pumping = True
        try:
            moment = self._live.take()
            if moment is not None:
                self.run([moment], live=True)
            self._flow.step()
            self._show()
        finally:
            self._pumping = False
        return not self._closed and (self._flow.wants() or self._live.ripe)

    def wait(self, timeout_s: Optional[float] = None) -> bool:
        """Pump until everything is done, where nothing else needs the main thread (farms).

        Returns:
            False when the time ran out before.
        """
        return self._wait_until(lambda: not self.busy, timeout_s)

    def cancel(self) -> None:
        """End everything that is under way; what is finished stays. From any thread."""
        self._live.drop()
        self._baking.cancel()
        self._flow.cancel()

    def clear(self) -> None:
        """Forget the node's takes; a bake stays."""
        self.cancel()
        self._flow.clear()
        self._show()

    def bake(
        self, frames: Sequence[int], script: str = "", script_dir: str = "", name: str = ""
    ) -> None:
        """Copy results to where artists keep files; the node reads them from then on.

        When all files are there, the port is given the node's new state to store, and `patterns`
        has changed. A failure is reported as that of a run is.

        Args:
            frames: which; each must be fresh.
            script: the artist's file, without folder and suffix.
            script_dir: its folder.
            name: what the node is called.
        """
        try:
            self._baking.begin(frames, Place(script, script_dir, name))
        except FilmgateError as error:
            self._flow.complain(error)
        self._show()

    def unbake(self) -> None:
        """Read takes again; the files stay."""
        self._flow.change(baked={}, bake_frames="")
        self._flow.standing.unread()
        self._show()

    def close(self) -> None:
        """The node is gone: end what is under way and never call the port again."""
        self._closed = True
        self._inbox.close()
        self.cancel()
        self._flow.captures.clear()

    def _show(self) -> None:
        status = self.status
        if status != self._shown and not self._closed:
            self._shown = status
            self._port.show(status)

    def _drain(self) -> None:
        """Let the node read what has come."""
        while self._inbox and not self._pumping and not self._closed:
            self.pump()

    def _is_wanted(self, moment: Moment, waits: bool) -> bool:
        """Say whether a frame that is pulled should be made now."""
        state = self.state_at(moment)
        if state in (State.FRESH, State.BAKED):
            return False
        if state is State.RUNNING:
            return self._flow.outdated_run(moment) is not None
        if self._flow.reading.computed_at(self._node.manifest, moment) is State.FRESH:
            return False  # it is made, and the node reads a bake
        return self._flow.failures.deserves_retry(moment, waits)

    def _is_settled(self, moment: Moment) -> bool:
        return self.state_at(moment) in SETTLED or not self._flow.holds(moment)

    def _answer(self, moment: Moment) -> Answer:
        state = self.state_at(moment)
        problem = self._flow.failures.problem(moment) if state is State.ERROR else None
        return Answer(state, self._flow.reading.paths(moment), problem)

    def _wait_until(self, done: Callable[[], bool], timeout_s: Optional[float]) -> bool:
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._pumping:
            self._inbox.settle()
            while self.pump() and not done():
                pass
            left_s = _SLICE_S if end_s is None else end_s - time.monotonic()
            if done() or left_s <= 0 or self._closed:
                return done()
            self._inbox.wait(min(left_s, _SLICE_S))
        return False
