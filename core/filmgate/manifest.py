"""The manifest of a model package: what the model needs, promises and lets an artist set.

A package is a folder with a ``model.toml`` of this form (TOML is read with Python 3.11 and later;
over the wire the same mapping travels as JSON)::

    [model]       name, version, task, summary
    [licence]     code, weights
    [[inputs]]    name, role, channels, layers, optional, kind
    [[outputs]]   name, channels, replaces, kind
    [geometry]    multiple_of, scale
    [tiling]      max_tile_px, halo_px, blend_px
    [temporal]    kind, before, after, edges
    [batch]       max
    [runtime]     engine, entry, precision, model_mib, mib_per_megapixel
    [[params]]    see `filmgate.params.Parameter`
    [[weights]]   file, sha256
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, TypeVar

from filmgate.errors import ManifestError
from filmgate.params import Parameter

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_VERSION = re.compile(r"\d{1,5}\.\d{1,5}\.\d{1,5}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")

NAME_BYTES_MAX = 64
"""Lists of inputs and outputs travel in one header."""

INPUT_KINDS = ("image", "attribute", "volume")
TEMPORAL_KINDS = ("frame", "window", "between", "clip")
EDGE_POLICIES = ("clamp", "mirror", "drop")
ENGINES = ("oidn", "torch", "array")
PRECISIONS = ("float32", "float16", "bfloat16")


@dataclass(frozen=True)
class ModelInput:
    """One input: a layer of the main file, or a file of its own.

    Attributes:
        name: what a job calls it; the first input is the main one.
        role: ``color``, ``albedo``, ``normal``, ``depth``, ``motion`` or ``any``: which renderers'
            layer names are tried.
        channels: the suffixes wanted, in the order in which the model gets them; empty means every
            channel of the file.
        layers: further patterns of layer names to try, before the role's own.
        optional: whether the model runs without it.
        kind: ``image``, ``attribute`` or ``volume``.
    """

    name: str
    role: str = "any"
    channels: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    optional: bool = False
    kind: str = "image"


@dataclass(frozen=True)
class ModelOutput:
    """One output.

    Attributes:
        name: what the result calls it.
        channels: the channel names written when it replaces nothing; empty means the input's.
        replaces: the input whose channels it replaces in a merged file; empty means none.
        kind: ``image``, ``attribute`` or ``volume``.
    """

    name: str
    channels: tuple[str, ...] = ()
    replaces: str = ""
    kind: str = "image"


@dataclass(frozen=True)
class Geometry:
    """The sizes a model takes, multiples of *multiple_of* px; results are *scale* times larger."""

    multiple_of: int = 1
    scale: int = 1


@dataclass(frozen=True)
class Tiling:
    """How a frame may be cut: tiles of at most *max_tile_px* with *halo_px* around each.

    Attributes:
        max_tile_px: the longest side of a tile, its overlaps included; 0 leaves the frame whole,
            unless the device's memory does not hold it and *halo_px* says how to cut it.
        halo_px: how far a result pixel depends on its neighbours.
        blend_px: how wide neighbouring tiles fade into each other, the halos around that width; 0
            lets them meet at a seam.
    """

    max_tile_px: int = 0
    halo_px: int = 0
    blend_px: int = 0


@dataclass(frozen=True)
class Batch:
    """How many frames of one shape may be computed together without a change to any pixel."""

    max: int = 1


@dataclass(frozen=True)
class Temporal:
    """Which frames a result needs.

    Attributes:
        kind: ``frame`` (its own), ``window`` (*before* and *after* it), ``between`` (the two around
            a fractional time) or ``clip`` (the whole range).
        before: frames before, for a window.
        after: frames after, for a window.
        edges: at the ends of the range: ``clamp``, ``mirror`` or ``drop``.
    """

    kind: str = "frame"
    before: int = 0
    after: int = 0
    edges: str = "clamp"

    @property
    def parameter(self) -> str:
        """What the model is told besides its own parameters; empty for nothing.

        ``fraction``: where between its two frames the result lies, 0 to 1. ``center``: the place of
        the result's frame among those it gets, where that is not always the same.
        """
        if self.kind == "between":
            return "fraction"
        varies = self.kind == "clip" or (self.kind == "window" and self.edges == "drop")
        return "center" if varies else ""


@dataclass(frozen=True)
class RuntimeSpec:
    """How the package is run.

    Attributes:
        engine: ``oidn`` (native Open Image Denoise), ``torch`` (a module and safetensors) or
            ``array`` (Python on numpy arrays).
        entry: ``file.py:Name`` inside the package, for ``torch`` and ``array``.
        precision: of the arithmetic inside the net.
        model_mib: device memory of the loaded model in MiB, until a worker has measured it; 0 means
            unknown.
        mib_per_megapixel: device memory of a tile, for each million pixels, likewise.
    """

    engine: str
    entry: str = ""
    precision: str = "float32"
    model_mib: int = 0
    mib_per_megapixel: int = 0


@dataclass(frozen=True)
class Weights:
    """One file of weights and its sha256 (hexadecimal)."""

    file: str
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Everything a host or a server needs to know of a model; immutable."""

    name: str
    version: str
    task: str
    summary: str
    inputs: tuple[ModelInput, ...]
    outputs: tuple[ModelOutput, ...]
    runtime: RuntimeSpec
    licence: Mapping[str, str] = field(default_factory=dict[str, str])
    geometry: Geometry = field(default_factory=Geometry)
    tiling: Tiling = field(default_factory=Tiling)
    temporal: Temporal = field(default_factory=Temporal)
    batch: Batch = field(default_factory=Batch)
    params: tuple[Parameter, ...] = ()
    weights: tuple[Weights, ...] = ()

    @property
    def main_input(self) -> ModelInput:
        """The input that windows, format and time are taken from."""
        return self.inputs[0]

    def input(self, name: str) -> ModelInput:
        """Return the input *name*.

        Raises:
            ManifestError: there is none.
        """
        for candidate in self.inputs:
            if candidate.name == name:
                return candidate
        raise ManifestError(f"{self.name} has no input {name!r}.")


