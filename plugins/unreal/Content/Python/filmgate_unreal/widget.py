"""Filmgate in a tab: a panel object with the model's list and buttons, made in Python.

From Unreal 5.6 on it sits in a real editor utility widget with a line that tells what is under way.
Before, Python cannot add to a widget's tree, and the same object opens in a details tab. No binary
asset is shipped for either: one that uses our nodes would not compile at the editor's start, which
comes before Python's.
"""

from __future__ import annotations

from typing import Any, Optional

import unreal

from filmgate.host.offers import reference
from filmgate_unreal import actions, notify, preview, selection, sessions, ticks

FOLDER, NAME = "/Temp/Filmgate", "EUW_Filmgate"
"""A package that is never saved: the widget is made anew in every session of the editor."""

ROOT, STATUS, DETAILS = "Root", "Status", "Details"
_CATEGORY = {"Category": "Filmgate"}
_BUTTON = {"Category": "Filmgate", "CallInEditor": "true"}


@unreal.uclass()
class FilmgatePanel(unreal.Object):
    """What the tab shows; its functions are buttons there."""

    model = unreal.uproperty(str, meta={**_CATEGORY, "GetOptions": "offered"})
    status = unreal.uproperty(str, meta={**_CATEGORY, "EditCondition": "false"})

    @unreal.ufunction(ret=unreal.Array(str))
    def offered(self) -> Any:
        """Return the models that fit what is selected; all of them where nothing is."""
        found = unreal.Array(str)
        for name in _offered():
            found.append(name)
        return found

    @unreal.ufunction(meta=_BUTTON)
    def run_model(self) -> None:
        """Let the model work on what is selected."""
        actions.run(self.model)

    @unreal.ufunction(meta=_BUTTON)
    def show_results(self) -> None:
        """Open the results that wait, each in a tab."""
        actions.show()

    @unreal.ufunction(meta=_BUTTON)
    def accept_results(self) -> None:
        """Write the results that wait into the project."""
        actions.accept()

    @unreal.ufunction(meta=_BUTTON)
    def discard_results(self) -> None:
        """Forget the results that wait."""
        actions.discard()

    @unreal.ufunction(meta=_BUTTON)
    def cancel_everything(self) -> None:
        """End what is under way."""
        actions.cancel()

    @unreal.ufunction(meta=_BUTTON)
    def refresh_models(self) -> None:
        """Ask the server for its models."""
        actions.refresh_models()


class _Tab:
    """The one tab of the editor."""

    def __init__(self) -> None:
        self.panel: Optional[FilmgatePanel] = None
        self._line: Optional[unreal.TextBlock] = None
        self._watching = False

    def open(self) -> FilmgatePanel:
        """Open the tab, or bring it to the front."""
        if self.panel is None:
            self.panel = unreal.new_object(FilmgatePanel)
            names = _offered()
            self.panel.set_editor_property("model", names[0] if names else "")
        if has_widgets():
            self._line = _spawn(self.panel)
        else:
            editors = unreal.get_editor_subsystem(unreal.AssetEditorSubsystem)
            editors.open_editor_for_assets([self.panel])
        if not self._watching:
            self._watching = True
            ticks.watch(self._look)
        return self.panel

    def _look(self) -> bool:
        """Say what is under way, as long as the editor runs."""
        text = summary()
        if self.panel is not None and self.panel.get_editor_property("status") != text:
            self.panel.set_editor_property("status", text)
            if self._line is not None:
                self._line.set_text(unreal.Text(text))
        return True


_tab = _Tab()

open_tab = _tab.open


def has_widgets() -> bool:
    """Say whether Python can make a widget: from Unreal 5.6 on."""
    return hasattr(unreal.EditorUtilityLibrary, "add_source_widget")


def summary() -> str:
    """Return one line: what is under way, and what waits."""
    under_way = notify.text()
    waiting = len(preview.waiting())
    ready = f"{waiting} waiting for Accept" if waiting else ""
    return " · ".join(part for part in (under_way, ready) if part) or "Nothing under way"


def _offered() -> list[str]:
    kinds = selection.kinds() or [selection.IMAGE, selection.VOLUME]
    return [reference(each) for each in selection.models(sessions.hub().catalogue, kinds)]


def _spawn(panel: FilmgatePanel) -> unreal.TextBlock:
    """Show the widget, and return its line of text."""
    tabs = unreal.get_editor_subsystem(unreal.EditorUtilitySubsystem)
    widget = tabs.spawn_and_register_tab(_blueprint())
    details: unreal.DetailsView = widget.find_child_widget_by_name(DETAILS)
    details.set_object(panel)
    line: unreal.TextBlock = widget.find_child_widget_by_name(STATUS)
    line.set_text(unreal.Text(summary()))
    return line


def _blueprint() -> unreal.EditorUtilityWidgetBlueprint:
    """Return the widget's blueprint, made at the first call."""
    path = f"{FOLDER}/{NAME}"
    if unreal.EditorAssetLibrary.does_asset_exist(path):
        return unreal.load_asset(path)
    tools = unreal.AssetToolsHelpers.get_asset_tools()
    factory = unreal.EditorUtilityWidgetBlueprintFactory()
    made = tools.create_asset(NAME, FOLDER, unreal.EditorUtilityWidgetBlueprint, factory)
    add = unreal.EditorUtilityLibrary.add_source_widget
    add(made, unreal.VerticalBox, ROOT, "None")
    add(made, unreal.TextBlock, STATUS, ROOT)
    add(made, unreal.DetailsView, DETAILS, ROOT)
    unreal.BlueprintEditorLibrary.compile_blueprint(made)
    return made
