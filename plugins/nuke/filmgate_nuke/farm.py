"""Baking without an interface: what ``nuke -t bake.py script.nk --node N --frames=1-100`` does."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Optional

import nuke

from filmgate.config import load_config
from filmgate.errors import (
    ConnectionLostError,
    FilmgateError,
    InputError,
    RequestError,
    error_from_wire,
)
from filmgate.exits import EXIT_DATA, EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED, exit_code
from filmgate.frames import parse_frames, write_frames
from filmgate.host.connection import CONNECTING, LOST
from filmgate.host.problem import to_problem
from filmgate.host.session import HostSession
from filmgate.host.state import Problem, State
from filmgate_nuke import actions, callbacks, guard, script, sessions, threads, upstream

USAGE = (
    "nuke -t bake.py SCRIPT.nk --node NAME --frames=1-100 [--server ADDRESS] [--version=1]"
    " [--patience=600] [--save]"
)
PATIENCE_S = 600.0
"""How long a server may be away in the middle of a range."""

_EATEN = {"frames": "1-100", "version": "2", "patience": "600"}
"""Options whose value Nuke removes at the end of its command line, and how one is written."""

_TAKE = re.compile(r"\{take(?::([^}]*))?\}")
_USAGE_REMEDY = f"Usage: {USAGE}"


@dataclass(frozen=True)
class Order:
    """What to bake.

    Attributes:
        script: the path of the script.
        nodes: names of Filmgate nodes; none means every one that is not disabled.
        frames: which; none means the range of each node.
        server: an address in place of the nodes' own and the configured one.
        save: whether the script is saved with the bakes in it.
        version: what stands for the take in the site's template; 0 means the first number whose
            folder holds no other pixels. Machines that share a job are given one number, lest
            each finds one of its own.
        patience_s: how long the server may be away before the bake ends without it.
    """

    script: str
    nodes: tuple[str, ...]
    frames: tuple[int, ...]
    server: str
    save: bool
    version: int = 0
    patience_s: float = PATIENCE_S


def main(arguments: Sequence[str]) -> int:
    """Bake the frames of a node and return the exit code.

    Args:
        arguments: what follows ``bake.py`` on the command line.

    Returns:
        0 when every frame is baked, 1 when some failed, 2 for a wrong command, 75 when the server
        cannot be reached or is busy, 130 when interrupted, and the others of `filmgate.exits`.
    """
    try:
        return _bake(parse_order(arguments))
    except FilmgateError as error:
        say(f"error: {error}")
        return _exit_code(error)
    except KeyboardInterrupt:
        sessions.close_all()
        say("Interrupted.")
        return EXIT_INTERRUPTED
    finally:
        sessions.close_hubs()
        sessions.given.clear()


def parse_order(arguments: Sequence[str]) -> Order:
    """Read the command line.

    Raises:
        RequestError: it is wrong; the remedy shows how it is written.
    """
    parser = _Parser(prog="bake.py", usage=USAGE, add_help=False)
    parser.add_argument("script")
    parser.add_argument("--node", action="append", default=[])
    parser.add_argument("--server", default="")
    parser.add_argument("--save", action="store_true")
    for name in _EATEN:
        parser.add_argument(f"--{name}", nargs="?", const="", default=None)
    given = parser.parse_args(list(arguments))
    found = {name: getattr(given, name) for name in _EATEN}
    for name, text in found.items():
        _check_eaten(name, text)
    return Order(
        script=given.script,
        nodes=tuple(given.node),
        frames=() if found["frames"] is None else tuple(parse_frames(found["frames"])),
        server=given.server,
        save=given.save,
        version=int(found["version"] or 0),
        patience_s=float(found["patience"] or PATIENCE_S),
    )


def say(text: str) -> None:
    """Write a line at once, so that a farm's log shows it while the job runs."""
    sys.stdout.write(f"[filmgate] {text}\n")
    sys.stdout.flush()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise RequestError(f"The command is wrong: {message}.", _USAGE_REMEDY)


def _check_eaten(name: str, text: Optional[str]) -> None:
    written = f"--{name}={_EATEN[name]}"
    if text == "":
        raise RequestError(
            f"--{name} has no value: Nuke takes a number or a frame range at the end for its own.",
            f"Write {written}, with the sign.",
        )
    if text is not None and name != "frames" and not text.isdecimal():
        raise RequestError(f"--{name} is {text}, which is no whole number.", f"Write {written}.")


def _bake(order: Order) -> int:
    callbacks.register()
    if order.version:
        sessions.given["bake"] = _numbered(load_config().bake.value, order.version)
    _open_script(order.script)
    codes = [_bake_node(group, order) for group in _groups(order.nodes)]
    if order.save and not any(codes):
        nuke.scriptSave(order.script)
        say(f"saved {order.script}")
    return max(codes)


def _numbered(template: str, version: int) -> str:
    return _TAKE.sub(lambda found: f"{version:{found[1] or ''}}", template)


