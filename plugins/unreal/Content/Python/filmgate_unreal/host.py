"""The Unreal Editor as a host: one asset to be made, behind the seam that all hosts share."""

from __future__ import annotations

from typing import Any, Callable, Optional, Protocol

import unreal

from filmgate.errors import InputError
from filmgate.host.node import parse_node_state
from filmgate.host.port import HostPort, Moment, Settings
from filmgate.host.state import Problem, Status
from filmgate.job import Payload
from filmgate.manifest import Manifest, parse_manifest_json
from filmgate.takes import Take
from filmgate.wire.records import ColourSpec
from filmgate_unreal import parameters, states, ticks


class Source(Protocol):
    """What a model's inputs come from: a texture, a sequence, a landscape."""

    @property
    def path(self) -> str:
        """What names it in the project."""
        ...

    def label(self) -> str:
        """Return what artists call it."""
        ...

    def span(self) -> tuple[int, int]:
        """Return the first and the last frame."""
        ...

    def colour(self) -> ColourSpec:
        """Return what the numbers are that are sent."""
        ...

    def fingerprint(self, moment: Moment) -> str:
        """Return a cheap text that changes with the pixels; empty where nobody can tell."""
        ...

    def capture(self, manifest: Manifest, name: str, moment: Moment) -> Optional[Payload]:
        """Return one input; None where it is not connected."""
        ...

    def prepare(self, moment: Moment) -> Callable[[], None]:
        """Do what of a capture needs the game thread; return the rest, for any thread."""
        ...


class UnrealHost(HostPort):
    """One asset that a model makes of a source. What it keeps lies in the project's Saved folder.

    Nothing in the project is changed before the artist accepts a result.

    Args:
        source: what the model works on.
        target: the asset that accepting makes or replaces; it identifies the work.

    Attributes:
        source: what the model works on.
        target: the asset.
        take: what was delivered last.
        problems: what failed and was not shown to the artist yet.
    """

    def __init__(self, source: Source, target: str) -> None:
        self.source, self.target = source, target
        self.take: Optional[Take] = None
        self.problems: list[Problem] = []
        self._kept = states.load(target)
        self._manifest: tuple[str, Optional[Manifest]] = ("", None)
        self._form: Optional[unreal.Object] = None

    def label(self) -> str:
        """Return the asset's or actor's name."""
        return self.source.label()

    def span(self) -> tuple[int, int]:
        """Return the range of the source."""
        return self.source.span()

    def manifest(self) -> Optional[Manifest]:
        """Return the manifest that the node carries; parsed once for each text."""
        text = parse_node_state(self._kept.node).manifest
        if text != self._manifest[0]:
            self._manifest = (text, parse_manifest_json(text.encode()) if text else None)
        return self._manifest[1]

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

        Raises:
            ParameterError: a value does not fit.
        """
        parameters.put(self.form(), self._known(), params)
        self._keep_params()

    def settings(self, moment: Moment) -> Settings:
        """Return what the artist has set in the form, and the colour space of the source."""
        if self.manifest() is None:
            return Settings()
        return Settings(params=self._keep_params(), colour=self.source.colour())

    def _keep_params(self) -> dict[str, Any]:
        """Remember what is set for the editor's next start, and return it."""
        params = parameters.values(self.form(), self._known())
        if params != self._kept.params:
            self._kept = states.Kept(self._kept.node, params)
            states.save(self.target, self._kept)
        return params

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
        """Remember the result: only an artist's Accept changes an asset."""
        self.take = take

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

    def load_state(self) -> str:
        """Return the node's state."""
        return self._kept.node

    def store_state(self, text: str) -> None:
        """Keep the node's state in the project's Saved folder."""
        if text != self._kept.node:
            self._kept = states.Kept(text, self._kept.params)
            states.save(self.target, self._kept)