def parse_manifest(document: Mapping[str, Any]) -> Manifest:
    """Read the mapping of a ``model.toml``; every field is checked, unknown ones are refused.

    Raises:
        ManifestError: names the field and what would fit.
    """
    known = {"model", "licence", "inputs", "outputs", "geometry", "tiling"}
    known |= {"temporal", "batch", "runtime", "params", "weights"}
    _refuse_unknown("the manifest", set(document) - known)
    head = _table(document, "model")
    _refuse_unknown("[model]", set(head) - {"name", "version", "task", "summary"})
    manifest = Manifest(
        **{key: _text(head, "model", key) for key in ("name", "version", "task", "summary")},
        licence={str(key): str(text) for key, text in _table(document, "licence").items()},
        inputs=_each(ModelInput, document, "inputs"),
        outputs=_each(ModelOutput, document, "outputs"),
        geometry=_one(Geometry, _table(document, "geometry"), "geometry"),
        tiling=_one(Tiling, _table(document, "tiling"), "tiling"),
        temporal=_one(Temporal, _table(document, "temporal"), "temporal"),
        batch=_one(Batch, _table(document, "batch"), "batch"),
        runtime=_one(RuntimeSpec, _table(document, "runtime"), "runtime"),
        params=_each(Parameter, document, "params"),
        weights=_each(Weights, document, "weights"),
    )
    _check(manifest)
    return manifest


def parse_manifest_json(content: bytes) -> Manifest:
    """Read a manifest as it travels over the wire.

    Raises:
        ManifestError: the bytes are not a manifest.
    """
    try:
        document = json.loads(content)
    except ValueError:
        raise ManifestError("The server's manifest is not JSON.") from None
    if not isinstance(document, dict):
        raise ManifestError("The server's manifest is not a table.")
    return parse_manifest(document)  # pyright: ignore[reportUnknownArgumentType]


def to_manifest_json(manifest: Manifest) -> bytes:
    """Write *manifest* as it travels over the wire: the mapping of its ``model.toml`` as JSON."""
    flat = asdict(manifest)
    document: dict[str, Any] = {
        "model": {key: flat.pop(key) for key in ("name", "version", "task", "summary")}
    }
    document.update(flat)
    for parameter in document["params"]:
        for key in [key for key, value in parameter.items() if value is None]:
            del parameter[key]
    return json.dumps(document, sort_keys=True).encode()


_T = TypeVar("_T")


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = document.get(key, {})
    if not isinstance(table, dict):
        raise ManifestError(f"[{key}] must be a table.")
    return table  # pyright: ignore[reportUnknownVariableType]


def _each(kind: type[_T], document: Mapping[str, Any], key: str) -> tuple[_T, ...]:
    rows = document.get(key, [])
    if not isinstance(rows, (list, tuple)):
        raise ManifestError(f"[[{key}]] must be a list of tables.")
    tables: list[Any] = list(rows)  # pyright: ignore[reportUnknownArgumentType]
    return tuple(_one(kind, row, f"{key}[{place}]") for place, row in enumerate(tables))


