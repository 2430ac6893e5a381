"""Render targets of 8-bit channels: bytes in and out, none of them changed on the way."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import unreal

from filmgate.disk import storage_errors
from filmgate.errors import InputError
from filmgate.host.plain_exr import PlainImage, Plane, Window, to_plain_exr
from filmgate_unreal.bitmaps import to_floats

_FILE = "pixels.part"
"""A name without the suffix of a kind: which kind is written, the editor decides."""


def world() -> unreal.World:
    """Return the level that is being edited."""
    return unreal.get_editor_subsystem(unreal.UnrealEditorSubsystem).get_editor_world()


@contextmanager
def lent(width: int, height: int) -> Generator[unreal.TextureRenderTarget2D, None, None]:
    """Lend a render target of four linear channels; its memory is given back at the end.

    Raises:
        InputError: there is no level, or nothing to draw with.
    """
    target = unreal.RenderingLibrary.create_render_target2d(
        world(), width, height, unreal.TextureRenderTargetFormat.RTF_RGBA8
    )
    if target is None:
        raise InputError("The editor made no render target.", "Open a level, with a GPU.")
    try:
        yield target
    finally:
        unreal.RenderingLibrary.release_render_target2d(target)


def read(target: unreal.TextureRenderTarget2D) -> bytes:
    """Return the picture that the editor writes of a render target; nothing where it writes none.

    Of 8-bit channels it is a PNG as a rule; only the content says.
    """
    with tempfile.TemporaryDirectory(prefix="filmgate-") as folder:
        unreal.RenderingLibrary.export_render_target(world(), target, folder, _FILE)
        with storage_errors(Path(folder)):
            found = sorted(Path(folder).iterdir())
            return found[0].read_bytes() if found else b""


def draw(
    target: unreal.TextureRenderTarget2D, planes: Mapping[str, bytes], width: int, height: int
) -> None:
    """Draw bytes over a render target of their size, pixel on pixel.

    They go in as fractions of 255 in an EXR file, on which the engine puts no curve of sRGB; it
    keeps halves, which tell those fractions apart, and the target rounds to the byte again.

    Raises:
        InputError: the editor did not read them.
    """
    texture = _texture(planes, width, height)
    library = unreal.RenderingLibrary
    canvas, _, context = library.begin_draw_canvas_to_render_target(world(), target)
    if canvas is None:
        raise InputError("The editor cannot draw here.", "Run it with a GPU, not with -nullrhi.")
    try:
        canvas.draw_texture(
            texture,
            unreal.Vector2D(0.0, 0.0),
            unreal.Vector2D(width, height),
            unreal.Vector2D(0.0, 0.0),
            unreal.Vector2D(1.0, 1.0),
            unreal.LinearColor(1.0, 1.0, 1.0, 1.0),
            unreal.BlendMode.BLEND_OPAQUE,
        )
    finally:
        library.end_draw_canvas_to_render_target(world(), context)


def _texture(planes: Mapping[str, bytes], width: int, height: int) -> unreal.Texture2D:
    window = Window(0, 0, width - 1, height - 1)
    empty = bytes(width * height)
    floats = {
        letter: Plane("float", to_floats(planes.get(letter, empty), 8, curved=False))
        for letter in "RGB"
    }
    with tempfile.TemporaryDirectory(prefix="filmgate-") as folder:
        path = Path(folder) / "pixels.exr"
        with storage_errors(path):
            path.write_bytes(to_plain_exr(PlainImage(window, window, floats)))
        texture = unreal.RenderingLibrary.import_file_as_texture2d(world(), path.as_posix())
    if texture is None:
        raise InputError("The editor did not read the pixels.", "Its log says why.")
    return texture
