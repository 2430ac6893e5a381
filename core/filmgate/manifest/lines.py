"""On which line of a ``model.toml`` something stands.

TOML's own reader forgets the lines. This one reads nothing but where tables and keys begin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Union

from filmgate.errors import ManifestError

Path = tuple[Union[str, int], ...]
"""``("inputs", 0, "hdr")``: the way to a value; numbers count the tables of one name from 0."""

_KEY = r"""(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(rf"\s*({_DOTTED})\s*=")
_TOKEN = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'|#|[\[\]{}]')
_LONG = ('"""', "'''")
_SYNTAX = re.compile(r"(.*) \(at line (\d+), column (\d+)\)\Z")


def with_line(error: ManifestError, text: str, file: str) -> ManifestError:
    """Return *error* with the file and the line that it is about in front.

    What is missing as a whole has no line.

    Args:
        error: from `filmgate.manifest.parse_manifest`.
        text: the file's content.
        file: its name.
    """
    detail = error.detail
    parts = (detail.get("table"), detail.get("row"), detail.get("key"))
    line = find_line(text, tuple(part for part in parts if part not in ("", None)))
    if not line:
        return ManifestError(f"{file}: {error.text}", error.remedy, detail)
    return ManifestError(
        f"{file}, line {line}: {error.text}", error.remedy, {**detail, "line": line}
    )


def syntax_error(error: ValueError, file: str) -> ManifestError:
    """Return the error for a file that TOML's reader refused.

    Args:
        error: what the reader raised.
        file: its name.
    """
    found = _SYNTAX.match(str(error))
    if found is None:
        return ManifestError(f"{file} is not TOML: {error}.")
    reason, line, column = found.groups()
    return ManifestError(
        f"{file}, line {line}: this is not TOML: {reason} (column {column}).",
        detail={"line": int(line)},
    )


def find_line(text: str, path: Path) -> int:
    """Return the line, from 1, where the value at *path* begins.

    Args:
        text: TOML without syntax errors.
        path: of the value; of one that is not there, the table's line is returned, or 0 where
            the table is missing too.
    """
    best, line = 0, 0
    for number, found in _places(text):
        shared = _shared(found, path)
        # An exact hit, or the closest table around it: a key beside it says nothing.
        if shared > best and (shared == len(path) or shared == len(found)):
            best, line = shared, number
    return line


def _shared(found: Path, path: Path) -> int:
    """Return how many steps both have in common from the beginning."""
    count = 0
    for one, other in zip(found, path):
        if one != other:
            break
        count += 1
    return count


def _places(text: str) -> Iterator[tuple[int, Path]]:
    """Yield the line and the path of each table and each key."""
    table: Path = ()
    rows: dict[Path, int] = {}
    value = _Value()
    for number, line in enumerate(text.split("\n"), 1):
        key = header = None
        if not value.open:
            key, header = _ASSIGNMENT.match(line), _HEADER.match(line)
        if header is not None:
            table = _table(header[1] == "[[", _keys(header[2]), rows)
            yield number, table
            continue
        if key is not None:
            yield number, (*table, *_keys(key[1]))
        value.read(line[key.end() :] if key else line)


def _table(is_row: bool, keys: list[str], rows: dict[Path, int]) -> Path:
    """Return the path of a table; *rows* counts those of each name so far."""
    path: Path = ()
    for place, key in enumerate(keys):
        path = (*path, key)
        if is_row and place == len(keys) - 1:
            rows[path] = rows.get(path, -1) + 1
        if path in rows:
            path = (*path, rows[path])
    return path


def _keys(dotted: str) -> list[str]:
    return [key.strip("\"'") for key in re.findall(_KEY, dotted)]


class _Value:
    """Follows a value over its lines."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""

    @property
    def open(self) -> bool:
        """Whether the next line still belongs to it."""
        return bool(self._depth or self._quote)

    def read(self, line: str) -> None:
        """Take the next line, or what of the first one follows the equals sign."""
        place = 0
        while place < len(line):
            read = self._leave_text if self._quote else self._next_token
            place = read(line, place)

    def _leave_text(self, line: str, place: int) -> int:
        end = line.find(self._quote, place)
        if end < 0:
            return len(line)
        quote, self._quote = self._quote, ""
        return end + len(quote)

    def _next_token(self, line: str, place: int) -> int:
        found = _TOKEN.search(line, place)
        if found is None or found[0] == "#":
            return len(line)
        if found[0] in _LONG:
            self._quote = found[0]
        self._depth += (found[0] in "[{") - (found[0] in "]}")
        return found.end()
