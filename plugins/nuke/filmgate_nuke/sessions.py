"""The sessions of the script's nodes, found by the identity that each node carries."""

from __future__ import annotations

from typing import Optional

import nuke

from filmgate.host.hub import Hub
from filmgate.host.session import HostSession


def hub(server: str = "") -> Hub:
    """Return what all nodes of a server share; opens no connection.

    Args:
        server: an address of the node's own; empty for the configured one.

    Raises:
        ConfigError: a setting cannot be used.
    """
    raise NotImplementedError


def session(group: nuke.Group) -> HostSession:
    """Return the session of a Filmgate Group; made at the first call, never with a network call."""
    raise NotImplementedError


def known(group: nuke.Group) -> Optional[HostSession]:
    """Return the session of a node that has one already."""
    raise NotImplementedError


def close_all() -> None:
    """Cancel what runs and forget every node: the script closes."""
    raise NotImplementedError
