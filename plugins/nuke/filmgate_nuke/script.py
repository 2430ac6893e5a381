"""The open script: what is done to it without a trace, and what it says of frames and views."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import PurePath

import nuke

_setting = 0


def is_setting() -> bool:
    """Return whether it is the plugin that sets knobs now, and no artist."""
    return _setting > 0


@contextmanager
def setting() -> Generator[None]:
    """Set knobs inside without being told of it: Nuke 17 tells of what Python sets as well."""
    global _setting  # noqa: PLW0603 - Nuke's main thread has one
    _setting += 1
    try:
        yield
    finally:
        _setting -= 1


@contextmanager
def untouched() -> Generator[None]:
    """Change knobs inside so that neither an undo step nor a change to save remains."""
    with setting(), _unrecorded():
        yield


@contextmanager
def _unrecorded() -> Generator[None]:
    root = nuke.root()
    modified = root.modified()
    recording = not nuke.Undo.disabled()
    if recording:
        nuke.Undo.disable()
    try:
        yield
    finally:
        if recording:
            nuke.Undo.enable()
        root.setModified(modified)


def views() -> tuple[str, ...]:
    """Name the views; an empty text where there is only one."""
    names = tuple(nuke.views())
    return names if len(names) > 1 else ("",)


def view() -> str:
    """Name the view that is looked at; an empty text where there is only one."""
    return nuke.thisView() if len(nuke.views()) > 1 else ""


def scale() -> float:
    """Return the scale of the proxy mode; 1 while it is off."""
    root = nuke.root()
    if not root["proxy"].value():
        return 1.0
    if root["proxy_type"].value() == "scale":
        return float(root["proxy_scale"].value())
    full, small = (root[name].value() for name in ("format", "proxy_format"))
    return float(small.width() / full.width())


def frame_range() -> tuple[int, int]:
    """Return the first and the last frame of the script."""
    root = nuke.root()
    return root.firstFrame(), root.lastFrame()


def folder() -> str:
    """Return the folder of the script with forward slashes; empty while it was never saved."""
    path = nuke.root().name()
    return PurePath(path).parent.as_posix() if path != "Root" else ""


def title() -> str:
    """Return the script's file name without its ending; ``untitled`` while it has none."""
    path = nuke.root().name()
    return PurePath(path).stem if path != "Root" else "untitled"
