"""Nuke as a host: one Filmgate Group behind the seam that all hosts share."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from math import floor
from typing import Optional

import nuke

from filmgate.host.node import embedded_manifest
from filmgate.host.port import Moment, Settings
from filmgate.host.roster import Seat
from filmgate.host.state import Problem, State, Status
from filmgate.job import Payload
from filmgate.manifest import Manifest
from filmgate.takes import Take
from filmgate_nuke import capture, graph, knobs, labels, node, script, stored, threads, upstream

STATE_KNOB = "filmgate_state"
SERVER_KNOB = "filmgate_server"
MODEL_KNOB = "filmgate_model"

_HASH_MASK = (1 << 64) - 1

SHOW_EVERY_S = 0.2
"""A label that changes more often only costs redraws."""

RETRY_S = 0.05
"""How soon a slice is tried again that came while Nuke was executing something."""


def is_alive(group: nuke.Node) -> bool:
    """Return whether a node still is in the script; Nuke's object of a deleted one is hollow."""
    try:
        group.name()
    except ValueError:
        return False
    return True


class NukeHost(Seat):
    """One Filmgate Group.

    Args:
        group: the node. A Group that was deleted answers nothing and is left alone.

    Attributes:
        group: the node.
        asked: whether the artist has just asked for what fails now, and so wants to be told.
        problems: what was reported, by frame.
    """

    def __init__(self, group: nuke.Group) -> None:
        self.group = group
        self.asked = False
        self.problems: dict[int, Problem] = {}
        self._patterns: Callable[[], Mapping[str, str]] = dict
        self._check_inputs: Callable[[Moment], None] = lambda _: None
        self._shown_at_s = 0.0
        self._shown: Optional[Status] = None
        self._undoable = False

    def bind(
        self, patterns: Callable[[], Mapping[str, str]], check_inputs: Callable[[Moment], None]
    ) -> None:
        """Take what only the session knows.

        Args:
            patterns: tells what the node should read now.
            check_inputs: refuses to capture pixels that another node has not made yet.
        """
        self._patterns, self._check_inputs = patterns, check_inputs

    # The node.

    @property
    def alive(self) -> bool:
        """Whether the node still is in the script."""
        return is_alive(self.group)

    def label(self) -> str:
        """Return the node's full name."""
        return self.group.fullName() if self.alive else "Filmgate"

    def span(self) -> tuple[int, int]:
        """Return the range of the main input; that of the script where nothing is connected."""
        source = self.group.input(0)
        if source is None:
            return script.frame_range()
        return source.firstFrame(), source.lastFrame()

    def settings(self, moment: Moment) -> Settings:
        """Return the knobs' values at *moment*."""
        manifest = self.manifest()
        return Settings() if manifest is None else knobs.settings(self.group, manifest, moment)

    def manifest(self) -> Optional[Manifest]:
        """Return the manifest that the node carries."""
        return embedded_manifest(self.load_state())

    def holds(self, node: object) -> bool:
        """Say whether this is the side of *node*."""
        return bool(self.group == node)

    def server(self) -> str:
        """Return the server of the node's own; empty for the configured one."""
        return str(self.group[SERVER_KNOB].value()).strip()

    def model(self) -> str:
        """Return the model that the node was made for."""
        return str(self.group[MODEL_KNOB].value())

    # Pixels out.

    def fingerprint(self, moment: Moment) -> str:
        """Return a text that changes when anything above is edited or a file that is read there.

        The edits alone are the same at every frame.
        """
        ends = graph.sources(self.group)
        return f"{upstream.edit_mark(ends)} {upstream.file_mark(ends, floor(moment.time))}".rstrip()

    def hashes(self) -> str:
        """Return Nuke's own hashes of what is connected, which it knows for the current frame."""
        found: list[str] = []
        for source in graph.sources(self.group):
            source.forceValidate()
            found.append(",".join(f"{each & _HASH_MASK:x}" for each in source.opHashes()))
        return ";".join(found)

    def capture(self, name: str, moment: Moment) -> Optional[Payload]:
        """Render one input of one frame; see `capture.capture`."""
        self._check_inputs(moment)
        with script.untouched():
            nodes = graph.capture_nodes(self.group, name, round(moment.time))
            return None if nodes is None else capture.capture(nodes, name, moment)

    # Results in.

    def deliver(self, take: Take) -> None:
        """Let the Reads read *take*: no undo step, but a change to save."""
        if self.alive:
            self._show({output: take.pattern(output) for output in take.outputs()})

    def show_results(self) -> None:
        """Let the Reads read what the session says: a bake, a take or nothing; likewise."""
        if self.alive:
            self._show(self._patterns())
            self._label()

    def _show(self, patterns: Mapping[str, str]) -> None:
        """Show *patterns*; the script is changed when it renders something else from now on."""
        before = self._files()
        self._respell(patterns)
        if self._files() != before:
            nuke.root().setModified(True)

    def _respell(self, patterns: Mapping[str, str]) -> None:
        """Let the Reads read the same files, as they are called here; nothing is left to save."""
        with script.untouched():
            node.show_take(self.group, patterns)

    def _files(self) -> list[str]:
        return [str(read["file"].value()) for read in graph.reads(self.group).values()]

    # The main thread.

    def call_on_main(self, call: Callable[[], None]) -> None:
        """Run *call* in a slice of its own, in which Nuke executes nothing else."""

        def slice_() -> None:
            if nuke.executing():
                threads.post_later(slice_, RETRY_S)
            elif self.alive:
                self._run_slice(call)

        threads.post(slice_)

    def _run_slice(self, call: Callable[[], None]) -> None:
        upstream.keep()  # nobody edits meanwhile, and a script may have a thousand nodes
        try:
            call()
        finally:
            upstream.drop()

    # What the artist sees.

    def show(self, status: Status) -> None:
        """Show the state by colour and label, not more often than eyes can follow."""
        if not self.alive or not self._is_due(status):
            return
        if status.state is State.BAKED:
            self._show_bake()
        self._shown, self._shown_at_s = status, time.monotonic()
        self._label()
        if not nuke.GUI and status.text:
            nuke.tprint(f"{self.group.fullName()}: {status.text}")

    def _label(self) -> None:
        if self._shown is not None:
            with script.untouched():
                labels.show(self.group, self._shown)

    def _show_bake(self) -> None:
        if self._shown is None:  # a script was opened
            self._respell(self._patterns())
        elif self._shown.state is not State.BAKED:
            self.show_results()

    def report(self, problem: Problem) -> None:
        """Say it in a window when the artist waits for it, else in the terminal alone."""
        name = self.group.fullName() if self.alive else "Filmgate"
        if problem.frame is not None:
            self.problems[problem.frame] = problem
        where = "" if problem.frame is None else f", frame {problem.frame}"
        nuke.tprint(f"{name}{where}: {problem}")
        if nuke.GUI and self.asked:
            self.asked = False
            threads.post(lambda: nuke.message(f"{name}{where}\n\n{problem}"))

    # What the node keeps.

    def load_state(self) -> str:
        """Return the text of the hidden knob."""
        return stored.from_knob(str(self.group[STATE_KNOB].value()))

    def store_state(self, text: str) -> None:
        """Set the hidden knob; no undo step but inside `undoable`."""
        if not self.alive or text == self.load_state():
            return
        if self._undoable:
            self.group[STATE_KNOB].setValue(stored.to_knob(text))
        else:
            with script.untouched():
                self.group[STATE_KNOB].setValue(stored.to_knob(text))

    @contextmanager
    def undoable(self, name: str) -> Generator[None]:
        """Make one undo step of everything inside, the node's state included."""
        self._undoable = True
        try:
            with nuke.Undo(name):
                yield
        finally:
            self._undoable = False

    def _is_due(self, status: Status) -> bool:
        """Whether to show a status: a mere move of the progress may be left out."""
        shown = self._shown
        if shown is None or (shown.state, shown.done, shown.problem) != (
            status.state,
            status.done,
            status.problem,
        ):
            return True
        if status == shown:
            return False
        moving = status.state is State.RUNNING
        return not moving or time.monotonic() - self._shown_at_s >= SHOW_EVERY_S
