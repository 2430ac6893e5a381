"""Several pieces of work after one another, a few at a time: a selection of a hundred textures."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Callable

from filmgate.errors import FilmgateError
from filmgate.host.problem import to_problem, unforeseen
from filmgate.host.state import Problem, State
from filmgate_unreal import sessions, ticks
from filmgate_unreal.work import Work

AT_ONCE = 4
"""How many are under way: enough for the server to stay busy, and a bound on the host's memory."""

_DONE = (State.FRESH, State.BAKED)


class Batch:
    """The work of one press of a button; on the game thread, unless a method says otherwise.

    Args:
        works: what is to be done.
        done: told when nothing is under way any more.
        force: make again what is fresh.

    Attributes:
        works: all of it.
        finished: what has a result.
        problems: what failed, by the asset that it is for.
        cancelled: whether the artist has ended it.
    """

    def __init__(
        self, works: Sequence[Work], done: Callable[[Batch], None], force: bool = False
    ) -> None:
        self.works = list(works)
        self.finished: list[Work] = []
        self.problems: dict[str, Problem] = {}
        self.cancelled = False
        self._done, self._force = done, force
        self._waiting = deque(self.works)
        self._preparing: dict[str, Work] = {}
        self._running: dict[str, Work] = {}

    @property
    def busy(self) -> bool:
        """Whether anything waits or is under way."""
        return bool(self._waiting or self._preparing or self._running)

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1."""
        ended = len(self.finished) + len(self.problems)
        parts = (sessions.session(each).status.fraction for each in self._running.values())
        return (ended + sum(parts)) / len(self.works) if self.works else 1.0

    def begin(self) -> None:
        """Start; the ticks do the rest."""
        ticks.watch(self.look)

    def cancel(self) -> None:
        """End what is under way and forget what waits; finished results stay."""
        self.cancelled = True
        self._waiting.clear()
        for work in self._running.values():
            sessions.session(work).cancel()

    def text(self) -> str:
        """Return one line for the artist."""
        ended = len(self.finished) + len(self.problems)
        under_way = next(iter((*self._running.values(), *self._preparing.values())), None)
        if under_way is None:
            return f"{ended} of {len(self.works)}"
        said = sessions.session(under_way).status.text or "reading the source art"
        counted = f"{ended + 1} of {len(self.works)}: " if len(self.works) > 1 else ""
        return f"{counted}{under_way.label}: {said}"

    def look(self) -> bool:
        """Take note of what has ended, and start what can be; return whether it goes on."""
        for target, work in list(self._running.items()):
            if not sessions.session(work).busy:
                del self._running[target]
                self._take_up(work)
        while self._waiting and len(self._preparing) + len(self._running) < AT_ONCE:
            if self._start(self._waiting.popleft()):
                break  # reading source art takes its time: one for each tick
        if self.busy:
            return True
        self._done(self)
        return False

    def _start(self, work: Work) -> bool:
        """Start a piece of work; return whether that took time."""
        try:
            return self._prepare(work)
        except FilmgateError as error:
            self.problems[work.target] = to_problem(error)
        except Exception as error:  # noqa: BLE001 - the editor's own code: the others go on
            self.problems[work.target] = unforeseen(error)
        return True

    def _prepare(self, work: Work) -> bool:
        session, moments = sessions.settle(work), sessions.moments(work)
        sessions.host(work).problems.clear()
        if not self._force and all(session.state_at(each) in _DONE for each in moments):
            self.finished.append(work)
            return False
        if len(moments) > 1 or session.manifest is None:
            self._run(work)
            return False
        rest = work.source.prepare(session.manifest, moments[0])
        self._preparing[work.target] = work
        sessions.hub().background(lambda: self._convert(work, rest))
        return True

    def _convert(self, work: Work, rest: Callable[[], None]) -> None:
        """Do what needs no editor; on the background thread."""
        try:
            rest()
        except FilmgateError as error:
            problem = to_problem(error)
        except Exception as error:  # noqa: BLE001 - the thread's boundary
            problem = unforeseen(error)
        else:
            ticks.post(lambda: self._prepared(work))
            return
        ticks.post(lambda: self._refused(work, problem))

    def _prepared(self, work: Work) -> None:
        del self._preparing[work.target]
        if not self.cancelled:
            self._run(work)

    def _refused(self, work: Work, problem: Problem) -> None:
        del self._preparing[work.target]
        self.problems[work.target] = problem

    def _run(self, work: Work) -> None:
        self._running[work.target] = work
        sessions.session(work).run(sessions.moments(work), force=self._force)

    def _take_up(self, work: Work) -> None:
        """Take up how a piece of work has ended; one that cannot be asked has failed."""
        try:
            self._end(work)
        except Exception as error:  # noqa: BLE001 - the editor's own code: the others go on
            self.problems[work.target] = unforeseen(error)

    def _end(self, work: Work) -> None:
        problems = sessions.host(work).problems
        states = [sessions.session(work).state_at(each) for each in sessions.moments(work)]
        if all(state in _DONE for state in states):
            self.finished.append(work)
        elif problems:
            self.problems[work.target] = problems[0]
