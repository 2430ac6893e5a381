"""Fixtures for the Unreal plugin: a session of the stand-in for Unreal, fresh for every test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
FAKE = str(ROOT / "tests" / "fakes" / "unreal")
PLUGIN = str(ROOT / "plugins" / "unreal" / "Content" / "Python")

for _folder in (PLUGIN, FAKE):
    if _folder not in sys.path:
        sys.path.insert(0, _folder)

Fresh = Callable[..., Any]


@pytest.fixture(autouse=True)
def _a_plugin_of_its_own() -> Iterator[None]:
    """Forget the plugin's modules at the end, as the end of the editor's process does."""
    yield
    for name in [each for each in sys.modules if each.partition(".")[0] == "filmgate_unreal"]:
        del sys.modules[name]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Fresh]:
    """Return what starts a session: `fresh(version="5.6", mode="editor")`.

    The other modes are `unattended` (with -nullrhi) and `commandlet`. It returns the `Session`,
    which plays the user and the editor: `tick`, `select`, `answers`, `undo`, … A call of Unreal
    from a wrong thread fails the test though something swallowed the refusal.
    """
    import unreal  # noqa: PLC0415 - found once the stand-in is on the path

    before = list(sys.path)
    sessions: list[Any] = []

    def start(version: str = "5.6", mode: str = "editor") -> Any:
        sessions.append(unreal._fresh(version, mode, str(tmp_path / "project")))
        return sessions[-1]

    yield start
    for session in sessions:
        session.close()
    sys.path[:] = before
    broken = [text for session in sessions for text in session.violations]
    assert not broken, broken


@pytest.fixture
def session(fresh: Fresh) -> Any:
    """Return the hands of the user of a fresh editor of Unreal 5.6 with its windows."""
    return fresh()


@pytest.fixture
def unreal(session: Any) -> Any:
    """Return the module that `import unreal` finds, in a fresh session."""
    import unreal  # noqa: PLC0415 - found once the stand-in is on the path

    return unreal


Pixel = Callable[[int, int], Any]


@pytest.fixture
def texture(unreal: Any) -> Callable[..., Any]:
    """Return what puts a texture into the content browser.

    ``texture("/Game/T_Rock", {"R": [...], ...}, width, kind="RGBA16F", srgb=False, ...)``: rows
    from the top; codes of 0 to 255 for BGRA8, floats for the formats of floats; what else is named
    is set as an editor property.
    """
    from unreal import _assets, _images  # noqa: PLC0415 - found once the stand-in is on the path

    def make(
        path: str, planes: dict[str, Any], width: int, kind: str = "RGBA16F", **settings: Any
    ) -> Any:
        made = unreal.Texture2D()
        height = len(next(iter(planes.values()))) // width
        made._source = _images.make_image(width, height, kind, planes)
        for name, value in settings.items():
            made.set_editor_property(name, value)
        return _assets.add_asset(made, path)

    return make
