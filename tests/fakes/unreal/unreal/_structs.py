"""Small values: vectors, colours, paths. Colours are of 32-bit floats, vectors of 64."""

from __future__ import annotations

from unreal._objects import StructBase
from unreal._properties import double, prop


class LinearColor(StructBase):
    r: float = prop(0.0)
    g: float = prop(0.0)
    b: float = prop(0.0)
    a: float = prop(0.0)

    def __init__(self, r: float = 0.0, g: float = 0.0, b: float = 0.0, a: float = 0.0) -> None:
        self._fill(locals())


class Vector2D(StructBase):
    x: float = double()
    y: float = double()

    def __init__(self, x: float = 0.0, y: float = 0.0) -> None:
        self._fill(locals())


class Vector(StructBase):
    x: float = double()
    y: float = double()
    z: float = double()

    def __init__(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> None:
        self._fill(locals())


class Vector4(StructBase):
    x: float = double()
    y: float = double()
    z: float = double()
    w: float = double()

    def __init__(self, x: float = 0.0, y: float = 0.0, z: float = 0.0, w: float = 0.0) -> None:
        self._fill(locals())


class Rotator(StructBase):
    """Degrees; the constructor has another order than the editor's window."""

    roll: float = double()
    pitch: float = double()
    yaw: float = double()

    def __init__(self, roll: float = 0.0, pitch: float = 0.0, yaw: float = 0.0) -> None:
        self._fill(locals())


class FilePath(StructBase):
    file_path: str = prop("")

    def __init__(self, file_path: str = "") -> None:
        self._fill(locals())


class DirectoryPath(StructBase):
    path: str = prop("")

    def __init__(self, path: str = "") -> None:
        self._fill(locals())
