"""Cooking: when a node computes, in what order, and what becomes of what its code raises."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hou import _expressions, _world
from hou._errors import Error, NodeError, NodeWarning, OperationInterrupted

INTERRUPTED = "Cooking was interrupted"
"""What Houdini itself writes at a node whose code let the interruption pass."""


def frames(frame_range: Sequence[float]) -> list[float]:
    """Return the frames that a call of `cook` asks for."""
    if not frame_range:
        return [_world.current().frame]
    first, last, step = (*frame_range, 1.0)[:3]
    count = int((last - first) / step) + 1
    return [first + step * number for number in range(count)]


def is_needed(node: Any, frame: float) -> bool:
    """Return whether *node* has to compute anew for *frame*."""
    if node._stale or node._cooked_at is None or _changed(node):
        return True
    output = [each for each in node._children if each._type._name == "output"]
    if any(is_needed(each, frame) for each in output):
        return True
    return (node._varies and node._cooked_at != frame) or any(
        is_needed(each, frame) for each in node.inputs() if each is not None
    )


def _changed(node: Any) -> bool:
    """Return whether what a snippet is bound to differs from what it was at its last cook."""
    if getattr(node, "_seen", None) is None:
        return False
    from hou import _cop

    try:
        return _cop.bindings(node) != node._seen
    except Error:
        return True  # the cook shows what is wrong


def cook(node: Any, frame: float, force: bool = False) -> None:
    """Compute *node*, after what it reads; what it raises becomes an error of the node."""
    if node in _world.current().cooking:
        return  # a node that asks for itself gets what it has
    if not force and not is_needed(node, frame):
        return
    with _at(frame):
        for each in node.inputs():
            if each is not None:
                cook(each, frame)
        _compute(node, frame)


@contextlib.contextmanager
def _at(frame: float) -> Iterator[None]:
    world = _world.current()
    before, world.frame = world.frame, frame
    try:
        yield
    finally:
        world.frame = before


def _compute(node: Any, frame: float) -> None:
    node._errors, node._warnings, node._notes = [], [], []
    node._stale = False
    node._cooked_at = frame
    node._cook_count += 1
    node._varies = _depends_on_time(node)
    failed = [each for each in node.inputs() if each is not None and each._failed]
    wired = sum(each is not None for each in node.inputs())
    if failed:
        node._errors.append(f"Invalid source {failed[0].path()}.")
    elif wired < node._type._made.least:
        node._errors.append("Not enough sources specified.")
    elif node._supplied is not None:
        _hand_out(node)
    elif node._type._made.cook is not None:
        run(node, lambda: node._type._made.cook(node))
    node._failed = bool(node._errors)


def _hand_out(node: Any) -> None:
    """Give what a test supplied."""
    if hasattr(node, "_layers"):
        node._layers = list(node._supplied)
    else:
        node._output = type(node._supplied[0])(node._supplied[0], clone_data_ids=True)
        node._output._read_only = True


def run(node: Any, code: Callable[[], Any]) -> None:
    """Run a node's code as its cook: `hou.pwd()` is the node, and it may say how it went."""
    world = _world.current()
    world.cooking.append(node)
    operations = len(world.operations)
    try:
        with world.inside(node):
            code()
    except NodeError as error:
        node._errors.append(error.instanceMessage())
    except NodeWarning as warning:
        node._warnings.append(warning.instanceMessage())
    except OperationInterrupted:
        node._errors.append(INTERRUPTED)
        world.escape_pressed = False
    except Exception:
        node._errors.append("Error running Python code:\n" + traceback.format_exc())
        world.printed.append(traceback.format_exc())
    finally:
        del world.operations[operations:]
        world.cooking.pop()


def _depends_on_time(node: Any) -> bool:
    if any(each is not None and each._varies for each in node.inputs()):
        return True
    slots = (slot for each in node._tuples.values() for slot in each._slots)
    return any(_expressions.varies(slot) for slot in slots)
