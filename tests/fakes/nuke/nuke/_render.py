"""Rendering: `nuke.execute` and what runs around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional, Union

from nuke import _callbacks, _context, _ops, _world
from nuke._guard import on_main
from nuke._nodes import Node
from nuke._ranges import FrameRange, FrameRanges

BUSY = "I'm already executing something else"
CANCELLED = "Cancelled"


@on_main
def execute(
    nameOrNode: Union[Node, str],
    start: Any,
    end: Optional[int] = None,
    incr: int = 1,
    views: Optional[Sequence[str]] = None,
    continueOnError: bool = False,
) -> None:
    """Render a Write; the second argument may be FrameRanges instead of numbers."""
    node = _found(nameOrNode)
    if not isinstance(start, FrameRanges):
        start = FrameRanges([FrameRange(start, start if end is None else end, incr)])
    executeMultiple((node,), start, views, continueOnError)


def _found(given: Union[Node, str]) -> Node:
    node = _world.current().group._find(given) if isinstance(given, str) else given
    if node is None:
        raise RuntimeError(f"{given}: no such node")
    return node


@on_main
def executeMultiple(
    nodes: Sequence[Node],
    ranges: Any,
    views: Optional[Sequence[str]],
    continueOnError: bool = False,
) -> None:
    """Render several Writes, frame by frame."""
    world = _world.current()
    if world.executing or world.busy:
        raise RuntimeError(BUSY)
    if not isinstance(ranges, FrameRanges):
        ranges = FrameRanges([FrameRange(*each) for each in ranges])
    world.executing, world.cancel_pressed = True, False
    try:
        for node in nodes:
            _check_can_render(node)
        for node in nodes:
            _render(node, ranges.toFrameList(), list(views or world.root._views), continueOnError)
    finally:
        world.executing = False


def _check_can_render(node: Node) -> None:
    if node._class != "Write":
        raise RuntimeError(f"{node._name} cannot be executed")
    if node._knobs["disable"].value():
        raise RuntimeError(f"{node._name} is disabled")


def _render(node: Node, frames: list[int], views: list[str], go_on: bool) -> None:
    world = _world.current()
    root = world.root
    _callbacks.fire_at_node("beforeRender", root)
    _callbacks.fire_at_node("beforeRender", node)
    for number, frame in enumerate(frames):
        _progress(node, number, len(frames))
        before = root._knobs["frame"]._state
        root.setFrame(frame)
        try:
            _callbacks.fire_at_node("beforeFrameRender", node)
            _write(node, frame, views)
            _callbacks.fire_at_node("afterFrameRender", node)
        except _ops.RenderError as error:
            if not go_on:
                raise RuntimeError(str(error)) from error
        finally:
            root._knobs["frame"]._state = before
    _progress(node, len(frames), len(frames))
    _callbacks.fire_at_node("afterRender", node)
    _callbacks.fire_at_node("afterRender", root)


def _progress(node: Node, done: int, total: int) -> None:
    """Show how far a render is, and notice Cancel."""
    world = _world.current()
    if world.gui:
        world.progress.append((node._name, 100 * done // max(total, 1)))
    _callbacks.fire_at_node("renderProgress", node)
    if world.cancel_pressed:
        raise RuntimeError(CANCELLED)


def _write(node: Node, frame: int, views: list[str]) -> None:
    from nuke import _output

    scale = _world.current().root._scale()
    _output.write(node, [_context.Context(float(frame), view, scale) for view in views])


@on_main
def executing(f: Optional[float] = None) -> bool:
    return _world.current().executing


@on_main
def cancel() -> None:
    """Ask what runs to stop."""
    _world.current().cancel_pressed = True
