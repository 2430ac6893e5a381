"""A rendered layer through a model: frame by frame, beside the render, which is never touched.

The seam's session does the work; this is its host of files, and what writes results down. Nothing
but the seam's slices runs on the game thread; files are read, digested and written on the
background's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Optional

import unreal

from filmgate.disk import make_folder, storage_errors, write_whole
from filmgate.errors import FilmgateError, InputError
from filmgate.frames import write_frames
from filmgate.host.freshness import FrameNote, parse_frame_key, parse_take_notes, settings_digest
from filmgate.host.node import embedded_manifest
from filmgate.host.port import HostPort, Moment, Settings
from filmgate.host.problem import to_problem, unforeseen
from filmgate.host.session import HostSession
from filmgate.host.state import Problem, State, Status
from filmgate.job import Payload
from filmgate.manifest import Manifest
from filmgate.takes import Take
from filmgate.wire.records import ColourSpec
from filmgate_unreal import receipts, sessions, ticks
from filmgate_unreal.orders import RenderOrder
from filmgate_unreal.readahead import ReadAhead
from filmgate_unreal.receipts import Receipt
from filmgate_unreal.renders import Layer

_STATE = "{}.node.json"


class RenderHost(HostPort):
    """A rendered layer behind the seam.

    Args:
        layer: the files.
        order: what is wanted.
        delivered: told of takes.

    Attributes:
        ahead: reads the files.
        problems: what was reported, in order.
    """

    def __init__(self, layer: Layer, order: RenderOrder, delivered: Callable[[Take], None]) -> None:
        self.ahead = ReadAhead(sessions.hub().background)
        self._layer, self._order, self._delivered = layer, order, delivered
        self.problems: list[Problem] = []
        first = order.target(layer.files[layer.span[0]])
        self._state_file = first.parent / receipts.FOLDER / _STATE.format(layer.name)
        with storage_errors(self._state_file):
            there = self._state_file.is_file()
            self._state = self._state_file.read_text(encoding="utf-8") if there else ""

    def label(self) -> str:
        """Return the layer's name."""
        return self._layer.label

    def span(self) -> tuple[int, int]:
        """Return the first and the last frame that was rendered."""
        return self._layer.span

    def settings(self, moment: Moment) -> Settings:
        """Return the order: whole files, with the model's channels in them."""
        order = self._order
        passes = self._layer.helpers
        layers = {name: layer for name, layer in order.layers.items() if layer not in passes}
        return Settings(order.params, layers, colour=ColourSpec(space=order.space), merged=True)

    def fingerprint(self, moment: Moment) -> str:
        """Return what changes when a file of the frame is rendered again."""
        return " ".join(map(receipts.mark, self.inputs(moment.time).values()))

    def capture(self, name: str, moment: Moment) -> Optional[Payload]:
        """Return a rendered file as it is; None for an input that is searched in the picture's."""
        ticks.enough()
        manifest, path = self._manifest(), self.inputs(moment.time).get(name)
        if path is None and manifest and name in (manifest.main_input.name, *self._passes()):
            text = f"Frame {moment.time:g} of {self.label()} has no file for {name}."
            raise InputError(text, "Render it, or leave the frame out.")
        if path is None:
            return None
        return Payload(name, self.ahead.take(path), time=moment.time)

    def deliver(self, take: Take) -> None:
        """Write down what is new."""
        self._delivered(take)

    def call_on_main(self, call: Callable[[], None]) -> None:
        """Run *call* at one of the next ticks."""
        ticks.post(call)

    def show(self, status: Status) -> None:
        """Leave it to the notification."""

    def report(self, problem: Problem) -> None:
        """Write it into the log at once."""
        unreal.log_error(f"Filmgate: {self.label()}: {problem}")
        self.problems.append(problem)

    def load_state(self) -> str:
        """Return the node's state, which lies among the results."""
        return self._state

    def store_state(self, text: str) -> None:
        """Keep the node's state among the results."""
        self._state = text
        make_folder(self._state_file.parent)
        write_whole(self._state_file, text.encode())

    def inputs(self, frame: float) -> Mapping[str, Path]:
        """Return the files of a frame by the model's inputs, the main one first."""
        manifest = self._manifest()
        if manifest is None:
            return {}
        helpers = {name: self._layer.helpers[each] for name, each in self._passes().items()}
        files = {manifest.main_input.name: self._layer.files, **helpers}
        return {name: found[int(frame)] for name, found in files.items() if int(frame) in found}

    def find(self, key: str) -> Optional[Path]:
        """Return the file of an input, by ``name@frame``."""
        name, _, frame = key.rpartition("@")
        return self.inputs(float(frame)).get(name)

    def _manifest(self) -> Optional[Manifest]:
        return embedded_manifest(self._state)

    def _passes(self) -> Mapping[str, str]:
        """Return the passes of files of their own that inputs are bound to, by input."""
        manifest, helpers = self._manifest(), self._layer.helpers
        if manifest is None:
            return {}
        bound: dict[str, str] = {}
        for each in manifest.inputs[1:]:
            found = self._order.layers.get(each.name) or self._layer.helper(each)
            if found and found in helpers:
                bound[each.name] = found
        return bound


