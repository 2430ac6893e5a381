"""Inside the Group: capture, Reads of the results, and their way onto the source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Optional

import nuke

from filmgate.manifest import Manifest


class CaptureNodes(NamedTuple):
    """What captures one input.

    Attributes:
        remove: keeps the bound channels alone.
        write: writes them bit for bit; disabled but while it captures.
    """

    remove: nuke.Node
    write: nuke.Node


def build(group: nuke.Group, manifest: Manifest) -> None:
    """Make every node inside *group*."""
    raise NotImplementedError


def capture_nodes(group: nuke.Group, name: str) -> Optional[CaptureNodes]:
    """Return what captures the input *name*, set to the channels that it is bound to now.

    Call it inside `filmgate_nuke.script.untouched`: the channels are knobs.

    Returns:
        None for an optional input that is not connected and that the main pipe does not hold.

    Raises:
        InputError: the main pipe is not connected.
        LayerError: a needed layer is missing, or the chosen one does not fit; the text lists what
            the pipe holds.
    """
    raise NotImplementedError


def sources(group: nuke.Group) -> list[nuke.Node]:
    """Return the nodes that the model's inputs are connected to, the main one first."""
    raise NotImplementedError


def reads(group: nuke.Group) -> dict[str, nuke.Node]:
    """Return the Read of each output by its name."""
    raise NotImplementedError


def show_results(group: nuke.Group, patterns: Mapping[str, str], span: tuple[int, int]) -> None:
    """Let the Reads read *patterns*, by output; with none the source passes through."""
    raise NotImplementedError
