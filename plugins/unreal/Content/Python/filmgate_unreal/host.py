"""The Unreal Editor as a host: one asset to be made, behind the seam that all hosts share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Optional

import unreal

from filmgate.errors import InputError
from filmgate.host.node import embedded_manifest
from filmgate.host.port import HostPort, Moment, Settings
from filmgate.host.state import Problem, Status
from filmgate.job import Payload
from filmgate.manifest import Manifest
from filmgate.takes import Take
from filmgate_unreal import metadata, parameters, states, ticks
from filmgate_unreal.textures import PLAIN
from filmgate_unreal.work import Work


class UnrealHost(HostPort):
    """One asset that a model makes of a source. What it keeps lies in the project's Saved folder.

    Nothing in the project is changed before the artist accepts a result.

    Args:
        work: what is to be made of what.

    Attributes:
        source: what the model works on.
        target: the asset that accepting makes or replaces.
        copied: whether the asset is a copy of another that this was accepted for.
        problems: what failed and was not shown to the artist yet.
    """

    def __init__(self, work: Work) -> None:
        self.source, self.target, self._model = work.source, work.target, work.model
        self._label = work.label
        self.problems: list[Problem] = []
        self._kept, self.copied = _recalled(work.target)
        self._form: Optional[unreal.Object] = None

    # What the roster asks.

    @property
    def alive(self) -> bool:
        """Whether the work is still wanted: as long as nobody ends it."""
        return True

    def holds(self, node: object) -> bool:
        """Say whether this is the side of a piece of work."""
        return isinstance(node, Work) and node.target == self.target

    def server(self) -> str:
        """Return the configured server: assets name none."""
        return ""

    def model(self) -> str:
        """Return the model that was asked for."""
        return self._model

    # The node.

    def label(self) -> str:
        """Return the asset's or actor's name."""
        return self._label

    def span(self) -> tuple[int, int]:
        """Return the range of the source."""
        return self.source.span()

    def manifest(self) -> Optional[Manifest]:
        """Return the manifest that the node carries; None before it is known."""
        return embedded_manifest(self._kept.node)

    # Settings.

    def form(self) -> unreal.Object:
        """Return the object with the model's parameters, as the editor's details show it.

        Raises:
            InputError: which model it is, is not known yet.
        """
        manifest = self._known()
        if self._form is None or not parameters.fits(self._form, manifest):
            self._form = parameters.make(manifest)
            parameters.put(self._form, manifest, self._kept.params)
        return self._form

    def set_params(self, **params: Any) -> None:
        """Set parameters; those that are absent stay.

        Of a model that is not known yet they are checked once it is.

        Raises:
            ParameterError: a value does not fit.
        """
        if self.manifest() is None:
            self._keep_params({**self._kept.params, **params})
            return
        parameters.put(self.form(), self._known(), params)
        self.params()

    def settings(self, moment: Moment) -> Settings:
        """Return what the artist has set in the form, and the colour space of the source."""
        if self.manifest() is None:
            return Settings()
        params, colour = self.params(), self.source.colour()
        return Settings(params, colour=colour, merged=True, compression=PLAIN)

    def kept_params(self) -> Mapping[str, Any]:
        """Return the parameters that are remembered: all of them, or what was set of them."""
        return self._kept.params

    def put_back(self, params: Mapping[str, Any]) -> None:
        """Remember these parameters and no others: what was set since is forgotten."""
        self._form = None
        self._keep_params(params)

    def params(self) -> dict[str, Any]:
        """Return what is set in the form, and remember it for the editor's next start.

        Raises:
            ParameterError: a value does not fit.
        """
        params = parameters.values(self.form(), self._known())
        self._keep_params(params)
        return params

    def _keep_params(self, params: Mapping[str, Any]) -> None:
        if params != self._kept.params:
            self._kept = states.Kept(self._kept.node, params)
            states.save(self.target, self._kept)

    def _known(self) -> Manifest:
        manifest = self.manifest()
        if manifest is None:
            text = "The model's description is not here yet."
            raise InputError(text, "Choose Refresh models once the server runs.")
        return manifest

    # Pixels out, results in.

    def fingerprint(self, moment: Moment) -> str:
        """Return a text that changes when the source art does; empty where nobody can tell."""
        return self.source.fingerprint(moment)

    def capture(self, name: str, moment: Moment) -> Optional[Payload]:
        """Return one input; the tick that did this does nothing else."""
        ticks.enough()
        return self.source.capture(self._known(), name, moment)

    def deliver(self, take: Take) -> None:
        """Leave the project as it is: only an artist's Accept changes an asset."""

    # The editor.

    def call_on_main(self, call: Callable[[], None]) -> None:
        """Run *call* at one of the next ticks."""
        ticks.post(call)

    def show(self, status: Status) -> None:
        """Leave it to the notification, which looks at the session by itself."""

    def report(self, problem: Problem) -> None:
        """Write it into the log at once; the dialog comes when everything has ended."""
        unreal.log_error(f"Filmgate: {self.label()}: {problem}")
        self.problems.append(problem)

    # What is kept.

    def kept_text(self) -> str:
        """Return everything that is remembered, for the asset's metadata."""
        return self._kept.to_text()

    def load_state(self) -> str:
        """Return the node's state."""
        return self._kept.node

    def store_state(self, text: str) -> None:
        """Keep the node's state in the project's Saved folder."""
        if text != self._kept.node:
            self._kept = states.Kept(text, self._kept.params)
            states.save(self.target, self._kept)


def _recalled(target: str) -> tuple[states.Kept, bool]:
    """Return what is remembered of an asset, else what it says itself, and whether it is a copy."""
    kept = states.load(target)
    if kept.node:
        return kept, False
    record = metadata.read(target)
    if record is None:
        return kept, False
    return states.parse_kept(record.kept), record.target != target
