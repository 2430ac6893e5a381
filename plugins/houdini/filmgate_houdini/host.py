"""Houdini as a host: one Filmgate node of any context behind the seam that all hosts share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from math import ceil
from typing import Optional

import hou

from filmgate.errors import InputError
from filmgate.host.label import status_line
from filmgate.host.node import embedded_manifest, parse_node_state
from filmgate.host.port import Moment, Settings
from filmgate.host.roster import Seat
from filmgate.host.state import Problem, State, Status
from filmgate.job import Payload
from filmgate.manifest import Manifest
from filmgate.takes import Take
from filmgate_houdini import events, names, parms, refusal
from filmgate_houdini.source import Mismatch, Source

STILL_FRAME = 1.0
"""The frame of results that do not depend on time: made once, whatever frame is cooked first."""

_SOURCES = {"Sop": "filmgate_houdini.sop", "Cop": "filmgate_houdini.cop"}
"""By context, the module whose `make_source` reads a node's inputs."""

_NO_MATCH = "Everything that the model needs is there."


def whole_frame(frame: float) -> float:
    """Return the nearest whole frame, of two the earlier one: results are of whole frames."""
    return float(ceil(frame - 0.5))


class HoudiniHost(Seat):
    """One Filmgate node.

    Args:
        node: the node. One that was deleted answers nothing and is left alone.

    Attributes:
        node: the node.
        source: its inputs, as its last cook has brought them.
        asked: whether the artist has just asked for the result to be made anew.
        revision: how often the node got something else to show.
        final: whether nothing cooks again what the node's cook shows now.
        missed: the frame that went by without its result, since the event loop has turned last.
        patterns: tells which files the node should read now; the session's.
    """

    def __init__(self, node: hou.OpNode) -> None:
        self.node = node
        self.source: Optional[Source] = None
        self.asked = False
        self.revision = 0
        self.final = False
        self.missed: Optional[Moment] = None
        self.patterns: Callable[[], Mapping[str, str]] = dict
        self._texts: dict[str, str] = {}
        self._kept = ""
        self._turn = -1
        self._cooked: Optional[Moment] = None
        self._blocked = False
        self._undoable = False
        self._built: Optional[Manifest] = None

    # The node.

    @property
    def alive(self) -> bool:
        """Whether the node still is in the scene."""
        try:
            self.node.path()
        except hou.ObjectWasDeleted:
            return False
        return True

    def holds(self, node: object) -> bool:
        """Say whether this is the side of *node*."""
        return self.node == node

    def label(self) -> str:
        """Return the node's path."""
        return self.node.path() if self.alive else "Filmgate"

    def server(self) -> str:
        """Return the server of the node's own; empty for the configured one."""
        return self._text_of(names.SERVER)

    def model(self) -> str:
        """Return the model that the menu shows."""
        return self._text_of(names.MODEL)

    def set_model(self, ref: str) -> None:
        """Let the menu show a model."""
        parm = self.node.parm(names.MODEL)
        if parm is not None and self.model() != ref:
            parm.set(ref)

    def manifest(self) -> Optional[Manifest]:
        """Return the manifest that the node carries."""
        return embedded_manifest(self.load_state())

    # Time.

    def moment(self) -> Moment:
        """Return the moment whose result the cook shows: between two frames, the nearest one's."""
        return Moment(whole_frame(hou.frame()) if self.is_timed else STILL_FRAME)

    def notice(self, moment: Moment, may_wait: bool) -> None:
        """Notice that a cook begins, and find out whether what it shows is final.

        Without an interface it is. With one, a render and a cache cook frame after frame and let
        nothing else run: the event loop does not turn, and nothing that comes in would be shown.

        Args:
            moment: what is cooked.
            may_wait: whether the node's mode lets a cook begin and await anything.
        """
        turn = events.turns()
        if turn != self._turn:
            self._blocked, self.missed = False, None
        elif moment != self._cooked:
            self._blocked = True
        self._turn, self._cooked = turn, moment
        blocked = self._blocked and may_wait and not hou.playbar.isPlaying()
        self.final = blocked or not hou.isUIAvailable()

    def span(self) -> tuple[int, int]:
        """Return the scene's range: nothing says which frames geometry has."""
        first, last = hou.playbar.frameRange()
        return int(first), int(last)

    @property
    def is_timed(self) -> bool:
        """Whether results depend on time: by inputs, settings or a model of several frames."""
        manifest = self.manifest()
        if manifest is not None and manifest.temporal.kind != "frame":
            return True
        inputs = [each for each in self.node.inputs() if each is not None]
        return any(each.isTimeDependent() for each in inputs) or parms.are_timed(self.node)

    def _is_near(self, manifest: Manifest, moment: Moment) -> bool:
        """Say whether a frame is one that the cook of the current one needs anyway.

        Asking for any other would cook what is above at that frame: a simulation from its start.
        """
        temporal = manifest.temporal
        reach = {"window": max(temporal.before, temporal.after), "between": 1}
        away = abs(moment.time - self.moment().time)
        return away <= reach.get(temporal.kind, 0)

    # What is read of it.

    def settings(self, moment: Moment) -> Settings:
        """Return the parameters' values at *moment*."""
        manifest = self.manifest()
        if manifest is None:
            return Settings()
        values = parms.values(self.node, manifest.params, moment)
        return Settings(values, colour=self._source().colour(), compression="none")

    def fingerprint(self, moment: Moment) -> str:
        """Return a text that tells the inputs' content, where a look at it cooks nothing else.

        Raises:
            FilmgateError: they cannot be read.
        """
        manifest = self.manifest()
        if manifest is None or not self._is_near(manifest, moment):
            return ""
        try:
            return self._source().fingerprint(manifest, moment)
        except hou.Error as error:
            raise refusal.to_error(error) from error

    def capture(self, name: str, moment: Moment) -> Optional[Payload]:
        """Read one input of the model.

        Raises:
            FilmgateError: it cannot be read.
        """
        manifest = self.manifest()
        if manifest is None:
            raise InputError("The model is not known.", "Choose the model again.")
        try:
            return self._source().payload(manifest, manifest.input(name), moment)
        except hou.Error as error:
            raise refusal.to_error(error) from error

    def _source(self) -> Source:
        source = self.source
        if source is None:
            module = import_module(_SOURCES[self.node.type().category().name()])
            source = self.source = module.make_source(self.node)
        return source

    # Results in.

    def deliver(self, take: Take) -> None:
        """Have the node cook again: it reads *take* from its state then."""
        self.revision += 1

    def call_on_main(self, call: Callable[[], None]) -> None:
        """Run *call* in a turn of the event loop; where there is none, a cook does it."""
        events.post(call)

    # What the artist sees.

    def show(self, status: Status) -> None:
        """Say in the status line how far it is, and on the node how it has ended.

        A parameter that is set makes Houdini cook the node: while it runs, none is.
        """
        if not hou.isUIAvailable() or not self.alive:
            return
        line = status_line(status)
        if status.state is State.RUNNING:
            hou.ui.setStatusMessage(f"{self.label()}: {line}")
        else:
            self._write(names.STATUS, line)

    def show_match(self, found: Sequence[Mismatch]) -> None:
        """Say on the node what the model lacks, and what helps."""
        self._write(names.MATCH, "\n".join(map(str, found)) or _NO_MATCH)

    def report(self, problem: Problem) -> None:
        """Say it in the status line; the node's next cook fails with it, or warns of it."""
        self.revision += 1
        said = f"{self.label()}: {problem}"
        if hou.isUIAvailable():
            hou.ui.setStatusMessage(said, hou.severityType.Error)
        else:
            sys.stderr.write(f"{said}\n")

    def _write(self, name: str, text: str) -> None:
        """Write a text into a label, in a later turn of the event loop: no cook sets parameters."""
        if self._texts.get(name) != text:
            self._texts[name] = text
            events.post(lambda: self._set(name, text))

    def _set(self, name: str, text: str) -> None:
        parm = self.node.parm(name) if self.alive else None
        if parm is not None and parm.evalAsString() != parms.harmless(text):
            with hou.undos.disabler(), suppress(hou.PermissionError):
                parm.set(parms.harmless(text))

    # What the node keeps.

    def load_state(self) -> str:
        """Return the text in the node's user data, or what could not be stored there."""
        return self._kept or self.node.userData(names.STATE) or ""

    def store_state(self, text: str) -> None:
        """Set the user data; no undo step but inside `undoable`.

        Inside a locked asset Houdini refuses it: the text is kept as long as this object lives.
        """
        before = self.load_state() if self.alive else text
        if text == before:
            return
        try:
            self._set_state(text)
            self._kept = ""
        except hou.PermissionError:
            self._kept = text
        if embedded_manifest(text) != embedded_manifest(before):
            events.post(self.rebuild)
        self._write(names.VERSION, parse_node_state(text).version)

    def _set_state(self, text: str) -> None:
        if self._undoable:
            self.node.setUserData(names.STATE, text)
        else:
            with hou.undos.disabler():
                self.node.setUserData(names.STATE, text)

    def rebuild(self) -> None:
        """Give the node the parameters of its model, once; outside of a cook.

        Inside a locked asset it keeps those that it has; settings without one have their defaults.
        """
        manifest = self.manifest() if self.alive else None
        if manifest is None or manifest == self._built:
            return
        self._built = manifest
        if self._undoable:
            parms.rebuild(self.node, manifest)
        else:
            with hou.undos.disabler(), suppress(hou.PermissionError):
                parms.rebuild(self.node, manifest)

    @contextmanager
    def undoable(self, name: str) -> Generator[None]:
        """Make one undo step of everything inside, the node's state included."""
        self._undoable = True
        try:
            with hou.undos.group(name):
                yield
        finally:
            self._undoable = False

    def _text_of(self, name: str) -> str:
        parm = self.node.parm(name)
        return "" if parm is None else parm.evalAsString().strip()
