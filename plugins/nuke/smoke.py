"""Try the plugin inside this Nuke, end to end: ``nuke -t smoke.py --server tcp://HOST:PORT``.

It makes a small script in a folder of its own, puts a node for a model into it, runs, bakes, saves
and opens it again, and prints a line for each thing that it has tried. The exit code is 0 when all
of them went well and 1 when one did not. Your scripts and settings are left alone.
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Optional

import nuke

from filmgate.errors import FilmgateError
from filmgate.host.offers import newest
from filmgate.host.port import Moment
from filmgate.host.state import State
from filmgate.wire.records import ModelSummary
from filmgate_nuke import actions, callbacks, graph, guard, knobs, menus, sessions

FRAME = 1
OTHER_FRAME = 2
COLOUR = (-0.5, 2.0, 0.18, 1.0)
POINT = (8.5, 8.5)
"""Where pixels are looked at."""

NEAR = 1e-6
CONNECT_WITHIN_S = 30.0


class SmokeError(Exception):
    """Something is not as it should be."""


class Scenario:
    """The things that are tried, in this order; each method's first line is what it prints.

    Args:
        folder: for the script and its bake.
        model: the model to try; empty for the first that the server lists.
    """

    def __init__(self, folder: Path, model: str) -> None:
        self._path = folder / "smoke.nk"
        self._model = model
        self._offered: dict[str, ModelSummary] = {}
        self._group: Optional[nuke.Group] = None
        self._write: Optional[nuke.Node] = None

    def steps(self) -> Sequence[Callable[[], None]]:
        """Return what is tried, in order."""
        return (
            self.reach,
            self.build,
            self.capture,
            self.refuse,
            self.run,
            self.render,
            self.pixels,
            self.mask,
            self.inside,
            self.bake,
            self.reopen,
        )

    @property
    def group(self) -> nuke.Group:
        """The node."""
        if self._group is None:
            raise SmokeError("there is no node")
        return self._group

    @property
    def write(self) -> nuke.Node:
        """The Write below the node."""
        if self._write is None:
            raise SmokeError("there is no Write")
        return self._write

    def reach(self) -> None:
        """The server answers and lists its models."""
        heard: queue.SimpleQueue[Optional[FilmgateError]] = queue.SimpleQueue()
        sessions.hub().catalogue.refresh(heard.put)
        error = heard.get(timeout=CONNECT_WITHIN_S)
        if error is not None:
            raise error
        found = newest(sessions.hub().catalogue.models())
        self._offered = {each.name: each for each in found}
        expect(bool(self._offered), "the server offers no model")
        self._model = self._model or found[0].name
        expect(self._model in self._offered, f"the server has no model {self._model}")

    def build(self) -> None:
        """A node for the model is made from its manifest."""
        nuke.root()["first_frame"].setValue(FRAME)
        nuke.root()["last_frame"].setValue(OTHER_FRAME)
        plate = nuke.nodes.Constant(channels="rgba", color=list(COLOUR))
        plate["first"].setValue(FRAME)
        plate["last"].setValue(OTHER_FRAME)
        self._group = menus.create(self._offered[self._model])
        self.group.setInput(0, plate)
        self._write = nuke.nodes.Write(file_type="exr")
        self.write["file"].setValue((self._path.parent / "render.%04d.exr").as_posix())
        self.write.setInput(0, self.group)
        nuke.scriptSaveAs(self._path.as_posix(), 1)

    def capture(self) -> None:
        """Equal pixels are captured as equal bytes, and the script is left unchanged."""
        session = sessions.session(self.group)
        name = session.manifest.main_input.name if session.manifest else "color"
        nuke.root().setModified(False)
        captures = [sessions.host(self.group).capture(name, Moment(FRAME)) for _ in range(2)]
        contents = [b"" if each is None else bytes(each.data) for each in captures]
        expect(bool(contents[0]), "nothing was captured")
        expect(contents[0] == contents[1], "equal pixels gave different bytes")
        expect(not nuke.root().modified(), "a capture marked the script as changed")

    def refuse(self) -> None:
        """A render of a frame that was not made stops with a text that names the node."""
        try:
            nuke.execute(self.write, FRAME, FRAME, 1)
        except RuntimeError as error:
            expect(self.group.name() in str(error), f"the text does not name the node: {error}")
        else:
            raise SmokeError("the render went on")

    def run(self) -> None:
        """A frame is made, and the node reads it."""
        nuke.frame(FRAME)
        actions.run_frame(self.group)
        self._expect(FRAME, State.FRESH)
        self._expect(OTHER_FRAME, State.EMPTY)

    def render(self) -> None:
        """The frame renders below the node."""
        nuke.execute(self.write, FRAME, FRAME, 1)
        path = self._path.parent / f"render.{FRAME:04d}.exr"
        expect(path.is_file(), f"{path} was not written")

    def pixels(self) -> None:
        """With no mask the node's pixels are the result's, and its format; alpha is untouched."""
        manifest = knobs.manifest_of(self.group)
        read = graph.reads(self.group)[manifest.outputs[0].name]
        expect(
            (self.group.width(), self.group.height()) == (read.width(), read.height()),
            f"the format is {self.group.width()} x {self.group.height()}, not the result's",
        )
        made = _colours(self.group)
        expect(made == _colours(read), f"the node shows {made}, the result is {_colours(read)}")
        alpha = self.group.sample("rgba.alpha", *POINT)
        expect(alpha == COLOUR[3], f"alpha, which the model does not make, is {alpha}")

    def mask(self) -> None:
        """A mask of 0 shows the source; unconnected again, the result."""
        place = len(knobs.manifest_of(self.group).inputs)
        made = _colours(self.group)
        black = nuke.nodes.Constant(channels="rgba", color=[0.0] * 4)
        self.group.setInput(place, black)
        source = _colours(self.group)
        self.group.setInput(place, None)
        nuke.delete(black)
        near = all(abs(a - b) < NEAR for a, b in zip(source, COLOUR))
        expect(near, f"under a mask of 0 the node shows {source}, not its source")
        expect(_colours(self.group) == made, "without the mask the node does not show its result")

    def inside(self) -> None:
        """A Write inside a Group is stopped at a frame that was not made."""
        outer = nuke.nodes.Group()
        with outer:
            write = nuke.nodes.Write(file_type="exr", inputs=[nuke.nodes.Input()])
            write["file"].setValue((self._path.parent / "inside.%04d.exr").as_posix())
            nuke.nodes.Output(inputs=[write])
        outer.setInput(0, self.group)
        above = guard.names_above([write])
        expect(self.group.fullName() in above, "what feeds the Group is not found")
        try:
            nuke.execute(write, OTHER_FRAME, OTHER_FRAME, 1)
        except RuntimeError as error:
            expect(self.group.name() in str(error), f"the text does not name the node: {error}")
        else:
            raise SmokeError("the render went on")
        finally:
            nuke.delete(outer)

    def bake(self) -> None:
        """The range is baked and the node reads the bake."""
        actions.run_range(self.group)
        actions.bake(self.group)
        self._expect(OTHER_FRAME, State.BAKED)

    def reopen(self) -> None:
        """The saved script opens with its bake and renders."""
        nuke.scriptSaveAs(self._path.as_posix(), 1)
        name, write = self.group.name(), self.write.name()
        nuke.scriptClear()
        nuke.scriptOpen(self._path.as_posix())
        found = nuke.toNode(name)
        expect(found is not None and sessions.is_ours(found), "the node is gone")
        if found is not None and sessions.is_ours(found):
            self._group, self._write = found, nuke.toNode(write)
        self._expect(OTHER_FRAME, State.BAKED)
        nuke.execute(self.write, FRAME, OTHER_FRAME, 1)

    def _expect(self, frame: int, state: State) -> None:
        session = sessions.session(self.group)
        found = session.state_at(Moment(frame))
        problem = session.status.problem
        told = f": {problem}" if problem else ""
        expect(found is state, f"frame {frame} is {found.value!r}, not {state.value!r}{told}")


def _colours(node: nuke.Node) -> list[float]:
    return [node.sample(f"rgba.{name}", *POINT) for name in ("red", "green", "blue")]


def expect(right: bool, otherwise: str) -> None:
    """Go on if *right*.

    Raises:
        SmokeError: it is not; says what is wrong.
    """
    if not right:
        raise SmokeError(otherwise)


def main(arguments: Sequence[str]) -> int:
    """Try everything; return 0 when all went well."""
    parser = argparse.ArgumentParser(prog="smoke.py", description="Try the plugin in this Nuke.")
    parser.add_argument("--server", default="", help="its address; by default the configured one")
    parser.add_argument("--model", default="", help="by default the first that is listed")
    given = parser.parse_args(list(arguments))
    if given.server:
        os.environ["FILMGATE_SERVER"] = given.server
    callbacks.register()
    with tempfile.TemporaryDirectory(prefix="filmgate-smoke-") as folder:
        try:
            return _try_all(Scenario(Path(folder), given.model))
        finally:
            nuke.scriptClear()
            sessions.close_hubs()


def _try_all(scenario: Scenario) -> int:
    for step in scenario.steps():
        told = (step.__doc__ or step.__name__).splitlines()[0]
        try:
            step()
        except (SmokeError, FilmgateError, RuntimeError) as error:
            _say(f"FAILED  {told}\n        {error}")
            return 1
        _say(f"ok      {told}")
    _say(f"All is well in Nuke {nuke.NUKE_VERSION_STRING}.")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
