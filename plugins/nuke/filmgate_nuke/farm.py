"""Baking without an interface: what ``nuke -t bake.py script.nk --node N --frames=1-100`` does."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Optional

import nuke

from filmgate.config import load_config
from filmgate.errors import FilmgateError, InputError, RequestError, error_from_wire
from filmgate.exits import EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED, exit_code
from filmgate.frames import parse_frames, write_frames
from filmgate.host.session import HostSession
from filmgate.host.state import Problem, State
from filmgate_nuke import actions, callbacks, guard, script, sessions, threads

USAGE = (
    "nuke -t bake.py SCRIPT.nk --node NAME --frames=1-100 [--server ADDRESS] [--version 1] [--save]"
)
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
        version: what stands for the take in the site's template. Machines that share a job make
            takes of their own, and a job that is started again makes new ones: one number lets
            them all write into one folder.
    """

    script: str
    nodes: tuple[str, ...]
    frames: tuple[int, ...]
    server: str
    save: bool
    version: int = 1


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
        return exit_code(error)
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
    # Nuke takes a frame range at the end of the command line for its own and removes it.
    parser.add_argument("--frames", nargs="?", const="", default=None)
    parser.add_argument("--server", default="")
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--version", type=int, default=1)
    given = parser.parse_args(list(arguments))
    if given.frames == "":
        text = "--frames has no value: Nuke takes a frame range at the end for its own."
        raise RequestError(text, "Write --frames=1-100, with the sign.")
    frames = () if given.frames is None else tuple(parse_frames(given.frames))
    return Order(given.script, tuple(given.node), frames, given.server, given.save, given.version)


def say(text: str) -> None:
    """Write a line at once, so that a farm's log shows it while the job runs."""
    sys.stdout.write(f"[filmgate] {text}\n")
    sys.stdout.flush()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise RequestError(f"The command is wrong: {message}.", _USAGE_REMEDY)


def _bake(order: Order) -> int:
    callbacks.register()
    template = load_config().bake.value
    sessions.given["bake"] = _TAKE.sub(lambda found: f"{order.version:{found[1] or ''}}", template)
    _open_script(order.script)
    codes = [_bake_node(group, order) for group in _groups(order.nodes)]
    if order.save and not any(codes):
        nuke.scriptSave(order.script)
        say(f"saved {order.script}")
    return max(codes)


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
        session.run(actions.moments(frames))
        threads.serve(lambda: not session.busy)
        done = [frame for frame in frames if _is_fresh(session, frame)]
        problem = session.status.problem
        if done:
            actions.start_bake(group, done)
            threads.serve(lambda: not session.busy)
            problem = session.status.problem or problem
        return _conclude(group, session, frames, done, problem)


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
    say(f"{name}: failed {write_frames(missing)}: {problem or 'see above'}")
    if baked or problem is None:
        return EXIT_SOME_FAILED
    return exit_code(error_from_wire(problem.code, problem.text, problem.remedy))


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
