"""An artist's desk: the stand-in for the Unreal Editor with the plugin in it."""

from __future__ import annotations

import queue
import sys
from array import array
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.echo import EchoServer
from fakes.secluded import seclude
from filmgate.endpoint import Endpoint, publish_endpoint
from filmgate.host.plain_exr import PlainImage, Plane, Window, to_plain_exr

if TYPE_CHECKING:
    from fakes.service import Service

ROOT = Path(__file__).resolve().parents[2]
FAKE = ROOT / "tests" / "fakes" / "unreal"
PLUGIN = ROOT / "plugins" / "unreal" / "Content" / "Python"
PATIENCE_S = 40.0
IDLE_S = 0.005

_FOLDERS = (str(PLUGIN), str(FAKE))


def find_unreal() -> None:
    """Let `import unreal` find the stand-in, and `import filmgate_unreal` the plugin."""
    for folder in _FOLDERS:
        if folder not in sys.path:
            sys.path.insert(0, folder)


class EditorDesk:
    """One editor with the plugin, and everything that it keeps on disk in one folder.

    Args:
        folder: for settings, cache and the project.
        patch: undone when the test ends.
        mode: ``editor``, ``unattended`` or ``commandlet``.
        version: of Unreal.
        server: its address; empty for none.

    Attributes:
        unreal: the module.
        editor: the user's hands.
        folder: for the test's own files.
        version: of the editor that runs.
    """

    def __init__(
        self,
        folder: Path,
        patch: pytest.MonkeyPatch,
        mode: str = "editor",
        version: str = "5.6",
        server: str = "",
    ) -> None:
        find_unreal()
        import unreal  # noqa: PLC0415 - found once the stand-in is on the path

        self.unreal: Any = unreal
        self.folder, self._patch = folder, patch
        self.editor: Any = None
        seclude(folder, patch)
        patch.setenv("FILMGATE_SHOW", "film")
        if server:
            patch.setenv("FILMGATE_SERVER", server)
        self.open(mode, version)

    def open(self, mode: str = "editor", version: str = "5.6") -> None:
        """Quit the editor, if it runs, and start it again; the saved assets are there again."""
        from filmgate_unreal import start  # noqa: PLC0415

        before, self.version = self.editor, version
        if before is not None:
            self.quit()
        self.editor = self.unreal._fresh(version, mode, str(self.folder / "project"))
        if before is not None:
            self.editor.assets, self.editor.metadata = before.assets, before.metadata
        start.run()
        assert not [text for _, text in self.editor.log if "cannot start" in text], self.editor.log

    def quit(self) -> None:
        """End everything that the plugin has under way, as the editor's end does."""
        from filmgate_unreal import preview, sessions, ticks  # noqa: PLC0415

        ticks.stop()
        preview.drop_all()
        sessions.close_hubs()

    def close(self) -> None:
        """Quit; no call may have come from a wrong thread."""
        self.quit()
        assert not self.editor.violations, self.editor.violations

    def use(self, service: Service) -> None:
        """Configure a server, as the people who run the site do."""
        from fakes.service import TOKEN  # noqa: PLC0415 - hosts' interpreters lack what it needs

        publish_endpoint(Endpoint(service.port, TOKEN, service.process.pid))
        self._patch.setenv("FILMGATE_SERVER", service.address)

    # What lies in the project.

    def texture(
        self,
        path: str,
        planes: Mapping[str, Any],
        width: int,
        kind: str = "BGRA8",
        **settings: Any,
    ) -> Any:
        """Put a texture into the project; see the fixture of the same name."""
        from unreal import _assets, _images  # noqa: PLC0415

        made = self.unreal.Texture2D()
        height = len(next(iter(planes.values()))) // width
        made._source = _images.make_image(width, height, kind, dict(planes))
        for name, value in settings.items():
            made.set_editor_property(name, value)
        return _assets.add_asset(made, path)

    def landscape(self, numbers: Any, columns: int, scale: Any = (100.0, 100.0, 100.0)) -> Any:
        """Put a landscape into the level, and select it."""
        from unreal import _landscape  # noqa: PLC0415

        made = _landscape.make_landscape(array("H", numbers), columns, scale)
        self.editor.selected_actors = [made]
        return made

    # What the artist does.

    def list_models(self) -> None:
        """Ask the server for its models, as the menu does, and wait for the answer."""
        from filmgate_unreal import sessions  # noqa: PLC0415

        heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        sessions.hub().catalogue.refresh(heard.put)
        error = heard.get(timeout=PATIENCE_S)
        assert error is None, error
        if self.editor.mode != "commandlet":
            self.editor.tick(2)

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Let the editor draw until something has happened."""
        assert self.editor.tick_until(done, PATIENCE_S), f"waited in vain until {what}"

    def begin(self, model: str, *paths: str) -> Any:
        """Begin to work on textures; return the batch."""
        from filmgate_unreal import actions  # noqa: PLC0415
        from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

        return actions.start(actions.works_on([TextureSource.of(each) for each in paths], model))

    def make(self, model: str, *paths: str) -> Any:
        """Work on textures, and wait for the end."""
        batch = self.begin(model, *paths)
        self.until(lambda: not batch.busy, f"{model} has ended: {batch.text()}")
        return batch

    def file(self, work: Any) -> Path:
        """Return the file of a result."""
        from filmgate_unreal import sessions  # noqa: PLC0415

        (path,) = sessions.files(work).values()
        return Path(path)


def plain_result(width: int = 4, height: int = 2, value: float = 0.25) -> bytes:
    """Return the EXR file of a result that is one grey."""
    window = Window(0, 0, width - 1, height - 1)
    plane = Plane("float", array("f", [value] * (width * height)).tobytes())
    return to_plain_exr(PlainImage(window, window, dict.fromkeys("RGB", plane)))


def answer(server: EchoServer, content: bytes) -> None:
    """Let a server answer every job with a file."""
    server.forge(lambda made: replace(made, data=memoryview(content)))
