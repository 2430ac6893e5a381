"""What the buttons of a node do; each is called as ``filmgate_nuke.actions.<button>(node)``."""

from __future__ import annotations

import nuke


def run_frame(group: nuke.Group) -> None:
    """Make the current frame, in every view."""


def run_range(group: nuke.Group) -> None:
    """Make the frames of the range knob: those that are not fresh."""


def cancel(group: nuke.Group) -> None:
    """End what the node has under way; finished frames stay."""


def bake(group: nuke.Group) -> None:
    """Copy the node's frames to the show's folder and read them from there."""


def unbake(group: nuke.Group) -> None:
    """Read the takes again; the baked files stay where they are."""


def clear(group: nuke.Group) -> None:
    """Forget the node's takes."""


def upgrade(group: nuke.Group) -> None:
    """Take the newest version of the model; undoable."""


def choose_version(group: nuke.Group) -> None:
    """Take the version that the knob shows; undoable."""


def start_server(group: nuke.Group) -> None:
    """Start a server of one's own on this machine."""
