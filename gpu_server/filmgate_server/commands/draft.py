"""Complete a new package: save the weights, find its sizes by trying, make a golden test."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.disk import write_whole
from filmgate.errors import ManifestError, ModelError
from filmgate.image.exr import encode_exr
from filmgate.image.frame import Plate
from filmgate.image.window import Window
from filmgate_server.commands.bearer import Bearer
from filmgate_server.commands.finding import Finding, note
from filmgate_server.commands.frames import defaults, noise
from filmgate_server.commands.geometry import SIDE_PX, find_multiple, find_reach, find_scale
from filmgate_server.commands.golden_tensors import write_golden
from filmgate_server.commands.goldens import as_part
from filmgate_server.commands.template import WEIGHTS_FILE
from filmgate_server.registry.content import MANIFEST_FILE
from filmgate_server.registry.local import load_manifest
from filmgate_server.runtime.source import load_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from filmgate_server.runtime.port import Pixels
    from filmgate_server.worker.memory import DeviceMemory

_RESULT_REMEDY = (
    "Let forward take each input as (N, C, H, W) and return one tensor of that form. Of several "
    "results return the first alone for now; docs/models.md says how to add the others."
)
TILE_PX = 1024
"""Larger tiles would let a cancelled job wait."""

VOLUME_TILE_PX = 128
"""Each of them is as deep as the volume."""

TEST_SIDE_PX = 96
TEST_FOLDER = "tests"
TEST_DB = 60.0
"""What half precision on a GPU keeps, and no other net reaches."""


def complete_draft(
    folder: Path, device: str, threads: int, memory: DeviceMemory
) -> Iterator[Finding]:
    """Fill in what only the module itself can say, and yield what was found.

    Args:
        folder: with the code, and a ``model.toml`` without weights and sizes.
        device: where it is tried.
        threads: of a CPU; 0 leaves it to the engine.
        memory: of the device.

    Raises:
        FilmgateError: the module cannot be made or run.
    """
    yield from _save_weights(folder)
    manifest = load_manifest(folder)
    params = defaults(manifest)
    if manifest.main_input.kind != "attribute":  # which is neither scaled nor cut
        yield from _find_sizes(folder, device, threads, memory)
    bearer = Bearer(folder, load_manifest(folder), device, threads, memory)
    _write_test(folder, bearer, params)
    yield note("tests", f"{TEST_FOLDER}/ holds a frame and what the model makes of it now.")


def _find_sizes(folder: Path, device: str, threads: int, memory: DeviceMemory) -> Iterator[Finding]:
    """Find scale, multiple and halo by trying, and write them into the manifest."""
    manifest = load_manifest(folder)
    params = defaults(manifest)
    first = Bearer(folder, manifest, device, threads, memory)
    frames = noise(manifest, SIDE_PX, SIDE_PX)
    scale = find_scale(first, params, frames)
    if not scale:
        _explain(first, frames, params)
    geometry = replace(manifest.geometry, scale=scale)
    scaled = Bearer(folder, replace(manifest, geometry=geometry), device, threads, memory)
    multiple = find_multiple(scaled, params)
    if not multiple:
        raise ManifestError("The module takes none of the sizes that were tried.")
    geometry = replace(geometry, multiple_of=multiple)
    settled = Bearer(folder, replace(manifest, geometry=geometry), device, threads, memory)
    reach = find_reach(settled, params)
    text = f"multiple_of = {multiple}, scale = {scale}, "
    yield note("sizes", text + ("never cut" if reach is None else f"halo_px = {reach}") + ".")
    largest_px = VOLUME_TILE_PX if "z" in manifest.main_input.axes else TILE_PX
    tile_px = 0 if reach is None else largest_px
    _set(folder, multiple_of=multiple, scale=scale, max_tile_px=tile_px, halo_px=reach or 0)


def _explain(bearer: Bearer, frames: Mapping[str, Pixels], params: dict[str, Any]) -> None:
    """Run the module once more, to say what is wrong with it or with its result.

    Raises:
        ModelError: tells the author how a result must look.
    """
    try:
        bearer.run(frames, params)
    except ModelError as error:
        raise ModelError(error.text, _RESULT_REMEDY) from error


def _save_weights(folder: Path) -> Iterator[Finding]:
    """Write the module's own state, unless weights were given, and name the file."""
    from safetensors.torch import save  # noqa: PLC0415 - it brings torch

    path = folder / WEIGHTS_FILE
    state: dict[str, Any] = load_entry(folder, load_manifest(folder)).state_dict()
    if not path.exists():
        if not state:
            return
        write_whole(path, save({name: each.contiguous().clone() for name, each in state.items()}))
        yield note("weights", f"{WEIGHTS_FILE} holds what the module has when it is made.")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    rows = f'file = "{WEIGHTS_FILE}"\nsha256 = "{digest}"\nbytes = {len(content)}\n'
    _append(folder, f"\n[[weights]]\n{rows}")


