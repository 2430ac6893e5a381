"""Small EXR files with a known truth, orders for them, and a runtime that is one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from filmgate.digest import digest_bytes
from filmgate.image.exr import encode_exr, parse_exr
from filmgate.image.frame import Part, Plate
from filmgate.image.header import Attribute, new_header, text_attribute
from filmgate.image.window import Window
from filmgate.manifest import Manifest, parse_manifest
from filmgate.tensor import Tensor, TensorSpec
from filmgate.wire.records import EXR_MEDIA, Wish
from filmgate_server.pool.messages import ColourOrder, InputEntry, Run
from filmgate_server.runtime.colour import AS_IS, Colour
from filmgate_server.worker.execution import InputBlob, Produced

SIZE = Window(0, 0, 7, 4)


def plane(seed: int, window: Window = SIZE, dtype: type[Any] = np.float16) -> Any:
    """Return (H, W) numbers, negative and bright ones too."""
    values = np.random.default_rng(seed).uniform(-4, 900, window.shape)
    return values.astype(dtype)


def part(
    channels: Mapping[str, Any],
    window: Window = SIZE,
    display: Window | None = None,
    compression: str = "zip",
    **texts: str,
) -> Part:
    """Return a part with text attributes *texts*."""
    header = new_header(window, display or window, compression)
    attributes: dict[str, Attribute] = {name: text_attribute(text) for name, text in texts.items()}
    if texts.get("name"):
        attributes["type"] = text_attribute("scanlineimage")
    return Part(header.with_attributes(attributes), channels)


def rgb(seed: int, prefix: str = "", **kinds: Any) -> dict[str, Any]:
    """Return three channels."""
    return {f"{prefix}{name}": plane(seed + place, **kinds) for place, name in enumerate("RGB")}


def exr(*parts: Part) -> bytes:
    """Return a file of *parts*."""
    return encode_exr(Plate(parts))


def blob(
    content: bytes,
    name: str = "color",
    view: str = "",
    media: str = EXR_MEDIA,
    time: float = 3.0,
) -> InputBlob:
    """Return an input as a task gets it."""
    digest = digest_bytes(content)
    entry = InputEntry(name, float(time), view, media, 1, len(content), digest)
    return InputBlob(entry, memoryview(content).toreadonly())


def order(
    blobs: Sequence[InputBlob] = (),
    wish: Wish | None = None,
    layers: Mapping[str, str] | None = None,
    provenance: Mapping[str, str] | None = None,
    colour: ColourOrder | None = None,
) -> Run:
    """Return the message that asks for work on *blobs*."""
    return Run(
        execution=1,
        package="/nowhere",
        package_digest=bytes(32),
        priority="interactive",
        time=1.0,
        params={"gain": 2.0},
        inputs=tuple(each.entry for each in blobs),
        layers=layers or {},
        wish=wish or Wish(),
        provenance=provenance or {},
        attached=(),
        colour=colour or ColourOrder(),
    )


def manifest(**changes: Any) -> Manifest:
    """Return a model of colour, with optional albedo, whose tables *changes* replace."""
    color = {"name": "color", "role": "color", "channels": ["R", "G", "B"]}
    albedo = {**color, "name": "albedo", "role": "albedo", "optional": True}
    document: dict[str, Any] = {
        "model": {"name": "tiny", "version": "1.0.0", "task": "test", "summary": "For a test."},
        "licence": {"code": "Apache-2.0", "weights": "none"},
        "inputs": [color, albedo],
        "outputs": [{"name": "color", "channels": ["R", "G", "B"], "replaces": "color"}],
        "runtime": {"engine": "array", "entry": "model.py:Model"},
    }
    return parse_manifest({**document, **changes})


class Steps:
    """Remembers the steps it is told of."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        """Note a step."""
        self.seen.append((done, total))


class FunctionRuntime:
    """A runtime that is one function of the inputs; it remembers what it was given."""

    def __init__(self, function: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        self._function = function
        self.seen: list[dict[str, Any]] = []

    def infer(
        self,
        inputs: Mapping[str, Any],
        params: Mapping[str, Any],
        step: Any,
        max_tile_px: int | None = None,
        colour: Colour = AS_IS,
    ) -> Any:
        """Run the function."""
        del max_tile_px
        self.colour = colour
        step(0, 1)
        self.seen.append(dict(inputs))
        outputs = dict(self._function(inputs))
        step(1, 1)
        return outputs

    def remarks(self, inputs: Mapping[str, Any], params: Mapping[str, Any]) -> list[str]:
        """Remark on what was given."""
        return [f"took {', '.join(sorted(inputs))}"]

    def output_specs(
        self, inputs: Mapping[str, TensorSpec], params: Mapping[str, Any]
    ) -> dict[str, TensorSpec]:
        """Answer in the type and shape of the colour."""
        return {"color": inputs["color"]}

    def infer_tensors(
        self,
        inputs: Mapping[str, Tensor],
        outputs: Mapping[str, Tensor],
        params: Mapping[str, Any],
        step: Any,
    ) -> None:
        """Run the function on bytes."""
        step(0, 1)
        outputs["color"].data[:] = self._function({"color": bytes(inputs["color"].data)})["color"]
        step(1, 1)

    def close(self) -> None:
        """Do nothing."""


class Room:
    """Memory for outputs, exactly as much as is asked for."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.memory: list[bytearray] = []

    def __call__(self, sizes: Sequence[int]) -> list[memoryview]:
        """Make room."""
        self.asked.append(list(sizes))
        self.memory = [bytearray(size) for size in sizes]
        return [memoryview(piece) for piece in self.memory]

    def plate(self, produced: Produced, place: int = 0) -> Plate:
        """Decode what was written."""
        return parse_exr(bytes(self.memory[place][: produced.size_bytes]))
