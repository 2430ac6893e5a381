"""What must hold between the fields of a manifest."""

from __future__ import annotations

import math
import re

from filmgate.errors import ManifestError
from filmgate.manifest.sections import (
    ALPHA_KINDS,
    DATA_WINDOW_POLICIES,
    DTYPES,
    EDGE_POLICIES,
    ENCODINGS,
    ENGINES,
    HDR_POLICIES,
    INPUT_KINDS,
    METRICS,
    NAME_BYTES_MAX,
    NEGATIVE_POLICIES,
    NON_FINITE_POLICIES,
    PRECISIONS,
    ROLES,
    TEMPORAL_KINDS,
    Manifest,
    ModelInput,
)

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_VERSION = re.compile(r"\d{1,5}\.\d{1,5}\.\d{1,5}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_SIDE_PX_MAX = 1 << 16


def check_manifest(manifest: Manifest) -> None:
    """Refuse a manifest whose fields are each well-formed and do not fit together.

    Raises:
        ManifestError: names the field and what would fit.
    """
    _demand(bool(_NAME.match(manifest.name)), "model.name must be lower-case letters, digits, - _")
    _demand(bool(_VERSION.match(manifest.version)), "model.version must be like 1.0.0")
    _demand(bool(manifest.inputs), "there must be at least one [[inputs]]")
    _demand(bool(manifest.outputs), "there must be at least one [[outputs]]")
    _demand(not manifest.main_input.optional, "the first input must not be optional")
    for part in ("code", "weights"):
        named = manifest.licence.get(part, "").strip()
        _demand(bool(named), f"[licence] must name the licence of the {part}")
    names = [entry.name for entry in manifest.inputs]
    _demand(len(set(names)) == len(names), "two inputs have the same name")
    for output in manifest.outputs:
        fits = output.replaces in ("", *names)
        _demand(fits, f"output {output.name!r} replaces {output.replaces!r}, which is no input")
    _check_numbers(manifest)
    _check_words(manifest)
    _check_tests(manifest)
    for entry in manifest.inputs:
        _check_values(manifest, entry)


def _check_numbers(manifest: Manifest) -> None:
    geometry, tiling, temporal = manifest.geometry, manifest.tiling, manifest.temporal
    _demand(1 <= geometry.multiple_of <= 1024, "geometry.multiple_of must be 1 to 1024")
    _demand(1 <= geometry.scale <= 8, "geometry.scale must be 1 to 8")
    _demand(1 <= geometry.min_px <= _SIDE_PX_MAX, f"geometry.min_px must be 1 to {_SIDE_PX_MAX}")
    roomy = geometry.max_px == 0 or geometry.min_px <= geometry.max_px <= _SIDE_PX_MAX
    _demand(roomy, f"geometry.max_px must be 0, or geometry.min_px to {_SIDE_PX_MAX}")
    _demand(0 <= manifest.warmup.side_px <= _SIDE_PX_MAX, f"warmup.side_px is 0 to {_SIDE_PX_MAX}")
    _demand(0 <= tiling.halo_px <= 4096, "tiling.halo_px must be 0 to 4096")
    multiple = geometry.multiple_of
    overlap_px = -(-(2 * tiling.halo_px + tiling.blend_px) // multiple) * multiple
    roomy = tiling.max_tile_px == 0 or tiling.max_tile_px >= overlap_px + max(16, multiple)
    _demand(roomy, "tiling.max_tile_px must leave 16 px and a multiple beside its halos and fade")
    fades = 0 <= tiling.blend_px <= 2 * tiling.halo_px
    _demand(fades, "tiling.blend_px must be 0 to twice tiling.halo_px")
    _demand(1 <= manifest.batch.max <= 64, "batch.max must be 1 to 64")
    memory = (manifest.runtime.model_mib, manifest.runtime.mib_per_megapixel)
    _demand(min(memory) >= 0, "runtime.model_mib and mib_per_megapixel must not be negative")
    _demand(0 <= temporal.before <= 64 and 0 <= temporal.after <= 64, "temporal spans 0 to 64")


def _check_words(manifest: Manifest) -> None:
    _one_of("runtime.engine", manifest.runtime.engine, ENGINES)
    _one_of("runtime.precision", manifest.runtime.precision, PRECISIONS)
    _one_of("temporal.kind", manifest.temporal.kind, TEMPORAL_KINDS)
    _one_of("temporal.edges", manifest.temporal.edges, EDGE_POLICIES)
    _one_of("geometry.data_window", manifest.geometry.data_window, DATA_WINDOW_POLICIES)
    for entry in (*manifest.inputs, *manifest.outputs):
        _one_of(f"kind of {entry.name!r}", entry.kind, INPUT_KINDS)
        _one_of(f"dtype of {entry.name!r}", entry.dtype, DTYPES)
        _one_of(f"role of {entry.name!r}", entry.role or "any", ROLES)
        fits = 1 <= len(entry.name.encode()) <= NAME_BYTES_MAX
        _demand(fits, f"names of inputs and outputs have 1 to {NAME_BYTES_MAX} bytes")
    single = manifest.runtime.engine != "oidn" or manifest.temporal.kind == "frame"
    _demand(single, "the engine oidn takes one frame: temporal.kind must be frame")
    own = manifest.temporal.parameter
    taken = [parameter.name for parameter in manifest.params if parameter.name == own]
    _demand(not taken, f"the parameter {own!r} is given by the server to models of this kind")
    for weights in manifest.weights:
        _demand(weights.bytes >= 0, f"{weights.file}: bytes must not be negative")
        _demand(bool(_SHA256.match(weights.sha256)), f"{weights.file}: sha256 must be 64 digits")


def _check_values(manifest: Manifest, entry: ModelInput) -> None:
    """Check how an input's values come to the net."""
    what = f"input {entry.name!r}"
    _one_of(f"encoding of {what}", entry.encoding, ENCODINGS)
    _one_of(f"alpha of {what}", entry.alpha, ALPHA_KINDS)
    _one_of(f"nonfinite of {what}", entry.nonfinite, NON_FINITE_POLICIES)
    _one_of(f"negatives of {what}", entry.negatives, NEGATIVE_POLICIES)
    _one_of(f"hdr of {what}", entry.hdr, HDR_POLICIES)
    ends = entry.range
    fits = len(ends) == 2 and all(map(math.isfinite, ends)) and ends[0] < ends[1]
    _demand(fits, f"range of {what} must be two numbers, the lower first")
    plain = (entry.space, entry.encoding, entry.hdr) == ("", "linear", "none")
    _demand(plain or entry.is_colour, f"{what} is no colour: space, encoding and hdr are for those")
    fits = entry.hdr != "ratio" or manifest.geometry.scale == 1
    _demand(fits, f"hdr of {what}: a ratio needs results of the input's size")
    fits = entry.encoding == "linear" or entry.hdr != "pu"
    _demand(fits, f"encoding of {what}: pu is a curve of its own")


def _check_tests(manifest: Manifest) -> None:
    known = {entry.name for entry in manifest.inputs}
    outputs = {"", *(output.name for output in manifest.outputs)}
    for place, test in enumerate(manifest.tests):
        where = f"tests[{place}]"
        _one_of(f"{where}.metric", test.metric, METRICS)
        _demand(set(test.inputs) <= known, f"{where}.inputs names what is no input")
        _demand(manifest.main_input.name in test.inputs, f"{where}.inputs lacks the main input")
        _demand(test.output in outputs, f"{where}.output = {test.output!r} is no output")


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    _demand(value in known, f"{what} = {value!r} is none of {', '.join(known)}")


def _demand(right: bool, otherwise: str) -> None:
    if not right:
        raise ManifestError(otherwise[0].upper() + otherwise[1:] + ".")
