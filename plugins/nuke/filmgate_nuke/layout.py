"""The names of knobs and of the nodes inside, which scripts store: they never change."""

from __future__ import annotations

import re

PREFIX = "filmgate_"
STATE = "filmgate_state"
STATUS = "filmgate_status"
SERVER = "filmgate_server"
MODEL = "filmgate_model"
VERSION = "filmgate_version"
SOURCE_TIME = "filmgate_source_time"
VIEW = "filmgate_view"
MIX = "filmgate_mix"
MASK_INVERT = "filmgate_mask_invert"

MASK = "mask"
SOURCE = "source"
RETIMED = "at_source_time"
UNMASKED, MIXED, MASKED = "unmasked", "mixed", "masked"
MORE, LESS, DIFFERENCE = "more", "less", "difference"
HAS_RESULT = "has_result"
RANGE = "range"

_NO_IDENTIFIER = re.compile(r"\W")
_EXPRESSION = re.compile(r"input\d*|this|parent|root")
_PREFIXES = ("in_", "keep_", "capture_", "read_", "take_", "before_", "onto_")


def identifier(name: str) -> str:
    """Return a manifest's name as Nuke takes one."""
    return _NO_IDENTIFIER.sub("_", name)


def layer_knob(entry: str) -> str:
    """Return the knob in which the layer of an input is chosen."""
    return f"filmgate_layer_{identifier(entry)}"


def parameter_knob(parameter: str) -> str:
    """Return the knob of a parameter."""
    return f"filmgate_p_{identifier(parameter)}"


def file_knob(output: str) -> str:
    """Return the knob that shows what is read for an output."""
    return f"filmgate_file_{identifier(output)}"


def input_node(entry: str) -> str:
    """Return the Input of one of the model's inputs; the arrow at the Group bears its name.

    No two nodes inside share a name, and none bears a word of Nuke's expressions.
    """
    name = identifier(entry)
    taken = name[0].isdigit() or name.startswith(_PREFIXES) or name in _INSIDE
    return f"in_{name}" if taken or _EXPRESSION.fullmatch(name) else name


def keep_node(entry: str) -> str:
    """Return the Remove that keeps what is captured of an input."""
    return f"keep_{identifier(entry)}"


def capture_node(entry: str) -> str:
    """Return the Write that captures an input."""
    return f"capture_{identifier(entry)}"


def read_node(output: str) -> str:
    """Return the Read of an output."""
    return f"read_{identifier(output)}"


def copy_node(what: str, output: str, number: int) -> str:
    """Return a Copy of four channels of an output; *what* says from where to where."""
    return f"{what}_{identifier(output)}_{number}"


def spoken(knob: str) -> str:
    """Return a knob's name as people say it, where its label is gone."""
    for prefix in ("filmgate_p_", "filmgate_layer_", "filmgate_file_", PREFIX):
        if knob.startswith(prefix):
            return knob[len(prefix) :].replace("_", " ")
    return knob


_INSIDE = (
    MASK,
    SOURCE,
    RETIMED,
    UNMASKED,
    MIXED,
    MASKED,
    MORE,
    LESS,
    DIFFERENCE,
    HAS_RESULT,
    RANGE,
    "overlay",
    "red",
    "view",
    "out",
)
