"""Words of Tcl as Nuke writes them into scripts, and how they are read again."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PLAIN = re.compile(r"[\w./%#:+*,@=<>!&|?^~()'`-]+", re.ASCII)
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_UNESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def quote(text: str) -> str:
    """Return *text* as one word, in quotes where it needs them."""
    if _PLAIN.fullmatch(text) and not text.startswith("#"):
        return text
    escaped = re.sub(r'([\\"$\[\]{}])', r"\\\1", text)
    for character, escape in _ESCAPES.items():
        escaped = escaped.replace(character, escape)
    return f'"{escaped}"'


def unquote(word: str) -> str:
    """Return the text of the one word that *word* is."""
    words = list(split(word))
    return words[0] if words else ""


def split(text: str) -> Iterator[str]:
    """Yield the words of *text*, a list of Tcl: quotes, braces and backslashes resolved."""
    position = 0
    while True:
        position = _skip_space(text, position)
        if position >= len(text):
            return
        reader = {'"': _read_quoted, "{": _read_braced}.get(text[position], _read_bare)
        word, position = reader(text, position)
        yield word


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and (text[position].isspace() or text.startswith("\\\n", position)):
        position += 2 if text[position] == "\\" else 1
    return position


def _read_braced(text: str, position: int) -> tuple[str, int]:
    """Read from an opening brace to its closing one; what is between stays as it is."""
    depth, start = 0, position
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return text[start + 1 : position], position + 1
        position += 1
    raise ValueError(f"missing close-brace: {text[start : start + 40]}")


def _read_quoted(text: str, position: int) -> tuple[str, int]:
    end = position + 1
    while end < len(text) and text[end] != '"':
        end += 2 if text[end] == "\\" else 1
    if end >= len(text):
        raise ValueError(f'missing ": {text[position : position + 40]}')
    return unescape(text[position + 1 : end]), end + 1


def _read_bare(text: str, position: int) -> tuple[str, int]:
    end = position
    while end < len(text) and not text[end].isspace():
        end += 2 if text[end] == "\\" else 1
    return unescape(text[position:end]), end


def unescape(text: str) -> str:
    """Return *text* with its backslashes resolved."""
    if "\\" not in text:
        return text
    return re.sub(r"\\(.)", lambda found: _UNESCAPES.get(found[1], found[1]), text, flags=re.DOTALL)


def commands(text: str) -> Iterator[list[str]]:
    """Yield the commands of a script, each as its words."""
    position = 0
    while position < len(text):
        position = _skip_blank(text, position)
        if position >= len(text):
            return
        start = position
        position = _end_of_command(text, position)
        yield list(split(text[start:position]))


def _skip_blank(text: str, position: int) -> int:
    while position < len(text) and (text[position].isspace() or text[position] in ";#"):
        if text[position] == "#":
            position = (text.find("\n", position) + 1) or len(text)
        else:
            position += 1
    return position


def _end_of_command(text: str, position: int) -> int:
    """Return where the command ends: a line's end outside braces, quotes and brackets."""
    while position < len(text) and text[position] not in "\n;":
        character = text[position]
        if character == "{":
            position = _read_braced(text, position)[1]
        elif character == '"':
            position = _read_quoted(text, position)[1]
        elif character == "[":
            position = text.index("]", position) + 1
        else:
            position += 2 if character == "\\" else 1
    return position
