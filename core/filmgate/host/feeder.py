"""The main thread's share of a run: looking, planning and capturing, a slice at a time."""

from __future__ import annotations

import itertools
import logging
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Callable, Optional, TypeVar

from filmgate.errors import CancelledError, FilmgateError
from filmgate.host.captures import Captures, in_memory
from filmgate.host.freshness import FrameNote, frame_key, parse_frame_key
from filmgate.host.port import HostPort, Moment
from filmgate.host.problem import host_failure
from filmgate.host.reading import Reading
from filmgate.host.run import DONE, Run
from filmgate.host.state import State
from filmgate.host.task import FrameTask, Need, payloads_in_order, plan_task
from filmgate.job import Payload
from filmgate.manifest import Manifest

LOOKS_PER_SLICE = 16
"""Frames whose settings are compared in one slice: cheap, and there may be a thousand."""

RESTARTS_MAX = 3
"""How often a frame is captured again because its inputs changed meanwhile."""

log = logging.getLogger("filmgate")

Key = tuple[str, float, str]
_T = TypeVar("_T")


class FeederEvents:
    """What the feeder tells its owner, on the main thread."""

    def captured(self, run: Run, task: FrameTask, payloads: tuple[Payload, ...]) -> None:
        """Hand over a frame that can be sent."""

    def unchanged(self, run: Run) -> None:
        """Say that frames were found to be fresh, or that a run has ended here."""

    def refused(self, run: Run, moment: Moment, error: FilmgateError) -> None:
        """Say that a frame could not be planned or captured."""

    def outdated(self, frames: dict[str, FrameNote]) -> None:
        """Say which frames of the take no longer fit."""


@dataclass
class _Feed:
    """A run as the feeder sees it."""

    run: Run
    unseen: deque[str]
    outdated: dict[str, FrameNote] = field(default_factory=dict[str, FrameNote])
    looked: bool = False
    held: dict[Key, Optional[Payload]] = field(default_factory=dict[Key, Optional[Payload]])
    restarts: int = 0


@dataclass(frozen=True)
class _Got:
    """What the host returned, which may be nothing, and its inputs' fingerprint after that."""

    payload: Optional[Payload]
    fingerprint: str


