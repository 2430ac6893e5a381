"""What Nuke calls when something happens: by class of node, in the order of registration.

`nuke.addOnCreate` and its sisters are made here from one table. Where the order or what an
exception does differs from event to event, the code that fires the event says so.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Optional

from nuke import _world

if TYPE_CHECKING:
    from nuke._knobs import Knob
    from nuke._nodes import Node

ANY = "*"
Call = Callable[..., Any]


def _add(event: str, call: Call, args: Any, kwargs: Any, key: Any) -> None:
    entry = (call, tuple(args) if isinstance(args, (tuple, list)) else (args,), dict(kwargs))
    _world.current().callbacks.setdefault(event, {}).setdefault(key, []).append(entry)


def _remove(event: str, call: Call, args: Any, kwargs: Any, key: Any) -> None:
    entry = (call, tuple(args) if isinstance(args, (tuple, list)) else (args,), dict(kwargs))
    entries = _world.current().callbacks.get(event, {}).get(key, [])
    if entry in entries:
        entries.remove(entry)


def _entries(event: str, node: Optional[Node]) -> list[tuple[Call, tuple[Any, ...], Any]]:
    known: Mapping[Any, list[Any]] = _world.current().callbacks.get(event, {})
    keys = [node, node.Class(), ANY] if node is not None else [ANY]
    return [entry for key in keys for entry in known.get(key, [])]


def fire(event: str, node: Optional[Node], knob: Optional[Knob] = None) -> None:
    """Call everything registered for *event*; an exception goes on to the caller."""
    world = _world.current()
    with world.handling(), world.about(node, knob):
        for call, args, kwargs in _entries(event, node):
            call(*args, **kwargs)


def fire_background(context: dict[str, Any]) -> None:
    """Call what waits for the end of a background render, with its context and no node."""
    world = _world.current()
    with world.handling(), world.about(None):
        for call, args, kwargs in _entries("afterBackgroundRender", None):
            call(context, *args, **kwargs)


def fire_at_node(event: str, node: Node, knob: Optional[Knob] = None) -> None:
    """Run the script in the node's own knob of the event, then what is registered."""
    own: Any = node._knobs.get(event)
    if own is not None and own._state:
        run_script(node, knob, own._state)
    fire(event, node, knob)


def run_script(node: Optional[Node], knob: Optional[Knob], script: str) -> Any:
    """Run a node's stored Python, with nothing but what scripts see."""
    world = _world.current()
    names = _world.current().names
    with world.handling(), world.about(node, knob):
        try:
            code = compile(script, "<knob>", "eval")
        except SyntaxError:
            exec(script, names)
            return None
        return eval(code, names)


def knob_changed(node: Node, knob: Knob) -> None:
    """Tell that a knob changed: before Nuke 17 only where the node's panel is open."""
    world = _world.current()
    told = node._shown or world.profile.tells_all
    if not told or world.loading or world.undo.replaying:
        return
    _print_errors(lambda: fire_at_node("knobChanged", node, knob))


def knobs_loaded(node: Node, knobs: list[Knob]) -> None:
    """Tell what a script set, on farms too: loading fires though every panel is closed."""
    for knob in knobs:
        _print_errors(lambda knob=knob: fire_at_node("knobChanged", node, knob))


def _print_errors(call: Callable[[], None]) -> None:
    """Run *call* as the interface does: an exception is printed and nothing else happens."""
    try:
        call()
    except _world.WrongThreadError:
        raise
    except Exception:
        text = traceback.format_exc()
        _world.current().printed.append(text)
        sys.stderr.write(text)


def autolabel_text(node: Node) -> Optional[str]:
    """Ask for a node's label: the latest registration first, the first answer wins."""
    world = _world.current()
    known = world.callbacks.get("autolabel", {})
    with world.handling(), world.about(node):
        for key in (node.Class(), ANY):
            for call, args, kwargs in reversed(known.get(key, [])):
                text = call(*args, **kwargs)
                if text is not None:
                    return str(text)
    return None


def label_of(node: Node) -> str:
    """Return the text on *node*: its own script's answer, a callback's, else its name."""
    own: Any = node._knobs.get("autolabel")
    if own is not None and own._state:
        text = run_script(node, None, own._state)
        if text is not None:
            return str(text)
    text = autolabel_text(node)
    if text is not None:
        return text
    label = node._knobs["label"]._evaluated(None, "")  # type: ignore[attr-defined]
    return f"{node._name}\n{label}" if label else node._name


def filter_filename(path: str, node: Optional[Node] = None) -> str:
    """Let every filter change *path*, one after the other."""
    world = _world.current()
    with world.about(node):
        for call, args, kwargs in _entries("filenameFilter", node):
            path = call(path, *args, **kwargs) or path
    return path