class PostStep:
    """A layer's way through a model; on the game thread, unless a method says otherwise.

    Args:
        layer: what was rendered.
        order: what is wanted.
        done: told when it is over.

    Attributes:
        layer: what was rendered.
        written: the frames whose results were written.
        kept: those that were there already, whole and of the same render.
        problems: why frames have no result.
        cancelled: whether somebody ended it.
    """

    def __init__(
        self, layer: Layer, order: RenderOrder, done: Callable[[PostStep], None] = lambda _: None
    ) -> None:
        self.layer, self._order, self._done = layer, order, done
        self.written: list[int] = []
        self.kept: list[int] = []
        self.problems: dict[int, Problem] = {}
        self.cancelled = self._ended = self._running = False
        self._unchecked = set(layer.files)
        self._noted: dict[int, str] = {}
        self._writing = 0
        self._host = RenderHost(layer, order, self._take)
        self._session = HostSession(self._host, sessions.hub(), order.model)
        if self._session.node_state.model != order.model:
            self._session.choose(order.model)

    # What is shown of it.

    @property
    def busy(self) -> bool:
        """Whether it goes on."""
        return not self._ended

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1."""
        todo = len(self.layer.files) - len(self.kept)
        made = self._session.status.fraction * todo if self._running else 0.0
        return (len(self.kept) + made) / len(self.layer.files)

    def text(self) -> str:
        """Return one line."""
        said = self._session.status.text if self._running else "looking at what is there"
        return f"{self.layer.label}: {said}"

    def summary(self) -> str:
        """Return how it ended, in one line for each reason."""
        counted = f"{len(self.written)} of {len(self.layer.files)} frames written"
        kept = f", {len(self.kept)} kept" if self.kept else ""
        folder = self.target(self.layer.span[0]).parent.as_posix()
        reasons: dict[str, list[int]] = {}
        for frame, problem in sorted(self.problems.items()):
            reasons.setdefault(str(problem), []).append(frame)
        failed = (f"failed {write_frames(frames)}: {why}" for why, frames in reasons.items())
        warned = (f"warning: {text}" for text in self._session.status.warnings)
        ended = ("cancelled: start it again to go on",) if self.cancelled else ()
        first = f"{self.layer.label}: {counted}{kept}, in {folder}"
        return "\n  ".join((first, *failed, *warned, *ended))

    def target(self, frame: int) -> Path:
        """Return where the result of a frame goes."""
        return self._order.target(self.layer.files[frame])

    # Its course.

    def begin(self) -> None:
        """Look at what is there, on the background thread, and go on with the rest."""
        ticks.watch(self._look)
        manifest, state = self._session.manifest, self._session.node_state
        if manifest is None or not state.package:
            self._start()
            return
        for frame in sorted(self.layer.files):
            settings = settings_digest(manifest, self._host.settings(Moment(float(frame))))
            names = frozenset(self._host.inputs(frame))
            fits = partial(self._fits, frame, package=state.package, settings=settings, names=names)
            sessions.hub().background(partial(self._check, frame, fits))

    def cancel(self) -> None:
        """End it; frames that are written stay."""
        self.cancelled = True
        self._session.cancel()

    def _fits(self, frame: int, package: str, settings: str, names: frozenset[str]) -> bool:
        """Say whether a frame's result is there; on the background thread."""
        target = self.target(frame)
        receipt = receipts.load_receipt(target)
        fits = receipt.fits(package, settings, names, self._host.find)
        return fits and receipt.is_whole(target.parent)

    def _check(self, frame: int, fits: Callable[[], bool]) -> None:
        """Check a frame; on the background thread."""
        try:
            kept = not self.cancelled and fits()
        except FilmgateError:  # whatever it is, the frame is made again
            kept = False
        ticks.post(partial(self._checked, frame, kept))

    def _checked(self, frame: int, kept: bool) -> None:
        self._unchecked.discard(frame)
        if kept:
            self.kept.append(frame)
        if not self._unchecked:
            self._start()

    def _start(self) -> None:
        """Have the first of what is missing read, then begin."""
        self._unchecked.clear()
        todo = sorted(set(self.layer.files) - set(self.kept))
        named = ((self.layer.files[each], *self._host.inputs(each).values()) for each in todo)
        files = map(dict.fromkeys, named)  # each once, in the order of the model's inputs
        self._host.ahead.begin(files, partial(ticks.post, partial(self._run, todo)))

    def _run(self, frames: Sequence[int]) -> None:
        """Make what is missing; what was made and only not written, or is damaged, is written."""
        self._running = True
        todo: Sequence[int] = () if self.cancelled else frames
        moments = {frame: Moment(float(frame)) for frame in todo}
        for frame, moment in list(moments.items()):
            if self._session.state_at(moment) is State.FRESH:
                del moments[frame]
                package, paths = self._session.node_state.package, self._session.peek(moment).paths
                self._put(frame, paths, self._session.note(moment), package)
        self._session.run(list(moments.values()), preview=False)

    def _take(self, take: Take) -> None:
        """Write the frames of a take that are new."""
        notes = parse_take_notes(take.notes())
        for key, note in notes.frames.items():
            _, frame = parse_frame_key(key)
            if frame in self.layer.files and frame not in self.kept:
                paths = {name: take.path(name, frame) for name in take.outputs()}
                self._put(frame, paths, note, notes.package)

    def _put(self, frame: int, paths: Mapping[str, Path], note: FrameNote, package: str) -> None:
        """Have a frame written in the background, once for each result."""
        if self._noted.get(frame) != note.key:
            self._noted[frame] = note.key
            self._writing += 1
            sessions.hub().background(partial(self._write, frame, paths, note, package))

    def _write(self, frame: int, paths: Mapping[str, Path], note: FrameNote, package: str) -> None:
        """Write a frame; on the background thread."""
        problem: Optional[Problem] = None
        try:
            self._save(frame, paths, note, package)
        except FilmgateError as error:
            problem = to_problem(error, frame)
        except Exception as error:  # noqa: BLE001 - the thread's boundary
            problem = unforeseen(error)
        ticks.post(partial(self._wrote, frame, problem))

    def _save(self, frame: int, paths: Mapping[str, Path], note: FrameNote, package: str) -> None:
        """Write a frame's files, the one that is named like the render last, then the receipt."""
        target, manifest = self.target(frame), self._session.manifest
        names = [each.name for each in manifest.outputs] if manifest else list(paths)
        there = [name for name in names if name in paths]
        make_folder(target.parent)
        outputs: dict[str, str] = {}
        for name in reversed(there):
            with storage_errors(paths[name]):
                content = paths[name].read_bytes()
            path = target if name == there[0] else _beside(target, name)
            write_whole(path, content)
            outputs[path.name] = receipts.digest_file(path)
        found = {key: self._host.find(key) for key in note.inputs}
        marks = {key: receipts.mark(path) for key, path in found.items() if path is not None}
        inputs = {key: digest for key, digest in note.inputs.items() if key in marks}
        receipts.save_receipt(target, Receipt(package, note.settings, inputs, marks, outputs))

    def _wrote(self, frame: int, problem: Optional[Problem]) -> None:
        self._writing -= 1
        if problem is None:
            self.written.append(frame)
        else:
            self.problems[frame] = problem
            self._host.report(problem)

    def _look(self) -> bool:
        """Say whether it goes on; finish it where it does not."""
        over = self._running and not self._session.busy and not self._writing
        if self._ended or not over:
            return not self._ended
        self._finish()
        return False

    def _finish(self) -> None:
        missing = set(self.layer.files) - set(self.written) - set(self.kept) - set(self.problems)
        if not self.cancelled:
            last = self._host.problems[-1:] or [_UNSAID]
            for frame in missing:
                found = self._session.peek(Moment(float(frame))).problem
                self.problems[frame] = found or last[0]
        self._ended = True
        self._session.close()
        self._host.ahead.end()
        self._done(self)


_UNSAID = Problem(FilmgateError.code, "The frame was not made.", "Start it again.")


def _beside(target: Path, output: str) -> Path:
    """Return the file of a further output, as the command line calls it."""
    stem, dot, rest = target.name.partition(".")
    return target.with_name(f"{stem}_{output}{dot}{rest}")
