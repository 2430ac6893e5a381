"""The one session of Nuke that this process pretends to be, and what a test does to it.

`fresh` makes a session; `current` returns it. Its public methods are the user's hands (panels,
buttons, the event loop, the cancel button) and what a test looks at; none of them is Nuke's API.
"""

from __future__ import annotations

import builtins
import collections
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Optional

from nuke._profiles import Profile, find_profile
from nuke._undo import UndoStack

if TYPE_CHECKING:
    from nuke._knobs import Knob
    from nuke._nodes import Group, Node

MODES = ("gui", "-t", "-x")
POLL_S = 0.02


class WrongThreadError(RuntimeError):
    """Nuke was touched by a thread other than the main one; the real one may crash."""


class NoEventLoopError(RuntimeError):
    """Something was queued for an event loop, and a session without a GUI has none."""


class World:
    """A session: one script, one event loop, one main thread."""

    def __init__(self, version: str, mode: str) -> None:
        if mode not in MODES:
            raise ValueError(f"no such mode: {mode}")
        self.profile: Profile = find_profile(version)
        self.mode = mode
        self.gui = mode == "gui"
        self.edition = ""
        self.closed = False
        self.main_thread = threading.get_ident()
        self.violations: list[str] = []
        self.messages: list[str] = []
        self.printed: list[str] = []
        self.progress: list[tuple[str, int]] = []
        self.answers: collections.deque[Any] = collections.deque()
        self.undo = UndoStack()
        self.modified = False
        self.loading = 0
        self.busy = 0
        self.executing = False
        self.cancel_pressed = False
        self.clipboard = ""
        self.groups: list[Group] = []
        self.this: list[tuple[Optional[Node], Optional[Knob]]] = []
        self.callbacks: dict[str, dict[Any, list[Any]]] = {}
        self.defaults: dict[str, str] = {}
        self.menus: dict[str, Any] = {}
        self.toolbars: dict[str, Any] = {}
        self.panels: dict[str, Callable[[], Any]] = {}
        self.layers: dict[str, list[str]] = {}
        self.formats: list[Any] = []
        self.hashes: dict[int, list[int]] = {}
        self.plugin_path: list[str] = []
        self.rendered: list[str] = []
        self.captured: dict[Any, Any] = {}
        self.serial = 0
        self._queue: collections.deque[Callable[[], None]] = collections.deque()
        self._wake = threading.Condition()
        self.root: Any = None
        self.names: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}
        """What scripts in knobs and menus see: Nuke's `__main__`, with `nuke` imported."""

    # ---- the script -------------------------------------------------------------------------

    def touch(self) -> None:
        """Note that the script is not what was saved."""
        if not self.loading:
            self.modified = True

    def record(self, name: str, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        """Note a change that has been made: the script is modified and can take it back."""
        self.touch()
        if not self.loading or self.undo.open:
            self.undo.record(name, undo, redo)

    @property
    def group(self) -> Group:
        return self.groups[-1] if self.groups else self.root

    @contextlib.contextmanager
    def inside(self, group: Group) -> Iterator[None]:
        """Let *group* be the current one."""
        self.groups.append(group)
        try:
            yield
        finally:
            self.groups.pop()

    @contextlib.contextmanager
    def about(self, node: Optional[Node], knob: Optional[Knob] = None) -> Iterator[None]:
        """Let callbacks ask which node and which knob they were called for."""
        self.this.append((node, knob))
        parent = node._parent if node is not None else None
        try:
            with self.inside(parent) if parent is not None else contextlib.nullcontext():
                yield
        finally:
            self.this.pop()

    @contextlib.contextmanager
    def handling(self) -> Iterator[None]:
        """Be inside a callback or a button, where nothing can be rendered."""
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1

    # ---- the event loop ---------------------------------------------------------------------

    def post(self, call: Callable[[], None]) -> None:
        """Queue *call* for the event loop; any thread may."""
        with self._wake:
            self._queue.append(call)
            self._wake.notify_all()

    def queued(self) -> int:
        """Return how many calls wait for the event loop."""
        return len(self._queue)

    def run_one(self) -> bool:
        """Let the event loop make one call; False when none was waiting."""
        self._need_loop()
        with self._wake:
            call = self._queue.popleft() if self._queue else None
        if call is not None:
            call()
        return call is not None

    def run_events(self, limit: int = 10_000) -> int:
        """Let the event loop run until nothing waits, and return how many calls it made."""
        self._need_loop()
        count = 0
        while count < limit and self.run_one():
            count += 1
        return count

    def run_until(self, done: Callable[[], bool], timeout_s: float = 20.0) -> bool:
        """Let the event loop run until *done* says so; False when it never did."""
        self._need_loop()
        until_s = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > until_s:
                return False
            if not self.run_one():
                with self._wake:
                    self._wake.wait_for(lambda: bool(self._queue), POLL_S)
        return True

    def _need_loop(self) -> None:
        check_thread("the event loop")
        if not self.gui:
            raise NoEventLoopError(f"nuke {self.mode} runs a script and has no event loop")

    # ---- the user's hands -------------------------------------------------------------------

    def press_cancel(self) -> None:
        """Press Cancel in the window that shows the progress of a render or a task."""
        self.cancel_pressed = True

    def press(self, node: Node, knob: str) -> None:
        """Press a button of *node*."""
        node._knobs[knob].execute()  # type: ignore[attr-defined]

    def label_of(self, node: Node) -> str:
        """Return the text that the node graph shows on *node*."""
        from nuke import _callbacks

        return _callbacks.label_of(node)

    def finish_background(self, context: dict[str, Any]) -> None:
        """Let the render of another process end: its callbacks are about no node of this one."""
        from nuke import _callbacks

        _callbacks.fire_background(context)

    def undo_steps(self) -> list[str]:
        """Return the names of what undo would take back, the latest last."""
        return [step.name for step in self.undo.done]


_current: Optional[World] = None


def current() -> World:
    """Return the session."""
    if _current is None:
        raise RuntimeError("no session: call fresh() first")
    return _current


def replace(version: str, mode: str) -> World:
    """End the session and begin another one, whose main thread is the caller's."""
    global _current  # noqa: PLW0603
    if _current is not None:
        _current.closed = True
    _current = World(version, mode)
    return _current


def check_thread(what: str) -> None:
    """Refuse any thread but the main one, and remember it where the refusal is swallowed."""
    world = current()
    if threading.get_ident() != world.main_thread:
        text = f"{what} was called from {threading.current_thread().name}, not the main thread"
        world.violations.append(text)
        raise WrongThreadError(text)
