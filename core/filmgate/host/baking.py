"""A node's results copied to where artists keep files: checked on the main thread, then copied."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Callable, Optional

from filmgate.errors import CancelledError, InputError
from filmgate.frames import write_frames
from filmgate.host.bake import Baked, bake, expand, free_number
from filmgate.host.port import Moment
from filmgate.host.state import State, Status
from filmgate.host.workflow import Workflow
from filmgate.takes import Take

if TYPE_CHECKING:
    from filmgate.host.hub import Hub

_NOT_FRESH = {
    State.EMPTY: "has not been run yet",
    State.STALE: "is stale",
}


@dataclass(frozen=True)
class Place:
    """Where the files go, in the words of the site's template.

    Attributes:
        script: the artist's file, without folder and suffix.
        script_dir: its folder.
        node: what the node is called.
    """

    script: str
    script_dir: str
    node: str


class Baking:
    """Bakes one node. On the main thread, unless a method says otherwise.

    Args:
        workflow: of the node.
        hub: what all nodes share.
        show: asks for a slice, so that progress is shown; from any thread.
    """

    def __init__(self, workflow: Workflow, hub: Hub, show: Callable[[], None]) -> None:
        self._workflow, self._hub, self._show = workflow, hub, show
        self._status: Optional[Status] = None
        self._cancelled = threading.Event()

    @property
    def status(self) -> Optional[Status]:
        """How far it is; None while nothing is baked. From any thread."""
        return self._status

    def cancel(self) -> None:
        """Stop; what was copied stays and is not copied again. From any thread."""
        self._cancelled.set()

    def begin(self, frames: Sequence[int], place: Place) -> None:
        """Copy frames in the background; the node reads them once all are there.

        Raises:
            InputError: a frame is not fresh, or nothing has been run.
        """
        take = self._workflow.reading.take
        if take is None:
            raise InputError("There is nothing to bake.", "Run the frames first.")
        for frame in frames:
            self._check_fresh(take, frame)
        self._cancelled.clear()
        self._status = Status(State.RUNNING, "Baking.", 0, len(frames))
        self._workflow.errands.run(lambda: self._bake(take, frames, place))

    def _check_fresh(self, take: Take, frame: int) -> None:
        manifest = self._workflow.node.manifest
        for view in take.views():
            state = self._workflow.reading.computed_at(manifest, Moment(frame, view))
            if state is not State.FRESH:
                text = f"Frame {frame} {_NOT_FRESH[state]}."
                raise InputError(text, "Run it, then bake again.", {"frame": frame})

    def _bake(self, take: Take, frames: Sequence[int], place: Place) -> Callable[[], None]:
        """Copy; in the background."""

        def pattern_of(number: int, output: str) -> str:
            return self._pattern(number, output, place)

        try:
            number = free_number(take, pattern_of, frames)
            baked = bake(take, partial(pattern_of, number), frames, self._tell)
        except CancelledError:
            return lambda: None
        finally:
            self._status = None
        return lambda: self._use(baked)

    def _pattern(self, number: int, output: str, place: Place) -> str:
        return expand(
            self._hub.config.bake.value,
            script_dir=place.script_dir,
            script=place.script,
            node=place.node,
            output=output,
            show=self._hub.config.show.value,
            version=self._workflow.node.state.version,
            take=number,
        )

    def _tell(self, done: int, total: int) -> None:
        if self._cancelled.is_set():
            raise CancelledError("The bake was cancelled.")
        text = f"Baking frame {done} of {total}."
        self._status = Status(State.RUNNING, text, done, total, done / total if total else 1.0)
        self._show()

    def _use(self, baked: Baked) -> None:
        state, patterns = self._workflow.node.state, dict(baked.patterns)
        frames = set(baked.frames)
        if state.baked == patterns:  # the same files: frames that were baked before stay so
            frames |= self._workflow.reading.baked_frames
        self._workflow.change(baked=patterns, bake_frames=write_frames(sorted(frames)))
        self._workflow.standing.look(State.BAKED)
