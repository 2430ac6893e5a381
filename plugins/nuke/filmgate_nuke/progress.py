"""Nuke's own progress window, for the ranges that an artist waits for."""

from __future__ import annotations

from functools import partial

import nuke

from filmgate.host.session import HostSession
from filmgate_nuke import threads

POLL_S = 0.2


def follow(title: str, session: HostSession) -> None:
    """Show a bar with a cancel button until *session* rests; the interface must be up."""
    if session.busy:
        _look(nuke.ProgressTask(title), session)


def _look(task: nuke.ProgressTask, session: HostSession) -> None:
    """Look again soon; the window closes once nobody holds its task."""
    if not session.busy:
        return
    if task.isCancelled():
        session.cancel()
    status = session.status
    task.setMessage(f"{status.done} of {status.total} frames")
    task.setProgress(int(100 * status.done / max(status.total, 1)))
    threads.post_later(partial(_look, task, session), POLL_S)
