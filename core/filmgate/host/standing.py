"""Where a node stands: the sum of its runs, and between them what its frames are worth."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from filmgate.host.clock import Clock
from filmgate.host.connection import CONNECTING, LOST, Connection, ConnectionState
from filmgate.host.node import Node
from filmgate.host.port import Moment
from filmgate.host.progress import folded, running_status
from filmgate.host.reading import Reading
from filmgate.host.run import Run
from filmgate.host.state import State, Status

SAMPLES = 16
"""Of a long run, so many frames tell whether it still is what the artist asks for."""


class Standing:
    """Where one node stands. Only `of` and `during` may be called from any thread.

    Args:
        node: the node.
        reading: what it reads.
        link: the connection to the server.
        clock: the time.
    """

    def __init__(self, node: Node, reading: Reading, link: Connection, clock: Clock) -> None:
        self._node, self._reading, self._link, self._clock = node, reading, link, clock
        self.unread()

    def during(self, runs: tuple[Run, ...]) -> Status:
        """Return where the node stands with these runs, none of which need be wanted any more."""
        wanted = [run for run in runs if not run.cancelled]
        if wanted:
            return folded([self.of(run) for run in wanted])
        return replace(self.rest, text="Cancelled.") if runs else self.rest

    def of(self, run: Run) -> Status:
        """Return how far a run is."""
        link = self._link.state()
        if run.resolving:
            text, total = "Asking the server for the model", len(run.moments)
            return Status(State.RUNNING, _connecting(link) or text, total=total)
        status = running_status(run.tally(), self._clock.now_s() - run.started_s, run.warnings)
        if run.served and link.kind in (LOST, CONNECTING):
            return replace(status, text="The connection is lost; waiting for the server")
        if run.connecting:
            done = status.done / status.total if status.total else 0.0
            text = _connecting(link) or "Connecting to the server"
            return replace(status, text=text, fraction=done, eta_s=0.0)
        return status

    def ended(self, run: Run, state: State) -> Status:
        """Return how a run has ended, where *state* is what its frames are worth."""
        tally, problem = run.tally(), run.problem
        text = problem.text if problem else "Cancelled." if run.cancelled else ""
        fraction = tally.done / tally.total if tally.total else 1.0
        counts = (tally.done, tally.total, fraction)
        if problem is not None:
            state = State.ERROR
        return Status(state, text, *counts, problem=problem, warnings=run.warnings)

    def settle(self, run: Run) -> None:
        """Note where the node stands after a run."""
        rest = self.ended(run, self._worth(run))
        self.rest = rest if rest.text else replace(rest, text=self._remark(run))

    def look(self, state: State, moment: Optional[Moment] = None) -> None:
        """Note where the node stands where the artist looks, and that nothing is wrong there."""
        text = "" if moment is None else self._reading.remark(self._node.manifest, moment)
        self.rest = replace(self.rest, state=state, text=text, problem=None)
        if state is State.EMPTY and moment is not None and self._reading.notes.frames:
            # how far the last run was says nothing of a frame that it had not
            text = text or f"frame {moment.time:g} has not been run yet"
            self.rest = Status(State.PARTIAL, text)

    def unread(self) -> None:
        """Note that nothing is known of what the node reads: stale, until somebody looks."""
        has_frames = bool(self._reading.notes.frames)
        state = State.STALE if has_frames else State.EMPTY
        self.rest = Status(State.BAKED if self._node.state.baked else state)

    def _worth(self, run: Run) -> State:
        """Return what the frames of a run are worth now, which its settings may not be any more."""
        step = max(1, len(run.moments) // SAMPLES)
        manifest = self._node.manifest
        states = {self._reading.state_at(manifest, each) for each in run.moments[::step]}
        if State.STALE in states:
            return State.STALE
        if State.EMPTY in states or run.tally().done < len(run.moments):
            return State.PARTIAL if self._reading.notes.frames else State.EMPTY
        return State.BAKED if State.BAKED in states else State.FRESH

    def _remark(self, run: Run) -> str:
        """Return what is to be said of a run's frames besides; that of the first of which it is."""
        step = max(1, len(run.moments) // SAMPLES)
        said = (self._reading.remark(self._node.manifest, each) for each in run.moments[::step])
        return next(filter(None, said), "")


def _connecting(link: ConnectionState) -> str:
    """Return what to say while a connection is made; nothing where none is."""
    return f"Connecting to {link.server}" if link.kind == CONNECTING and link.server else ""
