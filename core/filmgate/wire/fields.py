"""Readers of message fields: each takes what msgpack gave and returns a checked value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, field, fields
from typing import Any, Callable, TypeVar

from filmgate.digest import DIGEST_BYTES
from filmgate.errors import FilmgateError, ProtocolError, UnsupportedFieldError

Reader = Callable[[Any], Any]

TEXT_MAX = 4096
LABEL_MAX = 128
LIST_MAX = 256
MAP_MAX = 64
COUNT_MAX = (1 << 53) - 1
DETAIL_ENTRIES_MAX = 16
DETAIL_CHARACTERS_MAX = 200
_T = TypeVar("_T")


def wire_field(reader: Reader, default: Any = MISSING) -> Any:
    """Declare a dataclass field that travels; without a default it must be present."""
    metadata = {"reader": reader}
    if default is MISSING:
        return field(metadata=metadata)
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)  # pyright: ignore[reportUnknownVariableType]
    return field(default=default, metadata=metadata)


def read_fields(kind: type[_T], document: Mapping[str, Any]) -> _T:
    """Build the dataclass *kind* from a decoded map; unknown keys are ignored.

    Raises:
        ProtocolError: a field is missing or does not fit.
    """
    values: dict[str, Any] = {}
    for spec in fields(kind):  # type: ignore[arg-type]
        if spec.name in document:
            values[spec.name] = _read_one(kind, spec, document[spec.name])
        elif spec.default is MISSING and spec.default_factory is MISSING:
            raise ProtocolError(f"{kind.__name__} lacks the field {spec.name!r}.")
    return kind(**values)


def write_fields(message: Any) -> dict[str, Any]:
    """Return the map that `read_fields` reads; nested dataclasses become maps."""
    return {spec.name: _written(getattr(message, spec.name)) for spec in fields(message)}


def text(value: Any) -> str:
    """Read a text of at most `TEXT_MAX` bytes."""
    if not isinstance(value, str) or len(value.encode("utf-8", "replace")) > TEXT_MAX:
        raise ProtocolError("a text was expected")
    return value


def label(value: Any) -> str:
    """Read a short text of at most `LABEL_MAX` bytes: lists of hundreds must fit into a header."""
    if not isinstance(value, str) or len(value.encode("utf-8", "replace")) > LABEL_MAX:
        raise ProtocolError(f"a text of at most {LABEL_MAX} bytes was expected")
    return value


def count(value: Any) -> int:
    """Read a whole number from 0 to 2^53 - 1."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= COUNT_MAX:
        raise ProtocolError("a whole number from 0 was expected")
    return value


def number(value: Any) -> float:
    """Read a finite number as a float."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ProtocolError("a finite number was expected")
    return float(value)


def flag(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise ProtocolError("true or false was expected")
    return value


def binary(size: int) -> Reader:
    """Read exactly *size* bytes."""

    def read(value: Any) -> bytes:
        if not isinstance(value, bytes) or len(value) != size:
            raise ProtocolError(f"{size} bytes were expected")
        return value

    return read


def optional(reader: Reader) -> Reader:
    """Read nil, or what *reader* reads."""
    return lambda value: None if value is None else reader(value)


def word(*known: str) -> Reader:
    """Read one of a few words."""

    def read(value: Any) -> str:
        if value not in known:
            raise ProtocolError("one of " + ", ".join(known) + " was expected")
        return value

    return read


def many(reader: Reader, limit: int = LIST_MAX) -> Reader:
    """Read a list of at most *limit* as a tuple."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > limit:  # pyright: ignore[reportUnknownArgumentType]
            raise ProtocolError(f"a list of at most {limit} was expected")
        return tuple(reader(item) for item in value)  # pyright: ignore[reportUnknownVariableType]

    return read


def mapping(reader: Reader) -> Reader:
    """Read a map from names to what *reader* reads."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > MAP_MAX:  # pyright: ignore[reportUnknownArgumentType]
            raise ProtocolError(f"a map of at most {MAP_MAX} was expected")
        return {text(key): reader(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]

    return read


def record(kind: type[_T]) -> Callable[[Any], _T]:
    """Read a nested dataclass from a map."""

    def read(value: Any) -> _T:
        if not isinstance(value, dict):
            raise ProtocolError("a map was expected")
        return read_fields(kind, value)  # pyright: ignore[reportUnknownArgumentType]

    return read


def strict(kind: type[_T]) -> Callable[[Any], _T]:
    """Read a nested dataclass whose unknown keys are refused: they might change pixels.

    The reader raises `UnsupportedFieldError` for an unknown key.
    """
    known = {spec.name for spec in fields(kind)}  # type: ignore[arg-type]
    lenient = record(kind)

    def read(value: Any) -> _T:
        if isinstance(value, dict) and not known.issuperset(value):  # pyright: ignore[reportUnknownArgumentType]
            names = ", ".join(sorted(str(key) for key in value if key not in known))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            raise UnsupportedFieldError(f"This server does not know the field {names}.")
        return lenient(value)

    return read


def plain(value: Any) -> Any:
    """Read a parameter or a detail: nil, a flag, a number, a text, or a short list of numbers."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return count(abs(value)) and value
    if isinstance(value, list):
        return many(number)(value)
    return number(value)


def short_detail(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an error carries as `plain` reads it and a header has room for; the rest is cut.

    Numbers and short lists of them stay what they are; anything else becomes a text.
    """
    entries = list(detail.items())[:DETAIL_ENTRIES_MAX]
    return {str(key)[:DETAIL_CHARACTERS_MAX]: _short(value) for key, value in entries}


def _short(value: Any) -> Any:
    listed = list(value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if not isinstance(listed, (str, list)) or len(listed) <= DETAIL_ENTRIES_MAX:  # pyright: ignore[reportUnknownArgumentType]
        try:
            return plain(listed)
        except ProtocolError:
            pass  # not what travels as it is
    return str(value)[:DETAIL_CHARACTERS_MAX]  # pyright: ignore[reportUnknownArgumentType]


digest: Reader = binary(DIGEST_BYTES)
name16: Reader = binary(16)


def _read_one(kind: type[Any], spec: Field[Any], value: Any) -> Any:
    try:
        return spec.metadata["reader"](value)
    except FilmgateError as error:
        place = f"{kind.__name__}.{spec.name}"
        raise type(error)(f"{place}: {error.text}", error.remedy, error.detail) from None


def _written(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return write_fields(value)
    if isinstance(value, tuple):
        return [_written(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value
