"""What must hold between the fields of a manifest."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TypeVar

from filmgate.manifest.kinds import check_kinds
from filmgate.manifest.places import Place, demand, suggestion, written
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
    ModelOutput,
)
from filmgate.params import Parameter

_NAME_LETTERS_MAX = 64
_NAME = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{_NAME_LETTERS_MAX - 1}}}\Z")
_NO_IDENTIFIER = re.compile(r"\W")
_STRANGE = re.compile(r"[^a-z0-9_-]+")
_LICENCE_REMEDY = 'Add [licence] with code = "…" and weights = "…", each a licence\'s name.'
_VERSION = re.compile(r"\d{1,5}\.\d{1,5}\.\d{1,5}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
SIDE_PX_MAX = 1 << 16
MIB_MAX = 1 << 24


def check_manifest(manifest: Manifest) -> None:
    """Refuse a manifest whose fields are each well-formed and do not fit together.

    Raises:
        ManifestError: names the field and what would fit.
    """
    _check_head(manifest)
    _check_names(manifest)
    _check_sizes(manifest)
    _check_tiling(manifest)
    _check_engine(manifest)
    _check_weights(manifest)
    _check_tests(manifest)
    check_kinds(manifest)
    for place, entry in _rows("inputs", manifest.inputs):
        _check_values(manifest, place, entry)


def _check_head(manifest: Manifest) -> None:
    name, version = Place("model", key="name"), Place("model", key="version")
    text, remedy = name_problem(manifest.name)
    demand(not text, name, f"= {written(manifest.name)} {text}", remedy)
    text = f"= {written(manifest.version)} must be three numbers like 1.0.0"
    demand(bool(_VERSION.match(manifest.version)), version, text, 'Write version = "1.0.0".')
    demand(bool(manifest.licence), Place("licence"), "is missing", _LICENCE_REMEDY)
    for part in ("code", "weights"):
        named = manifest.licence.get(part, "").strip()
        remedy = f'Write {part} = "…" below [licence], for example {part} = "Apache-2.0".'
        place = Place("licence", key=part)
        demand(bool(named), place, f"must name the licence of the {part}", remedy)


def name_problem(name: str) -> tuple[str, str]:
    """Return what is wrong with a model's name, and the remedy; nothing for a good one."""
    if _NAME.match(name):
        return "", ""
    close = _STRANGE.sub("-", name.lower()).strip("-_")[:_NAME_LETTERS_MAX] or "my-model"
    text = f"must be 1 to {_NAME_LETTERS_MAX} lower-case letters, digits, - and _"
    return text, f'Call it "{close}", for example.'


def _check_names(manifest: Manifest) -> None:
    for table, rows in (("inputs", manifest.inputs), ("outputs", manifest.outputs)):
        remedy = f'Add [[{table}]] with name = "color" and channels = ["R", "G", "B"].'
        demand(bool(rows), Place(table), "is missing: there must be at least one", remedy)
    main = Place("inputs", 0, manifest.main_input.name, "optional")
    demand(not manifest.main_input.optional, main, "must be false: the first is the main input")
    inputs = _rows("inputs", manifest.inputs)
    for rows in (inputs, _rows("outputs", manifest.outputs), _rows("params", manifest.params)):
        _check_distinct([(place, entry.name) for place, entry in rows])
    known = sorted(entry.name for entry in manifest.inputs)
    for place, output in _rows("outputs", manifest.outputs):
        _check_word(place.at("replaces"), output.replaces or "", ("", *known))
    for place, entry in (*_rows("inputs", manifest.inputs), *_rows("outputs", manifest.outputs)):
        fits = 1 <= len(entry.name.encode()) <= NAME_BYTES_MAX
        demand(fits, place.at("name"), f"must have 1 to {NAME_BYTES_MAX} bytes")
        _check_word(place.at("kind"), entry.kind, INPUT_KINDS)
        _check_word(place.at("dtype"), entry.dtype, DTYPES)
        _check_word(place.at("role"), entry.role or "any", ROLES)


def _check_distinct(rows: Sequence[tuple[Place, str]]) -> None:
    """Refuse names that hosts could not tell apart: theirs hold letters, digits and _ alone."""
    seen: dict[str, str] = {}
    for place, name in rows:
        key = _NO_IDENTIFIER.sub("_", name)
        text = "is there twice" if seen.get(key) == name else f'is "{seen.get(key)}" to a host'
        demand(key not in seen, place.at("name"), text, "Tell names apart by letters and digits.")
        seen[key] = name


def _check_sizes(manifest: Manifest) -> None:
    geometry, place = manifest.geometry, Place("geometry")
    _check_span(place.at("multiple_of"), geometry.multiple_of, 1, 1024)
    _check_span(place.at("scale"), geometry.scale, 1, 8)
    _check_span(place.at("min_px"), geometry.min_px, 1, SIDE_PX_MAX)
    if geometry.max_px:
        _check_span(place.at("max_px"), geometry.max_px, geometry.min_px, SIDE_PX_MAX)
    _check_word(place.at("data_window"), geometry.data_window, DATA_WINDOW_POLICIES)
    _check_span(Place("warmup", key="side_px"), manifest.warmup.side_px, 0, SIDE_PX_MAX)
    _check_span(Place("batch", key="max"), manifest.batch.max, 1, 64)


