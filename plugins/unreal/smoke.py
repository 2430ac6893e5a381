"""Try the plugin inside this Unreal, end to end.

In a shell, with a project that may be opened and has the plugin::

    UnrealEditor-Cmd Game.uproject -run=pythonscript \
-script="PLUGIN/smoke.py --server tcp://HOST:PORT" -unattended -nullrhi

It makes a texture in a folder of its own (``/Game/FilmgateSmoke``), runs a model on it, accepts the
result, lets the model work on two files that stand for a render, and goes on without the server. A
line in the log says of each thing how it went, and the last one how it all went; the process ends
with an error where something failed. The folder is removed at the end and nothing is saved.
"""

# pyright: reportMissingModuleSource=none

from __future__ import annotations

import argparse
import os
import queue
import sys
import tempfile
from array import array
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Optional

import unreal

FOLDER = "/Game/FilmgateSmoke"
TEXTURE = f"{FOLDER}/T_Smoke"
SIZE = (16, 8)
VALUES = {"R": 0.25, "G": 0.5, "B": 2.0}
NOWHERE = "tcp://127.0.0.1:1"
CONNECT_WITHIN_S = 30.0
WORK_WITHIN_S = 300.0
FRAMES = (1, 2)


class SmokeError(Exception):
    """Something is not as it should be."""


class Scenario:
    """The things that are tried, in this order; each method's first line is what it says.

    Args:
        folder: for files.
        model: the model to try; empty for the first of pictures that the server lists.
    """

    def __init__(self, folder: Path, model: str) -> None:
        self._folder, self._model = folder, model
        self._work: Optional[Any] = None

    def steps(self) -> Sequence[Callable[[], None]]:
        """Return what is tried, in order."""
        return (
            self.load,
            self.reach,
            self.texture,
            self.capture,
            self.run,
            self.accept,
            self.render,
            self.resume,
            self.alone,
        )

    @property
    def work(self) -> Any:
        """The work on the texture."""
        if self._work is None:
            raise SmokeError("there is no texture")
        return self._work

    def load(self) -> None:
        """The plugin and its wheels load, and Unreal takes its classes."""
        part("sessions").close_hubs()  # made for the configured server when the editor started
        part("vendor").prepare()
        part("vendor").check_modules()
        expect(hasattr(part("library"), "FilmgateLibrary"), "there are no Blueprint nodes")
        expect(hasattr(part("pipeline"), "process_files"), "there is no post step")

    def reach(self) -> None:
        """The server answers and lists its models."""
        selection = part("selection")
        sessions = part("sessions")
        heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        sessions.hub().catalogue.refresh(heard.put)
        error = heard.get(timeout=CONNECT_WITHIN_S)
        if error is not None:
            raise error
        offered = [each.name for each in selection.models(sessions.hub().catalogue, ("image",))]
        self._model = self._model or next(iter(offered), "")
        expect(self._model in offered, f"the server has no model of pictures {self._model!r}")

    def texture(self) -> None:
        """A texture of floats is imported from an EXR file."""
        path = self._folder / "T_Smoke.exr"
        path.write_bytes(picture())
        task = unreal.AssetImportTask()
        task.set_editor_properties(
            {
                "filename": path.as_posix(),
                "destination_path": FOLDER,
                "destination_name": TEXTURE.rpartition("/")[2],
                "automated": True,
                "replace_existing": True,
                "save": False,
                "factory": unreal.TextureFactory(),
            }
        )
        unreal.AssetToolsHelpers.get_asset_tools().import_asset_tasks([task])
        expect(unreal.EditorAssetLibrary.does_asset_exist(TEXTURE), "the editor imported nothing")
        source, work = part("textures").TextureSource.of(TEXTURE), part("work")
        self._work = work.Work(source, work.target_of(source, self._model), self._model)

    def capture(self) -> None:
        """Equal pixels are captured as equal bytes of an EXR file."""
        from filmgate.host.port import Moment  # noqa: PLC0415

        sessions = part("sessions")
        manifest = sessions.session(self.work).manifest
        name = manifest.main_input.name if manifest else "color"
        found = [sessions.host(self.work).capture(name, Moment(1.0)) for _ in range(2)]
        contents = [b"" if each is None else bytes(each.data) for each in found]
        expect(contents[0][:4] == b"\x76\x2f\x31\x01", "what was captured is no EXR file")
        expect(contents[0] == contents[1], "equal pixels gave different bytes")

    def run(self) -> None:
        """A model works on it, and the project is as it was."""
        actions = part("actions")
        batch = actions.run_and_wait([self.work], timeout_s=WORK_WITHIN_S)
        told = "; ".join(map(str, batch.problems.values()))
        expect(batch.finished == [self.work], f"it has no result: {told or batch.text()}")
        there = unreal.EditorAssetLibrary.does_asset_exist(self.work.target)
        expect(not there, "an asset was written before anybody accepted it")

    def accept(self) -> None:
        """Accepting writes an asset that says how it was made."""
        accept = part("accept")
        metadata = part("metadata")
        accept.accept([self.work])
        record = metadata.read(self.work.target)
        expect(record is not None, f"{self.work.target} says nothing of how it was made")
        if record is not None:
            expect(record.model.startswith(self._model), f"it names the model {record.model!r}")

    def render(self) -> None:
        """Files of a render go through the model, and stay as they are."""
        before = self._render(write=True)
        steps = self._process()
        written = sorted(frame for step in steps for frame in step.written)
        told = "; ".join(step.summary() for step in steps)
        expect(written == list(FRAMES), f"not every frame was written: {told}")
        expect(self._render() == before, "the render was changed")

    def resume(self) -> None:
        """A second start keeps what is whole and makes what was cut off."""
        (made,) = (path for path in self._made() if path.name == "Smoke.0002.exr")
        made.write_bytes(b"cut")
        steps = self._process()
        kept = [frame for step in steps for frame in step.kept]
        written = [frame for step in steps for frame in step.written]
        expect((kept, written) == ([1], [2]), f"kept {kept} and wrote {written}")

    def alone(self) -> None:
        """Without a server a job fails with a text, and everything else goes on."""
        sessions = part("sessions")
        sessions.close_hubs()
        os.environ["FILMGATE_SERVER"] = NOWHERE
        for path in self._made():
            path.unlink()
        path = self._folder / "renders" / "Smoke.0001.exr"
        path.write_bytes(picture(0.125))  # pixels that no cache knows
        steps = self._process()
        problems = [problem for step in steps for problem in step.problems.values()]
        expect(bool(problems), "nothing failed")
        expect(all(problem.remedy for problem in problems), "a text does not say what helps")

    def _process(self) -> list[Any]:
        paths = sorted(path.as_posix() for path in (self._folder / "renders").glob("*.exr"))
        order = part("orders").RenderOrder(self._model)
        steps: list[Any] = part("pipeline").process_files(paths, order)
        return steps

    def _render(self, write: bool = False) -> list[bytes]:
        folder = self._folder / "renders"
        folder.mkdir(exist_ok=True)
        paths = [folder / f"Smoke.{frame:04d}.exr" for frame in FRAMES]
        for number, path in enumerate(paths if write else ()):
            path.write_bytes(picture(1.0 + number))
        return [path.read_bytes() for path in paths]

    def _made(self) -> list[Path]:
        return sorted((self._folder / "renders" / self._model.partition("@")[0]).glob("*.exr"))


