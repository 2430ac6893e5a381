"""Results become takes: the first at once, then a few at a time, and only frames that fit."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import Callable, Optional

from filmgate.errors import StorageError
from filmgate.host.freshness import FrameNote, TakeNotes, parse_frame_key, parse_take_notes
from filmgate.job import Output
from filmgate.takes import Draft, Take, Takes
from filmgate.wire.records import PNG_MEDIA

DELIVER_EVERY_S = 2.0
"""How often a sequence's new frames become a take: a host reads all of it again each time."""

WAIT_PER_FRAME_S = 0.1
"""How much longer it takes with every frame that the node has: each take links all of them again,
which would cost the square of a long sequence's frames."""

TAKES_KEPT = 10


@dataclass(frozen=True)
class Frame:
    """A result that is to be delivered.

    Attributes:
        key: its frame and view.
        serial: of the request; later ones have higher numbers.
        outputs: of the model; pictures for panels are left out.
        note: how it was made.
    """

    key: str
    serial: int
    outputs: tuple[Output, ...]
    note: FrameNote


@dataclass
class _Pending:
    """A take in the making."""

    draft: Draft
    stack: ExitStack
    frames: dict[str, FrameNote] = field(default_factory=dict[str, FrameNote])


class Delivery:
    """Makes the takes of one node; on the background thread only.

    Args:
        takes: the node's; asked for when they are needed.
        now_s: the time.
        base: the take that the node reads; frames of it that still fit are kept.
    """

    def __init__(
        self, takes: Callable[[], Takes], now_s: Callable[[], float], base: Optional[Take]
    ) -> None:
        self._takes, self._now_s = takes, now_s
        self._pending: Optional[_Pending] = None
        self._last_s: Optional[float] = None
        self._serials: dict[str, int] = {}
        self._own: list[Take] = []
        self._header = TakeNotes()
        self.rebase(base)

    def rebase(self, base: Optional[Take]) -> None:
        """Go on from another take; what is not complete yet goes into the next one with it."""
        self._base = base
        self._noted = parse_take_notes(base.notes() if base else {})
        self._kept = dict(self._noted.frames)

    def leave_out(self, frames: Mapping[str, FrameNote]) -> None:
        """Keep these frames no longer, unless they have been made again since."""
        self._kept = {key: note for key, note in self._kept.items() if frames.get(key) != note}

    def is_newest(self, frame: Frame) -> bool:
        """Say whether no later request for the same frame has been answered."""
        return self._serials.get(frame.key, -1) < frame.serial

    def add(self, frame: Frame, header: TakeNotes) -> None:
        """Add a result to the take in the making.

        Args:
            frame: the result.
            header: the notes of its take, as yet without frames.

        Raises:
            StorageError: the disk is full or failing; `discard` what was begun.
        """
        view, number = parse_frame_key(frame.key)
        if self._pending is not None and not _go_together(self._pending.frames, frame):
            self.complete()
        if header.package != self._noted.package:
            self._kept = {}
        self._kept = {key: note for key, note in self._kept.items() if _is_alike(key, view)}
        self._header = header
        pending = self._pending = self._pending or self._begin()
        for output in frame.outputs:
            if output.media != PNG_MEDIA:
                pending.draft.add(output.name, number, output.data, view, output.media)
        pending.frames[frame.key] = frame.note
        self._serials[frame.key] = frame.serial

    def due(self) -> bool:
        """Say whether it is time for a take."""
        if self._pending is None or self._last_s is None:
            return self._pending is not None
        wait_s = max(DELIVER_EVERY_S, WAIT_PER_FRAME_S * len(self._kept))
        return self._now_s() - self._last_s >= wait_s

    def complete(self) -> Optional[Take]:
        """Make the take of what has come and of earlier frames that still fit; None if none came.

        Raises:
            StorageError: the disk is full or failing; `discard` what was begun.
        """
        pending = self._pending
        if pending is None:
            return None
        carried = {key: note for key, note in self._kept.items() if key not in pending.frames}
        kept = self._carry(pending.draft, carried)
        notes = replace(self._header, frames={**kept, **pending.frames})
        take = pending.draft.complete(notes.to_mapping())
        self._pending = None
        pending.stack.close()
        self._base, self._noted, self._kept = take, notes, dict(notes.frames)
        self._last_s = self._now_s()
        self._own.append(take)
        return take

    def discard(self) -> list[str]:
        """Drop what is not complete; return the keys of those frames."""
        pending, self._pending = self._pending, None
        if pending is None:
            return []
        with suppress(StorageError):
            pending.stack.close()
        for key in pending.frames:
            self._serials.pop(key, None)
        return list(pending.frames)

    def adopt(self, header: TakeNotes) -> Optional[Take]:
        """Make the take that is read, perhaps another node's, one of this node's own.

        Raises:
            StorageError: the disk is full or failing.
        """
        if self._base is None or not self._kept:
            return None
        self._header = replace(header, package=self._noted.package, model=self._noted.model)
        self._own.clear()
        self._pending = self._begin()
        return self.complete()

    def delivered(self, take: Take) -> None:
        """Remove the earlier takes of the same work: the host reads *take* now."""
        earlier = [each for each in self._own if each.number < take.number and each != self._base]
        self._own = [each for each in self._own if each not in earlier]
        for each in earlier:
            with suppress(StorageError):  # in use: it goes when the node's takes are trimmed
                self._takes().remove(each)

    def rest(self) -> None:
        """Say that all runs are over: the next one's first result is a take at once."""
        self._own.clear()
        self._last_s = None
        self._takes().trim(TAKES_KEPT)

    def clear(self) -> None:
        """Remove every take of the node."""
        self.discard()
        self.rebase(None)
        self._own.clear()
        self._takes().trim(0)

    def _begin(self) -> _Pending:
        stack = ExitStack()
        return _Pending(stack.enter_context(self._takes().start()), stack)

    def _carry(self, draft: Draft, frames: Mapping[str, FrameNote]) -> Mapping[str, FrameNote]:
        """Take earlier frames over; those whose files have been removed are left out."""
        base = self._base
        if base is None:
            return {}
        outputs: dict[tuple[str, int], list[str]] = {}
        for file in Take(base.folder, base.number).files:  # as the folder is now
            outputs.setdefault((file.view, file.frame), []).append(file.output)
        there = {key: note for key, note in frames.items() if parse_frame_key(key) in outputs}
        for view, frame in map(parse_frame_key, there):
            for output in outputs[view, frame]:
                draft.keep(base, output, frame, view)
        return there


def _go_together(frames: Mapping[str, FrameNote], frame: Frame) -> bool:
    """Say whether a frame can be in one take with others that are not complete yet."""
    view, _ = parse_frame_key(frame.key)
    return frame.key not in frames and all(_is_alike(key, view) for key in frames)


def _is_alike(key: str, view: str) -> bool:
    """Say whether a frame has a view where the other has one: a pattern fits only either."""
    return bool(parse_frame_key(key)[0]) == bool(view)