def _open_script(path: str) -> None:
    if not Path(path).is_file():
        raise RequestError(f"There is no script {path}.", _USAGE_REMEDY)
    try:
        nuke.scriptOpen(path)
    except RuntimeError as error:  # a plugin of somebody else's is missing, for example
        raise InputError(f"Nuke could not open {path}: {error}") from error


def _groups(names: Sequence[str]) -> list[nuke.Group]:
    """Find the nodes by name, without names all not disabled; those that feed others first."""
    found = [_group(name) for name in names]
    if not names:
        found = [group for group in _ours() if not group["disable"].value()]
    if not found:
        raise RequestError("The script has no Filmgate node that is not disabled.")
    above = {group.fullName(): guard.names_above([group]) for group in found}
    return sorted(found, key=lambda group: len(above[group.fullName()] & above.keys()))


def _ours() -> list[nuke.Group]:
    every = nuke.allNodes("Group", recurseGroups=True)
    return [node for node in every if sessions.is_ours(node)]


def _group(name: str) -> nuke.Group:
    node = nuke.toNode(name)
    if node is None or not sessions.is_ours(node):
        names = ", ".join(group.fullName() for group in _ours())
        raise RequestError(
            f"The script has no Filmgate node {name}.", f"It has: {names or 'none'}."
        )
    return node


def _bake_node(group: nuke.Group, order: Order) -> int:
    with _server(group, order.server):
        frames = list(order.frames) or actions.frames_of(group)
        session = sessions.session(group)
        session.unbake()  # an earlier bake is checked frame by frame, like everything else
        say(f"{group.fullName()}: frames {write_frames(frames)}")
        problems = sessions.host(group).problems
        problems.clear()
        upstream.forget_files()
        there = actions.within(group, frames)
        session.run(actions.moments(there))
        is_away = not _wait(group, session, order.patience_s)
        done = [frame for frame in there if _is_fresh(session, frame)]
        why = session.status.problem or next(iter(problems.values()), None)
        if done:
            actions.start_bake(group, done)
            threads.serve(lambda: not session.busy)
            why = session.status.problem or why
        if is_away:
            text = f"The server was away for {order.patience_s:.0f} s."
            why = to_problem(ConnectionLostError(text))
        return _conclude(group, session, frames, done, why)


def _wait(group: nuke.Group, session: HostSession, patience_s: float) -> bool:
    """Wait for the end of a run; return False when the server was away for too long."""
    link = sessions.hub(sessions.server_of(group)).link
    there_s = time.monotonic()

    def ended() -> bool:
        nonlocal there_s
        if link.state().kind not in (CONNECTING, LOST):
            there_s = time.monotonic()
        return not session.busy or time.monotonic() - there_s > patience_s

    threads.serve(ended)
    is_there = not session.busy
    session.cancel()
    threads.serve(lambda: not session.busy)
    return is_there


def _is_fresh(session: HostSession, frame: int) -> bool:
    return all(session.state_at(each) is State.FRESH for each in actions.moments([frame]))


def _conclude(
    group: nuke.Group,
    session: HostSession,
    frames: list[int],
    done: list[int],
    problem: Optional[Problem],
) -> int:
    """Say how it went and return the exit code."""
    name = group.fullName()
    kept = session.node_state.bake_frames
    baked = set(parse_frames(kept) if kept and done else ()) & set(done)
    for output, pattern in session.patterns().items() if baked else ():
        say(f"{name}: {output} {pattern}")
    missing = [frame for frame in frames if frame not in baked]
    say(f"{name}: {len(baked)} of {len(frames)} frames baked")
    if not missing:
        return EXIT_OK
    _say_why(group, missing, problem)
    if problem is None or (baked and problem.code != ConnectionLostError.code):
        return EXIT_SOME_FAILED
    return _exit_code(error_from_wire(problem.code, problem.text, problem.remedy))


def _say_why(group: nuke.Group, missing: list[int], problem: Optional[Problem]) -> None:
    """Say which frames failed: a line for each reason."""
    known = sessions.host(group).problems
    reasons: dict[str, list[int]] = {}
    for frame in missing:
        reasons.setdefault(str(known.get(frame) or problem or "see above"), []).append(frame)
    for reason, frames in reasons.items():
        say(f"{group.fullName()}: failed {write_frames(frames)}: {reason}")


def _exit_code(error: FilmgateError) -> int:
    """Return the exit code: an input that is not there is no mistake in this command."""
    return EXIT_DATA if isinstance(error, InputError) else exit_code(error)


@contextmanager
def _server(group: nuke.Group, address: str) -> Generator[None]:
    """Let a node ask the server *address* meanwhile, where one is given."""
    knob = group[sessions.SERVER_KNOB]
    before = str(knob.value())
    with script.untouched():
        knob.setValue(address or before)
    try:
        yield
    finally:
        with script.untouched():
            knob.setValue(before)
