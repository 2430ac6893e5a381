"""What a node reads: its take or its bake, and whether that is what the artist asks for now."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from math import floor
from pathlib import Path
from typing import Optional

from filmgate.errors import FilmgateError
from filmgate.frames import parse_frames
from filmgate.host.freshness import UNKNOWN, TakeNotes, frame_key, parse_take_notes
from filmgate.host.node import NodeState
from filmgate.host.paths import PathMap
from filmgate.host.port import HostPort, Moment
from filmgate.host.state import State
from filmgate.host.task import plan_task
from filmgate.manifest import Manifest
from filmgate.takes import Take

log = logging.getLogger("filmgate")

VIEW_PLACE = "%V"
READS_BAKE = "reads the bake: Unbake to see the new result"
CHANGED_SINCE = "baked, input changed since"


class Reading:
    """What one node reads; on the main thread only. Nothing is asked of the network.

    Args:
        port: the node.
        paths: spells baked paths for this platform.
        state: of the node.
    """

    def __init__(self, port: HostPort, paths: PathMap, state: NodeState) -> None:
        self._port, self._paths = port, paths
        self.follow(state)

    def follow(self, state: NodeState) -> None:
        """Read what *state* says from now on."""
        self._state = state
        self._take = _to_take(state.take)
        self._notes: Optional[TakeNotes] = None
        self._baked_frames = frozenset(_frames(state.bake_frames) if state.baked else ())

    @property
    def take(self) -> Optional[Take]:
        """The take; None before the first."""
        return self._take

    @property
    def baked_frames(self) -> frozenset[int]:
        """The frames that are baked."""
        return self._baked_frames

    @property
    def notes(self) -> TakeNotes:
        """How the take was made; its files are first looked at here."""
        if self._notes is None:
            self._notes = parse_take_notes(self._take.notes() if self._take else {})
        return self._notes

    def state_at(self, manifest: Optional[Manifest], moment: Moment) -> State:
        """Return `BAKED`, `FRESH`, `STALE` or `EMPTY`: of what the node reads, bake or take."""
        if floor(moment.time) in self._baked_frames:
            return State.BAKED
        if self._state.baked:  # results of its take are not what it reads
            return State.STALE if self.paths(moment) else State.EMPTY
        return self.computed_at(manifest, moment)

    def remark(self, manifest: Optional[Manifest], moment: Moment) -> str:
        """Return what an artist should know of a bake beside the state; mostly nothing."""
        if not self._state.baked:
            return ""
        computed = self.computed_at(manifest, moment)
        if computed is State.STALE and floor(moment.time) in self._baked_frames:
            return CHANGED_SINCE
        newer = computed is State.FRESH and not self._is_copied(moment)
        return READS_BAKE if newer else ""

    def _is_copied(self, moment: Moment) -> bool:
        """Say whether the bake is of the take's files, by what a look at their sizes tells."""
        take, baked = self._take, self.paths(moment)
        return take is not None and all(
            name in baked and _is_copy(baked[name], self._file(take, name, moment))
            for name in take.outputs()
        )

    def _file(self, take: Take, name: str, moment: Moment) -> Path:
        return take.path(name, floor(moment.time), moment.view, take.media(name))

    def _is_there(self, take: Take, moment: Moment) -> bool:
        """Say whether a frame's files are there now: people tidy up under a script."""
        files = [self._file(take, name, moment) for name in take.outputs()]
        return bool(files) and all(file.is_file() for file in files)

    def computed_at(self, manifest: Optional[Manifest], moment: Moment) -> State:
        """Return `FRESH`, `STALE` or `EMPTY`, whatever is baked."""
        note = self.notes.frames.get(frame_key(moment))
        if note is None or self._take is None or not self._is_there(self._take, moment):
            return State.EMPTY
        if manifest is None or self.notes.package != self._state.package:
            return State.STALE
        return State.FRESH if note.fits(*self.look(manifest, moment)) else State.STALE

    def look(self, manifest: Manifest, moment: Moment) -> tuple[str, str]:
        """Return the digest of the settings and the fingerprint of the inputs, as they are now.

        Where no result can be made of them, the digest is empty and fits nothing.
        """
        try:
            task = plan_task(manifest, self._port, moment)
        except FilmgateError:
            return "", UNKNOWN
        except Exception:  # the host's own code: a frame that cannot be looked at is not fresh
            log.exception("the host failed")
            return "", UNKNOWN
        return task.digest, task.fingerprint

    def patterns(self) -> Mapping[str, str]:
        """Return the path pattern of each output that the node should read now."""
        if self._state.baked:
            return {name: self._paths.here(path) for name, path in self._state.baked.items()}
        take = self._take
        outputs = take.outputs() if take else ()
        return {name: take.pattern(name, take.media(name)) for name in outputs} if take else {}

    def paths(self, moment: Moment) -> Mapping[str, Path]:
        """Return the files of a frame that exist, by output."""
        found = {name: Path(_at(pattern, moment)) for name, pattern in self.patterns().items()}
        return {name: path for name, path in found.items() if path.is_file()}


def _is_copy(copy: Path, original: Path) -> bool:
    """Say whether a file can be a copy of another: as long, and made later."""
    try:
        here, there = copy.stat(), original.stat()
    except OSError:  # removed since
        return False
    return here.st_size == there.st_size and here.st_mtime_ns >= there.st_mtime_ns


def _at(pattern: str, moment: Moment) -> str:
    return pattern.replace(VIEW_PLACE, moment.view).replace("%04d", f"{floor(moment.time):04d}")


def _to_take(folder: str) -> Optional[Take]:
    number = folder.rpartition("_")[2]
    return Take(Path(folder), int(number)) if number.isdigit() else None


def _frames(text: str) -> list[int]:
    try:
        return parse_frames(text)
    except FilmgateError:  # written by hand
        return []
