"""`filmgate models schema`: the manifest as a JSON Schema, made from the dataclasses."""

from __future__ import annotations

import inspect
import re
from dataclasses import MISSING, dataclass, fields
from typing import Any

from filmgate.cli.options import Options
from filmgate.cli.terminal import write_json
from filmgate.exits import EXIT_OK
from filmgate.manifest import (
    Batch,
    Geometry,
    GoldenTest,
    ModelInput,
    ModelOutput,
    RuntimeSpec,
    Temporal,
    Tiling,
    WarmUp,
    Weights,
    sections,
)
from filmgate.params import HINTS, PARAMETER_TYPES, Parameter

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "Optional[float]": {"type": "number"},
    "tuple[str, ...]": {"type": "array", "items": {"type": "string"}},
    "tuple[float, ...]": {"type": "array", "items": {"type": "number"}},
    "Mapping[str, str]": {"type": "object", "additionalProperties": {"type": "string"}},
    "Mapping[str, Any]": {"type": "object"},
    "Any": {},
}
_WORDS: dict[str, tuple[str, ...]] = {
    "ModelInput.role": sections.ROLES,
    "ModelInput.kind": sections.INPUT_KINDS,
    "ModelInput.dtype": sections.DTYPES,
    "ModelInput.encoding": sections.ENCODINGS,
    "ModelInput.alpha": sections.ALPHA_KINDS,
    "ModelInput.nonfinite": ("", *sections.NON_FINITE_POLICIES),
    "ModelInput.negatives": sections.NEGATIVE_POLICIES,
    "ModelInput.hdr": sections.HDR_POLICIES,
    "ModelOutput.kind": sections.INPUT_KINDS,
    "ModelOutput.dtype": sections.DTYPES,
    "ModelOutput.role": ("", *sections.ROLES),
    "Geometry.data_window": sections.DATA_WINDOW_POLICIES,
    "Temporal.kind": sections.TEMPORAL_KINDS,
    "Temporal.edges": sections.EDGE_POLICIES,
    "RuntimeSpec.engine": sections.ENGINES,
    "RuntimeSpec.precision": sections.PRECISIONS,
    "GoldenTest.metric": sections.METRICS,
    "Parameter.type": tuple(PARAMETER_TYPES),
    "Parameter.hint": ("", *sorted({hint for hints in HINTS.values() for hint in hints})),
}
_HEAD = {
    "name": ("lower-case letters, digits, - and _", r"^[a-z0-9][a-z0-9_-]{0,63}$"),
    "version": ("three numbers", r"^\d{1,5}\.\d{1,5}\.\d{1,5}$"),
    "task": ("what kind of work it does", ""),
    "summary": ("a sentence for artists", ""),
}
_TABLES: dict[str, type] = {
    "geometry": Geometry,
    "tiling": Tiling,
    "temporal": Temporal,
    "batch": Batch,
    "runtime": RuntimeSpec,
    "warmup": WarmUp,
}
_ROWS: dict[str, type] = {
    "inputs": ModelInput,
    "outputs": ModelOutput,
    "params": Parameter,
    "weights": Weights,
    "tests": GoldenTest,
}


@dataclass(frozen=True, kw_only=True)
class SchemaOptions(Options):
    """What `filmgate models schema` takes."""


def print_schema(_: SchemaOptions) -> int:
    """Print the JSON Schema of model.toml, for editors that check as you type."""
    write_json(manifest_schema())
    return EXIT_OK


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema of a ``model.toml``."""
    licence = _TYPES["Mapping[str, str]"] | {"required": ["code", "weights"]}
    properties: dict[str, Any] = {
        "model": _object({name: _head(*words) for name, words in _HEAD.items()}, list(_HEAD)),
        "licence": licence,
        "lineage": _TYPES["Mapping[str, str]"],
        **{name: _table(kind) for name, kind in _TABLES.items()},
        **{name: {"type": "array", "items": _table(kind)} for name, kind in _ROWS.items()},
    }
    for name in ("inputs", "outputs"):
        properties[name]["minItems"] = 1
    needed = ["model", "licence", "inputs", "outputs", "runtime"]
    title = {"$schema": DIALECT, "title": "A Filmgate model package's model.toml"}
    return title | _object(properties, needed)


def _head(words: str, pattern: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "string", "minLength": 1, "description": words}
    return found | ({"pattern": pattern} if pattern else {})


def _table(kind: type) -> dict[str, Any]:
    described = _descriptions(kind)
    properties: dict[str, Any] = {}
    needed: list[str] = []
    for spec in fields(kind):
        entry = dict(_TYPES[str(spec.type)])
        if words := _WORDS.get(f"{kind.__name__}.{spec.name}"):
            entry["enum"] = list(words)
        if text := described.get(spec.name):
            entry["description"] = text
        if spec.default is MISSING and spec.default_factory is MISSING:
            needed.append(spec.name)
        elif spec.default not in (MISSING, None):
            default: Any = spec.default
            entry["default"] = list(default) if isinstance(default, tuple) else default  # pyright: ignore[reportUnknownArgumentType]
        properties[spec.name] = entry
    return _object(properties, needed)


def _object(properties: dict[str, Any], needed: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return found | ({"required": needed} if needed else {})


def _descriptions(kind: type) -> dict[str, str]:
    """Return what the class's docstring says of each attribute."""
    attributes = (inspect.getdoc(kind) or "").partition("Attributes:\n")[2]
    found = re.findall(r"^    (\w+): (.*(?:\n        .*)*)", attributes, re.MULTILINE)
    return {name: " ".join(text.replace("``", "`").split()) for name, text in found}
