"""A node's cook: what is shown for the current frame, and what is begun so that more comes.

Shared by every context: `cook(node, source)` is all that a SOP or a COP calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import hou

from filmgate.errors import (
    BusyError,
    ConnectionLostError,
    FilmgateError,
    InputError,
    StorageError,
)
from filmgate.host.answer import SETTLED, Answer
from filmgate.host.label import status_line
from filmgate.host.port import Moment
from filmgate.host.problem import to_problem, unforeseen
from filmgate.host.session import HostSession
from filmgate.host.state import State
from filmgate_houdini import events, frozen, names, sessions, waiting
from filmgate_houdini.host import HoudiniHost
from filmgate_houdini.source import Source

GRACE_S = 0.04
"""How long a live cook waits for what is known already: a scrub over results shows no stale one."""

_AWAY = (ConnectionLostError.code, BusyError.code)
"""Failures with which the server is out of reach: the last result is shown, and nothing is red."""

_NOT_STALE = (
    "The result is {}, and nothing but a fresh one leaves a process without an interface. "
    "Freeze the node before it goes to the farm."
)

_GOOD = (State.FRESH, State.BAKED)


def cook(node: hou.OpNode, source: Source) -> None:
    """Cook a Filmgate node; call it in the node's cook, on the main thread.

    Args:
        node: the node that cooks.
        source: its inputs and its own data.

    Raises:
        hou.NodeError: what failed, what helps and the job's id.
        hou.NodeWarning: the node shows something else than a fresh result; raised last.
    """
    try:
        remark = _cook(node, source)
    except FilmgateError as error:
        raise hou.NodeError(str(to_problem(error))) from error
    except hou.Error:
        raise
    except Exception as error:
        raise hou.NodeError(str(unforeseen(error))) from error
    if remark:
        raise hou.NodeWarning(remark)


def _cook(node: hou.OpNode, source: Source) -> str:
    """Cook; return what the artist should know of what is shown, or nothing."""
    if mode_of(node) == names.FROZEN:
        frozen.show(node, source)
        return ""
    host = sessions.host(node)
    host.source = source
    session = sessions.session(node)
    if session.node_state.baked:  # the artist has left the mode
        session.unbake()
    if host.model() not in ("", session.node_state.model):  # set by a script, which calls nobody
        session.choose(host.model())
    _check(host, session, source)
    moment = host.moment()
    answer = _answer(host, session, moment)
    return _show(host, session, source, answer)


def mode_of(node: hou.OpNode) -> str:
    """Return the token of a node's mode."""
    parm = node.parm(names.MODE)
    return names.LIVE if parm is None else parm.evalAsString()


def _check(host: HoudiniHost, session: HostSession, source: Source) -> None:
    """Refuse inputs that the model cannot work on, before anything is read or sent."""
    manifest = session.manifest
    if manifest is None:
        if not session.node_state.model:
            raise InputError("No model is chosen.", "Choose one in the menu Model.")
        return
    found = source.report(manifest)
    host.show_match(found)
    if found:
        raise InputError(found[0].text, found[0].fix)


def _answer(host: HoudiniHost, session: HostSession, moment: Moment) -> Answer:
    """Return what there is; begin what is missing, and wait for it where the mode says so."""
    asked, host.asked = host.asked, False
    on_demand = mode_of(host.node) == names.ON_DEMAND
    if asked:
        session.run([moment], force=True)
    if not hou.isUIAvailable() or (on_demand and asked):  # nothing cooks again by itself
        return waiting.result(host, session, moment)
    if on_demand:
        return session.peek(moment)
    answer = session.result_for(moment)
    if answer.state is State.RUNNING:
        session.wait(GRACE_S)
        answer = session.peek(moment)
    return answer


def _show(host: HoudiniHost, session: HostSession, source: Source, answer: Answer) -> str:
    """Show a result, or the last one, or the input; return what is to be said of it."""
    _watch(host, session, answer)
    if answer.state in _GOOD:
        _apply(session, source, answer.paths)
        return "; ".join(session.status.warnings)
    problem = answer.problem
    if problem is not None and not (problem.code in _AWAY and hou.isUIAvailable()):
        raise hou.NodeError(str(problem))
    if not hou.isUIAvailable():
        raise hou.NodeError(_NOT_STALE.format(answer.state.value))
    shown = _show_last(session, source, answer.paths)
    said = str(problem) if problem is not None else status_line(session.status)
    return f"{shown} {said}"


def _show_last(session: HostSession, source: Source, paths: Mapping[str, Path]) -> str:
    """Show the last result where it still fits; return what is shown, in words."""
    if paths:
        try:
            _apply(session, source, paths)
        except FilmgateError:  # the inputs are of another size by now
            source.keep()
            return "The last result does not fit the input any more; the input passes through."
        return "The last result is shown, which is stale."
    source.keep()
    return "There is no result yet; the input passes through."


def _apply(session: HostSession, source: Source, paths: Mapping[str, Path]) -> None:
    manifest = session.manifest
    if manifest is None:
        raise InputError("The model of this result is not known.", "Choose the model again.")
    source.apply(manifest, {name: load(path) for name, path in paths.items()})


def load(path: Path) -> bytes:
    """Return a result's file.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        text = f"{path.as_posix()} cannot be read: {error.strerror}."
        raise StorageError(text, "Run the node again.") from error


def _watch(host: HoudiniHost, session: HostSession, answer: Answer) -> None:
    """Cook again, from the event loop, as soon as there is something else to show."""
    seen = host.revision
    if answer.state in SETTLED or not session.busy:
        events.unwatch(id(host))
        return

    def look() -> None:
        if session.busy and host.revision == seen:
            return
        events.unwatch(id(host))
        recook(host)

    events.watch(id(host), look)


def recook(host: HoudiniHost) -> None:
    """Cook the node again, outside of a cook; what fails is shown by the node itself."""
    if host.alive:
        _touch(host.node)
        with suppress(hou.OperationFailed):
            host.node.cook(force=True)


def _touch(node: hou.OpNode) -> None:
    """Change what a snippet inside the node is bound to: it cooks for nothing else."""
    parm = node.parm(names.CHANGES)
    if parm is not None:
        with hou.undos.disabler():
            parm.set(parm.evalAsInt() + 1)
