"""Texts as knobs store them, which Nuke may evaluate as Tcl or show as HTML.

A server's texts are nobody's program: neither a bracket nor a dollar sign of theirs gets into a
knob.
"""

from __future__ import annotations

import base64
import binascii
import zlib

_MARK = "fg1:"
_TCL = str.maketrans({"[": "(", "]": ")", "$": "", "\\": "/"})
_HTML = str.maketrans({"<": "\u2039", ">": "\u203a", '"': "'", "{": "(", "}": ")"})


def harmless(text: str) -> str:
    """Return *text* without what Tcl evaluates: brackets are round, backslashes are slashes."""
    return text.translate(_TCL)


def shown(text: str) -> str:
    """Return *text* for labels, tooltips and lists: one line, and neither Tcl nor HTML."""
    return " ".join(harmless(text).translate(_HTML).split())


def to_knob(state: str) -> str:
    """Return a node's state as its knob holds it: in letters that mean nothing to Tcl."""
    return _MARK + base64.b64encode(zlib.compress(state.encode())).decode()


def from_knob(text: str) -> str:
    """Return the state that a knob holds, also as plain JSON; empty if nobody can read it."""
    if not text.startswith(_MARK):
        return text
    try:
        packed = base64.b64decode(text[len(_MARK) :], validate=True)
        return zlib.decompress(packed).decode()
    except (binascii.Error, zlib.error, UnicodeDecodeError):
        return ""