def _check_tiling(manifest: Manifest) -> None:
    tiling, place = manifest.tiling, Place("tiling")
    _check_span(place.at("grid_px"), tiling.grid_px, 1, 1024)
    _check_span(place.at("halo_px"), tiling.halo_px, 0, 4096)
    _check_span(place.at("blend_px"), tiling.blend_px, 0, 2 * tiling.halo_px)
    if tiling.max_tile_px:
        step_px = tiling.step_px(manifest.geometry.multiple_of)
        least_px = tiling.overlap_px(step_px) + max(16, step_px)
        demand(
            tiling.max_tile_px >= least_px,
            place.at("max_tile_px"),
            f"= {tiling.max_tile_px} must be 0 or at least {least_px}: 16 px and a multiple beside "
            "the halos and the fade",
        )


def _check_engine(manifest: Manifest) -> None:
    runtime, temporal = manifest.runtime, manifest.temporal
    place, times = Place("runtime"), Place("temporal")
    _check_word(place.at("engine"), runtime.engine, ENGINES)
    _check_word(place.at("precision"), runtime.precision, PRECISIONS)
    _check_span(place.at("model_mib"), runtime.model_mib, 0, MIB_MAX)
    _check_span(place.at("mib_per_megapixel"), runtime.mib_per_megapixel, 0, MIB_MAX)
    _check_word(times.at("kind"), temporal.kind, TEMPORAL_KINDS)
    _check_word(times.at("edges"), temporal.edges, EDGE_POLICIES)
    _check_span(times.at("before"), temporal.before, 0, 64)
    _check_span(times.at("after"), temporal.after, 0, 64)
    single = runtime.engine != "oidn" or temporal.kind == "frame"
    demand(single, times.at("kind"), 'must be "frame": the engine oidn takes one frame')
    for row, parameter in _rows("params", manifest.params):
        own = parameter.name == temporal.parameter
        demand(not own, row.at("name"), "is given by the server to models of this temporal kind")


def _check_weights(manifest: Manifest) -> None:
    for number, weights in enumerate(manifest.weights):
        place = Place("weights", number, weights.file)
        demand(weights.bytes >= 0, place.at("bytes"), "must not be negative")
        right = bool(_SHA256.match(weights.sha256))
        demand(right, place.at("sha256"), "must be 64 hexadecimal digits in lower case")


def _check_values(manifest: Manifest, place: Place, entry: ModelInput) -> None:
    """Check how an input's values come to the net."""
    _check_word(place.at("encoding"), entry.encoding, ENCODINGS)
    _check_word(place.at("alpha"), entry.alpha, ALPHA_KINDS)
    _check_word(place.at("nonfinite"), entry.nonfinite, NON_FINITE_POLICIES)
    _check_word(place.at("negatives"), entry.negatives, NEGATIVE_POLICIES)
    _check_word(place.at("hdr"), entry.hdr, HDR_POLICIES)
    ends = entry.range
    fits = len(ends) == 2 and all(map(math.isfinite, ends)) and ends[0] < ends[1]
    demand(fits, place.at("range"), "must be two numbers, the lower first")
    for key, plain in (("space", ""), ("encoding", "linear"), ("hdr", "none")):
        fits = entry.is_colour or getattr(entry, key) == plain
        demand(fits, place.at(key), "is for colours: images whose role is color or albedo")
    fits = entry.hdr != "ratio" or manifest.geometry.scale == 1
    demand(fits, place.at("hdr"), 'must not be "ratio" where results are larger than the input')
    fits = entry.encoding == "linear" or entry.hdr != "pu"
    demand(fits, place.at("encoding"), 'must be "linear": pu is a curve of its own')


def _check_tests(manifest: Manifest) -> None:
    known = [entry.name for entry in manifest.inputs]
    outputs = ("", *(output.name for output in manifest.outputs))
    for number, test in enumerate(manifest.tests):
        place = Place("tests", number)
        _check_word(place.at("metric"), test.metric, METRICS)
        for name in test.inputs:
            _check_word(place.at("inputs"), name, known)
        main = manifest.main_input.name
        demand(main in test.inputs, place.at("inputs"), f'lacks the main input "{main}"')
        _check_word(place.at("output"), test.output, outputs)


_Named = TypeVar("_Named", ModelInput, ModelOutput, Parameter)


def _rows(table: str, entries: Sequence[_Named]) -> list[tuple[Place, _Named]]:
    return [(Place(table, row, entry.name), entry) for row, entry in enumerate(entries)]


def _check_span(place: Place, value: int, low: int, high: int) -> None:
    demand(low <= value <= high, place, f"= {value} must be {low} to {high}")


def _check_word(place: Place, value: str, known: Sequence[str]) -> None:
    words = ", ".join(known).lstrip(", ") or "any"
    text = f"= {written(value)} is none of {words}{suggestion(value, known)}"
    demand(value in known, place, text)
