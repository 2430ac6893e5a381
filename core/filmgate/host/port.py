"""The seam: all that core asks of a host.

Every method of a port but `HostPort.call_on_main` is called on the host's main thread, from inside
`HostSession.pump` or a method of the session that the host itself called there. A port therefore
never locks anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Optional, Protocol

from filmgate.host.state import Problem, Status
from filmgate.job import Payload
from filmgate.takes import Take
from filmgate.wire.records import ColourSpec


@dataclass(frozen=True)
class Moment:
    """When a host evaluates a node.

    Attributes:
        time: the frame, in the host's frame numbers.
        view: the stereo view; empty where there is one.
        scale: of the host's proxy; 1 is full size. Pixels are always captured at full size.
    """

    time: float
    view: str = ""
    scale: float = 1.0


@dataclass(frozen=True)
class Settings:
    """What the artist has set on a node, as it is at one moment.

    Attributes:
        params: the model's parameters; those that are absent have their defaults.
        layers: layers chosen by hand, by input name.
        source_time: for a model that works between frames, the source time in frames; None means
            the moment's own.
        colour: what the colours of the inputs are, as far as the host knows.
        merged: whether a result is the main input's whole file with the model's channels in it, as
            files on disk want it, rather than these channels alone, as nodes do.
        compression: of results that are images, an EXR compression: ``none`` for a host that reads
            them with `filmgate.host.plain_exr`. Empty lets the server choose.
    """

    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    layers: Mapping[str, str] = field(default_factory=dict[str, str])
    source_time: Optional[float] = None
    colour: ColourSpec = field(default_factory=ColourSpec)
    merged: bool = False
    compression: str = ""


class HostPort(Protocol):
    """One node of a host, as core sees it."""

    def label(self) -> str:
        """Return what the artist calls the node."""
        ...

    def span(self) -> tuple[int, int]:
        """Return the first and the last frame that the main input has."""
        ...

    def settings(self, moment: Moment) -> Settings:
        """Return what the artist has set, with animated values as they are at *moment*."""
        ...

    def fingerprint(self, moment: Moment) -> str:
        """Return a cheap text that changes when the pixels of an input may have changed.

        It is a hint and no key: pixels decide. Empty where the host cannot say for this moment
        without rendering.
        """
        ...

    def capture(self, name: str, moment: Moment) -> Optional[Payload]:
        """Return the input *name* at *moment*: scene-linear, full size, untouched.

        Returns:
            None where the artist connected nothing and the main input is to be searched for it.

        Raises:
            FilmgateError: the host could not render it; the text is the artist's.
        """
        ...

    def deliver(self, take: Take) -> None:
        """Let the node read *take* from now on: no undo step, but a change to save."""
        ...

    def call_on_main(self, call: Callable[[], None]) -> None:
        """Run *call* soon on the main thread, one call per slice; return at once.

        The only method that any thread may call.
        """
        ...

    def show(self, status: Status) -> None:
        """Show where the node stands: its colour, its label, its progress."""
        ...

    def report(self, problem: Problem) -> None:
        """Tell the artist once that something failed, where the host's users look for that."""
        ...

    def load_state(self) -> str:
        """Return what `store_state` kept with the node; empty for a new one."""
        ...

    def store_state(self, text: str) -> None:
        """Keep *text* with the node, so that it is saved and copied with it."""
        ...
