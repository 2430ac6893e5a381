"""The Filmgate menu of the toolbar, which the tab menu lists too: the models, task by task.

It is made of what is on disk: Nuke's start asks no network. Whoever asks the server later (the
panel, a node, *Refresh models*), the menu is made again on the main thread if the list has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, Optional

import nuke

from filmgate.errors import FilmgateError
from filmgate.host import offers
from filmgate.host.offers import heading, offered, reference, versions_of
from filmgate.wire.records import ModelSummary
from filmgate_nuke import knobs, labels, layout, node, script, sessions, start, threads, vendor

NO_MODELS = "No models known yet: ask the server"

KINDS = ("image",)
"""The kinds of inputs and outputs that Nuke can feed and show."""


def install() -> None:
    """Make the menu from what is on disk, and make it again whenever that has changed.

    Nothing that goes wrong here keeps Nuke from starting: the menu then says what it was.
    """
    labels.register()
    try:
        vendor.check_modules()
        follow()
    except (FilmgateError, ImportError) as error:
        start.explain(str(error))


def follow() -> None:
    """Make the menu, and make it again when the catalogue has another list of models."""
    offers.follow(sessions.hub(), lambda: threads.post(rebuild))
    rebuild()


def rebuild() -> None:
    """Make the menu anew from the models on disk; on the main thread."""
    menu = _emptied_menu()
    catalogue = sessions.hub().catalogue
    listed = offered(catalogue, KINDS)
    for summary in listed:
        entry = f"{heading(summary.task)}/{summary.name}"
        menu.addCommand(entry, _creator(summary), tooltip=summary.summary)
    menu.addSeparator()
    menu.addCommand("Refresh models" if listed else NO_MODELS, refresh)
    list_versions(catalogue.models())


def refresh() -> None:
    """Ask the server for its models in the background; say so if it could not be asked."""

    def done(error: Optional[FilmgateError]) -> None:
        if error is not None:
            threads.post(lambda: nuke.message(str(error)))

    sessions.hub().catalogue.refresh(done)


def list_versions(models: Sequence[ModelSummary]) -> None:
    """Let the nodes of the script list the versions of their models, the newest first."""
    with script.untouched():
        for group in (each.group for each in sessions.watched()):
            versions = versions_of(models, str(group[layout.MODEL].value()))
            if versions:
                knobs.show_versions(group, versions, str(group[layout.VERSION].value()))


def create(model: ModelSummary) -> Optional[nuke.Group]:
    """Make a node for a model, from what is on disk; None where its manifest is not there yet."""
    manifest = sessions.hub().catalogue.manifest(model)
    if manifest is None:
        refresh()
        nuke.message(f"{model.name} is not known well enough yet: the server is being asked.")
        return None
    group = node.create(manifest, reference(model))
    sessions.session(group).choose(reference(model))
    if nuke.GUI:
        group.showControlPanel()
    return group


def _creator(model: ModelSummary) -> Callable[[], object]:
    return lambda: create(model)


def _emptied_menu() -> nuke.Menu:
    """Return our menu with nothing in it."""
    menu = nuke.menu("Nodes").addMenu(start.MENU)
    menu.clearMenu()
    return menu
