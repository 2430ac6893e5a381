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
from filmgate_houdini import events, frozen, names, refusal, sessions, waiting
from filmgate_houdini.host import HoudiniHost
from filmgate_houdini.source import Source

GRACE_S = 0.04
"""How long a live cook waits for what is known already: a scrub over results shows no stale one."""

_AWAY = (ConnectionLostError.code, BusyError.code)
"""Failures with which the server is out of reach: the last result is shown, and nothing is red."""

_NOT_STALE = (
    "The result is {}, and nothing but a fresh one goes into a render or a cache. "
    "Freeze the node before."
)

_MISSED = "Frame {:g} went by before its result was there: make it again, or freeze the node."

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
    except (hou.NodeError, hou.NodeWarning, hou.OperationInterrupted):
        raise
    except hou.Error as error:
        raise hou.NodeError(str(to_problem(refusal.to_error(error)))) from error
    except Exception as error:
        raise hou.NodeError(str(unforeseen(error))) from error
    if remark:
        raise hou.NodeWarning(remark)


def _cook(node: hou.OpNode, source: Source) -> str:
    """Cook; return what the artist should know of what is shown, or nothing."""
    if mode_of(node) == names.FROZEN:
        return frozen.show(node, source)
    host = sessions.host(node)
    host.source = source
    session = sessions.session(node)
    if session.node_state.baked:  # the artist has left the mode
        session.unbake()
    if host.model() not in ("", session.node_state.model):  # set by a script, which calls nobody
        session.choose(host.model())
    _check(host, session, source)
    idle = "" if session.manifest is None else source.idle(session.manifest)
    if idle:
        source.keep()
        return idle
    moment = host.moment()
    host.notice(moment, may_wait=mode_of(node) == names.LIVE)
    answer = _answer(host, session, moment)
    return _show(host, session, source, moment, answer)


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
    if host.final or (on_demand and asked):
        return waiting.result(host, session, moment)
    if on_demand:
        return session.peek(moment)
    answer = session.result_for(moment)
    if answer.state is State.RUNNING:
        session.wait(GRACE_S)
        answer = session.peek(moment)
    return answer


def _show(
    host: HoudiniHost, session: HostSession, source: Source, moment: Moment, answer: Answer
) -> str:
    """Show a result, or the last one, or the input; return what is to be said of it."""
    _watch(host, session, answer)
    if answer.state in _GOOD:
        return _show_good(host, session, source, moment, answer)
    problem = answer.problem
    if problem is not None and (host.final or problem.code not in _AWAY):
        raise hou.NodeError(str(problem))
    if host.final:
        raise hou.NodeError(_NOT_STALE.format(answer.state.value))
    host.missed = host.missed or moment
    shown = _show_last(session, source, answer.paths)
    said = str(problem) if problem is not None else status_line(session.status)
    return f"{shown} {said}"


def _show_good(
    host: HoudiniHost, session: HostSession, source: Source, moment: Moment, answer: Answer
) -> str:
    """Show a result of these settings and inputs; return what is to be said of it."""
    remark = frozen.between(moment.time) if host.is_timed else ""
    _apply(session, source, answer.paths, remark)
    if host.missed == moment:
        host.missed = None
    missed = "" if host.missed is None else _MISSED.format(host.missed.time)
    return "; ".join(each for each in (*session.status.warnings, remark, missed) if each)


def _show_last(session: HostSession, source: Source, paths: Mapping[str, Path]) -> str:
    """Show the last result where it still fits; return what is shown, in words."""
    if paths:
        try:
            _apply(session, source, paths, "")
        except FilmgateError:  # the inputs are of another size by now
            source.keep()
            return "The last result does not fit the input any more; the input passes through."
        return "The last result is shown, which is stale."
    source.keep()
    return "There is no result yet; the input passes through."


def _apply(session: HostSession, source: Source, paths: Mapping[str, Path], remark: str) -> None:
    manifest = session.manifest
    if manifest is None:
        raise InputError("The model of this result is not known.", "Choose the model again.")
    outputs = {name: load(path) for name, path in paths.items()}
    frozen.apply(source, manifest, outputs, remark)


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
        show_news(host)

    events.watch(id(host), look)


def show_news(host: HoudiniHost) -> None:
    """Cook the node again because something has come; in Manual, the artist's next update does."""
    if hou.updateModeSetting() != hou.updateMode.Manual:
        recook(host)
    elif host.alive:
        _touch(host.node)


def recook(host: HoudiniHost) -> None:
    """Cook the node again, outside of a cook; what fails is shown by the node itself."""
    if not host.alive:
        return
    cooked = [host.node] if _touch(host.node) else [*host.node.children(), host.node]
    for node in cooked:
        with suppress(hou.Error):
            node.cook(force=True)


def _touch(node: hou.OpNode) -> bool:
    """Change what a snippet inside the node is bound to: it cooks for nothing else.

    Returns:
        False where the parameter is locked.
    """
    parm = node.parm(names.CHANGES)
    if parm is None:
        return True
    try:
        with hou.undos.disabler():
            parm.set(parm.evalAsInt() + 1)
    except hou.PermissionError:
        return False
    return True
