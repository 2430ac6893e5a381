"""What happens when the editor starts: no network, and nothing that keeps it from starting."""

from __future__ import annotations

from importlib import import_module

import unreal

STEPS = (
    ("filmgate_unreal.vendor", "prepare"),
    ("filmgate_unreal.ticks", "start"),
    ("filmgate_unreal.library", "register"),
    ("filmgate_unreal.pipeline", "register"),
    ("filmgate_unreal.menu", "install"),
)
"""What makes the plugin ready, in this order; what fails is told, and what follows is left out."""

MENU = "LevelEditor.MainMenu.Tools"
OWNER = "Filmgate"
SECTION = "Filmgate"


def run() -> None:
    """Make the plugin ready; where it cannot run, say why in the log and in the menu."""
    for module, name in STEPS:
        text = _tried(module, name)
        if text:
            unreal.log_warning(text)
            _explain(text)
            return


def _tried(module: str, name: str) -> str:
    """Call a function of a module of ours; return why that failed, or an empty text."""
    try:
        getattr(import_module(module), name)()
    except Exception as error:  # noqa: BLE001 - the boundary to the editor, which must start
        return f"Filmgate cannot start: {error}"
    return ""


def _explain(text: str) -> None:
    """Leave one entry in the menu that shows *text*; the log alone is read by nobody."""
    menus = unreal.ToolMenus.get()
    menu = menus.extend_menu(MENU)
    entry = unreal.ToolMenuEntry(name="FilmgateUnavailable", type=unreal.MultiBlockType.MENU_ENTRY)
    entry.set_label("Filmgate cannot start…")
    entry.set_tool_tip(text)
    command = f"from filmgate_unreal import start; start.tell({text!r})"
    entry.set_string_command(unreal.ToolMenuStringCommandType.PYTHON, "", command)
    menu.add_section(SECTION, "Filmgate")
    menu.add_menu_entry(SECTION, entry)
    menus.refresh_all_widgets()


def tell(text: str) -> None:
    """Show a text in a dialog."""
    unreal.EditorDialog.show_message("Filmgate", text, unreal.AppMsgType.OK)
