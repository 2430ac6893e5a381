"""A manifest as a mapping: read strictly from one, and written as one for the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any, TypeVar

from filmgate.errors import ManifestError
from filmgate.manifest.rules import check_manifest
from filmgate.manifest.sections import (
    Batch,
    Geometry,
    GoldenTest,
    Manifest,
    ModelInput,
    ModelOutput,
    RuntimeSpec,
    Temporal,
    Tiling,
    WarmUp,
    Weights,
)
from filmgate.params import Parameter

_HEAD = ("name", "version", "task", "summary")


def parse_manifest(document: Mapping[str, Any]) -> Manifest:
    """Read the mapping of a ``model.toml``; every field is checked, unknown ones are refused.

    Raises:
        ManifestError: names the field and what would fit.
    """
    sections = {spec.name for spec in fields(Manifest)} - set(_HEAD)
    _refuse_unknown("the manifest", set(document) - sections - {"model"})
    head = _table(document, "model")
    _refuse_unknown("[model]", set(head) - set(_HEAD))
    manifest = Manifest(
        **{key: _text(head, "model", key) for key in _HEAD},
        licence=_words(document, "licence"),
        lineage=_words(document, "lineage"),
        inputs=_each(ModelInput, document, "inputs"),
        outputs=_each(ModelOutput, document, "outputs"),
        geometry=_one(Geometry, _table(document, "geometry"), "geometry"),
        tiling=_one(Tiling, _table(document, "tiling"), "tiling"),
        temporal=_one(Temporal, _table(document, "temporal"), "temporal"),
        batch=_one(Batch, _table(document, "batch"), "batch"),
        runtime=_one(RuntimeSpec, _table(document, "runtime"), "runtime"),
        warmup=_one(WarmUp, _table(document, "warmup"), "warmup"),
        params=_each(Parameter, document, "params"),
        weights=_each(Weights, document, "weights"),
        tests=_each(GoldenTest, document, "tests"),
    )
    check_manifest(manifest)
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
    document: dict[str, Any] = {"model": {key: flat.pop(key) for key in _HEAD}}
    document.update(flat)
    for row in (*document["params"], *document["tests"]):
        for key in [key for key, value in row.items() if value is None]:
            del row[key]
    return json.dumps(document, sort_keys=True).encode()


_T = TypeVar("_T")


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = document.get(key, {})
    if not isinstance(table, dict):
        raise ManifestError(f"[{key}] must be a table.")
    return table  # pyright: ignore[reportUnknownVariableType]


def _words(document: Mapping[str, Any], key: str) -> dict[str, str]:
    table = _table(document, key)
    for name, text in table.items():
        if not isinstance(text, str):
            raise ManifestError(f"{key}.{name} = {text!r} must be a text.")
    return dict(table)


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
    if declared == "tuple[float, ...]":
        return _numbers(where, key, value)
    wanted: Any = _TYPES.get(str(declared))
    right = wanted is None or isinstance(value, wanted)
    if not right or (isinstance(value, bool) and wanted not in (bool, None)):
        raise ManifestError(f"{where}.{key} = {value!r} must be of type {declared}.")
    return value


_TYPES: dict[str, Any] = {
    "str": str,
    "bool": bool,
    "int": int,
    "float": (int, float),
    "Optional[float]": (int, float),
    "Mapping[str, str]": dict,
    "Mapping[str, Any]": dict,
}


def _numbers(where: str, key: str, value: Any) -> tuple[float, ...]:
    items: list[Any] = list(value) if isinstance(value, (list, tuple)) else [None]  # pyright: ignore[reportUnknownArgumentType]
    if not all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in items):
        raise ManifestError(f"{where}.{key} must be a list of numbers.")
    return tuple(float(item) for item in items)


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