def part(name: str) -> Any:
    """Return a module of the plugin: what a real editor cannot load fails where it is tried."""
    return import_module(f"filmgate_unreal.{name}")


def picture(gain: float = 1.0) -> bytes:
    """Return an EXR file of one colour, with a highlight above 1."""
    from filmgate.host.plain_exr import PlainImage, Plane, Window, to_plain_exr  # noqa: PLC0415

    width, height = SIZE
    window = Window(0, 0, width - 1, height - 1)
    planes = {
        name: Plane("float", array("f", [value * gain] * (width * height)).tobytes())
        for name, value in VALUES.items()
    }
    return to_plain_exr(PlainImage(window, window, planes))


def expect(right: bool, otherwise: str) -> None:
    """Go on if *right*.

    Raises:
        SmokeError: it is not; says what is wrong.
    """
    if not right:
        raise SmokeError(otherwise)


def main(arguments: Sequence[str]) -> int:
    """Try everything; return 0 when all went well."""
    parser = argparse.ArgumentParser(prog="smoke.py", description="Try the plugin in this Unreal.")
    parser.add_argument("--server", default="", help="its address; by default the configured one")
    parser.add_argument("--model", default="", help="by default the first of pictures")
    given = parser.parse_args(list(arguments))
    if given.server:
        os.environ["FILMGATE_SERVER"] = given.server
    with tempfile.TemporaryDirectory(prefix="filmgate-smoke-") as folder:
        try:
            return _try_all(Scenario(Path(folder), given.model))
        finally:
            _tidy()


def _try_all(scenario: Scenario) -> int:
    for step in scenario.steps():
        told = (step.__doc__ or step.__name__).splitlines()[0]
        try:
            step()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what failed
            unreal.log_error(f"Filmgate smoke: FAILED  {told} {type(error).__name__}: {error}")
            return 1
        unreal.log(f"Filmgate smoke: ok      {told}")
    version = unreal.SystemLibrary.get_engine_version()
    unreal.log(f"Filmgate smoke: All is well in Unreal {version}.")
    return 0


def _tidy() -> None:
    sessions = part("sessions")

    sessions.close_hubs()
    if unreal.EditorAssetLibrary.does_directory_exist(FOLDER):
        for path in unreal.EditorAssetLibrary.list_assets(FOLDER):
            unreal.EditorAssetLibrary.delete_asset(path)


if __name__ == "__main__" and main(sys.argv[1:]):
    raise SmokeError("Something failed: the lines above say what.")
