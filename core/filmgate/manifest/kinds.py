"""What must hold between the kinds and axes of inputs and outputs: images, volumes, attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Union

from filmgate.manifest.places import Place, demand
from filmgate.manifest.sections import (
    HEIGHTFIELD_AXES,
    KIND_AXES,
    Manifest,
    ModelInput,
    ModelOutput,
)

Entry = Union[ModelInput, ModelOutput]

AXES_MAX = 8
TENSOR_ENGINES = ("torch", "array")
TENSOR_METRICS = ("psnr", "max_error")
VOLUME_TYPES = ("F16", "F32")
_AXIS = re.compile(r"[a-z][a-z0-9_]{0,15}\Z")
_OF_VOLUMES = frozenset("tzyx")


def check_kinds(manifest: Manifest) -> None:
    """Refuse kinds and axes that do not fit together.

    Raises:
        ManifestError: names the field and what would fit.
    """
    for place, entry in _entries(manifest):
        _check_axes(place, entry)
        _check_type(place, entry)
    for place, entry in _entries(manifest):
        _check_mix(manifest, place, entry)
    if not manifest.takes_tensors:
        return
    _check_inputs(manifest)
    _check_outputs(manifest)
    _check_tables(manifest)


def _entries(manifest: Manifest) -> Iterator[tuple[Place, Entry]]:
    for row, entry in enumerate(manifest.inputs):
        yield Place("inputs", row, entry.name), entry
    for row, output in enumerate(manifest.outputs):
        yield Place("outputs", row, output.name), output


def _check_axes(place: Place, entry: Entry) -> None:
    place, axes = place.at("axes"), entry.axes
    known = {"image": (KIND_AXES["image"],), "volume": (HEIGHTFIELD_AXES, KIND_AXES["volume"])}
    if entry.kind in known:
        words = " or ".join(_written(each) for each in known[entry.kind])
        text = f"= {_written(axes)} must be {words} for the kind {entry.kind}"
        demand(axes in known[entry.kind], place, text)
        return
    named = 1 <= len(axes) <= AXES_MAX and all(_AXIS.match(axis) for axis in axes)
    text = f"= {_written(axes)} must be 1 to {AXES_MAX} names of lower-case letters"
    demand(named and len(set(axes)) == len(axes), place, text, 'Write axes = ["n", "c"].')
    wrong = sorted(_OF_VOLUMES.intersection(axes))
    demand(not wrong, place, f"must not hold {', '.join(wrong)}: that is a volume's or a clip's")
    demand("c" not in axes[:-1], place, 'must have "c" as the last axis')
    text = 'must end with an axis "c", for there are channels'
    demand(not entry.channels or axes[-1] == "c", place, text)


def _check_type(place: Place, entry: Entry) -> None:
    place = place.at("dtype")
    if entry.kind == "volume":
        words = " or ".join(VOLUME_TYPES)
        demand(entry.dtype in VOLUME_TYPES, place, f"must be {words} for a volume")
    if entry.kind == "attribute":
        demand(entry.dtype != "BF16", place, "must not be BF16 for an attribute", "Use F32.")


def _check_mix(manifest: Manifest, place: Place, entry: Entry) -> None:
    """Keep files and tensors apart: a job's inputs are all of one media type.

    Images may have optional attributes beside them, which are left out then.
    """
    main = manifest.main_input.kind
    spare = isinstance(entry, ModelInput) and entry.optional and main == "image"
    fits = (entry.kind == "image") == (main == "image") or spare
    text = f'must not be "{entry.kind}" beside a main input of the kind "{main}"'
    demand(fits, place.at("kind"), text, f'Write kind = "{main}".')


def _check_inputs(manifest: Manifest) -> None:
    main = manifest.main_input
    if main.kind == "attribute":
        place = Place("inputs", 0, main.name, "axes")
        demand("n" in main.axes, place, 'must have the axis "n" for the main input')
    for row, entry in enumerate(manifest.inputs):
        place = Place("inputs", row, entry.name)
        fits = entry.kind == "attribute" or set(entry.axes) <= set(main.axes)
        text = f"must be among those of the main input, {_written(main.axes)}"
        demand(fits, place.at("axes"), text)
        if entry.kind == "attribute":
            text = 'must be "refuse" for attributes: they have no neighbours to be filled from'
            demand(entry.nonfinite == "refuse", place.at("nonfinite"), text)


def _check_outputs(manifest: Manifest) -> None:
    """Demand that the sizes of results follow from those of the inputs."""
    main = manifest.main_input
    for row, output in enumerate(manifest.outputs):
        place = Place("outputs", row, output.name)
        source = manifest.source_of(output)
        text = f'must be "{main.kind}", as of the main input: nothing else says how large it is'
        demand(output.kind == main.kind, place.at("kind"), text)
        wanted = "c" if output.axes[-1:] == ("c",) else ""
        lines = {axis for axis in main.axes if axis != "c"}
        text = f"must have the main input's axes, {_written(main.axes)}"
        fits = set(output.axes) - {wanted} == lines and (
            main.kind == "attribute" or output.axes == main.axes
        )
        demand(fits, place.at("axes"), text, f"Write axes = {_written(main.axes)}.")
        known = not wanted or bool(output.channels) or "c" in main.axes
        demand(known, place.at("channels"), "must be given: the main input has none to count")
        text = f'must be of the same kind as the output, not "{source.kind}"'
        demand(source.kind == output.kind, place.at("replaces"), text)


def _check_tables(manifest: Manifest) -> None:
    """Demand of the other tables what makes sense for volumes and attributes."""
    words = " or ".join(TENSOR_ENGINES)
    runtime, geometry, tiling = manifest.runtime, manifest.geometry, manifest.tiling
    place = Place("runtime", key="engine")
    demand(runtime.engine in TENSOR_ENGINES, place, f"must be {words} for volumes and attributes")
    text = 'must be "frame" for volumes and attributes'
    demand(manifest.temporal.kind == "frame", Place("temporal", key="kind"), text)
    text = "must be 1 for volumes and attributes: they are computed one by one"
    demand(manifest.batch.max == 1, Place("batch", key="max"), text)
    text = 'must be "data" for volumes and attributes: they have no display window'
    demand(geometry.data_window == "data", Place("geometry", key="data_window"), text)
    for number, test in enumerate(manifest.tests):
        text = f"must be {' or '.join(TENSOR_METRICS)} for volumes and attributes"
        demand(test.metric in TENSOR_METRICS, Place("tests", number, key="metric"), text)
    if manifest.main_input.kind == "attribute":
        text = "must be left out where the main input is an attribute: it is neither cut nor scaled"
        plain = (geometry.multiple_of, geometry.scale, geometry.min_px) == (1, 1, 1)
        demand(plain and not geometry.max_px, Place("geometry"), text)
        demand(not (tiling.max_tile_px or tiling.halo_px), Place("tiling"), text)


def _written(axes: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{axis}"' for axis in axes) + "]"
