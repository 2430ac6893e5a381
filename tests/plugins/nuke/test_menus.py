"""The menu lists what is on disk, asks nobody when Nuke starts, and makes nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.manifests import denoiser, manifest, upscaler
from filmgate.digest import digest_bytes
from filmgate.errors import ConnectionLostError
from filmgate.host.offers import newest
from filmgate.manifest import Manifest, to_manifest_json
from filmgate.wire.records import ModelSummary


def listed(model: Manifest, *aliases: str) -> ModelSummary:
    """Return the line of the list of models for a manifest."""
    content = to_manifest_json(model)
    return ModelSummary(
        name=model.name,
        version=model.version,
        task=model.task,
        summary=model.summary,
        digest=digest_bytes(model.version.encode() + content),
        manifest=digest_bytes(content),
        manifest_size=len(content),
        aliases=aliases,
    )


class Shelf:
    """A catalogue of what a test puts on it, whose server answers when the test says so."""

    def __init__(self) -> None:
        self.known: dict[bytes, Manifest] = {}
        self.listed: list[ModelSummary] = []
        self.asked: list[Any] = []
        self.board = Board()

    def put(self, model: Manifest, *aliases: str, manifest: bool = True) -> ModelSummary:
        """List a model; *manifest* says whether it is on disk."""
        summary = listed(model, *aliases)
        self.listed.append(summary)
        if manifest:
            self.known[summary.digest] = model
        return summary

    def models(self) -> tuple[ModelSummary, ...]:
        """Return what is listed."""
        return tuple(self.listed)

    def manifest(self, model: ModelSummary) -> Any:
        """Return what is on disk."""
        return self.known.get(model.digest)

    def refresh(self, done: Any = None) -> None:
        """Note that somebody asked."""
        self.asked.append(done)


class Board:
    """A board that tells when a test says so."""

    def __init__(self) -> None:
        self.listeners: list[Any] = []

    def listen(self, call: Any) -> Any:
        """Remember who listens."""
        self.listeners.append(call)
        return lambda: None


class Hub:
    """What the menu needs of a hub."""

    def __init__(self, shelf: Shelf) -> None:
        self.catalogue = shelf
        self.board = shelf.board


class Chosen:
    """A session that notes which model it was given."""

    def __init__(self) -> None:
        self.models: list[str] = []

    def choose(self, model: str) -> None:
        """Note the model."""
        self.models.append(model)


@pytest.fixture
def shelf(nuke: Any, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Return the catalogue that the menu reads."""
    from filmgate_nuke import menus  # noqa: PLC0415 - found once the fixture ran

    made = Shelf()
    monkeypatch.setattr(menus.sessions, "hub", lambda server="": Hub(made))
    return made


