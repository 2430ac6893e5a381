"""Readers of fields; the page of the protocol tests each type against each message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import pytest
from msgpack import packb, unpackb

from filmgate.errors import ProtocolError, UnsupportedFieldError
from filmgate.wire import fields as f
from filmgate.wire.fields import read_fields, wire_field, write_fields


@dataclass(frozen=True)
class Inner:
    """A nested record."""

    size: int = wire_field(f.count)
    names: tuple[str, ...] = wire_field(f.many(f.text, 2), ())


@dataclass(frozen=True)
class Outer:
    """A record with one of everything."""

    name: str = wire_field(f.text)
    inner: Inner = wire_field(f.record(Inner))
    strict: Optional[Inner] = wire_field(f.optional(f.strict(Inner)), None)
    extra: Any = wire_field(f.mapping(f.plain), {})


def test_records_survive() -> None:
    """What is written is read back equal, tuples and nested records included."""
    outer = Outer("x", Inner(3, ("a", "b")), Inner(4), {"k": None, "l": (1.0, 2.0), "m": -3})
    assert read_fields(Outer, unpackb(packb(write_fields(outer)))) == outer


def test_defaults_fill_what_is_absent() -> None:
    """An absent field has its default, and defaults are not shared."""
    first = read_fields(Outer, {"name": "x", "inner": {"size": 1}})
    second = read_fields(Outer, {"name": "x", "inner": {"size": 1}})
    assert first == Outer("x", Inner(1))
    assert first.extra is not second.extra


def test_errors_name_the_place() -> None:
    """An error says which field of which record was wrong."""
    with pytest.raises(ProtocolError, match=r"Outer\.inner: Inner\.size: a whole number"):
        read_fields(Outer, {"name": "x", "inner": {"size": "3"}})
    with pytest.raises(ProtocolError, match="lacks the field 'size'"):
        read_fields(Outer, {"name": "x", "inner": {}})


def test_strict_records_refuse_what_they_do_not_know() -> None:
    """A lenient record ignores an unknown key, a strict one names it."""
    known = {"name": "x", "inner": {"size": 1, "new": 2}}
    assert read_fields(Outer, known).inner == Inner(1)
    with pytest.raises(UnsupportedFieldError, match="new"):
        read_fields(Outer, {**known, "strict": {"size": 1, "new": 2}})


def test_limits_are_inclusive() -> None:
    """The longest list that is allowed is allowed."""
    assert read_fields(Inner, {"size": 0, "names": ["a", "b"]}).names == ("a", "b")
    with pytest.raises(ProtocolError):
        read_fields(Inner, {"size": 0, "names": ["a", "b", "c"]})


def test_texts_are_counted_in_bytes() -> None:
    """A text of few characters may be too long, and a half character does not break the count."""
    assert f.text("é" * 2048)
    with pytest.raises(ProtocolError):
        f.text("é" * 2049)
    assert f.text("\ud800" * 10)


def test_numbers_become_floats() -> None:
    """1 and 1.0 are the same time."""
    assert type(f.number(1)) is float
    assert f.plain([1, 2]) == (1.0, 2.0)
    assert type(f.plain(1)) is int
