"""How the colours of one frame get from the source's space to the model's, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
