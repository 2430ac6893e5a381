"""What a node shows of its state: the colour of its tile and its label."""

from __future__ import annotations

import nuke

from filmgate.host.state import Status


def show(group: nuke.Group, status: Status) -> None:
    """Show where the node stands; call it inside `filmgate_nuke.script.untouched`."""
    raise NotImplementedError


def register() -> None:
    """Let Nuke ask us for the labels of our nodes; once however often it is called."""
    raise NotImplementedError
