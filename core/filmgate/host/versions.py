"""Which exact package a node has: settled once, and changed only when an artist says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

from filmgate.errors import FilmgateError
from filmgate.host.node import Node
from filmgate.host.upgrade import Upgrade, compare_manifests, find_model, find_newer
from filmgate.manifest import Manifest, to_manifest_json
from filmgate.wire.records import ModelSummary

if TYPE_CHECKING:
    from filmgate.host.hub import Hub

Outcome = Callable[[Optional[FilmgateError]], None]


class Versions:
    """The versions of one node's model. On the main thread, unless a method says otherwise.

    Args:
        node: the node.
        hub: has the list of models.
        change: changes the node's state and what follows from it.
    """

    def __init__(self, node: Node, hub: Hub, change: Callable[..., None]) -> None:
        self._node, self._hub, self._change = node, hub, change

    def choose(self, model: str) -> None:
        """Let the node be for another model; it looks as it does until that one is known."""
        self._change(model=model, version="", package="")
        self.pin()

    def pin(self) -> None:
        """Take what the model means from the list on disk, if it is there and not settled yet."""
        state = self._node.state
        if state.package or not state.model:
            return
        found = find_model(self._hub.catalogue.models(), state.model)
        manifest = self._hub.catalogue.manifest(found) if found is not None else None
        if found is not None and manifest is not None:
            self._keep(found.version, found.digest.hex(), manifest)

    def offer(self) -> Optional[Upgrade]:
        """Return the version that the list of models has instead, or None."""
        state, old = self._node.state, self._node.manifest
        found = find_newer(self._hub.catalogue.models(), state.model, state.package)
        new = self._hub.catalogue.manifest(found) if found is not None else None
        if found is None or new is None or old is None:
            return None
        return Upgrade(found.version, found.digest.hex(), compare_manifests(old, new), new)

    def upgrade(self, upgrade: Upgrade) -> None:
        """Go over to another version."""
        self._keep(upgrade.version, upgrade.package, upgrade.manifest)

    def resolve(self, model: str, done: Outcome) -> Callable[[], None]:
        """Ask the server what a model means; in the background.

        Returns:
            What is left for the main thread: it keeps the answer and tells *done*, of the error
            where there is none.
        """
        try:
            summary, manifest = self._hub.catalogue.resolve(model)
        except FilmgateError as error:
            failure = error
            return lambda: done(failure)
        return lambda: self._know(model, summary, manifest, done)

    def _know(self, model: str, summary: ModelSummary, manifest: Manifest, done: Outcome) -> None:
        if self._node.state.model == model:  # nobody has chosen another one meanwhile
            self._keep(summary.version, summary.digest.hex(), manifest)
        done(None)

    def _keep(self, version: str, package: str, manifest: Manifest) -> None:
        text = to_manifest_json(manifest).decode()
        self._change(version=version, package=package, manifest=text)
