"""Try the plugin inside this Unreal, end to end.

In a shell, with a project that may be opened and has the plugin::

    UnrealEditor-Cmd Game.uproject -run=pythonscript \
-script="PLUGIN/smoke.py --server tcp://HOST:PORT" -unattended -nullrhi

It makes textures of known pixels in a folder of its own (``/Game/FilmgateSmoke``), compares what is
sent of them, runs a model on one, accepts the result, makes it again, takes a step back, lets the
model work on two files that stand for a render, and goes on without the server. With a graphics
device (no ``-nullrhi``) and a landscape in the level, its heights are turned round and back again.
A line in the log says of each thing how it went, and the last one how it all went; the process ends
with an error where something failed. The folder is removed at the end and nothing is saved.
"""

# pyright: reportMissingModuleSource=none

from __future__ import annotations

import argparse
import os
import queue
import struct
import sys
import tempfile
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
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
CODES = range(256)
"""What the pixels of the textures of whole numbers are made of."""

HALF_STEP = 2.0**-10
"""How far the nearest half may lie from a number, relative to it."""

EXR_KINDS = {0: "I", 1: "e", 2: "f"}
EXR_LINES = {0: 1, 2: 1, 3: 16}
"""Lines in a block, by the compressions that editors write: none, ZIPS, ZIP."""

