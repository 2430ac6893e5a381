"""The sessions of the project's assets, found by the asset that each of them makes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filmgate import __version__
from filmgate.digest import digest_text
from filmgate.host.node import NodeState
from filmgate.host.port import Moment
from filmgate.host.roster import Roster
from filmgate.host.session import HostSession
from filmgate_unreal import states
from filmgate_unreal.host import UnrealHost
from filmgate_unreal.metadata import Record
from filmgate_unreal.work import Work


def _opened(host: UnrealHost, session: HostSession) -> None:
    """Give a copy of an accepted asset an identity of its own."""
    if host.copied:
        session.new_identity()


_roster: Roster[Work, UnrealHost] = Roster(UnrealHost, _opened)

given = _roster.given
hub = _roster.hub
close_all = _roster.close_all
close_hubs = _roster.close_hubs


def host(work: Work) -> UnrealHost:
    """Return the asset's side of the seam."""
    return _roster.adopt(work).seat


def session(work: Work) -> HostSession:
    """Return the session of a piece of work; made at the first call, never with a network call.

    Raises:
        ConfigError: a setting cannot be used.
    """
    return _roster.session(work)


def settle(work: Work) -> HostSession:
    """Return the session of work that is about to begin: of the model and source of *work*.

    The source may be another object for the same: a level that was loaded again has new actors.

    Raises:
        ConfigError: a setting cannot be used.
    """
    found = session(work)
    host(work).source = work.source
    if work.model not in (found.node_state.model, _exact(found.node_state)):
        found.choose(work.model)
    return found


def _exact(state: NodeState) -> str:
    """Return the reference to the very package that a node has."""
    name = state.model.partition("@")[0]
    return f"{name}@{digest_text(bytes.fromhex(state.package))}" if state.package else ""


def end(work: Work) -> None:
    """Cancel what is under way for an asset, and remember nothing of it."""
    _roster.forget(work)
    states.forget(work.target)


def moments(work: Work) -> list[Moment]:
    """Return the moments of every frame of the source."""
    first, last = work.source.span()
    return [Moment(float(frame)) for frame in range(first, last + 1)]


def files(work: Work) -> Mapping[int, Path]:
    """Return the files of the results that are there, by frame: those of the first output."""
    found = session(work)
    manifest = found.manifest
    if manifest is None:
        return {}
    output = manifest.outputs[0].name
    paths = {int(each.time): found.peek(each).paths.get(output) for each in moments(work)}
    return {frame: path for frame, path in paths.items() if path is not None}


def record(work: Work) -> Record:
    """Return what an accepted asset says of how it was made."""
    found, side = session(work), host(work)
    state, note = found.node_state, found.note(moments(work)[0])
    params: Mapping[str, Any] = side.settings(moments(work)[0]).params
    return Record(
        source=work.path,
        target=work.target,
        model=_exact(state),
        version=state.version,
        params=json.dumps(params, sort_keys=True),
        seed=str(params.get("seed", "")),
        inputs=json.dumps(dict(note.inputs), sort_keys=True),
        work_key=note.work_key,
        numerics=note.numerics,
        client=__version__,
        kept=side.kept_text(),
    )
