"""The one session of Unreal that this process pretends to be, and what a test does to it.

`replace` makes a session; `current` returns it. Its public methods are the user's hands and the
editor's own life (ticks, clicks, dialogs, undo, the content browser) and what a test looks at;
none of them is Unreal's API.
"""

from __future__ import annotations

import collections
import itertools
import os
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, Optional

from unreal._profiles import PROFILES, Profile

MODES = ("editor", "unattended", "commandlet")
"""With windows; as `-unattended -nullrhi`; as `-run=pythonscript` besides, which never ticks."""

WRONG_THREAD = "Attempted to access Unreal API from outside the main game thread"
POLL_S = 0.01
NOWHERE = os.path.join(os.sep, "no", "project")
"""The project's folder where a test names none: nothing can be written there."""


class WrongThreadError(RuntimeError):
    """Unreal was touched by a thread other than the game thread."""


class NoTickError(RuntimeError):
    """A commandlet has no Slate: what waits for a tick waits for ever."""


class Session:
    """A running editor: one project, one content browser, one game thread.

    Args:
        version: "5.3" to "5.6".
        mode: one of `MODES`.
        project: the project's folder; without it nothing can be written.
    """

    def __init__(self, version: str, mode: str, project: str = "") -> None:
        if mode not in MODES:
            raise ValueError(f"no such mode: {mode}")
        from unreal._transactions import Transactions

        self.profile: Profile = PROFILES[version]
        self.mode = mode
        self.project = (project or NOWHERE).replace(os.sep, "/")
        self.game_thread = threading.get_ident()
        self.violations: list[str] = []
        self.log: list[tuple[str, str]] = []
        self.dialogs: list[tuple[str, str]] = []
        self.unseen: list[tuple[str, str]] = []
        """Dialogs that answered by themselves."""
        self.answers: collections.deque[Any] = collections.deque()
        """What the user answers next: a button of a message, True or False of a details view, or a
        function that is called with the object which the view shows."""
        self.pre_ticks: dict[object, Callable[[float], None]] = {}
        self.post_ticks: dict[object, Callable[[float], None]] = {}
        self.shutdown: dict[object, Callable[[], None]] = {}
        self.assets: dict[str, Any] = {}
        self.folders: set[str] = {"/Game"}
        self.metadata: dict[str, dict[str, str]] = {}
        self.dirty: set[str] = set()
        self.saved: list[str] = []
        self.read_only: set[str] = set()
        self.selection: list[str] = []
        self.selected_actors: list[Any] = []
        self.actors: list[Any] = []
        self.opened: list[list[Any]] = []
        self.tabs: dict[str, Any] = {}
        self.notices: list[Any] = []
        self.slow_tasks: list[Any] = []
        self.cancel_slow_task = False
        self.subsystems: dict[type, Any] = {}
        self.menus: Any = None
        self.scripted = False
        """Whether a task runs: nobody is asked anything meanwhile, though somebody is there."""
        self.playing = False
        """Whether the editor plays, which rendering a queue does too."""
        self.console: dict[str, str] = {}
        self.undo_stack = Transactions()
        self.exports_as: dict[str, str] = {}
        """What exporters write under the name that they are given, by what they should: ``{"exr":
        "hdr"}``; an empty text for one that refuses."""
        self.render_target_exports_as = ""
        """Likewise for render targets; empty for what their format asks for."""
        self.import_fails = False
        self.generated: dict[str, type] = {}
        self.serial = itertools.count()
        self.world: Any = None

    # ---- what kind of session -----------------------------------------------------------------

    @property
    def unattended(self) -> bool:
        """Whether nobody sits in front of it: dialogs answer by themselves."""
        return self.mode != "editor"

    @property
    def renders(self) -> bool:
        """Whether there is a graphics device; not so with -nullrhi."""
        return self.mode == "editor"

    # ---- the game thread ----------------------------------------------------------------------

    def check_thread(self, what: str) -> None:
        """Refuse any thread but the game thread, and remember should that be swallowed."""
        if threading.get_ident() != self.game_thread:
            self.violations.append(what)
            raise WrongThreadError(f"{what.partition('.')[0]}: {WRONG_THREAD}")

    def tick(self, count: int = 1, seconds: float = 1 / 60) -> None:
        """Let the editor draw *count* frames; what a callback raises goes to the log alone."""
        if self.mode == "commandlet":
            raise NoTickError("a commandlet has no Slate and never ticks")
        for _ in range(count):
            for callbacks in (self.pre_ticks, self.post_ticks):
                for call in list(callbacks.values()):
                    self._call(call, seconds)
            self._tick_subsystems(seconds)

    def tick_until(self, done: Callable[[], bool], timeout_s: float = 20.0) -> bool:
        """Draw frames until *done*; say whether that came to be."""
        end = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > end:
                return False
            self.tick()
            threading.Event().wait(POLL_S)
        return True

    def _tick_subsystems(self, seconds: float) -> None:
        for subsystem in list(self.subsystems.values()):
            subsystem._tick(seconds)

    def _call(self, call: Callable[..., Any], *args: Any) -> Any:
        try:
            return call(*args)
        except Exception:
            self.write("Error", traceback.format_exc())
            return None

    # ---- log ----------------------------------------------------------------------------------

    def write(self, level: str, text: str) -> None:
        """Write a line of the output log."""
        self.log.append((level, text))

    def errors(self) -> list[str]:
        """Return what the output log shows in red."""
        return [text for level, text in self.log if level == "Error"]

    # ---- the user's hands -----------------------------------------------------------------------

    def select(self, *paths: str) -> None:
        """Select assets in the content browser by the paths of their packages."""
        self.selection = [object_path(path) for path in paths]

    def undo(self) -> bool:
        """Press Ctrl+Z; say whether there was anything to undo."""
        return self.undo_stack.undo()

    def redo(self) -> bool:
        """Press Ctrl+Y; say whether there was anything to do again."""
        return self.undo_stack.redo()

    def run_string(self, text: str) -> None:
        """Run Python as a menu entry does: what it raises goes to the log alone."""
        self._call(lambda: exec(text, {"__name__": "__main__"}))

    def close(self) -> None:
        """Quit the editor."""
        for call in list(self.shutdown.values()):
            self._call(call)
        self.shutdown.clear()


def object_path(path: str) -> str:
    """Return "/Game/A.A" for "/Game/A"; a whole path is returned as it is."""
    name = path.rpartition("/")[2]
    return path if "." in name else f"{path}.{name}"


def package_path(path: str) -> str:
    """Return "/Game/A" for "/Game/A.A"."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{name.partition('.')[0]}"


_current: list[Optional[Session]] = [None]


def current() -> Session:
    """Return the session of this process."""
    session = _current[0]
    if session is None:
        raise RuntimeError("no session")
    return session


def replace(version: str, mode: str, project: str = "") -> Session:
    """End the session and start another."""
    _current[0] = Session(version, mode, project)
    return current()
