"""What a frame is evaluated for: the frame, the view, and the scale of the proxy."""

from __future__ import annotations

from typing import NamedTuple

from nuke import _world
from nuke._guard import Guarded


class Context(NamedTuple):
    """When and how a node is evaluated."""

    frame: float
    view: str
    scale: float = 1.0


def now() -> Context:
    """Return what the user looks at."""
    root = _world.current().root
    return Context(root._frame(), root._views[0], root._scale())


class OutputContext(Guarded):
    """A frame and a view that a knob can be asked at."""

    def __init__(self) -> None:
        self._at = now()

    def frame(self) -> float:
        return self._at.frame

    def setFrame(self, frame: float) -> bool:
        self._at = self._at._replace(frame=float(frame))
        return True

    def view(self) -> int:
        return _world.current().root._views.index(self._at.view) + 1

    def setView(self, view: int) -> bool:
        self._at = self._at._replace(view=self.viewname(view))
        return True

    def viewname(self, n: int) -> str:
        return str(_world.current().root._views[n - 1])

    def viewFromName(self, name: str) -> int:
        return _world.current().root._views.index(name) + 1

    def viewcount(self) -> int:
        return len(_world.current().root._views) + 1
