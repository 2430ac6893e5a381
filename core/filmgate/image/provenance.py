"""Where a result came from, written into its header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from filmgate.image.header import Attribute, Header, text_attribute

_PREFIX = "filmgate/"
_JSON_FIELDS = ("params", "inputs", "layers", "wish", "colour")
_WHERE_TRUE = ("time", "colour")
"""Left out of the header where there is nothing to say."""


@dataclass(frozen=True)
class Provenance:
    """What made a result; each field is one text attribute, ``filmgate/<field>``.

    Attributes:
        model: name and version, ``denoise@1.2.0``.
        model_digest: of the package.
        params: parameter name to value, as JSON.
        inputs: input (see `input_key`) to digest of the file, as JSON.
        numerics: the id of engine, precision, device class, tile and batch.
        version: of Filmgate.
        layers: input name to the layer chosen by hand, as JSON.
        wish: how the file was asked for (mode, compression, depth), as JSON.
        time: the result's source time in frames, where the model took several; else empty.
        colour: as JSON: ``asked`` (what the job said, see `asked_colour`) and, for each input whose
            space counted, which it was, who said so, by which config, and which was converted to.
    """

    model: str
    model_digest: str = ""
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])
    numerics: str = ""
    version: str = ""
    layers: Mapping[str, str] = field(default_factory=dict[str, str])
    wish: Mapping[str, Any] = field(default_factory=dict[str, Any])
    time: str = ""
    colour: Mapping[str, Any] = field(default_factory=dict[str, Any])


def input_key(name: str, view: str = "", time: float | None = None) -> str:
    """Return what an input is called in a header: ``color``, ``color.left``, ``color@1001``."""
    named = ".".join(filter(None, (name, view)))
    return named if time is None else f"{named}@{time_text(time)}"


def time_text(time: float) -> str:
    """Write a time in frames as short as it is exact: ``1001``, ``1001.25``."""
    return str(int(time)) if time == int(time) else repr(float(time))


def asked_colour(space: str, working: str, config: str) -> dict[str, str]:
    """Return what a job says of its colours, as a header has it: without what it does not say."""
    said = {"space": space, "working": working, "config": config}
    return {name: text for name, text in said.items() if text}


def provenance_attributes(provenance: Provenance) -> dict[str, Attribute]:
    """Return *provenance* as attributes of a header."""
    texts = {name: value for name, value in vars(provenance).items() if name not in _JSON_FIELDS}
    texts |= {name: _json(getattr(provenance, name)) for name in _JSON_FIELDS}
    for name in _WHERE_TRUE:
        if not getattr(provenance, name):
            del texts[name]
    return {_PREFIX + name: text_attribute(text) for name, text in texts.items()}


def read_provenance(header: Header) -> Provenance | None:
    """Return what `provenance_attributes` wrote; None where a file does not come from here."""
    texts = {name: header.text(_PREFIX + name) for name in Provenance.__dataclass_fields__}
    if not texts["model"]:
        return None
    fields: dict[str, Any] = {**texts, **{name: _table(texts[name]) for name in _JSON_FIELDS}}
    return Provenance(**fields)


def _json(table: Mapping[str, Any]) -> str:
    return json.dumps(dict(table), sort_keys=True, ensure_ascii=False)


def _table(text: str) -> dict[str, Any]:
    """Read a JSON table; other programs may have cut a long text, which is not worth an error."""
    try:
        table = json.loads(text)
    except ValueError:
        return {}
    return table if isinstance(table, dict) else {}  # pyright: ignore[reportUnknownVariableType]
