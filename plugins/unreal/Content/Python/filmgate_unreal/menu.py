"""Filmgate's menus: Tools ▸ Filmgate, and what a right click on textures and landscapes offers.

They are made of what is on disk: the editor's start asks no network. Whoever asks the server later,
they are made again at a tick if the list of models has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

import unreal

from filmgate.host.offers import follow, heading, reference
from filmgate.wire.records import ModelSummary
from filmgate_unreal import actions, dialogs, selection, sessions, ticks, vendor

OWNER = "Filmgate"
NO_MODELS = "No models known yet: Refresh Models asks the server"

TOOLS = "LevelEditor.MainMenu.Tools"
TEXTURE = "ContentBrowser.AssetContextMenu.Texture2D"
ACTOR = "LevelEditor.ActorContextMenu"

_PLACES = ((TEXTURE, selection.IMAGE), (ACTOR, selection.VOLUME))
"""Where a right click offers models, and for which kind of selection."""

_COMMANDS = (
    ("Open", "Open Filmgate…", "The models, their parameters and what is under way, in a tab."),
    ("Show", "Show Results", "Open the selected textures' results, or all where none is."),
    (
        "Accept",
        "Accept Results",
        "Write the selected textures' results, or all where none is: one undo step.",
    ),
    ("Discard", "Discard Results", "Forget the selected textures' results, or all where none is."),
    ("Regenerate", "Regenerate", "Make the selected results again, as their metadata says."),
    ("Cancel", "Cancel Everything", "End what is under way; finished results stay."),
    ("Refresh", "Refresh Models", "Ask the server which models there are."),
)

_added: list[tuple[str, str, str]] = []
"""The menu, section and name of every entry of ours."""


def install() -> None:
    """Make the menus, and make them again when the list of models has changed.

    Raises:
        FilmgateError: a setting cannot be used.
        ImportError: what filmgate needs is nowhere, or too old.
    """
    vendor.check_modules()
    follow(sessions.hub(), lambda: ticks.post(rebuild))
    rebuild()
    unreal.register_python_shutdown_callback(end)


def end() -> None:
    """End the threads and the connection: the editor quits."""
    ticks.stop()
    sessions.close_hubs()


def rebuild() -> None:
    """Make the menus anew from the models on disk."""
    menus = unreal.ToolMenus.get()
    for menu, section, name in _added:
        menus.remove_entry(menu, section, name)
    _added.clear()
    tools = _submenu(menus, TOOLS)
    for name, label, tip in _COMMANDS:
        _add(tools, "Commands", f"Filmgate{name}", label, tip, f"press({name!r})")
    for place, kind in _PLACES:
        found = selection.models(sessions.hub().catalogue, (kind,))
        if found or kind == selection.IMAGE:
            _list_models(_submenu(menus, place), found, kind)
    menus.refresh_all_widgets()


def press(name: str) -> None:
    """Do what an entry of the Tools menu says."""
    _PRESSED[name]()


def _open() -> None:
    from filmgate_unreal import widget  # noqa: PLC0415 - builds on what this module offers

    widget.open_tab()


_PRESSED: dict[str, Callable[[], object]] = {
    "Open": dialogs.guarded(_open),
    "Show": actions.show,
    "Accept": actions.accept,
    "Discard": actions.discard,
    "Regenerate": actions.regenerate,
    "Cancel": actions.cancel,
    "Refresh": actions.refresh_models,
}


def _list_models(menu: unreal.ToolMenu, models: Sequence[ModelSummary], kind: str) -> None:
    for model in models:
        section = heading(model.task)
        menu.add_section(section, section)
        command = f"run({reference(model)!r}, {kind!r})"
        _add(menu, section, f"Filmgate_{model.name}", f"{model.name}…", model.summary, command)
    if not models:
        _add(menu, "Commands", "FilmgateNone", NO_MODELS, "", "press('Refresh')")


def _submenu(menus: unreal.ToolMenus, place: str) -> unreal.ToolMenu:
    """Return our menu in another one, which may not exist yet."""
    parent = menus.extend_menu(place)
    parent.add_section(OWNER, OWNER)
    _added.append((place, OWNER, OWNER))
    return parent.add_sub_menu(OWNER, OWNER, OWNER, OWNER, "Models of a shared inference server")


def _add(menu: unreal.ToolMenu, section: str, name: str, label: str, tip: str, call: str) -> None:
    entry = unreal.ToolMenuEntry(name=name, type=unreal.MultiBlockType.MENU_ENTRY)
    entry.set_label(label)
    entry.set_tool_tip(tip)
    module = "menu" if call.startswith("press") else "actions"
    command = f"from filmgate_unreal import {module}; {module}.{call}"
    entry.set_string_command(unreal.ToolMenuStringCommandType.PYTHON, "", command)
    menu.add_menu_entry(section, entry)
    _added.append((str(menu.menu_name), section, name))
