"""TOPs: a job at the server for each work item, many of them in one session.

Items are made with everything that their work needs written on them, so that they cook again after
the scene was closed. PDG cooks them on threads of its own: nothing here touches ``hou`` but what
says so. The first item of a batch that cooks runs the whole batch; the others find their results.
"""

from __future__ import annotations

import atexit
import json
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Callable, Optional, Protocol

import hou

from filmgate.config import load_config
from filmgate.disk import make_folder, write_whole
from filmgate.errors import CancelledError, ConnectionLostError, FilmgateError, InputError
from filmgate.errors import error_from_wire as made_error
from filmgate.host.connection import CONNECTING, LOST
from filmgate.host.file_port import MEDIA, FilePort, Task
from filmgate.host.hub import Hub
from filmgate.host.offers import offered, reference
from filmgate.host.port import Moment, Settings
from filmgate.host.session import HostSession
from filmgate.host.state import Problem, State
from filmgate_houdini import names, parms, sessions

ORDER, TAG, OUTPUT = "filmgate_order", "filmgate_tag", "filmgate_output"
"""Parameters of the processor inside the asset."""

ITEM = "filmgate_item"
"""The attribute that holds an item's work."""

FILE_TAGS = {".exr": "file/image", ".tensor": "file/tensor"}
OUTPUT_PLACE = "<output>"
KINDS = ("image", "volume", "attribute")

POLL_S = 0.05
_FIRST = 1
_GOOD = (State.FRESH, State.BAKED)


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
        session = sessions.session(node)
        manifest, state = session.manifest, session.node_state
        params = parms.values(node, manifest.params, Moment(hou.frame())) if manifest else {}
    except FilmgateError as error:
        raise hou.NodeError(str(error)) from error
    name = state.model.partition("@")[0]
    return json.dumps(
        {
            "model": f"{name}@{state.version}" if state.version else state.model,
            "server": sessions.host(node).server(),
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
        InputError: no model is chosen, or an item has no file.
    """
    wanted = json.loads(node[ORDER].evaluateString())
    if not wanted["model"]:
        raise InputError("No model is chosen.", "Choose one in the menu Model.")
    items = list(upstream_items)
    works = [_work(node, each, wanted["params"]) for each in items]
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
    paths = _find_batch(document).results(place, lambda: _is_cancelled(work_item))
    for path in paths:
        work_item.addOutputFile(path.as_posix(), FILE_TAGS.get(path.suffix, "file"), 0)


class Batch:
    """Items that go to the server in one session, each as a job of its own.

    Args:
        document: what `generate` has written, without the item's place.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._lock = threading.Lock()
        self._made: dict[int, Any] = {}
        self._has_run = False

    def results(self, place: int, is_cancelled: Callable[[], bool]) -> list[Path]:
        """Return the files of one item, made with those of the whole batch.

        An item that is asked for again afterwards is made again, by itself.

        Raises:
            FilmgateError: why there are none.
        """
        with self._lock:
            if place not in self._made:
                places = [place] if self._has_run else list(range(len(self._document["items"])))
                self._made.update(self._make(places, is_cancelled))
                self._has_run = True
            made = self._made.pop(place)
        if isinstance(made, FilmgateError):
            raise made
        return made

    def _make(self, places: Sequence[int], is_cancelled: Callable[[], bool]) -> dict[int, Any]:
        """Return the files, or the error, of each item."""
        session, port = self._open(places)
        try:
            for _ in range(1 + max(0, int(self._document["retries"]))):
                left = [each for each in places if _state(session, each) not in _GOOD]
                if not left:
                    break
                session.run([_moment(each) for each in left], preview=False)
                self._wait(session, is_cancelled)
            return {each: self._finished(session, port, each) for each in places}
        finally:
            session.clear()
            session.close()

    def _open(self, places: Sequence[int]) -> tuple[HostSession, FilePort]:
        tasks = {_frame(each): self._task(each) for each in places}
        made: list[HostSession] = []

        def main() -> str:
            manifest = made[0].manifest if made else None
            return "" if manifest is None else manifest.main_input.name

        port = FilePort("Filmgate TOP", tasks, main)
        hub = _find_hub(str(self._document["server"]))
        made.append(HostSession(port, hub, str(self._document["model"])))
        return made[0], port

    def _task(self, place: int) -> Task:
        item = self._document["items"][place]
        inputs = {name: Path(path) for name, path in item["inputs"].items()}
        return Task(inputs, Settings(params=item["params"], merged=True))

    def _wait(self, session: HostSession, is_cancelled: Callable[[], bool]) -> None:
        """Wait for the end of a run.

        Raises:
            CancelledError: PDG's cook was cancelled, and the jobs with it.
            ConnectionLostError: the server was away for too long.
        """
        link = _find_hub(str(self._document["server"])).link
        patience_s, there_s = float(self._document["patience_s"]), time.monotonic()
        while session.busy:
            session.wait(POLL_S)
            if link.state().kind not in (CONNECTING, LOST):
                there_s = time.monotonic()
            if is_cancelled():
                session.cancel()
                raise CancelledError("The cook was cancelled.")
            if time.monotonic() - there_s > patience_s:
                session.cancel()
                raise ConnectionLostError(f"The server was away for {patience_s:.0f} s.")

    def _finished(self, session: HostSession, port: FilePort, place: int) -> Any:
        """Copy an item's results to where they belong; return their paths, or what went wrong."""
        answer = session.peek(_moment(place))
        if answer.state not in _GOOD:
            problem = answer.problem or port.problems.get(_frame(place)) or port.problems.get(None)
            return _error(problem)
        pattern = str(self._document["items"][place]["output"])
        try:
            return [_copied(path, pattern, name) for name, path in answer.paths.items()]
        except FilmgateError as error:
            return error


_batches: dict[str, Batch] = {}
_hubs: dict[str, Hub] = {}
_lock = threading.Lock()


def close_hubs() -> None:
    """End the connections; Houdini ends."""
    with _lock:
        for each in _hubs.values():
            each.close()
        _hubs.clear()
        _batches.clear()


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


def _find_batch(document: Mapping[str, Any]) -> Batch:
    key = json.dumps(document, sort_keys=True)
    with _lock:
        return _batches.setdefault(key, Batch(document))


def _find_hub(server: str) -> Hub:
    with _lock:
        if server not in _hubs:
            if not _hubs:
                atexit.register(close_hubs)
            _hubs[server] = Hub(load_config({"server": server}))
        return _hubs[server]


def _is_cancelled(work_item: WorkItem) -> bool:
    context = getattr(work_item.node, "context", None)
    return bool(getattr(context, "canceling", False))


def _frame(place: int) -> int:
    return _FIRST + place


def _moment(place: int) -> Moment:
    return Moment(float(_frame(place)))


def _state(session: HostSession, place: int) -> State:
    return session.state_at(_moment(place))


def _error(problem: Optional[Problem]) -> FilmgateError:
    if problem is None:
        return InputError("The item has no result.", "Cook it again.")
    return made_error(problem.code, str(problem), problem.remedy)


def _copied(source: Path, pattern: str, output: str) -> Path:
    """Copy a result to where it belongs.

    Raises:
        StorageError: it cannot be written there.
    """
    target = Path(pattern.replace(OUTPUT_PLACE, output))
    if target.suffix != source.suffix:
        target = target.with_suffix(source.suffix)
    make_folder(target.parent)
    write_whole(target, source.read_bytes())
    return target