class Feeder:
    """Feeds the runs of one node; on the main thread only.

    Args:
        port: the node.
        reading: what it reads.
        captures: what was captured before.
        events: who listens.

    Attributes:
        captures_made: how often the host was asked for pixels.
    """

    def __init__(
        self, port: HostPort, reading: Reading, captures: Captures, events: FeederEvents
    ) -> None:
        self._port, self._reading, self._captures = port, reading, captures
        self._events = events
        self._feeds: list[_Feed] = []
        self._serials = itertools.count(1)
        self.captures_made = 0

    def add(self, run: Run) -> None:
        """Feed a run too; what an artist waits for goes before sequences."""
        self._feeds.append(_Feed(run, deque(self._reading.notes.frames)))
        self._feeds.sort(key=lambda feed: not feed.run.interactive)

    def wants(self) -> bool:
        """Say whether there is something to do now."""
        return any(self._wants(feed) for feed in self._feeds)

    def step(self, manifest: Manifest) -> bool:
        """Do one slice; return whether there was something to do."""
        self._feeds = [feed for feed in self._feeds if feed.run.feeding and _unfinished(feed)]
        feed = next((each for each in self._feeds if self._wants(each)), None)
        if feed is None:
            return False
        if not feed.looked:
            self._look(feed, manifest)
            return True
        if feed.run.task is None:
            self._plan(feed, manifest)
        if feed.run.task is not None:
            self._capture(feed, feed.run.task, manifest)
        return True

    def _wants(self, feed: _Feed) -> bool:
        return feed.run.feeding and (not feed.looked or feed.run.hungry)

    def _look(self, feed: _Feed, manifest: Manifest) -> None:
        """Find out which frames of the take do not belong into the next one."""
        for _ in range(min(LOOKS_PER_SLICE, len(feed.unseen))):
            key = feed.unseen.popleft()
            view, frame = parse_frame_key(key)
            note = self._reading.notes.frames.get(key)
            if note and not note.fits(*self._reading.look(manifest, Moment(frame, view))):
                feed.outdated[key] = note
        if not feed.unseen:
            feed.looked = True
            self._events.outdated(feed.outdated)

    def _plan(self, feed: _Feed, manifest: Manifest) -> None:
        """Plan the next frame that is not fresh."""
        run = feed.run
        for _ in range(LOOKS_PER_SLICE):
            moment = run.begin()
            if moment is None:
                return
            if not run.force and self._reading.computed_at(manifest, moment) is State.FRESH:
                run.finish(frame_key(moment), DONE)
                self._events.unchanged(run)
                continue
            feed.restarts = 0
            self._start(feed, manifest, moment)
            return

    def _start(self, feed: _Feed, manifest: Manifest, moment: Moment) -> None:
        feed.held.clear()
        feed.run.task = self._tried(
            feed.run, moment, lambda: plan_task(manifest, self._port, moment, next(self._serials))
        )

    def _capture(self, feed: _Feed, task: FrameTask, manifest: Manifest) -> None:
        """Capture one input, or find that all are here."""
        need = self._lacking(feed, task)
        if need is not None and not self._take_in(feed, task, need):
            return
        if self._lacking(feed, task) is None:
            self._complete(feed, task, manifest)

    def _lacking(self, feed: _Feed, task: FrameTask) -> Optional[Need]:
        """Return the first input that is neither held nor remembered."""
        run = feed.run
        for need in task.needs:
            if need.key in feed.held:
                continue
            fingerprint = task.fingerprints[need.moment.time]
            if not self._captures.has(need, fingerprint, run.id, run.force):
                return need
            feed.held[need.key] = self._captures.payload(need)
        return None

    def _take_in(self, feed: _Feed, task: FrameTask, need: Need) -> bool:
        """Capture an input; return whether the frame can go on."""
        run = feed.run
        self.captures_made += 1
        got = self._tried(run, task.moment, lambda: self._got(need))
        if got is None or not run.feeding:
            return False
        payload = None if got.payload is None else in_memory(_named(got.payload, need))
        feed.held[need.key] = payload
        fingerprint = task.fingerprints[need.moment.time]
        if got.fingerprint == fingerprint:  # else it is of another moment than it was asked for
            soon = 2 * len(task.needs) * run.views
            self._captures.keep(need, payload, fingerprint, run.id, soon)
        return True

    def _got(self, need: Need) -> _Got:
        payload = self._port.capture(need.name, need.moment)
        return _Got(payload, self._port.fingerprint(need.moment))

    def _complete(self, feed: _Feed, task: FrameTask, manifest: Manifest) -> None:
        """Hand a captured frame over, unless its inputs were changed between two captures."""
        run = feed.run
        changed = self._tried(run, task.moment, lambda: task.changed(self._port))
        if changed is None:
            return
        if changed and feed.restarts < RESTARTS_MAX:
            feed.restarts += 1
            self._start(feed, manifest, task.moment)
            return
        if changed:  # it never rests: whatever this is, it must not look fresh later
            task = replace(task, fingerprints={0.0: f"changing {run.id}"})
        payloads = self._tried(run, task.moment, lambda: payloads_in_order(task, feed.held))
        feed.held.clear()
        run.task = None
        if payloads is not None:
            self._events.captured(run, task, payloads)

    def _tried(self, run: Run, moment: Moment, call: Callable[[], _T]) -> Optional[_T]:
        """Call the host; what fails ends the frame, and a host's own cancel the run."""
        try:
            return call()
        except CancelledError:
            run.cancel()
            self._events.unchanged(run)
            return None
        except FilmgateError as error:
            failure = error
        except Exception as error:  # the host's own code: the node would wait for ever
            log.exception("the host failed")
            failure = host_failure(error)
        run.task = None
        self._events.refused(run, moment, failure)
        return None


def _named(payload: Payload, need: Need) -> Payload:
    """Return a payload by the names under which it was asked for."""
    name, time, view = need.name, need.moment.time, need.moment.view
    if (payload.name, payload.time, payload.view) == (name, time, view):
        return payload
    return replace(payload, name=name, time=time, view=view)


def _unfinished(feed: _Feed) -> bool:
    return not feed.looked or bool(feed.run.todo) or feed.run.task is not None
