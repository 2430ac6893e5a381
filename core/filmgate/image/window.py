"""Windows: the rectangles of whole pixels in which EXR places an image."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from filmgate.errors import InputError


class Window(NamedTuple):
    """A rectangle of pixels, both corners included, x to the right and y down, as EXR writes it."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """How many columns it holds."""
        return self.x1 - self.x0 + 1

    @property
    def height(self) -> int:
        """How many rows it holds."""
        return self.y1 - self.y0 + 1

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of the array that fills it."""
        return self.height, self.width

    def scaled(self, factor: float | Fraction) -> Window:
        """Return the window of the image that is *factor* times larger.

        Pixels are areas, so it is the outer edges that move: ``x0 * factor`` to
        ``(x1 + 1) * factor - 1``. A corner at 0 stays at 0, one at -16 goes to -32 for a factor of
        2, and windows that touched still touch.

        Raises:
            InputError: an edge would fall inside a pixel, or *factor* is not positive.
        """
        ratio = Fraction(factor).limit_denominator(_DENOMINATOR_MAX)
        if ratio <= 0:
            raise InputError(f"An image cannot be scaled by {factor}.")
        edges = [edge * ratio for edge in (self.x0, self.y0, self.x1 + 1, self.y1 + 1)]
        if any(edge.denominator != 1 for edge in edges):
            raise InputError(
                f"Scaled by {factor}, the window {tuple(self)} would not end on whole pixels.",
                "Pad or crop the image to a size that the factor divides.",
            )
        x0, y0, x_end, y_end = (int(edge) for edge in edges)
        return Window(x0, y0, x_end - 1, y_end - 1)

    def overlap(self, other: Window) -> Window | None:
        """Return the part that both windows cover; None where they do not meet."""
        meet = Window(
            max(self.x0, other.x0),
            max(self.y0, other.y0),
            min(self.x1, other.x1),
            min(self.y1, other.y1),
        )
        return meet if meet.width > 0 and meet.height > 0 else None

    def slices(self, inner: Window) -> tuple[slice, slice]:
        """Return the (rows, columns) that *inner* takes in an array that fills this window."""
        rows = slice(inner.y0 - self.y0, inner.y1 - self.y0 + 1)
        return rows, slice(inner.x0 - self.x0, inner.x1 - self.x0 + 1)


_DENOMINATOR_MAX = 1000
"""A factor travels as a float: 1/3 as 0.333… must mean a third."""
