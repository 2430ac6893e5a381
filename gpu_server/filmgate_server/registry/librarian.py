"""The librarian: the process that knows which packages there are, so that the gateway never waits.

It looks at the site's folders and at the shared registry, fetches, hashes and verifies, and tells
the gateway at each change as a line of JSON. What the gateway asks for comes as lines too:
``name@version``.
"""

from __future__ import annotations

import json
import select
import socket
import time
from contextlib import suppress
from pathlib import Path

from filmgate.errors import FilmgateError, ManifestError
from filmgate_server.children import read_settings, tie_to_parent
from filmgate_server.operations.logs import configure_logs
from filmgate_server.registry.branch import Branch
from filmgate_server.registry.local import Package, Problem
from filmgate_server.registry.shared import open_registry
from filmgate_server.registry.signatures import load_publishers
from filmgate_server.registry.site import SiteFolders
from filmgate_server.registry.snapshot import LibrarianSettings, Snapshot, to_line
from filmgate_server.registry.trust import Trust

SETTLE_S = 0.5
"""So long a package that was changed must stand still before it is believed."""

_LINE_BYTES = 1 << 16


class Librarian:
    """Looks, fetches and tells.

    Args:
        settings: what it was told.
        gateway: a connected socket.

    Raises:
        FilmgateError: the settings cannot be used.
    """

    def __init__(self, settings: LibrarianSettings, gateway: socket.socket) -> None:
        self._settings = settings
        self._gateway = gateway
        self._site = SiteFolders([Path(each) for each in settings.folders])
        self._branch = _open_branch(settings) if settings.registry else None
        self._asked: set[str] = set()
        self._heard = b""
        self._told = b""
        self._refresh_at_s = 0.0

    def serve(self) -> None:
        """Go on until the gateway has gone."""
        if self._branch is not None and self._branch.is_new:
            self._refresh(self._branch)  # nothing is known at all: the first answer is worth a wait
        self._tell()
        while True:
            if self._branch is not None and self._keep_up(self._branch):
                self._listen(0.0)
                continue
            self._listen(SETTLE_S if self._site.unsettled else self._settings.poll_s)
            self._tell()

    def _keep_up(self, branch: Branch) -> bool:
        """Read the registry when it is time to, fetch one release; return whether there was any."""
        if time.monotonic() >= self._refresh_at_s:
            self._refresh(branch)
            self._tell()
        pulled = branch.pull_next(self._asked)
        if pulled:
            self._tell()
        return pulled

    def _refresh(self, branch: Branch) -> None:
        branch.refresh()
        self._refresh_at_s = time.monotonic() + self._settings.poll_s

    def _tell(self) -> None:
        """Say what there is, if that is not what was said before."""
        line = to_line(self._look())
        if line != self._told:
            self._gateway.sendall(line)
            self._told = line

    def _look(self) -> Snapshot:
        packages, problems = self._site.look()
        if self._branch is None:
            return Snapshot(tuple(packages), tuple(problems))
        first = {package.reference: package for package in packages}
        for package in self._branch.packages():
            known = first.setdefault(package.reference, package)
            if known.digest != package.digest:
                problems = [*problems, _hidden(package, known)]
        return Snapshot(
            tuple(first.values()),
            (*problems, *self._branch.problems()),
            self._branch.published(),
            self._branch.trouble,
        )

    def _listen(self, timeout_s: float) -> None:
        """Take what the gateway asks for; whatever it is ends the wait."""
        if not select.select([self._gateway], [], [], timeout_s)[0]:
            return
        piece = self._gateway.recv(_LINE_BYTES)
        if not piece:
            raise SystemExit(0)  # the gateway has gone
        *lines, self._heard = (self._heard + piece).split(b"\n")
        self._asked.update(line.decode() for line in lines)


def _open_branch(settings: LibrarianSettings) -> Branch:
    publishers = load_publishers(Path(settings.publishers) if settings.publishers else None)
    registry = open_registry(settings.registry, settings.endpoint)
    return Branch(registry, Path(settings.cache), Trust(publishers, settings.trusted))


def _hidden(package: Package, known: Package) -> Problem:
    text = f"{package.reference} of the registry is hidden by the one in {known.path}."
    return Problem(package.path, ManifestError(text, "Give one of them another version."))


def main() -> None:
    """Run a librarian until its gateway has gone."""
    settings = read_settings()
    tie_to_parent()
    gateway = socket.socket(fileno=settings.pop("channel_fd"))
    known = LibrarianSettings(**settings)
    configure_logs(known.log_level, known.log_json)
    with suppress(BrokenPipeError, ConnectionResetError):  # the gateway has gone
        try:
            Librarian(known, gateway).serve()
        except FilmgateError as error:
            told = {"code": error.code, "text": error.text, "remedy": error.remedy}
            gateway.sendall(json.dumps({"error": told}).encode() + b"\n")


if __name__ == "__main__":
    main()
