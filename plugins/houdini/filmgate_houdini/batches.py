"""Batches of work items: one session at the server, a job for each item, results as files.

Nothing here touches ``hou``: items cook on threads of PDG's own. The first item of a batch that
cooks runs the whole batch; the others find their results.
"""

from __future__ import annotations

import atexit
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional, Union

from filmgate.config import load_config
from filmgate.disk import make_folder, storage_errors, write_whole
from filmgate.errors import (
    CancelledError,
    ConnectionLostError,
    FilmgateError,
    InputError,
    error_from_wire,
)
from filmgate.host.connection import CONNECTING, LOST
from filmgate.host.file_port import MEDIA, FilePort, Task
from filmgate.host.hub import Hub
from filmgate.host.port import Moment, Settings
from filmgate.host.session import HostSession
from filmgate.host.state import Problem, State

OUTPUT_PLACE = "<output>"
"""Stands for an output's name in the path of an item's results."""

POLL_S = 0.05
KEPT = 64
"""How many batches are remembered; one that is asked for again after that begins anew."""

FAILURE_HOLDS_S = 30.0
"""How long a failure is that of the batch's other items too, which come for theirs at once."""

_FIRST = 1
_GOOD = (State.FRESH, State.BAKED)


@dataclass(frozen=True)
class Made:
    """What has become of an item, until the item asks for it.

    Attributes:
        outcome: its files, or why there are none.
        mark: tells its inputs' files as they were.
        at_s: when, by the monotonic clock.
    """

    outcome: Union[list[Path], FilmgateError]
    mark: str
    at_s: float

    def holds(self, mark: str) -> bool:
        """Say whether this is what would be made now, of inputs as *mark* tells."""
        if isinstance(self.outcome, FilmgateError):
            return time.monotonic() - self.at_s < FAILURE_HOLDS_S
        return mark == self.mark and all(path.is_file() for path in self.outcome)


class Batch:
    """Items that go to the server in one session, each as a job of its own.

    Args:
        document: what `filmgate_houdini.top.generate` has written, without the item's place.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._lock = threading.Lock()
        self._made: dict[int, Made] = {}
        self._has_run = False
        self._again: set[int] = set()

    def results(self, place: int, is_cancelled: Callable[[], bool]) -> list[Path]:
        """Return the files of one item, made with those of the whole batch.

        One item that is asked for again afterwards is made again by itself. With the next one that
        is, all the others are: the graph is cooked again.

        Raises:
            FilmgateError: why there are none.
        """
        with self._lock:
            made = self._made.pop(place, None)
            if made is None or not made.holds(self._mark(place)):
                self._make_due(self._due(place), is_cancelled)
                made = self._made.pop(place)
        if isinstance(made.outcome, FilmgateError):
            raise made.outcome
        return made.outcome

    def _due(self, place: int) -> list[int]:
        """Return the items that are to be made because one is asked for."""
        if self._has_run and not self._again - {place}:
            self._again = {place}
            return [place]
        done, self._again = self._again - {place}, set()
        return [each for each in range(len(self._document["items"])) if each not in done]

    def _make_due(self, places: Sequence[int], is_cancelled: Callable[[], bool]) -> None:
        """Make items; a failure of all of them is each one's.

        Raises:
            CancelledError: PDG's cook was cancelled; nothing is kept of that.
        """
        marks = {each: self._mark(each) for each in places}
        try:
            found = self._make(places, is_cancelled)
        except CancelledError:
            raise
        except FilmgateError as error:
            found = dict.fromkeys(places, error)
        now_s = time.monotonic()
        self._made.update({each: Made(found[each], marks[each], now_s) for each in places})
        self._has_run = True

    def _mark(self, place: int) -> str:
        port = FilePort("Filmgate TOP", {_frame(place): self._task(place)}, str)
        return port.fingerprint(_moment(place))

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


_batches: OrderedDict[str, Batch] = OrderedDict()
_hubs: dict[str, Hub] = {}
_lock = threading.Lock()


def close_hubs() -> None:
    """End the connections; Houdini ends."""
    with _lock:
        for each in _hubs.values():
            each.close()
        _hubs.clear()
        _batches.clear()


def find(document: Mapping[str, Any]) -> Batch:
    """Return the batch that an item belongs to, by what `filmgate_houdini.top` has written."""
    key = json.dumps(document, sort_keys=True)
    with _lock:
        batch = _batches.setdefault(key, Batch(document))
        _batches.move_to_end(key)
        while len(_batches) > KEPT:
            _batches.popitem(last=False)
        return batch


def _find_hub(server: str) -> Hub:
    with _lock:
        if server not in _hubs:
            if not _hubs:
                atexit.register(close_hubs)
            _hubs[server] = Hub(load_config({"server": server}))
        return _hubs[server]


def _frame(place: int) -> int:
    return _FIRST + place


def _moment(place: int) -> Moment:
    return Moment(float(_frame(place)))


def _state(session: HostSession, place: int) -> State:
    return session.state_at(_moment(place))


def _error(problem: Optional[Problem]) -> FilmgateError:
    if problem is None:
        return InputError("The item has no result.", "Cook it again.")
    job = f" ({problem.id})" if problem.id else ""
    return error_from_wire(problem.code, f"{problem.text}{job}", problem.remedy)


def _copied(source: Path, pattern: str, output: str) -> Path:
    """Copy a result to where it belongs.

    Raises:
        StorageError: it cannot be written there.
    """
    target = Path(pattern.replace(OUTPUT_PLACE, output))
    stem = target.stem if target.suffix.lower() in MEDIA else target.name
    target = target.with_name(f"{stem}{source.suffix}")
    make_folder(target.parent)
    with storage_errors(source):
        content = source.read_bytes()
    write_whole(target, content)
    return target
