"""How the colours of one frame get from the source's space to the model's, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filmgate.manifest import Manifest, ModelInput

Matrix = tuple[tuple[float, float, float], ...]
"""Three rows for column vectors (R, G, B), linear light to linear light."""


@dataclass(frozen=True)
class Colour:
    """What a runtime does to the colours that it is given; the same for every tile of a frame.

    Attributes:
        matrices: by input name, from the space of the pixels given to the model's space; an input
            that is not named here is in the model's space already. Results go back by the inverse
            of the matrix of the input that they follow.
    """

    matrices: Mapping[str, Matrix] = field(default_factory=dict[str, Matrix])


AS_IS = Colour()


def asks_for_stage(manifest: Manifest, colour: Colour) -> bool:
    """Tell whether anything is done to colours at all, before or after the net."""
    return bool(colour.matrices) or any(_is_changed(entry) for entry in manifest.inputs)


def _is_changed(entry: ModelInput) -> bool:
    """Tell whether an input's values come to the net as something else than they are."""
    if not entry.is_colour:
        return False
    plain = (entry.hdr, entry.encoding, entry.negatives) == ("none", "linear", "keep")
    straight = entry.alpha == "straight" and alpha_place(entry.channels) is not None
    return not plain or entry.range != (0.0, 1.0) or straight


def alpha_place(channels: Sequence[str]) -> int | None:
    """Return the place of the channel called A; None where there is none."""
    names = [name.rpartition(".")[2].upper() for name in channels]
    return names.index("A") if "A" in names else None
