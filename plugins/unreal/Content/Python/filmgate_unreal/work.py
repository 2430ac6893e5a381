"""A piece of work: what a model makes of a source, and which asset that becomes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Optional, Protocol

import unreal

from filmgate.host.port import Moment
from filmgate.job import Payload
from filmgate.manifest import Manifest
from filmgate.wire.records import ColourSpec


class Source(Protocol):
    """What a model's inputs come from: a texture, a sequence of them, a landscape."""

    @property
    def path(self) -> str:
        """What names it in the project."""
        ...

    @property
    def kind(self) -> str:
        """The kind of input that it is: ``image`` or ``volume``."""
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

    def prepare(self, manifest: Manifest, moment: Moment) -> Callable[[], None]:
        """Do what of a capture needs the game thread; return the rest, for any thread."""
        ...

    def preview(self, files: Mapping[int, Path]) -> Optional[unreal.Object]:
        """Return something transient that the editor can show of a result; None for none."""
        ...

    def accept(self, files: Mapping[int, Path], target: str) -> list[unreal.Object]:
        """Write a result into the project; return the assets that it has become."""
        ...


@dataclass(frozen=True)
class Work:
    """A piece of work.

    Attributes:
        source: what the model works on.
        target: the asset that accepting makes or replaces; it identifies the work.
        model: as ``name``, ``name@version`` or ``name@alias``.
        path: what names the source in the project.
        label: what artists call it. Both are asked for once: the editor destroys actors, of whom
            nothing can be asked any more, while their work goes on.
    """

    source: Source
    target: str
    model: str
    path: str = field(init=False, compare=False)
    label: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Ask the source what it is called."""
        object.__setattr__(self, "path", self.source.path)
        object.__setattr__(self, "label", self.source.label())


def target_of(source: Source, model: str) -> str:
    """Return the asset beside the source that a model's result becomes: ``T_Rock_denoise``."""
    name = model.partition("@")[0]
    return f"{source.path.partition('.')[0]}_" + re.sub(r"\W", "_", name)
