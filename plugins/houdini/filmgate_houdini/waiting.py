"""Waiting for a session's work on the main thread, with Houdini's progress bar and its Esc."""

from __future__ import annotations

from typing import Callable

import hou

from filmgate.host.answer import SETTLED, Answer
from filmgate.host.label import status_line
from filmgate.host.port import Moment
from filmgate.host.session import HostSession
from filmgate_houdini.host import HoudiniHost

POLL_S = 0.05
"""How long Esc goes unheard at most: Houdini looks for it only when the progress is updated."""


def result(host: HoudiniHost, session: HostSession, moment: Moment) -> Answer:
    """Return the result of a frame, made if it is missing; after Esc, what there is.

    A failure that may have passed is tried again.
    """
    answer = session.result_for(moment, POLL_S)
    if answer.state in SETTLED:
        return answer
    until(session, host.label(), lambda: session.peek(moment).state in SETTLED)
    return session.peek(moment)


def until(session: HostSession, title: str, done: Callable[[], bool]) -> bool:
    """Do the session's work until *done*, or until it has nothing more to do.

    Returns:
        False when the artist pressed Esc: what was under way is cancelled, at the server too.
    """
    try:
        with hou.InterruptableOperation(title, "Filmgate", open_interrupt_dialog=True) as bar:
            while session.busy and not done():
                status = session.status
                bar.updateLongProgress(status.fraction, status_line(status))
                bar.updateProgress(status.fraction)
                session.wait(POLL_S)
    except hou.OperationInterrupted:
        session.cancel()
        return False
    return True
