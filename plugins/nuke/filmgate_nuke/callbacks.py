"""What Nuke calls by itself; `register` is all that the plugin's ``init.py`` needs.

None of them asks the network: opening a script, closing it and rendering work with what is on disk.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Callable, Optional

import nuke

from filmgate.errors import FilmgateError
from filmgate_nuke import actions, guard, script, sessions, threads, upstream

LIVE_KNOB = "filmgate_live"
_WORK_PREFIXES = ("filmgate_p_", "filmgate_layer_")
_WORK_KNOBS = frozenset((LIVE_KNOB, "filmgate_source_time", "inputChange"))

_seen: dict[str, tuple[int, str]] = {}
"""By node, the frame and what tells its inputs apart, when the interface was last updated."""

_sharing: set[int] = set()
"""Holds something while the nodes of one update share what they read of the script."""


def register() -> None:
    """Register every callback, once however often it is called."""
    _replace(nuke.removeOnCreate, nuke.addOnCreate, created, "Group")
    _replace(nuke.removeOnDestroy, nuke.addOnDestroy, destroyed, "Group")
    _replace(nuke.removeOnScriptClose, nuke.addOnScriptClose, script_closed, "Root")
    for kind in guard.WRITES:
        _replace(nuke.removeBeforeRender, nuke.addBeforeRender, before_render, kind)
        _replace(nuke.removeBeforeFrameRender, nuke.addBeforeFrameRender, before_frame, kind)
        _replace(nuke.removeAfterRender, nuke.addAfterRender, after_render, kind)
    if nuke.GUI:
        _replace(nuke.removeKnobChanged, nuke.addKnobChanged, knob_changed, "Group")
        _replace(nuke.removeUpdateUI, nuke.addUpdateUI, updated, "Group")


def _replace(
    remove: Callable[..., None],
    add: Callable[..., None],
    call: Callable[[], None],
    kind: str,
) -> None:
    """Register *call* for a class of node, and only once."""
    remove(call, nodeClass=kind)
    add(call, nodeClass=kind)


def created() -> None:
    """Take notice of a node that was made, pasted or loaded."""
    _for_ours(lambda group: _quietly(lambda: sessions.adopt(group)))


def destroyed() -> None:
    """End what a deleted node has under way."""
    _for_ours(sessions.forget)


def script_closed() -> None:
    """End what the script has under way."""
    _seen.clear()
    _end_sharing()
    sessions.close_all()


def knob_changed() -> None:
    """Run a live node again, and take the version that an artist chooses."""
    _for_ours(_knob_changed)


def updated() -> None:
    """Notice an edit above a node, or another frame: show what is stale, run what is live."""
    _for_ours(_updated)


def before_render() -> None:
    """Look at files anew, and at each node once: nobody edits the script while it renders."""
    upstream.forget_files()
    upstream.keep()


def after_render() -> None:
    """Look at the script anew from now on."""
    upstream.drop()


def before_frame() -> None:
    """Abort the render of a frame that a Filmgate node has not made.

    Raises:
        RuntimeError: says which node, which frame and what helps; Nuke shows it.
    """
    node = _this_node()
    write = node if node is not None and node.Class() in guard.WRITES else None
    try:
        guard.check_write(sessions.watched(), write, nuke.frame())
    except FilmgateError as error:
        raise RuntimeError(f"Filmgate: {error}") from error


def _knob_changed(group: nuke.Group) -> None:
    if script.is_setting() or not group.shown():  # ours, or being loaded: no artist's change
        return
    name = nuke.thisKnob().name()
    if name == "filmgate_version":
        actions.choose_version(group)
    elif _is_live(group) and (name in _WORK_KNOBS or name.startswith(_WORK_PREFIXES)):
        actions.touch(group)


def _updated(group: nuke.Group) -> None:
    if not sessions.is_adopted(group):  # a new one, which had no knobs yet when it was created
        _quietly(lambda: sessions.adopt(group))
    session, live = sessions.known(group), _is_live(group)
    if session is None and not live:
        return
    name, now = group.fullName(), (nuke.frame(), sessions.host(group).hashes())
    before = _seen.get(name)
    _seen[name] = now
    if before == now:
        return
    _share()
    if live and before is not None:
        actions.touch(group)
    elif session is not None:
        _quietly(lambda: session.look_at(actions.moment()))


def _share() -> None:
    """Let the nodes of this update share one walk over what is above them, files included."""
    if not _sharing:
        _sharing.add(1)
        upstream.forget_files()
        upstream.keep()
        threads.post(_end_sharing)


def _end_sharing() -> None:
    _sharing.clear()
    upstream.drop()


def _is_live(group: nuke.Group) -> bool:
    return bool(group[LIVE_KNOB].value())


def _this_node() -> Optional[nuke.Node]:
    """Return the node that Nuke calls for; background renders have none that is valid."""
    try:
        node = nuke.thisNode()
        node.Class()
    except (ValueError, AttributeError):
        return None
    return node


def _for_ours(call: Callable[[nuke.Group], object]) -> None:
    node = _this_node()
    if node is not None and sessions.is_ours(node):
        call(node)


def _quietly(call: Callable[[], object]) -> None:
    """Leave a bad setting to the moment when the node is used: a script opens in any case."""
    with suppress(FilmgateError):
        call()
