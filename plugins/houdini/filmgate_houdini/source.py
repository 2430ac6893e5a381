"""What a context's cook brings: how its nodes are read, and how results get into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional, Protocol

from filmgate.host.port import Moment
from filmgate.job import Payload
from filmgate.manifest import Manifest, ModelInput
from filmgate.wire.records import ColourSpec


@dataclass(frozen=True)
class Mismatch:
    """What a model needs and the node's inputs do not have.

    Attributes:
        input: of the model.
        text: what is missing or does not fit, and what there is instead.
        fix: what the artist can do.
    """

    input: str
    text: str
    fix: str

    def __str__(self) -> str:
        """Return one line for the artist."""
        return f"{self.text} {self.fix}"


class Source(Protocol):
    """A node's inputs and its own data; on Houdini's main thread only.

    It keeps no object of Houdini's but the node: geometry and layers are asked for anew each time.
    """

    def report(self, manifest: Manifest) -> Sequence[Mismatch]:
        """Return what keeps a model from working on the inputs as they are now."""
        ...

    def idle(self, manifest: Manifest) -> str:
        """Return why there is nothing for a model to do; nothing where there is something."""
        ...

    def fingerprint(self, manifest: Manifest, moment: Moment) -> str:
        """Return a text that tells the content of everything that the model would be given.

        It is the same in another session for the same content. Empty where that is not known
        without cooking what Houdini would not have to cook.
        """
        ...

    def payload(self, manifest: Manifest, wanted: ModelInput, moment: Moment) -> Optional[Payload]:
        """Return an input of the model; None where an optional one is not there.

        Raises:
            FilmgateError: it cannot be read; the text is the artist's.
        """
        ...

    def colour(self) -> ColourSpec:
        """Return what the colours of the inputs are; nothing where there are none."""
        ...

    def apply(self, manifest: Manifest, outputs: Mapping[str, bytes]) -> None:
        """Let the cooking node show a result.

        Args:
            manifest: of the model.
            outputs: the content of each output's file.

        Raises:
            FilmgateError: it does not fit the node's inputs.
        """
        ...

    def keep(self) -> None:
        """Let the cooking node show its main input: there is no result."""
        ...
