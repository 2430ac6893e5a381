"""Which points lie near which: a grid of cells, found by sorting, in memory that is bounded.

M. Teschner et al.: Optimized spatial hashing for collision detection of deformable objects, Vision,
Modeling and Visualization 2003; cells are sorted here instead of hashed, so that the result does
not depend on the order in which a device's threads run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch

from filmgate.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    Rule = Callable[[Tensor, Tensor, Tensor], Tensor]
    """Gets points (m,), their candidates (m, k) and weights (m, k); returns (m, 3)."""

PAIRS_MAX = 1 << 19
"""Pairs of points that are looked at at once: about 60 MiB."""
KEPT_PAIRS_MAX = 1 << 28
"""Pairs that are remembered, each in four bytes: 1 GiB."""
ROWS = 4096
NUMBERS_MAX = 1 << 62
"""Of cells: their numbers have 63 bits."""
CELLS_PER_BALL = 2.0
"""How many of the points in the cells that are searched lie within the radius: one in so many."""

SAMPLE = 256
OTHERS = 16
WIDER = 1.5
AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Group:
    """Some points and who lies near them.

    Attributes:
        rows: (m,) the points.
        others: (m, k) those near each, itself among them, then as often as need be itself.
        counts: (m, 1) how many of these count.
    """

    rows: Tensor
    others: Tensor
    counts: Tensor

    def weights(self, apart: Tensor, radius: float) -> Tensor:
        """Return the weight of each of `others`, (m, k).

        Args:
            apart: (m, k) squared distances.
            radius: where weights become 0.
        """
        places = torch.arange(self.others.shape[1], device=apart.device)
        return torch.where(places < self.counts, (1 - apart / radius**2).clamp(min=0) ** 2, 0)


class Neighbours:
    """Who lies within a radius of whom, while nobody moves further than a fraction of it.

    Args:
        places: (n, 3) points, at least one.
        radius: above 0.

    Raises:
        InputError: there are too many neighbours to remember.
    """

    def __init__(self, places: Tensor, radius: float) -> None:
        self._radius = radius
        grid = _Grid(places, radius)
        grid.refuse_crowds()
        self._groups: list[Group] = []
        rows = pairs = 0
        for found in grid.candidates():
            self._groups.append(_near(places, *found, radius))
            rows += len(self._groups[-1].rows)
            pairs += self._groups[-1].others.numel()
            _refuse_crowd(pairs, rows)

    def each(self, places: Tensor, rule: Rule) -> Tensor:
        """Apply *rule* to every point and those around it.

        Args:
            places: (n, 3), where the points are now; a point is its own neighbour.
            rule: see `Rule`.

        Returns:
            (n, 3), in the order of the points.
        """
        result = torch.empty_like(places)
        for group in self._groups:
            others = group.others.long()
            apart = (places[others] - places[group.rows][:, None]).square().sum(2)
            result[group.rows] = rule(group.rows, others, group.weights(apart, self._radius))
        return result


def _refuse_crowd(pairs: float, rows: int) -> None:
    """Raise `InputError` where so many pairs, of so many points, are more than are remembered."""
    if pairs > KEPT_PAIRS_MAX:
        text = f"Within the radius each point would have about {pairs / rows:.0f} others."
        remedy = (
            "Set a smaller radius (0 finds one), take out points that lie in one place, or smooth"
            " the cloud in parts."
        )
        raise InputError(text, remedy, {"input": "P"})


def _near(places: Tensor, rows: Tensor, others: Tensor, there: Tensor, radius: float) -> Group:
    """Keep of the candidates (m, k) those that are there and within the radius."""
    apart = (places[others] - places[rows][:, None]).square().sum(2)
    within = there & (apart < radius**2)
    row, column = within.nonzero(as_tuple=True)
    counts = within.sum(1, keepdim=True)
    kept = rows.int()[:, None].repeat(1, int(counts.max()))
    kept[row, within.cumsum(1)[row, column] - 1] = others[row, column].int()
    return Group(rows, kept, counts)


class _Grid:
    """Points sorted by the cells that they lie in, (n,)."""

    def __init__(self, places: Tensor, radius: float) -> None:
        there = places.double()  # float32 does not tell cells apart where a point lies far away
        cells = ((there - there.amin(0)) / radius).clamp(max=NUMBERS_MAX).long()
        cells = torch.stack([_packed(axis) for axis in cells.unbind(1)], 1)
        while math.prod(int(most) + 3 for most in cells.amax(0)) > NUMBERS_MAX:
            cells //= 2  # larger cells hold all neighbours, too
        cells += 1
        self._wide = cells.amax(0) + 2
        numbers = self._number(cells)
        self._order = torch.argsort(numbers, stable=True)
        self._numbers = numbers[self._order]
        self._starts, self._counts = self._ranges(cells[self._order])

    def candidates(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield points (m,), who may be near each (m, k), and whether there is one (m, k)."""
        for part in self._parts():
            starts, counts = self._starts[part], self._counts[part]
            ends = counts.cumsum(1)
            places = torch.arange(int(ends[:, -1].max()), device=ends.device).repeat(len(ends), 1)
            there = places < ends[:, -1:]
            ranges = torch.searchsorted(ends, places, right=True).clamp(max=ends.shape[1] - 1)
            places += (starts - ends + counts).gather(1, ranges)
            yield self._order[part], self._order[torch.where(there, places, 0)], there

    def refuse_crowds(self) -> None:
        """Raise `InputError` at once where there is no doubt that it would take too much memory."""
        _refuse_crowd(int(self._counts.sum()) / CELLS_PER_BALL, len(self._order))

    def _number(self, cells: Tensor) -> Tensor:
        """Return one number for each cell; those of neighbours along x follow on each other."""
        x, y, z = cells.unbind(-1)
        return (z * self._wide[1] + y) * self._wide[0] + x

    def _ranges(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Return where neighbours begin among the sorted points, and how many follow: (n, 9)."""
        rows = torch.tensor([[0, y, z] for z in (-1, 0, 1) for y in (-1, 0, 1)]).to(cells)
        ends = torch.tensor([1, 0, 0]).to(cells)
        around = cells[:, None] + rows
        first, last = self._number(around - ends), self._number(around + ends)
        starts = torch.searchsorted(self._numbers, first)
        return starts, torch.searchsorted(self._numbers, last, right=True) - starts

    def _parts(self) -> Iterator[slice]:
        """Yield runs of the sorted points that have `PAIRS_MAX` candidates at most, or are one."""
        most = self._counts.sum(1)
        start = 0
        while start < len(most):
            tall = int(most[start : start + ROWS].max())
            stop = start + min(ROWS, max(1, PAIRS_MAX // tall))
            yield slice(start, stop)
            start = stop


def _packed(cells: Tensor) -> Tensor:
    """Return cells along one axis, (n,), from 0 and with one empty one for each empty stretch."""
    found = torch.unique(cells, return_inverse=True)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - not typed
    taken, which = cast("tuple[Tensor, Tensor]", found)
    steps = torch.diff(taken, prepend=taken[:1]).clamp(max=2)
    return steps.cumsum(0)[which]


def usual_distance(places: Tensor) -> float:
    """Return a radius that holds about forty points of a surface.

    It is one and a half times as far as the sixteenth neighbour is, the median of 256 points spread
    over the cloud; those that lie in one place with so many others say nothing.

    Args:
        places: (n, 3), at least two.

    Returns:
        0 where every point lies in one place with others.
    """
    count = len(places)
    picks = torch.linspace(0, count - 1, min(SAMPLE, count), device=places.device).long()
    nearest = places.new_full((len(picks), 0), 0)
    for others in torch.split(places, AT_ONCE):
        apart = torch.cdist(places[picks], others, compute_mode="donot_use_mm_for_euclid_dist")
        both = torch.cat((nearest, apart), 1)
        nearest = both.topk(min(OTHERS + 1, both.shape[1]), largest=False).values
    apart = nearest[:, -1]
    apart = apart[apart > 0]
    return WIDER * float(apart.median()) if len(apart) else 0.0
