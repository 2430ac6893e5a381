"""Golden tests of geometry: files of tensors in, and how far a tensor is from the golden one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from filmgate.disk import write_whole
from filmgate.errors import ManifestError
from filmgate.image.numbers import numbers_distance
from filmgate.params import resolve_parameters
from filmgate.tensor import TensorSpec, check_tensors, parse_tensor_blob, to_tensor_blob
from filmgate_server.commands.frames import noise
from filmgate_server.commands.toml import toml_lines
from filmgate_server.registry.content import locate
from filmgate_server.runtime.geometry import to_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from filmgate.manifest import GoldenTest, ModelInput, ModelOutput
    from filmgate.tensor import Tensor
    from filmgate_server.commands.bearer import Bearer
    from filmgate_server.runtime.geometry import Numbers


def measure_tensors(folder: Path, bearer: Bearer, test: GoldenTest) -> float:
    """Return what the test's metric says of the model's result.

    Raises:
        FilmgateError: a file cannot be used, or the model fails.
    """
    manifest = bearer.manifest
    name = test.output or manifest.outputs[0].name
    tensors = {each: load_tensor(folder, file, each) for each, file in test.inputs.items()}
    check_tensors(manifest, {each: tensor.spec for each, tensor in tensors.items()})
    params = resolve_parameters(manifest.params, test.params)
    inputs = {each: to_numbers(tensor) for each, tensor in tensors.items()}
    result = bearer.run(inputs, params)[name]
    golden = to_numbers(load_tensor(folder, test.golden, name))
    if golden.shape != result.shape:
        text = f"{test.golden} has the sizes {golden.shape}, the result {result.shape}."
        raise ManifestError(text, "Make the golden file anew.")
    found = numbers_distance(result, golden)
    if found.unmatched:
        return math.inf if test.metric == "max_error" else -math.inf
    return found.max_error if test.metric == "max_error" else found.psnr_db


INPUTS_FILE, GOLDEN_FILE = "inputs.safetensors", "golden.safetensors"
TEST_SIDE = 48


def write_golden(
    folder: Path, bearer: Bearer, params: Mapping[str, Any], threshold_db: float
) -> str:
    """Keep noise, and what the model makes of it, as a golden test; return the manifest's lines.

    Args:
        folder: of the package's tests.
        bearer: the model.
        params: what it is told.
        threshold_db: what other machines must reach.
    """
    manifest = bearer.manifest
    inputs = noise(manifest, TEST_SIDE, TEST_SIDE)
    output = manifest.outputs[0]
    result = bearer.run(inputs, params)[output.name]
    given = {entry.name: (entry, inputs[entry.name]) for entry in manifest.inputs}
    write_whole(folder / INPUTS_FILE, _blob(given))
    write_whole(folder / GOLDEN_FILE, _blob({output.name: (output, result)}))
    files = ", ".join(f'{name} = "{folder.name}/{INPUTS_FILE}"' for name in inputs)
    rows = {"golden": f"{folder.name}/{GOLDEN_FILE}", "metric": "psnr", "threshold": threshold_db}
    return f"\n[[tests]]\ninputs = {{ {files} }}\n{toml_lines(rows)}"


def _blob(named: Mapping[str, tuple[ModelInput | ModelOutput, Numbers]]) -> bytes:
    return to_tensor_blob(
        {
            name: (TensorSpec(entry.dtype, numbers.shape, entry.axes), numbers.tobytes())
            for name, (entry, numbers) in named.items()
        }
    )


def load_tensor(folder: Path, file: str, name: str) -> Tensor:
    """Return the tensor *name* of a package's file, or its only one.

    Raises:
        ManifestError: it is not there.
        InputError: the file holds no tensors.
    """
    tensors = parse_tensor_blob(locate(folder, file).read_bytes())
    if len(tensors) == 1:
        return next(iter(tensors.values()))
    if name not in tensors:
        held = ", ".join(sorted(tensors)) or "none"
        raise ManifestError(f"{file} holds no tensor {name!r}, but {held}.", "Name one so.")
    return tensors[name]
