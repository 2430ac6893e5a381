"""OCIO configs of a test's own, as archives."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

HALF = "half as bright"
"""A linear space whose values are half of those in `LIGHT`."""

LIGHT = "light"
"""The scene-linear space: ACES2065-1 by another name."""

TABLED = "tabled"
"""A space that a look-up table leads to from `LIGHT`."""

CONFIG = """ocio_profile_version: 2
environment: {{TABLE: curve.spi1d}}
search_path: luts
roles: {{default: light, scene_linear: light, data: raw, aces_interchange: light}}
displays:
  screen:
    - !<View> {{name: plain, colorspace: raw}}
colorspaces:
  - !<ColorSpace> {{name: light, encoding: scene-linear}}
  - !<ColorSpace> {{name: raw, isdata: true}}
  - !<ColorSpace>
    name: half as bright
    aliases: [half]
    encoding: scene-linear
    from_scene_reference: !<MatrixTransform> {{matrix: [{factor}, 0, 0, 0, 0, {factor}, 0, 0, 0, 0, {factor}, 0, 0, 0, 0, 1]}}
  - !<ColorSpace>
    name: liar
    encoding: scene-linear
    from_scene_reference: !<MatrixTransform> {{offset: [0.1, 0, 0, 0]}}
  - !<ColorSpace>
    name: tabled
    encoding: log
    from_scene_reference: !<FileTransform> {{src: {table}}}
"""  # noqa: E501 - as OCIO writes it

CURVE = "Version 1\nFrom 0.0 1.0\nLength 3\nComponents 1\n{{\n0.0\n{middle}\n1.0\n}}\n"


def archive(
    factor: float = 0.5, middle: float = 0.25, table: str = "$TABLE", **more: bytes
) -> bytes:
    """Return a small config as an ``.ocioz`` archive.

    Args:
        factor: of `HALF`.
        middle: what 0.5 becomes in `TABLED`.
        table: the file that its curve is read from.
        more: further files, by their paths.
    """
    files = {
        "config.ocio": CONFIG.format(factor=factor, table=table).encode(),
        "luts/curve.spi1d": curve(middle),
        **more,
    }
    return zipped(files)


def curve(middle: float) -> bytes:
    """Return a look-up table that makes *middle* of 0.5."""
    return CURVE.format(middle=middle).encode()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return *files* as a zip."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)  # of no time, so that equal files make equal archives
            packed.writestr(member, content, zipfile.ZIP_DEFLATED)
    return memory.getvalue()
