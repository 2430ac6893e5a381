"""Image layers: pixels of one to four channels, and the order in which one must be set up."""

from __future__ import annotations

import array
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from hou import _buffers
from hou._constants import (
    imageLayerBorder,
    imageLayerProjection,
    imageLayerStorageType,
    imageLayerTypeInfo,
)
from hou._enums import EnumValue
from hou._errors import OperationFailed, PermissionError
from hou._guard import Guarded
from hou._vectors import BoundingRect

CODES = {
    imageLayerStorageType.Float16: "e",
    imageLayerStorageType.Float32: "f",
    imageLayerStorageType.Int8: "b",
    imageLayerStorageType.Int16: "h",
    imageLayerStorageType.Int32: "i",
}
"""The storage types in use; fixed point is not stood in for."""

WRONG_SIZE = "Provided buffer incorrect size"


class ImageLayer(Guarded):
    """Pixels with a window, of a node that has cooked (read only) or of one's own.

    The first row is the lowest, as everywhere in Copernicus.
    """

    def __init__(self, layer: Optional[ImageLayer] = None) -> None:
        self._storage: Any = imageLayerStorageType.Float32
        self._channels = 4
        self._window = (0, 0, 0, 0)
        self._display = (0.0, 0.0, 0.0, 0.0)
        self._constant: Optional[tuple[float, ...]] = None
        self._elements: Any = array.array("f")
        self._facts: dict[str, Any] = {
            "border": imageLayerBorder.Constant,
            "typeInfo": imageLayerTypeInfo.Raw,
            "projection": imageLayerProjection.Orthographic,
            "pixelScale": (1.0, 1.0),
            "pixelAspectRatio": 1.0,
            "cameraPosition": (0.0, 0.0, 0.0),
            "aperture": 41.4214,
            "focalLength": 50.0,
            "clippingRange": (0.001, 10000.0),
            "fStop": 5.6,
            "focusDistance": 5.0,
            "shutter": (-0.5, 0.5),
        }
        self._attributes: dict[str, Any] = {}
        self._frozen = False
        if layer is not None:
            self._take(layer)

    def _take(self, other: ImageLayer) -> None:
        self._storage, self._channels = other._storage, other._channels
        self._window, self._display = other._window, other._display
        self._constant, self._elements = other._constant, other._elements[:]
        self._facts, self._attributes = dict(other._facts), dict(other._attributes)

    def _change(self) -> None:
        if self._frozen:
            raise PermissionError("The layer is read-only: freeze() gives one that is not")

    def freeze(self) -> ImageLayer:
        """Return a copy that can be written to."""
        return ImageLayer(self)

    def isFrozen(self) -> bool:
        return not self._frozen

    def close(self) -> None:
        self._elements = array.array("f")

    # ---- pixels -----------------------------------------------------------------------------

    def storageType(self) -> EnumValue:
        return self._storage

    def setStorageType(self, storagetype: EnumValue) -> None:
        """Set the kind of number; the pixels are lost."""
        self._change()
        if storagetype not in CODES:
            raise OperationFailed(f"The stand-in has no layers of {storagetype!r}")
        self._storage = storagetype
        self._lose()

    def channelCount(self) -> int:
        return self._channels

    def setChannelCount(self, chan: int) -> None:
        """Set how many channels there are, 1 to 4; the pixels are lost."""
        self._change()
        if not 1 <= chan <= 4:
            raise OperationFailed("A layer has 1 to 4 channels")
        self._channels = chan
        self._lose()

    def _lose(self) -> None:
        """Lose the pixels, and the window with them: it has to be set after this."""
        self._elements = array.array(self._code())
        self._window = (0, 0, 0, 0)
        self._constant = None

    def _code(self) -> str:
        code = CODES[self._storage]
        return "f" if code == "e" else code

    def bufferResolution(self) -> tuple[int, ...]:
        _, _, width, height = self._window
        across, up = self._facts["pixelScale"]
        return (round(width / across), round(height / up))

    def allBufferElements(self, *args: Any) -> bytes:
        """Return all elements, as the storage type and with the channels that are asked for."""
        storage, channels = args
        if storage not in CODES:
            raise OperationFailed(f"The stand-in has no layers of {storage!r}")
        width, height = self.bufferResolution()
        if self._constant is not None:
            values: Any = list(self._constant) * (width * height)
        else:
            values = self._elements
        if channels != self._channels:
            values = _rechanneled(values, self._channels, channels)
        return _buffers.to_bytes(values, CODES[storage])

    def setAllBufferElements(self, *args: Any) -> None:
        """Set all elements, from bytes of the layer's own storage type and channels."""
        self._change()
        raw = memoryview(args[0]).cast("B")
        width, height = self.bufferResolution()
        code = CODES[self._storage]
        size = {"e": 2, "f": 4, "b": 1, "h": 2, "i": 4}[code]
        if len(raw) != width * height * self._channels * size or not len(raw):
            raise OperationFailed(WRONG_SIZE)
        if len(args) > 1 and args[1] != len(raw):
            raise OperationFailed(WRONG_SIZE)
        self._elements = array.array(self._code(), _buffers.from_bytes(raw, code))
        self._constant = None

    def bufferIndex(self, x: int, y: int) -> Any:
        width, height = self.bufferResolution()
        if not (0 <= x < width and 0 <= y < height):
            raise OperationFailed("The index is outside of the buffer")
        if self._constant is not None:
            found = self._constant
        else:
            at = (y * width + x) * self._channels
            found = tuple(self._elements[at : at + self._channels])
        return found[0] if self._channels == 1 else found

    def isConstant(self) -> bool:
        return self._constant is not None

    def makeConstant(self, val: Sequence[float]) -> None:
        self._change()
        given = [float(each) for each in val]
        self._constant = tuple((given + [given[-1]] * 4)[: self._channels])

    def onCPU(self) -> bool:
        return True

    def onGPU(self) -> bool:
        return False

    def storesIntegers(self) -> bool:
        return CODES[self._storage] in "bhi"

    # ---- windows ----------------------------------------------------------------------------

    def dataWindow(self) -> BoundingRect:
        x, y, width, height = self._window
        return BoundingRect(x, y, x + width, y + height)

    def setDataWindow(self, x: int, y: int, w: int, h: int) -> None:
        """Set the pixels that the buffer covers; their values are lost."""
        self._change()
        if not all(isinstance(each, int) for each in (x, y, w, h)):
            raise TypeError("in method 'ImageLayer_setDataWindow', argument of type 'int'")
        self._window = (x, y, w, h)
        across, up = self.bufferResolution()
        self._elements = array.array(self._code(), [0] * (across * up * self._channels))
        self._constant = None
        if self._display == (0.0, 0.0, 0.0, 0.0):
            self._display = (float(x), float(y), float(w), float(h))

    def displayWindow(self) -> BoundingRect:
        x, y, width, height = self._display
        return BoundingRect(x, y, x + width, y + height)

    def setDisplayWindow(self, x: float, y: float, w: float, h: float) -> None:
        self._change()
        self._display = (float(x), float(y), float(w), float(h))

    # ---- what it is -------------------------------------------------------------------------

    def attributes(self) -> dict[str, Any]:
        return dict(self._attributes)

    def setAttributes(self, p: Mapping[str, Any]) -> None:
        self._change()
        self._attributes = dict(p)

    def updateAttributes(self, p: Mapping[str, Any]) -> None:
        self._change()
        self._attributes.update(p)

    def border(self) -> EnumValue:
        return self._facts["border"]

    def setBorder(self, storagetype: EnumValue) -> None:
        self._change()
        self._facts["border"] = storagetype

    def typeInfo(self) -> EnumValue:
        return self._facts["typeInfo"]

    def setTypeInfo(self, storagetype: EnumValue) -> None:
        self._change()
        self._facts["typeInfo"] = storagetype

    def projection(self) -> EnumValue:
        return self._facts["projection"]

    def setProjection(self, projection: EnumValue) -> None:
        self._change()
        self._facts["projection"] = projection

    def pixelScale(self) -> tuple[float, ...]:
        return self._facts["pixelScale"]

    def setPixelScale(self, scale: Sequence[float]) -> None:
        self._change()
        self._facts["pixelScale"] = tuple(float(each) for each in scale)

    def pixelAspectRatio(self) -> float:
        return self._facts["pixelAspectRatio"]

    def setPixelAspectRatio(self, aspect: float) -> None:
        self._change()
        self._facts["pixelAspectRatio"] = float(aspect)

    def aperture(self) -> float:
        return self._facts["aperture"]

    def setAperture(self, aperture: float) -> None:
        self._change()
        self._facts["aperture"] = float(aperture)

    def focalLength(self) -> float:
        return self._facts["focalLength"]

    def setFocalLength(self, focal: float) -> None:
        self._change()
        self._facts["focalLength"] = float(focal)

    def cameraPosition(self) -> tuple[float, ...]:
        return self._facts["cameraPosition"]

    def setCameraPosition(self, pos: Sequence[float]) -> None:
        self._change()
        self._facts["cameraPosition"] = tuple(float(each) for each in pos)

    def fStop(self) -> float:
        return self._facts["fStop"]

    def setFStop(self, fstop: float) -> None:
        self._change()
        self._facts["fStop"] = float(fstop)

    def clippingRange(self) -> tuple[float, ...]:
        return self._facts["clippingRange"]

    def setClippingRange(self, range: Sequence[float]) -> None:
        self._change()
        self._facts["clippingRange"] = tuple(float(each) for each in range)

    def focusDistance(self) -> float:
        return self._facts["focusDistance"]

    def setFocusDistance(self, focus: float) -> None:
        self._change()
        self._facts["focusDistance"] = float(focus)

    def shutter(self) -> tuple[float, ...]:
        return self._facts["shutter"]

    def setShutter(self, shutter: Sequence[float]) -> None:
        self._change()
        self._facts["shutter"] = tuple(float(each) for each in shutter)


def _rechanneled(values: Any, has: int, wanted: int) -> list[float]:
    """Return elements with more or fewer channels: what is missing is zero, an alpha one."""
    made: list[float] = []
    for start in range(0, len(values), has):
        element = list(values[start : start + has])
        element = element * wanted if has == 1 and wanted < 4 else element
        made += (element + [0.0] * (3 - len(element)) + [1.0])[:wanted]
    return made
