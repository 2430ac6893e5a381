"""The contract of all hosts, passed by the plugin in the stand-in for Nuke."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Optional

import pytest

from fakes.echo import EchoServer
from fakes.secluded import seclude
from filmgate.host.port import Moment
from filmgate.host.session import HostSession
from filmgate.host.state import Problem
from filmgate.manifest import parse_manifest
from filmgate.takes import Take
from filmgate.testing import CONTRACT_MODELS, MODEL, SPAN, ContractHost, HostContract

IDLE_S = 0.02
MANIFESTS = {each["model"]["name"]: parse_manifest(each) for each in CONTRACT_MODELS}


class Notes:
    """What a node's side of the seam was asked for."""

    def __init__(self) -> None:
        self.captured: list[tuple[str, float, str]] = []
        self.problems: list[Problem] = []
        self.take: Optional[Take] = None
        self.now = self.most = 0


class NukeNode(ContractHost):
    """A Group in the hands of the contract.

    Args:
        nuke: the stand-in.
        folder: for scripts.
        group: the node.
    """

    def __init__(self, nuke: Any, folder: Path, group: Any) -> None:
        self.nuke, self.folder, self.group = nuke, folder, group
        self.notes = Notes()
        self._session: HostSession = self._sessions.session(group)
        self._listen(self._sessions.host(group))

    @classmethod
    def make(cls, nuke: Any, folder: Path, model: str = MODEL) -> NukeNode:
        """Make a plate that differs in each frame, and a node for a model below it."""
        from filmgate_nuke import node, sessions  # noqa: PLC0415 - found once the fixture ran

        first, last = SPAN
        plate = nuke.nodes.Constant(first=first, last=last)
        plate["color"].setAnimated()
        for frame in range(first, last + 1):
            plate["color"].setValueAt(frame / 2, frame, 0)
        group = node.create(MANIFESTS[model], model)
        group.setInput(0, plate)
        sessions.session(group).choose(model)
        return cls(nuke, folder, group)

    @property
    def _sessions(self) -> Any:
        from filmgate_nuke import sessions  # noqa: PLC0415

        return sessions

    @property
    def _world(self) -> Any:
        return self.nuke._world.current()

    def _listen(self, host: Any) -> None:
        """Note what the session asks of the node, and then let the node do it."""
        host.capture = partial(self._capture, host.capture)
        host.deliver = partial(self._deliver, host.deliver)
        host.report = partial(self._report, host.report)
        self._plate = host.capture.args[0]

    def _capture(self, capture: Any, name: str, moment: Moment) -> Any:
        payload = capture(name, moment)
        self.notes.captured.append((name, moment.time, moment.view))
        self.notes.now += 1
        self.notes.most = max(self.notes.most, self.notes.now)
        return payload

    def _deliver(self, deliver: Any, take: Take) -> None:
        self.notes.take = take
        deliver(take)

    def _report(self, report: Any, problem: Problem) -> None:
        self.notes.problems.append(problem)
        report(problem)

    @property
    def session(self) -> HostSession:
        """The node's session."""
        return self._session

    @property
    def name(self) -> str:
        """The node's full name."""
        return str(self.group.fullName())

    @property
    def take(self) -> Optional[Take]:
        """The take that the node reads."""
        return self.notes.take

    @property
    def problems(self) -> Sequence[Problem]:
        """What the artist was told."""
        return self.notes.problems

    @property
    def violations(self) -> Sequence[str]:
        """Calls of Nuke on a wrong thread."""
        return list(self._world.violations)

    @property
    def captured(self) -> Sequence[tuple[str, float, str]]:
        """Each capture."""
        return self.notes.captured

    @property
    def captures_at_once(self) -> int:
        """The largest number of captures in one turn of the event loop."""
        return self.notes.most

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._session.busy and not self._world.queued()

    def run(self, frames: Sequence[int], live: bool = False, again: bool = False) -> None:
        """Run as the buttons do."""
        self._session.run([Moment(float(frame)) for frame in frames], live=live)

    def cancel(self) -> None:
        """Press the button."""
        from filmgate_nuke import actions  # noqa: PLC0415

        actions.cancel(self.group)

    def turn(self) -> None:
        """Let the event loop make one call, waiting a moment for it."""
        self.notes.now = 0
        self._world.run_until(lambda: self._world.queued() > 0, IDLE_S) and self._world.run_one()

    def set_params(self, **params: Any) -> None:
        """Set the knobs."""
        for name, value in params.items():
            self.group[f"filmgate_p_{name}"].setValue(value)

    def change_pixels(self, frame: int) -> None:
        """Set the plate's key at a frame."""
        color = self.group.input(0)["color"]
        color.setValueAt(color.getValueAt(frame, 0) + 1, frame, 0)

    def plate(self, frame: int) -> bytes:
        """Return what a capture gives now."""
        return bytes(self._plate("color", Moment(float(frame))).data)

    def reopen(self) -> NukeNode:
        """Save the script, leave Nuke, start it and open the script."""
        from filmgate_nuke import callbacks  # noqa: PLC0415

        path, name = str(self.folder / "shot.nk"), self.group.name()
        self.nuke.scriptSaveAs(path, 1)
        self._sessions.close_hubs()
        self.nuke._fresh()
        callbacks.register()
        self.nuke.scriptOpen(path)
        return NukeNode(self.nuke, self.folder, self.nuke.toNode(name))

    def copy(self) -> NukeNode:
        """Copy and paste the node, connected to the same plate."""
        path = str(self.folder / "copy.nk")
        self.group.selectOnly()
        self.nuke.nodeCopy(path)
        self.group.setSelected(False)
        pasted = self.nuke.nodePaste(path)
        pasted.setInput(0, self.group.input(0))
        return NukeNode(self.nuke, self.folder, pasted)

    def add(self, model: str) -> NukeNode:
        """Make another node, with a plate of its own."""
        return NukeNode.make(self.nuke, self.folder, model)

    def delete(self) -> None:
        """Delete the node."""
        self.nuke.delete(self.group)


@pytest.fixture
def server() -> Iterator[EchoServer]:
    """Return a server that answers."""
    with EchoServer() as echo:
        yield echo


@pytest.fixture
def host(
    nuke: Any, server: EchoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[NukeNode]:
    """Return a node in a script of a tiny format, with that server configured."""
    seclude(tmp_path, monkeypatch)
    monkeypatch.setenv("FILMGATE_SERVER", server.address)
    monkeypatch.setenv("FILMGATE_SHOW", "film")
    from filmgate_nuke import callbacks, sessions  # noqa: PLC0415 - found once Nuke is

    callbacks.register()
    nuke.root()["format"].setValue(nuke.addFormat("8 4 0 0 8 4 1 tiny"))
    yield NukeNode.make(nuke, tmp_path)
    sessions.close_hubs()


class TestNuke(HostContract):
    """A Filmgate Group keeps the contract."""
