"""Landscapes: the heights of an existing one out as metres, and results in again.

A landscape keeps 16-bit numbers: ``cm = (number - 32768) / 128 x scale z``. They travel through a
render target of 8-bit channels, the high byte in red and the low one in green, which keeps every
bit. Python cannot make a landscape, nor give one another resolution: a result of another size is
written as a 16-bit picture that the editor's landscape mode imports.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

import unreal

from filmgate.disk import make_folder, storage_errors, write_whole
from filmgate.errors import InputError
from filmgate.host.freshness import UNKNOWN
from filmgate.host.port import Moment
from filmgate.job import Payload
from filmgate.manifest import Manifest
from filmgate.tensor import TENSOR_MEDIA, Tensor, TensorSpec, parse_tensor_blob, to_tensor_blob
from filmgate.wire.records import ColourSpec
from filmgate_unreal import dialogs, render_targets, states, ticks
from filmgate_unreal.bitmaps import parse_bitmap, to_png
from filmgate_unreal.extents import landscapes, scale_of, size_of
from filmgate_unreal.textures import FRAME

ZERO, STEPS_PER_CM, LARGEST = 32768, 128.0, 65535
"""The number of height 0, how many there are for each centimetre at scale 1, and the largest."""

SPACING = "spacing"
"""The input of a model that wants to know how many metres lie between two samples."""

HEIGHTMAPS = "Filmgate/heightmaps"
_CM_PER_M = 100.0

_Field = tuple["array[float]", tuple[int, int, int], tuple[str, str, str]]
"""Numbers with their shape and axes."""


class LandscapeSource:
    """What a model gets of a landscape.

    It knows the actor by its name alone: the artist may open another level meanwhile, and other
    threads hold the source, where no object of the engine may be let go.

    Args:
        actor: the landscape; any of its proxies will do.
    """

    kind = "volume"

    def __init__(self, actor: unreal.LandscapeProxy) -> None:
        whole = actor.get_landscape_actor() or actor
        self._name, self._label = whole.get_path_name(), str(whole.get_actor_label())
        self._prepared: list[bytes] = []

    @property
    def path(self) -> str:
        """The actor's path in its level."""
        return self._name.replace(".", "/").replace(":", "/")

    @property
    def actor(self) -> unreal.LandscapeProxy:
        """The landscape.

        Raises:
            InputError: its level is not open any more.
        """
        for each in landscapes():
            if each.get_path_name() == self._name:
                return each
        text = f"{self._label} is not in the level that is open."
        raise InputError(text, "Open its level, and try again.", {"path": self._name})

    def label(self) -> str:
        """Return what the outliner called it when the work on it began."""
        return self._label

    def span(self) -> tuple[int, int]:
        """Return the one frame that a landscape is."""
        return FRAME, FRAME

    def colour(self) -> ColourSpec:
        """Return nothing: heights are no colours."""
        return ColourSpec()

    def fingerprint(self, moment: Moment) -> str:
        """Return nothing: a brush leaves no mark that is cheap to read. The heights decide."""
        return UNKNOWN

    def capture(self, manifest: Manifest, name: str, moment: Moment) -> Optional[Payload]:
        """Return the heights in metres, or the metres between samples.

        Raises:
            InputError: the editor cannot hand the heights out.
        """
        if name == manifest.main_input.name:
            blob = self._prepared.pop() if self._prepared else _blob(name, *self._read()())
        elif name == SPACING:
            steps = array("f", [each / _CM_PER_M for each in scale_of(self.actor)[:2]])
            blob = _blob(name, steps, (2,), ("axis",))
        else:
            return None
        return Payload(name, blob, TENSOR_MEDIA, moment.time, moment.view)

    def prepare(self, manifest: Manifest, moment: Moment) -> Callable[[], None]:
        """Let the editor write the heights; the rest turns them into what is sent.

        Raises:
            InputError: the editor cannot hand the heights out.
        """
        read, name, prepared = self._read(), manifest.main_input.name, self._prepared

        def rest() -> None:
            prepared[:] = [_blob(name, *read())]

        return rest

    def _read(self) -> Callable[[], _Field]:
        """Let the editor write the heights; return what reads them, on any thread."""
        actor = self.actor
        (width, height), scale_z = size_of(actor), scale_of(actor)[2]
        numbers = read_numbers(actor, width, height)
        return lambda: (to_metres(numbers(), scale_z), (height, width, 1), ("y", "x", "c"))

    def preview(self, files: Mapping[int, Path]) -> Optional[unreal.Object]:
        """Return nothing: heights are seen on the landscape alone, and undone there."""
        return None

    def accept(self, files: Mapping[int, Path], target: str) -> list[unreal.Object]:
        """Write the heights into the landscape, or beside the project where their size is another.

        Raises:
            InputError: they do not fit.
        """
        result, actor = load_heights(files[min(files)]), self.actor
        if result.size == size_of(actor):
            write_heights(actor, result)
        else:
            self._hand_over(result, actor)
        return []

    def _hand_over(self, result: Heights, actor: unreal.LandscapeProxy) -> None:
        path = save_heightmap(actor, result)
        (width, _), (before, _) = result.size, size_of(actor)
        scale = scale_of(actor)
        factor = (before - 1) / (width - 1)
        text = (
            f"{self.label()} keeps its resolution, and the result has another one. It is in "
            f"{path.as_posix()}: make a landscape of it with Landscape Mode ▸ Manage ▸ New ▸ "
            f"Import from File, at a scale of {scale[0] * factor:g}, {scale[1] * factor:g}, "
            f"{scale[2]:g}."
        )
        unreal.log(f"Filmgate: {text}")
        if dialogs.attended():  # a dialog inside an undo step would hold it open
            ticks.post(lambda: dialogs.tell(text))


