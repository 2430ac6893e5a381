"""An artist's desk: the stand-in for Nuke with the plugin in it, and a server that it finds."""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakes.secluded import seclude
from fakes.service import TOKEN, Service
from filmgate.endpoint import Endpoint, publish_endpoint
from filmgate.host.offers import newest

ROOT = Path(__file__).resolve().parents[2]
FAKE = ROOT / "tests" / "fakes" / "nuke"
PLUGIN = ROOT / "plugins" / "nuke"
PATIENCE_S = 30.0


def find_nuke() -> None:
    """Let `import nuke` find the stand-in, and `import filmgate_nuke` the plugin."""
    for folder in (str(PLUGIN), str(FAKE)):
        if folder not in sys.path:
            sys.path.insert(0, folder)


class Desk:
    """One session of the stand-in, with everything that the plugin keeps on disk in one folder.

    Args:
        folder: for settings, cache and scripts.
        patch: undone when the test ends.
        mode: ``gui``, ``-t`` or ``-x``.
        version: of Nuke.

    Attributes:
        nuke: the module.
        world: the user's hands.
        folder: for the test's own files.
    """

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, mode: str = "gui", version: str = "16.0"
    ) -> None:
        find_nuke()
        import nuke  # noqa: PLC0415 - found once the stand-in is on the path

        self.nuke: Any = nuke
        self.folder = folder
        self._patch = patch
        seclude(folder, patch)
        self.world: Any = None
        self.start(mode, version)

    def start(self, mode: str = "gui", version: str = "16.0") -> None:
        """Leave Nuke, if it runs, and start it again."""
        from filmgate_nuke import callbacks, sessions  # noqa: PLC0415

        if self.world is not None:
            sessions.close_hubs()
        self.world = self.nuke._fresh(version, mode)
        callbacks.register()

    def close(self) -> None:
        """Leave Nuke; no call may have come from a wrong thread."""
        from filmgate_nuke import sessions  # noqa: PLC0415

        sessions.close_hubs()
        assert not self.world.violations

    def use(self, service: Service) -> None:
        """Configure a server, as the people who run the site do."""
        publish_endpoint(Endpoint(service.port, TOKEN, service.process.pid))
        self._patch.setenv("FILMGATE_SERVER", service.address)

    def plate(self, pattern: Path, first: int, last: int) -> Any:
        """Return a Read of a sequence whose paths hold ``%04d``."""
        read = self.nuke.nodes.Read(file=pattern.as_posix(), first=first, last=last, raw=True)
        for name, value in (("origfirst", first), ("origlast", last), ("on_error", "error")):
            read[name].setValue(value)
        root = self.nuke.root()
        root["first_frame"].setValue(first)
        root["last_frame"].setValue(last)
        return read

    def node(self, model: str, *inputs: Any) -> Any:
        """Return a node for a model that the server has, connected."""
        from filmgate_nuke import menus, sessions  # noqa: PLC0415

        self.list_models()
        offered = newest(sessions.hub().catalogue.models())
        (summary,) = (each for each in offered if each.name == model)
        group: Any = menus.create(summary)
        for place, source in enumerate(inputs):
            group.setInput(place, source)
        return group

    def list_models(self) -> None:
        """Ask the server for its models, as the menu does, and wait for the answer."""
        from filmgate_nuke import sessions  # noqa: PLC0415

        heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        sessions.hub().catalogue.refresh(heard.put)
        error = heard.get(timeout=PATIENCE_S)
        assert error is None, error

    def session(self, group: Any) -> Any:
        """Return a node's session."""
        from filmgate_nuke import sessions  # noqa: PLC0415

        return sessions.session(group)

    def press(self, group: Any, action: str) -> None:
        """Do what a button does, and wait until the node rests."""
        from filmgate_nuke import actions  # noqa: PLC0415

        getattr(actions, action)(group)
        self.wait(group)

    def wait(self, group: Any) -> None:
        """Let the event loop run until the node rests."""
        session = self.session(group)
        self.until(lambda: not session.busy, "the node rests")

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Let the event loop run until something has happened."""
        if not self.world.gui:
            assert done(), what
            return
        assert self.world.run_until(done, PATIENCE_S), f"waited in vain until {what}"
        self.world.run_events()

    def result(self, group: Any, output: str, frame: int) -> Path:
        """Return the file that the node reads for a frame."""
        session = self.session(group)
        assert output in session.patterns(), f"{session.status} {self.world.printed}"
        return Path(session.patterns()[output] % frame)