Step = Callable[[], Optional[str]]
"""Tries one thing; returns why it was not tried, if so."""


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

    def steps(self) -> Sequence[Step]:
        """Return what is tried, in order."""
        return (
            self.load,
            self.reach,
            self.texture,
            self.capture,
            self.colours,
            self.deep,
            self.normals,
            self.run,
            self.accept,
            self.regenerate,
            self.undo,
            self.landscape,
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
        """A texture of floats is imported from an EXR file, and goes out with its highlights."""
        self._import("T_Smoke", picture(), "exr")
        found = channels(self._sent(TEXTURE))
        for name, value in VALUES.items():
            expect(is_near(found[name][0], value), f"{name} is {found[name][0]}, not {value}")
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

    def colours(self) -> None:
        """Codes of 8 bits with sRGB go out as the light that they stand for."""
        kind = unreal.TextureCompressionSettings.TC_DEFAULT
        self._codes("T_Colours", 8, True, srgb=True, compression_settings=kind)

    def deep(self) -> None:
        """Codes of 16 bits go out with all their bits."""
        self._codes("T_Deep", 16, False, srgb=False)

    def normals(self) -> None:
        """A normal map goes out as the numbers that it holds, and as data."""
        kind = unreal.TextureCompressionSettings.TC_NORMALMAP
        texture = self._codes("T_Normals", 8, False, srgb=False, compression_settings=kind)
        space = part("source_art").space_of(texture)
        expect(space == "Raw", f"it is said to be {space}")

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
        self._compare_settings()
        self._compare_pixels()

    def regenerate(self) -> None:
        """An accepted asset is made again as it says, and says the same again."""
        metadata, actions = part("metadata"), part("actions")
        before = metadata.read(self.work.target)
        source = part("textures").TextureSource.of(before.source)
        again = part("work").Work(source, self.work.target, before.model)
        actions.set_params(again, before.settings)
        batch = actions.run_and_wait([again], force=True, timeout_s=WORK_WITHIN_S)
        expect(batch.finished == [again], f"it has no result: {batch.problems or batch.text()}")
        part("accept").accept([again])
        after = metadata.read(self.work.target)
        for name in ("source", "model", "params", "inputs"):
            told, wanted = getattr(after, name), getattr(before, name)
            expect(told == wanted, f"{name} was {wanted!r} and is {told!r}")
        self._compare_pixels()

    def undo(self) -> None:
        """One step back brings the pixels of an asset back that was written over."""
        before = channels(self._sent(self.work.target))
        path = self._folder / "other.exr"
        path.write_bytes(picture(0.375))
        with unreal.ScopedEditorTransaction("Filmgate: smoke"):
            self.work.source.accept({1: path}, self.work.target)
        expect(channels(self._sent(self.work.target)) != before, "it was not written over")
        take_back()
        expect(channels(self._sent(self.work.target)) == before, "the pixels did not come back")

    def landscape(self) -> Optional[str]:
        """The heights of a landscape come out, and go in again as the same numbers."""
        found = part("extents").landscapes()
        if not found or "-nullrhi" in unreal.SystemLibrary.get_command_line().lower():
            return "needs a level with a landscape, and a graphics device"
        module, actor = part("landscape"), part("landscape").LandscapeSource(found[0]).actor
        size, scale_z = part("extents").size_of(actor), part("extents").scale_of(actor)[2]
        before = module.read_numbers(actor, *size)()
        turned = array("H", reversed(before))
        for numbers in (turned, before):
            heights = module.Heights(module.to_metres(numbers, scale_z), size)
            with unreal.ScopedEditorTransaction("Filmgate: smoke"):
                module.write_heights(actor, heights)
            expect(module.read_numbers(actor, *size)() == numbers, "other heights came back")
        return None

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

    def _import(self, name: str, content: bytes, suffix: str) -> Any:
        """Return the texture that the editor makes of a file."""
        path = self._folder / f"{name}.{suffix}"
        path.write_bytes(content)
        task = unreal.AssetImportTask()
        task.set_editor_properties(
            {
                "filename": path.as_posix(),
                "destination_path": FOLDER,
                "destination_name": name,
                "automated": True,
                "replace_existing": True,
                "save": False,
                "factory": unreal.TextureFactory(),
            }
        )
        unreal.AssetToolsHelpers.get_asset_tools().import_asset_tasks([task])
        there = unreal.EditorAssetLibrary.does_asset_exist(f"{FOLDER}/{name}")
        expect(there, f"the editor imported nothing of {path.name}")
        return unreal.load_asset(f"{FOLDER}/{name}")

    def _codes(self, name: str, bits: int, curved: bool, **settings: Any) -> Any:
        """Import codes, and compare what is sent of them with what they stand for."""
        bitmaps = part("bitmaps")
        planes = {letter: codes(bits, step) for step, letter in enumerate("RGB")}
        texture = self._import(name, bitmaps.to_png(planes, 16, 16, bits), "png")
        for setting, value in settings.items():
            texture.set_editor_property(setting, value)
        found = channels(self._sent(f"{FOLDER}/{name}"))
        for letter, plane in planes.items():
            wanted = array("f", bitmaps.to_floats(plane, bits, curved))
            place = next((at for at in CODES if found[letter][at] != wanted[at]), None)
            if place is not None:
                got = found[letter][place]
                raise SmokeError(f"pixel {place} of {letter} is {got}, not {wanted[place]}")
        return texture

    def _sent(self, path: str) -> bytes:
        texture = part("source_art").load(path)
        content: bytes = part("source_art").export(texture)()
        return content

    def _compare_settings(self) -> None:
        source, made = unreal.load_asset(TEXTURE), unreal.load_asset(self.work.target)
        for name in ("compression_settings", "srgb", "lod_group", "mip_gen_settings", "filter"):
            wanted, found = source.get_editor_property(name), made.get_editor_property(name)
            expect(found == wanted, f"its {name} is {found}, the source's {wanted}")

    def _compare_pixels(self) -> None:
        (path,) = part("sessions").files(self.work).values()
        wanted, found = channels(Path(path).read_bytes()), channels(self._sent(self.work.target))
        for letter in "RGB":
            pairs = zip(found[letter], wanted[letter])
            expect(len(found[letter]) == len(wanted[letter]), "it has another size")
            expect(all(is_near(*pair) for pair in pairs), f"its {letter} is not the result's")

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


def codes(bits: int, step: int) -> bytes:
    """Return numbers that use every bit, little-endian; each step has another order."""
    if bits == 8:
        return bytes((code + 85 * step) % 256 for code in CODES)
    return array("H", [(code * 295 + 85 * step) % 65536 for code in CODES]).tobytes()


def is_near(found: float, wanted: float) -> bool:
    """Say whether it is the number, or the nearest half: some releases import halves."""
    return abs(found - wanted) <= HALF_STEP * max(abs(wanted), HALF_STEP)


def take_back() -> None:
    """Take the last step back, as Ctrl+Z does."""
    world = part("render_targets").world()
    unreal.SystemLibrary.execute_console_command(world, "TRANSACTION UNDO")


def channels(content: bytes) -> dict[str, Sequence[float]]:
    """Return the numbers of each channel of an EXR file, as editors and Filmgate write them."""
    attributes, start = exr_attributes(content)
    left, top, right, bottom = struct.unpack("<4i", attributes["dataWindow"])
    width, height = right - left + 1, bottom - top + 1
    kinds = dict(exr_channels(attributes["channels"]))
    lines = EXR_LINES[attributes["compression"][0]]
    line = sum(struct.calcsize(kind) * width for kind in kinds.values())
    found: dict[str, list[float]] = {name: [] for name in kinds}
    for row in range(0, height, lines):
        (place,) = struct.unpack_from("<Q", content, start + row // lines * 8)
        (size,) = struct.unpack_from("<i", content, place + 4)
        whole = min(lines, height - row) * line
        block = unpacked(content[place + 8 : place + 8 + size], whole)
        at = 0
        while at < whole:
            for name, kind in kinds.items():
                found[name] += struct.unpack_from(f"<{width}{kind}", block, at)
                at += struct.calcsize(kind) * width
    return {name: tuple(numbers) for name, numbers in found.items()}


def exr_attributes(content: bytes) -> tuple[Mapping[str, bytes], int]:
    """Return the header, and where the table of blocks begins."""
    found: dict[str, bytes] = {}
    place = 8
    while content[place]:
        end = content.index(b"\0", place)
        size_at = content.index(b"\0", end + 1) + 1
        (size,) = struct.unpack_from("<i", content, size_at)
        found[content[place:end].decode()] = content[size_at + 4 : size_at + 4 + size]
        place = size_at + 4 + size
    return found, place + 1


def exr_channels(listed: bytes) -> Iterator[tuple[str, str]]:
    """Yield each channel's name and the letter of its kind."""
    place = 0
    while listed[place]:
        end = listed.index(b"\0", place)
        yield listed[place:end].decode(), EXR_KINDS[listed[end + 1]]
        place = end + 17


def unpacked(block: bytes, size: int) -> bytes:
    """Return a block without ZIP: differences of bytes, of which the odd ones come last."""
    if len(block) == size:
        return block
    text, found = bytearray(zlib.decompress(block)), bytearray(size)
    for at in range(1, size):
        text[at] = (text[at - 1] + text[at] - 128) & 255
    middle = (size + 1) // 2
    found[0::2], found[1::2] = text[:middle], text[middle:]
    return bytes(found)


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
            untried = step()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what failed
            unreal.log_error(f"Filmgate smoke: FAILED  {told} {type(error).__name__}: {error}")
            return 1
        shown = f"untried {told} It {untried}." if untried else f"ok      {told}"
        unreal.log(f"Filmgate smoke: {shown}")
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
