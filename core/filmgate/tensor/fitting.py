"""Whether tensors fit a model of geometry, and what it will answer: by their specs alone.

Hosts ask before they send anything, and a server before it runs anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from filmgate.errors import InputError
from filmgate.manifest import Manifest, ModelInput, ModelOutput
from filmgate.tensor.blob import TensorSpec

SPATIAL_AXES = ("z", "y", "x")
"""Those along which a result may be larger, and sizes be limited."""


def check_tensors(manifest: Manifest, specs: Mapping[str, TensorSpec]) -> None:
    """Refuse tensors that a model of volumes or attributes does not take.

    Args:
        manifest: of the model.
        specs: of what is there, by the inputs' names.

    Raises:
        InputError: an input is missing, or has another type, other axes, channels or sizes than it
            should; the text says what was expected and what came, and so does the detail
            (``input``, ``expected``, ``found``).
    """
    for entry in manifest.inputs:
        if entry.name in specs:
            _check_type(entry, specs[entry.name])
            _check_channels(entry, specs[entry.name])
        elif not entry.optional:
            raise InputError(
                f"{manifest.name} needs the input {entry.name!r}.", detail={"input": entry.name}
            )
    _check_sizes(manifest, specs)


def result_specs(manifest: Manifest, specs: Mapping[str, TensorSpec]) -> dict[str, TensorSpec]:
    """Return what a model of volumes or attributes answers, by the outputs' names.

    Raises:
        InputError: as from `check_tensors`.
    """
    check_tensors(manifest, specs)
    return specs_from(manifest, specs[manifest.main_input.name])


def specs_from(manifest: Manifest, main: TensorSpec) -> dict[str, TensorSpec]:
    """Return the outputs' specs by their names, for a main input of the spec *main*."""
    return {output.name: _result(manifest, output, main) for output in manifest.outputs}


def _result(manifest: Manifest, output: ModelOutput, main: TensorSpec) -> TensorSpec:
    sizes = dict(zip(main.axes, main.shape))
    for axis in SPATIAL_AXES:
        sizes[axis] = sizes.get(axis, 1) * manifest.geometry.scale
    sizes["c"] = len(output.channels) or sizes.get("c", 1)
    return TensorSpec(output.dtype, tuple(sizes[axis] for axis in output.axes), output.axes)


def _check_type(entry: ModelInput, spec: TensorSpec) -> None:
    if spec.axes != entry.axes:
        expected, found = " ".join(entry.axes), " ".join(spec.axes)
        remedy = "Send the numbers in that order, and name the axes in the tensor's header."
        raise _unfit(entry, "must have the axes", expected, found, remedy)
    if spec.dtype != entry.dtype:
        remedy = f"Convert it to {entry.dtype}."
        raise _unfit(entry, "must be a tensor of", entry.dtype, spec.dtype, remedy)
    if 0 in spec.shape:
        raise _unfit(entry, "must not be empty: its sizes are", "1 or more", shown(spec))


def _check_channels(entry: ModelInput, spec: TensorSpec) -> None:
    if not entry.channels:
        return
    found = dict(zip(spec.axes, spec.shape))["c"]
    if found != len(entry.channels):
        names = ", ".join(entry.channels)
        remedy = f"Send {names}, in that order, as the last axis."
        expected = f"{len(entry.channels)} ({names})"
        raise _unfit(entry, "must have as many channels as", expected, str(found), remedy)


def _check_sizes(manifest: Manifest, specs: Mapping[str, TensorSpec]) -> None:
    """Hold what has the main input's axes against its sizes, and those against the limit."""
    main = specs[manifest.main_input.name]
    wanted = {axis: size for axis, size in zip(main.axes, main.shape) if axis != "c"}
    for entry in manifest.inputs:
        spec = specs.get(entry.name, main)
        for axis, size in zip(spec.axes, spec.shape):
            if size != wanted.get(axis, size):
                what = f"must be as large as {manifest.main_input.name!r} along {axis}:"
                raise _unfit(entry, what, str(wanted[axis]), str(size))
    most = manifest.geometry.max_px
    longest = max((wanted.get(axis, 0) for axis in SPATIAL_AXES), default=0)
    if most and longest > most:
        what = "must have no side longer than"
        raise _unfit(manifest.main_input, what, str(most), shown(main), "Cut it into pieces.")


def shown(spec: TensorSpec) -> str:
    """Return a spec's sizes as people write them: ``y 512 × x 512 × c 1``."""
    return " × ".join(f"{axis} {size}" for axis, size in zip(spec.axes, spec.shape))


def _unfit(entry: ModelInput, what: str, expected: str, found: str, remedy: str = "") -> InputError:
    detail = {"input": entry.name, "expected": expected, "found": found}
    return InputError(f"Input {entry.name!r} {what} {expected}, not {found}.", remedy, detail)