def _write_test(folder: Path, bearer: Bearer, params: dict[str, Any]) -> None:
    """Keep a frame, and the model's result, as the golden test."""
    (folder / TEST_FOLDER).mkdir(exist_ok=True)
    if bearer.manifest.takes_tensors:
        _append(folder, write_golden(folder / TEST_FOLDER, bearer, params, TEST_DB))
        return
    frames = _picture(bearer)
    files: dict[str, str] = {}
    for name, pixels in frames.items():
        files[name] = f"{TEST_FOLDER}/{name}.exr"
        _write_exr(folder / files[name], pixels, bearer.manifest.input(name).channels)
    result = bearer.run(frames, params)
    output = bearer.manifest.outputs[0]
    channels = output.channels or bearer.manifest.main_input.channels
    golden = f"{TEST_FOLDER}/golden.exr"
    _write_exr(folder / golden, result[output.name], channels)
    inputs = ", ".join(f'{name} = "{file}"' for name, file in files.items())
    rows = f'inputs = {{ {inputs} }}\ngolden = "{golden}"\nmetric = "psnr_tm"\n'
    _append(folder, f"\n[[tests]]\n{rows}threshold = {TEST_DB}\n")


def _picture(bearer: Bearer) -> Mapping[str, Pixels]:
    """Return a soft ramp with a bright spot and a little noise: something to see in each range."""
    frames = noise(bearer.manifest, TEST_SIDE_PX, TEST_SIDE_PX)
    y, x = np.mgrid[0:TEST_SIDE_PX, 0:TEST_SIDE_PX].astype(np.float32) / TEST_SIDE_PX
    light = (0.8 * x * y + 8 * np.exp(-200 * ((x - 0.7) ** 2 + (y - 0.3) ** 2)))[..., None]
    colours = {entry.name for entry in bearer.manifest.inputs if entry.is_colour}
    return {
        name: (light + 0.1 * pixels).astype(np.float32) if name in colours else pixels
        for name, pixels in frames.items()
    }


def _write_exr(path: Path, pixels: Pixels, channels: tuple[str, ...]) -> None:
    height, width, count = pixels.shape
    names = channels or ("R", "G", "B", "A")[:count]
    part = as_part(pixels, names, Window(0, 0, width - 1, height - 1))
    write_whole(path, encode_exr(Plate((part,))))


def _set(folder: Path, **values: int) -> None:
    """Change whole numbers in the draft of the manifest."""
    path = folder / MANIFEST_FILE
    text = path.read_text(encoding="utf-8")
    for name, value in values.items():
        text = re.sub(rf"^{name} = \d+$", f"{name} = {value}", text, flags=re.MULTILINE)
    write_whole(path, text.encode())


def _append(folder: Path, text: str) -> None:
    path = folder / MANIFEST_FILE
    write_whole(path, path.read_bytes() + text.encode())
