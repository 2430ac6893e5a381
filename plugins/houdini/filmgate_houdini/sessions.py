"""The sessions of the scene's nodes."""

from __future__ import annotations

from typing import Any, Optional

import hou

from filmgate.host.bake import check_plain
from filmgate.host.hub import Hub
from filmgate.host.roster import Roster
from filmgate.host.session import HostSession
from filmgate_houdini import events
from filmgate_houdini.host import HoudiniHost

_LOST = (
    hou.hipFileEventType.BeforeClear,
    hou.hipFileEventType.BeforeLoad,
)
"""Events after which the scene's nodes are gone."""


def _opened(host: HoudiniHost, session: HostSession) -> None:
    host.patterns = session.patterns
    host.node.addEventCallback((hou.nodeEventType.BeingDeleted,), _deleted)
    if _scene_event not in hou.hipFile.eventCallbacks():
        hou.hipFile.addEventCallback(_scene_event)
    events.start()


def _check(hub: Hub) -> None:
    check_plain(hub.folder.as_posix(), "cache")


_roster: Roster[hou.OpNode, HoudiniHost] = Roster(HoudiniHost, _opened, _check)

given = _roster.given
"""Settings that count more than files and environment: those of a command line."""


def hub(server: str = "") -> Hub:
    """Return what all nodes of a server share; opens no connection.

    Raises:
        ConfigError: a setting cannot be used.
        StorageError: the folder of the cache cannot be made.
    """
    return _roster.hub(server)


def session(node: hou.OpNode) -> HostSession:
    """Return the session of a Filmgate node; made at the first call, never with a network call.

    Raises:
        ConfigError: a setting cannot be used.
    """
    return _roster.session(node)


def host(node: hou.OpNode) -> HoudiniHost:
    """Return a node's side of the seam; a copied node becomes one of its own here."""
    return _roster.adopt(node).seat


def known(node: hou.OpNode) -> Optional[HostSession]:
    """Return the session of a node that has one already."""
    entry = _roster.find(node)
    return None if entry is None else entry.session


def hosts() -> list[HoudiniHost]:
    """Return the side of each Filmgate node that was seen and still is in the scene."""
    return [entry.seat for entry in _roster.alive()]


def forget(node: hou.OpNode) -> None:
    """End what a node that is being deleted has under way."""
    host = _roster.find(node)
    if host is not None:
        events.unwatch(id(host.seat))
    _roster.forget(node)


def close_all() -> None:
    """End what the scene has under way: it is being closed."""
    events.stop()
    _roster.close_all()


def close_hubs() -> None:
    """End the connections too: Houdini ends."""
    close_all()
    _roster.close_hubs()


def _deleted(node: hou.OpNode, **_: Any) -> None:
    forget(node)


def _scene_event(event_type: hou.EnumValue) -> None:
    if event_type in _LOST:
        close_all()
