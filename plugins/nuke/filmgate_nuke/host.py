"""Nuke as a host: one Filmgate Group behind the seam that all hosts share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

import nuke

from filmgate.host.port import HostPort, Moment, Settings
from filmgate.host.state import Problem, Status
from filmgate.job import Payload
from filmgate.takes import Take


class NukeHost(HostPort):
    """One Filmgate Group.

    Args:
        group: the node.
    """

    def __init__(self, group: nuke.Group) -> None:
        self.group = group

    def span(self) -> tuple[int, int]:
        raise NotImplementedError

    def settings(self, moment: Moment) -> Settings:
        raise NotImplementedError

    def fingerprint(self, moment: Moment) -> str:
        raise NotImplementedError

    def capture(self, name: str, moment: Moment) -> Optional[Payload]:
        raise NotImplementedError

    def deliver(self, take: Take) -> None:
        raise NotImplementedError

    def call_on_main(self, call: Callable[[], None]) -> None:
        raise NotImplementedError

    def show(self, status: Status) -> None:
        raise NotImplementedError

    def report(self, problem: Problem) -> None:
        raise NotImplementedError

    def load_state(self) -> str:
        raise NotImplementedError

    def store_state(self, text: str) -> None:
        raise NotImplementedError
