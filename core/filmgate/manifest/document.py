"""A manifest as a mapping: read strictly from one, and written as one for the wire."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any, TypeVar

from filmgate.errors import ManifestError
from filmgate.manifest.places import Place, suggestion, written
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
_HEAD_REMEDY = (
    'Add [model] with name = "my-model", version = "1.0.0", task = "…" and summary = "…".'
)


def parse_manifest(document: Mapping[str, Any]) -> Manifest:
    """Read the mapping of a ``model.toml``; every field is checked, unknown ones are refused.

    Raises:
        ManifestError: names the field and what would fit; `filmgate.manifest.lines` adds the line.
    """
    sections = {spec.name for spec in fields(Manifest)} - set(_HEAD)
    _refuse_unknown(Place(), document, {*sections, "model"})
    head = _table(document, "model")
    if not head:
        raise Place("model").error("is missing", _HEAD_REMEDY)
    _refuse_unknown(Place("model"), head, _HEAD)
    manifest = Manifest(
        **{key: _text(head, Place("model", key=key)) for key in _HEAD},
        licence=_words(document, "licence"),
        lineage=_words(document, "lineage"),
        inputs=_each(ModelInput, document, "inputs"),
        outputs=_each(ModelOutput, document, "outputs"),
        geometry=_one(Geometry, _table(document, "geometry"), Place("geometry")),
        tiling=_one(Tiling, _table(document, "tiling"), Place("tiling")),
        temporal=_one(Temporal, _table(document, "temporal"), Place("temporal")),
        batch=_one(Batch, _table(document, "batch"), Place("batch")),
        runtime=_one(RuntimeSpec, _table(document, "runtime"), Place("runtime")),
        warmup=_one(WarmUp, _table(document, "warmup"), Place("warmup")),
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
        raise Place(key).error(f"must be a table: write [{key}] on a line of its own")
    return table  # pyright: ignore[reportUnknownVariableType]


def _words(document: Mapping[str, Any], key: str) -> dict[str, str]:
    table = _table(document, key)
    for name, text in table.items():
        if not isinstance(text, str):
            raise Place(key, key=name).error(f"= {written(text)} must be a text")
    return dict(table)


def _each(kind: type[_T], document: Mapping[str, Any], key: str) -> tuple[_T, ...]:
    rows = document.get(key, [])
    if not isinstance(rows, (list, tuple)):
        raise Place(key).error(f"must be a list of tables: write [[{key}]] above each")
    tables: list[Any] = list(rows)  # pyright: ignore[reportUnknownArgumentType]
    return tuple(_one(kind, row, _row(key, row, place)) for place, row in enumerate(tables))


def _row(key: str, row: Any, place: int) -> Place:
    """Return the place of a row, which may be anything, by what it calls itself."""
    given: dict[str, Any] = row if isinstance(row, dict) else {}  # pyright: ignore[reportUnknownVariableType]
    name = given.get("name", given.get("file", ""))
    return Place(key, place, name if isinstance(name, str) else "")


def _one(kind: type[_T], table: Any, place: Place) -> _T:
    if not isinstance(table, dict):
        raise place.error("must be a table")
    given: dict[str, Any] = dict(table)  # pyright: ignore[reportUnknownArgumentType]
    declared = {spec.name: spec for spec in fields(kind)}  # type: ignore[arg-type]
    _refuse_unknown(place, given, declared)
    for name, spec in declared.items():
        required = spec.default is MISSING and spec.default_factory is MISSING
        if required and name not in given:
            remedy = (
                f"Add {name} = …, {_WORDS[str(spec.type)]}." if str(spec.type) in _WORDS else ""
            )
            raise place.error(f"lacks the field {name!r}", remedy)
    values = {key: _typed(place.at(key), given[key], declared[key].type) for key in given}
    try:
        return kind(**values)
    except ManifestError as error:  # a parameter checks its own default
        raise place.at(str(error.detail.get("key", ""))).error(error.text.rstrip(".")) from error


def _typed(place: Place, value: Any, declared: Any) -> Any:
    """Check *value* against the annotation's text; lists become tuples."""
    if declared == "tuple[str, ...]":
        return _texts(place, value)
    if declared == "tuple[float, ...]":
        return _numbers(place, value)
    wanted: Any = _TYPES.get(str(declared))
    right = wanted is None or isinstance(value, wanted)
    if not right or (isinstance(value, bool) and wanted not in (bool, None)):
        raise place.error(f"= {written(value)} must be {_WORDS[str(declared)]}")
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

_WORDS = {
    "str": "a text in quotes",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "Optional[float]": "a number",
    "Mapping[str, str]": "a table of texts",
    "Mapping[str, Any]": "a table",
}


def _numbers(place: Place, value: Any) -> tuple[float, ...]:
    items: list[Any] = list(value) if isinstance(value, (list, tuple)) else [None]  # pyright: ignore[reportUnknownArgumentType]
    if not all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in items):
        raise place.error(f"= {written(value)} must be a list of numbers")
    return tuple(float(item) for item in items)


def _texts(place: Place, value: Any) -> tuple[str, ...]:
    items: list[Any] = list(value) if isinstance(value, (list, tuple)) else [None]  # pyright: ignore[reportUnknownArgumentType]
    if not all(isinstance(item, str) for item in items):
        raise place.error(f"= {written(value)} must be a list of texts, each in quotes")
    return tuple(items)


def _text(table: Mapping[str, Any], place: Place) -> str:
    value = table.get(place.key)
    if not isinstance(value, str) or not value:
        raise place.error("must be given, as a text in quotes", f'Write {place.key} = "…".')
    return value


def _refuse_unknown(place: Place, given: Iterable[str], known: Iterable[str]) -> None:
    for name in sorted(set(given) - set(known)):
        kind, where = ("field", place.at(name)) if place.table else ("table", Place(name))
        raise where.error(f"is no {kind} of a manifest{suggestion(name, known)}")
