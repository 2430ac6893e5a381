"""Where in a manifest something stands, and the error that says so."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Optional

from filmgate.errors import ManifestError


@dataclass(frozen=True)
class Place:
    """A field of a manifest, or a whole table.

    Attributes:
        table: its name; empty for the document itself.
        row: which of several tables of that name, from 0; None where there is only one.
        name: what that row calls itself, for people.
        key: the field; empty for the table.
    """

    table: str = ""
    row: Optional[int] = None
    name: str = ""
    key: str = ""

    def at(self, key: str) -> Place:
        """Return the field *key* of the same table."""
        return Place(self.table, self.row, self.name, key)

    def __str__(self) -> str:
        """Return it as the file writes it: ``[geometry] scale``, ``[[inputs]] "color": hdr``."""
        if not self.table:
            return self.key or "the manifest"
        if self.row is None:
            return f"[{self.table}] {self.key}".rstrip()
        row = f'"{self.name}"' if self.name else f"number {self.row + 1}"
        return f"[[{self.table}]] {row}" + (f": {self.key}" if self.key else "")

    def error(self, text: str, remedy: str = "") -> ManifestError:
        """Return the error that *text*, a predicate, holds of this place; *remedy* mends it.

        Its detail has ``table``, ``row`` and ``key``, from which `filmgate.manifest.lines` finds
        the line.
        """
        sentence = f"{self} {text}" + ("" if text.endswith("?") else ".")
        detail = {"table": self.table, "row": self.row, "key": self.key}
        return ManifestError(sentence[0].upper() + sentence[1:], remedy, detail)


def written(value: Any) -> str:
    """Return a value as TOML writes it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """Return a question after the closest of *known*; empty where none is close."""
    close = difflib.get_close_matches(wrong.lower(), list(known), 1)
    return f'. Did you mean "{close[0]}"?' if close else ""


def demand(right: bool, place: Place, otherwise: str, remedy: str = "") -> None:
    """Raise what *otherwise* says of *place* unless it is *right*; see `Place.error`."""
    if not right:
        raise place.error(otherwise, remedy)


_SHOWN = 60
