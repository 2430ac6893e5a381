"""The Filmgate menu of the toolbar, which the tab menu lists too: the models, task by task.

It is made of what is on disk: Nuke's start asks no network. Whoever asks the server later (the
panel, a node, *Refresh models*), the menu is made again on the main thread if the list has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Callable, Optional

import nuke

from filmgate.errors import FilmgateError
from filmgate.manifest import Manifest
from filmgate.wire.records import ModelSummary
from filmgate_nuke import knobs, labels, layout, node, script, sessions, start, threads, vendor

NO_MODELS = "No models known yet: ask the server"

_FAVOURED = "champion"
_SERVES = "image"
_TRIAL = "test"


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
    hub = sessions.hub()
    listed = [hub.catalogue.models()]

    def heard() -> None:
        models = hub.catalogue.models()
        if models != listed[0]:
            listed[0] = models
            threads.post(rebuild)

    hub.board.listen(heard)
    rebuild()


def rebuild() -> None:
    """Make the menu anew from the models on disk; on the main thread."""
    menu = _emptied_menu()
    catalogue = sessions.hub().catalogue
    offered = [
        (summary, manifest)
        for summary in newest(catalogue.models())
        for manifest in (catalogue.manifest(summary),)
        if manifest is None or takes_images(manifest)
    ]
    for summary, _ in sorted(offered, key=lambda each: _place(each[0])):
        entry = f"{_heading(summary.task)}/{summary.name}"
        menu.addCommand(entry, _creator(summary), tooltip=summary.summary)
    menu.addSeparator()
    menu.addCommand("Refresh models" if offered else NO_MODELS, refresh)
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
            name = str(group[layout.MODEL].value()).partition("@")[0]
            versions = [each.version for each in sorted(models, key=_number) if each.name == name]
            if versions:
                knobs.show_versions(group, versions[::-1], str(group[layout.VERSION].value()))


def newest(models: Iterable[ModelSummary]) -> list[ModelSummary]:
    """Return one version of each model: the champion if there is one, else the highest."""
    best: dict[str, ModelSummary] = {}
    for model in models:
        other = best.get(model.name)
        if other is None or _rank(model) > _rank(other):
            best[model.name] = model
    return list(best.values())


def reference(model: ModelSummary) -> str:
    """Return how a new node asks for a model: by the alias that moves on, else by its version."""
    return f"{model.name}@{_FAVOURED if _FAVOURED in model.aliases else model.version}"


def takes_images(manifest: Manifest) -> bool:
    """Return whether Nuke can feed a model and show what it makes."""
    needed = [entry for entry in manifest.inputs if not entry.optional]
    return all(each.kind == _SERVES for each in (*needed, *manifest.outputs))


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


def _place(model: ModelSummary) -> tuple[bool, str, str]:
    """Return what the menu is sorted by: models that only try out an installation are last."""
    return model.task == _TRIAL, model.task, model.name


def _heading(task: str) -> str:
    """Return a task as the name of a menu, in which a slash would begin another."""
    return task.replace("_", " ").replace("/", " ").capitalize()


def _creator(model: ModelSummary) -> Callable[[], object]:
    return lambda: create(model)


def _rank(model: ModelSummary) -> tuple[bool, list[int]]:
    return _FAVOURED in model.aliases, _number(model)


def _number(model: ModelSummary) -> list[int]:
    return [int(part) for part in model.version.split(".")]


def _emptied_menu() -> nuke.Menu:
    """Return our menu with nothing in it."""
    menu = nuke.menu("Nodes").addMenu(start.MENU)
    menu.clearMenu()
    return menu
