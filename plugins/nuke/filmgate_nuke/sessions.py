"""The sessions of the script's nodes, found by the identity that each node carries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from math import floor
from typing import TYPE_CHECKING, Optional

import nuke

from filmgate.config import load_config
from filmgate.errors import FilmgateError
from filmgate.frames import parse_frames
from filmgate.host.bake import check_plain
from filmgate.host.hub import Hub
from filmgate.host.node import parse_node_state
from filmgate.host.port import Moment
from filmgate.host.session import HostSession
from filmgate.host.state import State
from filmgate_nuke import guard, stored, threads
from filmgate_nuke.host import STATE_KNOB, NukeHost, is_alive

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

SERVER_KNOB = "filmgate_server"
MODEL_KNOB = "filmgate_model"


@dataclass
class Entry:
    """A node that has been seen, and its session once it was needed.

    Attributes:
        group: the node.
        host: its side of the seam.
        node: its identity; empty before the first session of a new node.
        session: made when first asked for.
        server: which one the session is for.
    """

    group: nuke.Group
    host: NukeHost
    node: str
    session: Optional[HostSession] = None
    server: str = ""


given: dict[str, str] = {}
"""Settings that count more than files and environment: those of a command line."""

_entries: list[Entry] = []
_hubs: dict[str, Hub] = {}


def is_ours(group: nuke.Node) -> TypeGuard[nuke.Group]:
    """Return whether a node is one of Filmgate's."""
    return group.Class() == "Group" and group.knob(STATE_KNOB) is not None


def hub(server: str = "") -> Hub:
    """Return what all nodes of a server share; opens no connection.

    Args:
        server: an address of the node's own; empty for the configured one.

    Raises:
        ConfigError: a setting cannot be used.
            A Read would not find its takes where a path holds code or frame numbers.
        StorageError: the folder of the cache cannot be made.
    """
    if server not in _hubs:
        made = Hub(load_config({**given, "server": server}))
        check_plain(made.folder.as_posix(), "cache")
        _hubs[server] = made
    return _hubs[server]


def session(group: nuke.Group) -> HostSession:
    """Return the session of a Filmgate Group; made at the first call, never with a network call.

    Raises:
        ConfigError: a setting cannot be used.
    """
    entry = adopt(group)
    server = server_of(group)
    if entry.session is not None and entry.server != server:
        entry.session.close()
        entry.session = None
    if entry.session is None:
        return _open(entry, server)
    if entry.session.state_text != entry.host.load_state():  # something was undone
        entry.session.reload()
        entry.node = entry.session.node
    return entry.session


def host(group: nuke.Group) -> NukeHost:
    """Return a node's side of the seam."""
    return adopt(group).host


def adopt(group: nuke.Group) -> Entry:
    """Take notice of a node; a copy, which has the identity of another, is given one of its own.

    Raises:
        ConfigError: the node is a copy, and a setting cannot be used.
    """
    entry = _find(group)
    if entry is not None:
        return entry
    text = stored.from_knob(str(group[STATE_KNOB].value()))
    entry = Entry(group, NukeHost(group), parse_node_state(text).node if text else "")
    is_copy = any(each.node == entry.node for each in _alive() if entry.node)
    _entries.append(entry)
    if is_copy:
        _open(entry, server_of(group)).new_identity()
        entry.node = _open(entry, server_of(group)).node
    return entry


def known(group: nuke.Node) -> Optional[HostSession]:
    """Return the session of a node that has one already."""
    entry = _find(group)
    return None if entry is None else entry.session


def is_adopted(group: nuke.Node) -> bool:
    """Return whether the node was seen complete: while a script sets its knobs, it was not."""
    return _find(group) is not None


def watched() -> list[guard.Watched]:
    """Return every Filmgate node of the script, with what tells the state of its frames."""
    return [guard.Watched(entry.group, partial(_state_at, entry.group)) for entry in _alive()]


def forget(group: nuke.Node) -> None:
    """Close the session of a node that is being deleted; undo brings the node back as it was."""
    for entry in list(_entries):
        if not is_alive(entry.group) or entry.group == group:
            _entries.remove(entry)
            _close(entry)


def close_all() -> None:
    """Cancel what runs and forget every node: the script closes."""
    for entry in list(_entries):
        _entries.remove(entry)
        _close(entry)
    threads.drop_all()


def close_hubs() -> None:
    """End the connections too: Nuke ends."""
    close_all()
    for each in _hubs.values():
        each.close()
    _hubs.clear()


def server_of(group: nuke.Group) -> str:
    """Return the server of the node's own; empty for the configured one."""
    return str(group[SERVER_KNOB].value()).strip()


def _open(entry: Entry, server: str) -> HostSession:
    if entry.session is None:
        model = str(entry.group[MODEL_KNOB].value())
        entry.session = HostSession(entry.host, hub(server), model)
        entry.node, entry.server = entry.session.node, server
        entry.host.bind(entry.session.patterns, partial(_check_inputs, entry.group))
    return entry.session


def _state_at(group: nuke.Group, moment: Moment) -> State:
    """Return a frame's state; a baked one needs neither settings nor a place for the cache."""
    kept = parse_node_state(host(group).load_state())
    if kept.baked and floor(moment.time) in _frames(kept.bake_frames):
        return State.BAKED
    return session(group).state_at(moment)


@lru_cache(maxsize=32)
def _frames(text: str) -> frozenset[int]:
    try:
        return frozenset(parse_frames(text) if text else ())
    except FilmgateError:  # written by hand
        return frozenset()


def _check_inputs(group: nuke.Group, moment: Moment) -> None:
    guard.check_inputs(watched(), group, moment)


def _close(entry: Entry) -> None:
    if entry.session is not None:
        entry.session.close()
        entry.session = None


def _alive() -> list[Entry]:
    return [entry for entry in _entries if is_alive(entry.group)]


def _find(group: nuke.Node) -> Optional[Entry]:
    return next((each for each in _alive() if each.group == group), None)
