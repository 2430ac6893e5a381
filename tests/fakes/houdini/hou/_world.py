"""The one session of Houdini that this process pretends to be, and what a test does to it.

`replace` makes a session; `current` returns it. Its public methods are the user's hands (Esc, the
event loop, buttons) and what a test looks at; none of them is Houdini's API.
"""

from __future__ import annotations

import collections
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Optional

from hou._errors import PermissionError
from hou._profiles import Profile, find_profile, put_on
from hou._undos import UndoStack

if TYPE_CHECKING:
    from hou._opnode import OpNode

MODES = ("gui", "hython")
POLL_S = 0.02
FPS = 24.0


class WrongThreadError(RuntimeError):
    """Houdini was touched by a thread other than the main one; the real one may crash."""


class NoEventLoopError(RuntimeError):
    """Something waits for an event loop, and hython has none."""


class World:
    """A session: one scene, one event loop, one main thread."""

    def __init__(self, version: str, mode: str) -> None:
        if mode not in MODES:
            raise ValueError(f"no such mode: {mode}")
        self.profile: Profile = find_profile(version)
        self.mode = mode
        self.gui = mode == "gui"
        self.main_thread = threading.get_ident()
        self.violations: list[str] = []
        self.printed: list[str] = []
        self.messages: list[str] = []
        self.status: tuple[str, Any] = ("", None)
        self.answers: collections.deque[Any] = collections.deque()
        self.progress: list[tuple[str, float]] = []
        self.escape_pressed = False
        self.presses: list[tuple[float, int]] = []
        self.operations: list[Any] = []
        self.undo = UndoStack()
        self.modified = False
        self.loading = False
        self.frame = 1.0
        self.range = (1.0, 240.0)
        self.playing = False
        self.update_mode: Any = None
        """What the user has set; None is Houdini's own, which cooks by itself."""
        self.variables: dict[str, str] = {}
        self.hip_name = "untitled.hip"
        self.hip_new = True
        self.hip_callbacks: list[Callable[[Any], None]] = []
        self.loop_callbacks: list[Callable[[], None]] = []
        self.posted: collections.deque[Callable[[], None]] = collections.deque()
        self.cooking: list[OpNode] = []
        self.pwd: Any = None
        self.root: Any = None
        self.libraries: dict[str, Any] = {}
        self.types: dict[str, Any] = {}
        self.clipboard = ""
        self.text_clipboard = ""
        self.selected: list[Any] = []
        self.shown: list[Any] = []
        """Nodes that a viewer shows: they cook whenever that is needed."""
        self.locked: list[Any] = []
        """Nodes that lie inside a locked asset of somebody else's."""
        self.panes: list[Any] = []
        self.interfaces: dict[str, Any] = {}
        self.choices: list[str] = []
        """What the user was shown last to choose from."""
        self.tasks = 0
        self.data_ids = 0
        self.sessions = 0
        self.closed = False
        self._wake = threading.Condition()

    # ---- the scene --------------------------------------------------------------------------

    def touch(self) -> None:
        """Note that the scene is not what was saved."""
        if not self.loading:
            self.modified = True

    def record(self, label: str, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        """Note a change that has been made: the scene is modified and can take it back."""
        self.touch()
        if not self.loading and not self.cooking:
            self.undo.record(label, undo, redo)

    def next_data_id(self) -> int:
        """Return a number that no contents had before."""
        self.data_ids += 1
        return self.data_ids

    def next_session_id(self) -> int:
        """Return a number that no node had before."""
        self.sessions += 1
        return self.sessions

    @contextlib.contextmanager
    def inside(self, node: Any) -> Iterator[None]:
        """Let *node* be `hou.pwd()`."""
        before, self.pwd = self.pwd, node
        try:
            yield
        finally:
            self.pwd = before

    def check_unlocked(self, node: Any) -> None:
        """Refuse to change a node that lies inside a locked asset."""
        if node in self.locked:
            raise PermissionError(
                "Failed to modify node or parameter because of a permission error"
            )

    # ---- the event loop ---------------------------------------------------------------------

    def wake(self) -> None:
        """Let a loop that waits look again; any thread may."""
        with self._wake:
            self._wake.notify_all()

    def run_one(self) -> None:
        """Let the event loop turn once: what is posted, then each of its callbacks."""
        self._need_loop()
        from hou import _ui

        while self.posted:
            self.posted.popleft()()
        _ui.turn()
        self.draw()

    def draw(self) -> None:
        """Cook what is shown, where that is needed, as a viewer does after a change."""
        for node in self.shown:
            if not node._deleted and node.needsToCook():
                _quietly(node)

    def run_events(self, turns: int = 3) -> None:
        """Let the event loop turn some times."""
        for _ in range(turns):
            self.run_one()

    def run_until(self, done: Callable[[], bool], timeout_s: float = 20.0) -> bool:
        """Let the event loop turn until *done* says so; False when it never did."""
        until_s = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > until_s:
                return False
            self.run_one()
            with self._wake:
                self._wake.wait(POLL_S)
        return True

    def _need_loop(self) -> None:
        check_thread("the event loop")
        if not self.gui:
            raise NoEventLoopError("hython runs a script and has no event loop")

    # ---- the user's hands -------------------------------------------------------------------

    def press_escape(self, after: int = 0) -> None:
        """Press Esc, at once or at the *after*-th look of an operation at it; any thread may."""
        if after:
            self.presses.append((0.0, after))
        else:
            self.escape_pressed = True

    def press(self, node: OpNode, parm: str) -> None:
        """Press a button of *node*'s parameters."""
        node.parm(parm).pressButton()  # type: ignore[union-attr]

    def edit(self, node: OpNode, parm: str, value: Any) -> None:
        """Set a parameter as a user does: its callback script runs."""
        from hou import _callbacks

        found: Any = node.parm(parm)
        found.set(value)
        _callbacks.run_script(found)

    def supply(self, node: OpNode, *outputs: Any) -> None:
        """Let a node give what a test made: a geometry, or the layers of its outputs."""
        node._supplied = list(outputs)
        node._dirty()

    def look_at(self, network: OpNode) -> Any:
        """Open a network editor that shows *network*."""
        from hou import _constants, _panes

        return _panes.open_tab(_constants.paneTabType.NetworkEditor, network)

    def hand(self, node: OpNode, *files: list[tuple[str, str]]) -> None:
        """Let a task node get items from above: of each its files, with their tags."""
        import pdg

        node._handed = pdg.Graph().handed(files)  # type: ignore[attr-defined]

    def menu_of(self, node: OpNode, parm: str) -> list[tuple[str, str]]:
        """Return the tokens and labels that a menu shows when it is opened."""
        found: Any = node.parm(parm)
        return list(zip(found.menuItems(), found.menuLabels()))

    def undo_labels(self) -> list[str]:
        """Return what undo would take back, the latest first."""
        return [step.name for step in reversed(self.undo.done)]


def _quietly(node: Any) -> None:
    """Cook as the interface does: an error is drawn at the node and raised to nobody."""
    from hou import _cook

    _cook.cook(node, current().frame)


_current: Optional[World] = None


def current() -> World:
    """Return the session."""
    if _current is None:
        raise RuntimeError("no session: call hou._fresh() first")
    return _current


def replace(version: str, mode: str) -> World:
    """End the session and begin another one, whose main thread is the caller's."""
    global _current  # noqa: PLW0603
    if _current is not None:
        _current.closed = True
    _current = World(version, mode)
    put_on(_current.profile, _current.gui)
    return _current


def check_thread(what: str) -> None:
    """Refuse any thread but the main one, and remember it where the refusal is swallowed."""
    world = current()
    if threading.get_ident() != world.main_thread:
        text = f"{what} was called from {threading.current_thread().name}, not the main thread"
        world.violations.append(text)
        raise WrongThreadError(text)
