"""Which of the server's models a host offers, in which order and by which names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Callable

from filmgate.host.catalogue import Catalogue
from filmgate.manifest import Manifest
from filmgate.wire.records import ModelSummary

if TYPE_CHECKING:
    from filmgate.host.hub import Hub

_FAVOURED = "champion"
_TRIAL = "test"


def offered(catalogue: Catalogue, kinds: Sequence[str]) -> list[ModelSummary]:
    """Return the models on disk that a host can feed, task by task, trials last.

    Args:
        catalogue: has the list.
        kinds: of inputs and outputs that the host has. A model whose manifest is not on disk yet
            is offered too.
    """
    fitting = [
        summary
        for summary in newest(catalogue.models())
        for manifest in (catalogue.manifest(summary),)
        if manifest is None or takes(manifest, kinds)
    ]
    return sorted(fitting, key=lambda each: (each.task == _TRIAL, each.task, each.name))


def follow(hub: Hub, changed: Callable[[], None]) -> Callable[[], None]:
    """Have *changed* called when the server was heard to have another list of models.

    Args:
        hub: what all nodes share.
        changed: told on any thread; menus are made again on the host's main one.

    Returns:
        What ends it.
    """
    listed = [hub.catalogue.models()]

    def heard() -> None:
        models = hub.catalogue.models()
        if models != listed[0]:
            listed[0] = models
            changed()

    return hub.board.listen(heard)


def takes(manifest: Manifest, kinds: Sequence[str]) -> bool:
    """Return whether a host that has inputs and outputs of *kinds* can run a model."""
    needed = [entry for entry in manifest.inputs if not entry.optional]
    return all(each.kind in kinds for each in (*needed, *manifest.outputs))


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


def versions_of(models: Iterable[ModelSummary], ref: str) -> list[str]:
    """Return the versions of the model that a reference names, the newest first."""
    name = ref.partition("@")[0]
    return [
        each.version for each in sorted(models, key=number_of, reverse=True) if each.name == name
    ]


def heading(task: str) -> str:
    """Return a task as the name of a menu, in which a slash would begin another."""
    return task.replace("_", " ").replace("/", " ").capitalize()


def number_of(model: ModelSummary) -> list[int]:
    """Return a version as what versions are sorted by."""
    return [int(part) for part in model.version.split(".")]


def _rank(model: ModelSummary) -> tuple[bool, list[int]]:
    return _FAVOURED in model.aliases, number_of(model)