@dataclass(frozen=True)
class Heights:
    """A result.

    Attributes:
        metres: row by row, the lowest y first.
        size: columns and rows.
    """

    metres: array[float]
    size: tuple[int, int]


def load_heights(path: Path) -> Heights:
    """Read a result.

    Raises:
        InputError: it is no heightfield of one layer.
    """
    with storage_errors(path):
        tensors = parse_tensor_blob(path.read_bytes())
    tensor: Tensor = next(iter(tensors.values()))
    spec = tensor.spec
    if spec.dtype != "F32" or len(spec.shape) not in (2, 3) or spec.shape[2:] not in ((), (1,)):
        raise InputError("The result is no heightfield of one layer.", "Choose another model.")
    metres = array("f", bytes(tensor.data))
    return Heights(metres, (spec.shape[1], spec.shape[0]))


def to_metres(numbers: array[int], scale_z: float) -> array[float]:
    """Return the heights of a landscape's numbers; see this module's head."""
    step = scale_z / STEPS_PER_CM / _CM_PER_M
    table = [(number - ZERO) * step for number in range(LARGEST + 1)]
    return array("f", map(table.__getitem__, numbers))


def to_numbers(metres: array[float], scale_z: float) -> array[int]:
    """Return the nearest numbers of heights.

    Raises:
        InputError: a height is beyond what the landscape can keep at this scale; nothing is cut.
    """
    steps = STEPS_PER_CM * _CM_PER_M / scale_z
    found = [round(each * steps) + ZERO for each in metres]
    if found and not 0 <= min(found) <= max(found) <= LARGEST:
        reach_m = ZERO / steps
        text = f"The result is up to {max(map(abs, metres)):.1f} m high; this landscape keeps "
        remedy = "Raise the landscape's scale in z, or the model's amount."
        raise InputError(f"{text}{reach_m:.1f} m above and below its origin.", remedy)
    return array("H", found)


def read_numbers(actor: unreal.LandscapeProxy, width: int, height: int) -> Callable[[], array[int]]:
    """Let the editor write the landscape's numbers; return what reads them, on any thread.

    They come row by row, the lowest y first. Either step may raise.

    Raises:
        InputError: the editor does not hand them out.
    """
    unread = _unread(actor)
    with render_targets.lent(width, height) as target:
        if not actor.landscape_export_heightmap_to_render_target(target, True, True):
            raise unread
        content = render_targets.read(target)

    def numbers() -> array[int]:
        bitmap = parse_bitmap(content) if content else None
        if bitmap is None or (bitmap.width, bitmap.height, bitmap.bits) != (width, height, 8):
            raise unread
        pairs = bytearray(2 * width * height)
        pairs[0::2], pairs[1::2] = bitmap.planes["G"], bitmap.planes["R"]
        return array("H", bytes(pairs))

    return numbers


def write_heights(actor: unreal.LandscapeProxy, heights: Heights) -> None:
    """Overwrite the heights of a landscape of the same size.

    Raises:
        InputError: they do not fit, or the editor does not take them.
    """
    width, height = heights.size
    numbers = to_numbers(heights.metres, scale_of(actor)[2]).tobytes()
    with render_targets.lent(width, height) as target:
        render_targets.draw(target, {"R": numbers[1::2], "G": numbers[0::2]}, width, height)
        actor.modify()
        if not actor.landscape_import_heightmap_from_render_target(target, True):
            text = f"The editor did not take the heights of {actor.get_actor_label()}."
            raise InputError(text, "Select an edit layer that is not locked, and accept again.")


def save_heightmap(actor: unreal.LandscapeProxy, heights: Heights) -> Path:
    """Write a result whole as the 16-bit picture that the landscape mode imports; return its path.

    Raises:
        InputError: a height is beyond what the landscape's scale can keep.
    """
    numbers = to_numbers(heights.metres, scale_of(actor)[2])
    folder = states.saved_folder() / HEIGHTMAPS
    make_folder(folder)
    path = folder / f"{actor.get_actor_label()}_{heights.size[0]}x{heights.size[1]}.png"
    write_whole(path, to_png({"Y": numbers.tobytes()}, *heights.size, bits=16))
    return path


def _unread(actor: unreal.LandscapeProxy) -> InputError:
    text = f"The editor does not hand out the heights of {actor.get_actor_label()}."
    return InputError(text, "Load all parts of the landscape, and run the editor with a GPU.")


def _blob(name: str, numbers: array[float], shape: tuple[int, ...], axes: tuple[str, ...]) -> bytes:
    return to_tensor_blob({name: (TensorSpec("F32", shape, axes), numbers.tobytes())})