@pytest.fixture
def chosen(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Chosen:
    """Return the session of every node that the menu makes."""
    from filmgate_nuke import menus  # noqa: PLC0415

    made = Chosen()
    monkeypatch.setattr(menus.sessions, "session", lambda group: made)
    return made


@pytest.fixture
def menus(nuke: Any) -> Iterator[Any]:
    """Return the plugin's module."""
    from filmgate_nuke import menus  # noqa: PLC0415

    return menus


def entries(nuke: Any) -> list[str]:
    """Return what the toolbar's Filmgate menu says, without separators."""
    names: list[str] = []
    for item in nuke.menu("Nodes").menu("Filmgate").items():
        inside = item.items() if hasattr(item, "items") else ()
        names += [f"{item.name()}/{each.name()}" for each in inside] or [item.name()]
    return [name for name in names if not name.lstrip("-").isdigit()]


def choose(nuke: Any, name: str) -> None:
    """Choose an entry."""
    nuke.menu("Nodes").menu("Filmgate").findItem(name).invoke()


def test_each_model_is_listed_once(nuke: Any, menus: Any, shelf: Shelf) -> None:
    """The champion of several versions, else the highest."""
    shelf.put(denoiser(version="1.10.0"))
    shelf.put(denoiser(version="1.9.0"), "champion")
    shelf.put(upscaler())
    menus.install()
    assert entries(nuke) == ["Test/denoise", "Test/upscale", "Refresh models"]
    assert newest(shelf.models())[0].version == "1.9.0"


def test_a_new_node_asks_for_the_alias_that_moves_on(
    nuke: Any, menus: Any, shelf: Shelf, chosen: Chosen
) -> None:
    """So that Upgrade finds what the studio has chosen since."""
    shelf.put(denoiser(), "champion")
    shelf.put(upscaler())
    menus.install()
    choose(nuke, "Test/denoise")
    choose(nuke, "Test/upscale")
    assert chosen.models == ["denoise@champion", "upscale@1.0.0"]
    assert sorted(node.name() for node in nuke.allNodes()) == [
        "Filmgate_denoise1",
        "Filmgate_upscale1",
    ]


def test_models_that_nuke_cannot_feed_are_left_out(nuke: Any, menus: Any, shelf: Shelf) -> None:
    """A model of volumes has no place in a compositing graph."""
    density = {"name": "density", "kind": "volume"}
    shelf.put(manifest("smoke", inputs=[density], outputs=[density]))
    menus.install()
    assert entries(nuke) == [menus.NO_MODELS]


def test_the_menu_says_that_no_model_is_known(nuke: Any, menus: Any, shelf: Shelf) -> None:
    """An empty menu would say nothing; its entry asks the server."""
    menus.install()
    assert entries(nuke) == [menus.NO_MODELS]
    choose(nuke, menus.NO_MODELS)
    assert len(shelf.asked) == 1


def test_nuke_s_start_asks_nobody(nuke: Any, menus: Any, shelf: Shelf) -> None:
    """The list on disk will do until somebody uses it."""
    shelf.put(denoiser())
    menus.install()
    assert shelf.asked == []


def test_the_menu_is_made_again_when_the_list_has_changed(
    nuke: Any, menus: Any, shelf: Shelf, world: Any
) -> None:
    """Whoever asked the server, and on the main thread; not for every other change."""
    menus.install()
    shelf.board.listeners[0]()
    assert world.queued() == 0
    shelf.put(denoiser())
    shelf.board.listeners[0]()
    assert "Test/denoise" not in entries(nuke)
    world.run_events()
    assert "Test/denoise" in entries(nuke)


def test_a_server_that_is_away_is_said_to_whoever_asked(
    nuke: Any, menus: Any, shelf: Shelf, world: Any
) -> None:
    """In a window, on the main thread."""
    shelf.put(denoiser())
    menus.install()
    choose(nuke, "Refresh models")
    shelf.asked.pop()(ConnectionLostError("No server."))
    world.run_events()
    assert "No server." in world.messages[0]


def test_nodes_list_the_versions_that_there_are(
    nuke: Any, menus: Any, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, world: Any
) -> None:
    """The newest first, and without a change to save."""
    from filmgate_nuke import guard, node  # noqa: PLC0415

    group = node.create(denoiser(), "denoise@champion")
    nuke.root().setModified(False)
    watched = [guard.Watched(group, lambda moment: None)]
    monkeypatch.setattr(menus.sessions, "watched", lambda: watched)
    for version in ("1.10.0", "1.0.0", "1.9.0"):
        shelf.put(denoiser(version=version))
    menus.install()
    assert group["filmgate_version"].values() == ["1.10.0", "1.9.0", "1.0.0"]
    assert group["filmgate_version"].value() == "1.0.0"
    assert not nuke.root().modified()


def test_a_model_without_manifest_is_asked_for(
    nuke: Any, menus: Any, shelf: Shelf, world: Any
) -> None:
    """The artist is told to wait; no half-made node appears."""
    shelf.put(denoiser(), manifest=False)
    menus.install()
    choose(nuke, "Test/denoise")
    assert nuke.allNodes() == []
    assert len(shelf.asked) == 1
    assert "being asked" in world.messages[0]


def test_what_is_wrong_with_the_installation_is_said_in_the_menu(
    nuke: Any, menus: Any, shelf: Shelf, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nuke starts all the same; slashes in the text make no menus of it."""
    text = "zmq 1.0 was imported already, from /opt/studio/zmq/__init__.py"

    def broken() -> None:
        raise menus.vendor.VendorError(text)

    monkeypatch.setattr(menus.vendor, "check_modules", broken)
    menus.install()
    assert entries(nuke) == [menus.start.UNAVAILABLE]
    choose(nuke, menus.start.UNAVAILABLE)
    assert world.messages == [text]


def test_each_task_has_a_menu_and_trials_are_last(nuke: Any, menus: Any, shelf: Shelf) -> None:
    """An artist looks for what a model does."""
    tasks = {"negate": "test", "up2": "upscale", "up4": "upscale", "mvec": "optical_flow"}
    for name, task in tasks.items():
        shelf.put(replace(manifest(name), task=task))
    menus.install()
    assert entries(nuke) == [
        *("Optical flow/mvec", "Upscale/up2", "Upscale/up4", "Test/negate"),
        "Refresh models",
    ]


def test_what_keeps_the_plugin_from_starting_is_said_once(
    nuke: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line in the terminal and one entry in the menu, which shows it all."""
    from filmgate_nuke import start, vendor  # noqa: PLC0415

    def refuse() -> None:
        raise vendor.VendorError("zmq 1.0 was imported already, from /opt/studio/zmq")

    monkeypatch.setattr(vendor, "prepare", refuse)
    start.batch()
    start.interface()
    assert ["/opt/studio/zmq" in text for text in world.printed] == [True]
    assert entries(nuke) == ["Filmgate cannot start\u2026"]
    choose(nuke, start.UNAVAILABLE)
    assert "/opt/studio/zmq" in world.messages[0]


@pytest.mark.parametrize(("edition", "name"), [("indie", "Indie"), ("nc", "Non-commercial")])
def test_an_edition_that_shows_python_ten_nodes_is_told(
    nuke: Any, world: Any, edition: str, name: str
) -> None:
    """One clear line instead of a node that cannot work."""
    from filmgate_nuke import start  # noqa: PLC0415

    world.edition = edition
    start.batch()
    start.interface()
    assert [name in text for text in world.printed] == [True]
    assert entries(nuke) == [start.UNAVAILABLE]
    choose(nuke, start.UNAVAILABLE)
    assert name in world.messages[0]


def test_the_bootstraps_run_in_their_modes(
    fresh: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`init.py` in every mode, `menu.py` with the interface; nobody connects to anything."""
    import runpy  # noqa: PLC0415

    monkeypatch.setenv("FILMGATE_CACHE", str(tmp_path))
    from filmgate_nuke import sessions  # noqa: PLC0415

    plugin = Path(__file__).resolve().parents[3] / "plugins" / "nuke"
    for mode, names in (("-t", ["init.py"]), ("-x", ["init.py"]), ("gui", ["init.py", "menu.py"])):
        fresh("16.0", mode)
        for name in names:
            runpy.run_path(str(plugin / name))
    assert not sessions.hub().link.state().server
    sessions.close_hubs()
