"""TOPs: a job at the server for each work item, many of them in one session.

Items are made with everything that their work needs written on them, so that they cook again after
the scene was closed. PDG cooks them on threads of its own: nothing here touches ``hou`` but what
says so. The first item of a batch that cooks runs the whole batch; the others find their results.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from os.path import normpath
from pathlib import Path
from typing import Any, Protocol

import hou

from filmgate.errors import FilmgateError, InputError
from filmgate.host.file_port import MEDIA
from filmgate.host.node import parse_node_state
from filmgate.host.offers import offered, reference
from filmgate.host.port import Moment
from filmgate_houdini import batches, names, parms, sessions
from filmgate_houdini.host import HoudiniHost

ORDER, TAG, OUTPUT = "filmgate_order", "filmgate_tag", "filmgate_output"
"""Parameters of the processor inside the asset."""

ITEM = "filmgate_item"
"""The attribute that holds an item's work."""

FILE_TAGS = {".exr": "file/image", ".tensor": "file/tensor"}
KINDS = ("image", "volume", "attribute")


class PdgFile(Protocol):
    """A file of a work item."""

    path: str
    tag: str


class WorkItem(Protocol):
    """What is used of a ``pdg.WorkItem``."""

    name: str
    index: int
    outputFiles: Sequence[PdgFile]  # noqa: N815 - PDG's name
    node: Any
    attribNames: Any  # noqa: N815 - PDG's name

    def hasAttrib(self, name: str) -> bool:  # noqa: N802 - PDG's name
        """Say whether the item has an attribute."""
        ...

    def attribValue(self, name: str) -> Any:  # noqa: N802 - PDG's name
        """Return the first value of an attribute."""
        ...

    def setStringAttrib(self, name: str, value: str) -> Any:  # noqa: N802 - PDG's name
        """Set a text."""
        ...

    def addOutputFile(self, path: str, tag: str, hash_code: int) -> None:  # noqa: N802
        """Say that the item has written a file."""
        ...


class ItemHolder(Protocol):
    """What is used of a ``pdg.WorkItemHolder``."""

    def addWorkItem(self, **options: Any) -> WorkItem:  # noqa: N802 - PDG's name
        """Make an item."""
        ...


# On Houdini's main thread.


def model_menu(node: hou.OpNode) -> list[str]:
    """Return the tokens and labels of the models that take files, from disk."""
    catalogue = sessions.hub(sessions.host(node).server()).catalogue
    rows = [(reference(each), f"{each.name} {each.version}") for each in offered(catalogue, KINDS)]
    return [text for row in rows for text in row]


def order(node: hou.OpNode) -> str:
    """Return what is set on the asset, as JSON; the processor's parameter is its value.

    Raises:
        hou.NodeError: a setting means nothing; says which.
    """
    try:
        host = HoudiniHost(node)  # no session: PDG evaluates parameters where it likes
        state = parse_node_state(host.load_state())
        manifest = host.manifest()
        params = parms.values(node, manifest.params, Moment(hou.frame())) if manifest else {}
    except FilmgateError as error:
        raise hou.NodeError(str(error)) from error
    ref = state.model or host.model()
    name = ref.partition("@")[0]
    return json.dumps(
        {
            "model": f"{name}@{state.version}" if state.version else ref,
            "server": host.server(),
            "params": params,
            "batch": node.evalParm("filmgate_batch"),
            "retries": node.evalParm("filmgate_retries"),
            "patience_s": node.evalParm("filmgate_patience"),
        },
        sort_keys=True,
    )


# On PDG's threads.


def generate(node: Any, item_holder: ItemHolder, upstream_items: Iterable[WorkItem]) -> None:
    """Make an item for each one upstream; PDG's ``onGenerate``.

    Args:
        node: the ``pdg.Node``; its parameters are evaluated for each item.
        item_holder: makes items.
        upstream_items: whose files are the inputs. An attribute ``filmgate_p_<name>`` of an item
            is that parameter's value, and ``filmgate_in_<name>`` the file of a further input.

    Raises:
        InputError: no model is chosen, an item has no file, or two would write the same one.
    """
    wanted = json.loads(node[ORDER].evaluateString())
    if not wanted["model"]:
        raise InputError("No model is chosen.", "Choose one in the menu Model.")
    items = list(upstream_items)
    works = [_work(node, each, wanted["params"]) for each in items]
    _refuse_shared([(each.name, work["output"]) for each, work in zip(items, works)])
    size = max(1, int(wanted["batch"]))
    for first in range(0, len(items), size):
        batch = works[first : first + size]
        for place, item in enumerate(items[first : first + size]):
            made = item_holder.addWorkItem(index=item.index, parent=item, inProcess=True)
            text = json.dumps({**wanted, "items": batch, "place": place}, sort_keys=True)
            made.setStringAttrib(ITEM, text)


def cook(work_item: WorkItem) -> None:
    """Make an item's results and name their files; PDG's ``onCookTask``.

    Raises:
        FilmgateError: it failed as often as it may; says why and what helps.
    """
    document = json.loads(work_item.attribValue(ITEM))
    place = document.pop("place")
    paths = batches.find(document).results(place, lambda: _is_cancelled(work_item))
    for path in paths:
        work_item.addOutputFile(path.as_posix(), FILE_TAGS.get(path.suffix, "file"), 0)


def _work(node: Any, item: WorkItem, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what one item needs."""
    output = node[OUTPUT].evaluateString(item)
    start = names.parameter("")
    own = {name: item.attribValue(start + name) for name in params if item.hasAttrib(start + name)}
    files = {"": _main_file(item, node[TAG].evaluateString(item)), **_further(item)}
    return {
        "inputs": {name: _localized(node, path) for name, path in files.items()},
        "output": _localized(node, output),
        "params": {**params, **own},
    }


def _refuse_shared(outputs: Iterable[tuple[str, str]]) -> None:
    """Refuse two items with one Output File: one result would take the place of the other."""
    owners: dict[str, str] = {}
    for name, path in outputs:
        owner = owners.setdefault(normpath(path), name)
        if owner is not name:
            text = f"{owner} and {name} have the same Output File, {path}."
            raise InputError(text, "Put what differs into it, such as `@pdg_name` or `@pdg_index`.")


def _localized(node: Any, path: str) -> str:
    """Return a path as it is on this machine: PDG writes its working folder as a variable."""
    scheduler = getattr(node, "scheduler", None)
    return path if scheduler is None else str(scheduler.localizePath(path))


def _main_file(item: WorkItem, tag: str) -> str:
    """Return an item's file of the main input.

    Raises:
        InputError: it has none.
    """
    for file in item.outputFiles:
        if tag in ("", file.tag) and Path(file.path).suffix.lower() in MEDIA:
            return file.path
    wanted = f"with the tag {tag}" if tag else f"of the kinds {', '.join(MEDIA)}"
    raise InputError(f"{item.name} has no file {wanted}.", "Let the node above write one.")


def _further(item: WorkItem) -> dict[str, str]:
    """Return the files that attributes name for inputs."""
    start = names.binding("")
    listed: Any = item.attribNames
    every: Any = listed() if callable(listed) else listed  # a method in some versions
    found = [str(name) for name in every if name.startswith(start)]
    return {name[len(start) :]: str(item.attribValue(name)) for name in found}


def _is_cancelled(work_item: WorkItem) -> bool:
    context = getattr(work_item.node, "context", None)
    return bool(getattr(context, "canceling", False))