def _one(kind: type[_T], table: Any, where: str) -> _T:
    if not isinstance(table, dict):
        raise ManifestError(f"{where} must be a table.")
    given: dict[str, Any] = dict(table)  # pyright: ignore[reportUnknownArgumentType]
    declared = {spec.name: spec for spec in fields(kind)}  # type: ignore[arg-type]
    _refuse_unknown(where, set(given) - set(declared))
    for name, spec in declared.items():
        required = spec.default is MISSING and spec.default_factory is MISSING
        if required and name not in given:
            raise ManifestError(f"{where} lacks the field {name!r}.")
    return kind(**{key: _typed(where, key, given[key], declared[key].type) for key in given})


def _typed(where: str, key: str, value: Any, declared: Any) -> Any:
    """Check *value* against the annotation's text; lists become tuples."""
    if declared == "tuple[str, ...]":
        return _texts(where, key, value)
    wanted: Any = {"str": str, "bool": bool, "int": int, "Optional[float]": (int, float)}.get(
        str(declared)
    )
    right = wanted is None or isinstance(value, wanted)
    if not right or (isinstance(value, bool) and wanted not in (bool, None)):
        raise ManifestError(f"{where}.{key} = {value!r} must be of type {declared}.")
    return value


def _texts(where: str, key: str, value: Any) -> tuple[str, ...]:
    items: list[Any] = list(value) if isinstance(value, (list, tuple)) else [None]  # pyright: ignore[reportUnknownArgumentType]
    if not all(isinstance(item, str) for item in items):
        raise ManifestError(f"{where}.{key} must be a list of texts.")
    return tuple(items)


def _text(table: Mapping[str, Any], where: str, key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise ManifestError(f"[{where}] must give {key!r} as text.")
    return value


def _refuse_unknown(where: str, names: set[str]) -> None:
    if names:
        raise ManifestError(f"{where} has unknown fields: {', '.join(sorted(names))}.")


def _check(manifest: Manifest) -> None:
    _demand(bool(_NAME.match(manifest.name)), "model.name must be lower-case letters, digits, - _")
    _demand(bool(_VERSION.match(manifest.version)), "model.version must be like 1.0.0")
    _demand(bool(manifest.inputs), "there must be at least one [[inputs]]")
    _demand(bool(manifest.outputs), "there must be at least one [[outputs]]")
    _demand(not manifest.main_input.optional, "the first input must not be optional")
    _demand(bool(manifest.licence), "[licence] must name the licence of code and weights")
    names = [entry.name for entry in manifest.inputs]
    _demand(len(set(names)) == len(names), "two inputs have the same name")
    for output in manifest.outputs:
        fits = output.replaces in ("", *names)
        _demand(fits, f"output {output.name!r} replaces {output.replaces!r}, which is no input")
    _check_numbers(manifest)
    _check_words(manifest)


def _check_numbers(manifest: Manifest) -> None:
    geometry, tiling, temporal = manifest.geometry, manifest.tiling, manifest.temporal
    _demand(1 <= geometry.multiple_of <= 1024, "geometry.multiple_of must be 1 to 1024")
    _demand(1 <= geometry.scale <= 8, "geometry.scale must be 1 to 8")
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
    for entry in (*manifest.inputs, *manifest.outputs):
        _one_of(f"kind of {entry.name!r}", entry.kind, INPUT_KINDS)
        fits = 1 <= len(entry.name.encode()) <= NAME_BYTES_MAX
        _demand(fits, f"names of inputs and outputs have 1 to {NAME_BYTES_MAX} bytes")
    single = manifest.runtime.engine != "oidn" or manifest.temporal.kind == "frame"
    _demand(single, "the engine oidn takes one frame: temporal.kind must be frame")
    own = manifest.temporal.parameter
    taken = [parameter.name for parameter in manifest.params if parameter.name == own]
    _demand(not taken, f"the parameter {own!r} is given by the server to models of this kind")
    for weights in manifest.weights:
        _demand(bool(_SHA256.match(weights.sha256)), f"{weights.file}: sha256 must be 64 digits")


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    _demand(value in known, f"{what} = {value!r} is none of {', '.join(known)}")


def _demand(right: bool, otherwise: str) -> None:
    if not right:
        raise ManifestError(otherwise[0].upper() + otherwise[1:] + ".")
