"""What the buttons of a node do; each is called as ``filmgate_nuke.actions.<button>(node)``."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Callable, Optional

import nuke

from filmgate.errors import FilmgateError, InputError
from filmgate.frames import parse_frames, write_frames
from filmgate.host.port import Moment
from filmgate.host.problem import to_problem, unforeseen
from filmgate.host.session import HostSession
from filmgate.host.state import Problem
from filmgate.host.upgrade import find_model
from filmgate.manifest import Manifest
from filmgate_nuke import node, progress, script, sessions, threads, upstream

RANGE_KNOB = "filmgate_range"
VERSION_KNOB = "filmgate_version"

Button = Callable[[nuke.Group], None]


def _button(press: Button) -> Button:
    """Turn whatever goes wrong behind a button into a text for the artist."""

    @functools.wraps(press)
    def guarded(group: nuke.Group) -> None:
        try:
            press(group)
        except FilmgateError as error:
            tell(group, to_problem(error))
        except Exception as error:  # noqa: BLE001 - the boundary to Nuke, which would show a traceback
            tell(group, unforeseen(error))

    return guarded


@_button
def run_frame(group: nuke.Group) -> None:
    """Make the current frame again, in every view."""
    _run(group, [nuke.frame()], force=True)


@_button
def run_range(group: nuke.Group) -> None:
    """Make those frames of the range knob that are not fresh."""
    _run(group, within(group, frames_of(group)))


@_button
def cancel(group: nuke.Group) -> None:
    """End what the node has under way; finished frames stay."""
    session = sessions.known(group)
    if session is not None:
        session.cancel()


@_button
def bake(group: nuke.Group) -> None:
    """Copy the frames of the range knob to the show's folder and read them from there."""
    start_bake(group, frames_of(group))
    _finish(group)


@_button
def unbake(group: nuke.Group) -> None:
    """Read the takes again; the baked files stay where they are."""
    sessions.session(group).unbake()
    sessions.host(group).show_results()


@_button
def clear(group: nuke.Group) -> None:
    """Forget the node's takes."""
    sessions.session(group).clear()
    sessions.host(group).show_results()


@_button
def upgrade(group: nuke.Group) -> None:
    """Show what the newest version of the model changes, and go over to it; undoable."""
    session = sessions.session(group)
    offer = session.offer()
    if offer is None:
        _say(f"{group.name()} has the newest version that is known here.")
        return
    changes = "\n".join(f"• {change}" for change in offer.changes)
    if nuke.GUI and not nuke.ask(f"Upgrade {group.name()} to {offer.version}?\n\n{changes}"):
        return
    _afterwards(group, lambda: _go_over(group, offer.manifest, lambda: session.upgrade(offer)))


@_button
def choose_version(group: nuke.Group) -> None:
    """Take the version that the knob shows; undoable."""
    session = sessions.session(group)
    state = session.node_state
    version = str(group[VERSION_KNOB].value())
    if version in ("", state.version):
        return
    ref = f"{state.model.partition('@')[0]}@{version}"
    catalogue = sessions.hub(sessions.server_of(group)).catalogue
    found = find_model(catalogue.models(), ref)
    manifest = catalogue.manifest(found) if found is not None else None
    _afterwards(group, lambda: _go_over(group, manifest, lambda: session.choose(ref)))


def _go_over(group: nuke.Group, manifest: Optional[Manifest], keep: Callable[[], None]) -> None:
    """Rebuild the node, and let it be another version's only if that has worked."""
    with sessions.host(group).undoable("Filmgate version"):
        if manifest is not None:
            node.rebuild(group, manifest)
        keep()
        with script.setting():
            group[sessions.MODEL_KNOB].setValue(sessions.session(group).node_state.model)


def _afterwards(group: nuke.Group, call: Callable[[], None]) -> None:
    """Change the node's knobs once the callback of one of them has ended; batch has no later."""
    press = _button(lambda _: call())
    if nuke.GUI:
        sessions.host(group).call_on_main(lambda: press(group))
    else:
        press(group)


@_button
def touch(group: nuke.Group) -> None:
    """Let a live node run once the artist's hand rests."""
    sessions.session(group).touch(moment())


def moment() -> Moment:
    """Return the moment that the artist looks at."""
    return Moment(nuke.frame(), script.view(), script.scale())


def moments(frames: Sequence[int]) -> list[Moment]:
    """Return the moments of *frames* in every view."""
    return [Moment(frame, view, script.scale()) for frame in frames for view in script.views()]


def frames_of(group: nuke.Group) -> list[int]:
    """Return the frames of the range knob; those of the main input where it is empty.

    Raises:
        RequestError: the knob's text is no list of frames.
    """
    text = str(group[RANGE_KNOB].value()).strip()
    if text:
        return parse_frames(text)
    first, last = sessions.host(group).span()
    return list(range(first, last + 1))


def within(group: nuke.Group, frames: Sequence[int]) -> list[int]:
    """Return those of *frames* that the main input has, and refuse the others.

    Beyond its range a Read repeats a frame, and the result would look like one that was made. A
    retime may take any frame from within.
    """
    host = sessions.host(group)
    manifest = host.manifest()
    if group.input(0) is None or (manifest is not None and manifest.temporal.kind == "between"):
        return list(frames)
    first, last = host.span()
    beyond = [frame for frame in frames if not first <= frame <= last]
    if beyond:
        text = f"The input has no frame {write_frames(beyond)}: it has {first}-{last}."
        problem = to_problem(InputError(text, "Choose frames of the input, or extend it."))
        host.problems.update(dict.fromkeys(beyond, problem))
        tell(group, problem)
    return [frame for frame in frames if first <= frame <= last]


def start_bake(group: nuke.Group, frames: Sequence[int]) -> None:
    """Begin to bake *frames*, which must be fresh.

    Raises:
        FilmgateError: a frame is not fresh, or the show's folder cannot be written.
    """
    session = _asked(group)
    session.bake(frames, script.title(), script.folder(), group.name())


def tell(group: nuke.Group, problem: Problem) -> None:
    """Tell the artist, who has just pressed something, that it failed."""
    host = sessions.host(group)
    host.asked = True
    host.report(problem)


def _run(group: nuke.Group, frames: Sequence[int], force: bool = False) -> None:
    session = _asked(group)
    session.run(moments(frames), force=force)
    if nuke.GUI and len(frames) > 1:
        progress.follow(group.name(), session)
    _finish(group)


def _asked(group: nuke.Group) -> HostSession:
    session = sessions.session(group)
    sessions.host(group).asked = True
    upstream.forget_files()
    return session


def _finish(group: nuke.Group) -> None:
    """Wait for the end where nothing else runs the main thread's work."""
    if not nuke.GUI:
        session = sessions.session(group)
        threads.serve(lambda: not session.busy)


def _say(text: str) -> None:
    if nuke.GUI:
        nuke.message(text)
    else:
        nuke.tprint(text)
