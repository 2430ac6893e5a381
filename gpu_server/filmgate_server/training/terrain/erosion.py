"""What water and gravity do to a ground: drops carry it down, what is steep slides, soil creeps.

Drops: H. T. Beyer, Implementation of a method for hydraulic erosion, bachelor's thesis, Technische
Universität München 2015, sections 4.1 to 4.4; many drops run at once here, and each one cuts the
four samples around it. Slides: F. K. Musgrave, C. Kolb, R. Mace, The Synthesis and Rendering of
Eroded Fractal Terrains, SIGGRAPH 1989, section 4.2. Creep, by which soil rounds what is sharp, is
diffusion: W. E. H. Culling, Analytical theory of erosion, The Journal of Geology 68(3), 1960.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from numpy.random import Generator
    from torch import Tensor

PATH_STEPS = 48
"""How many samples far a drop runs at most."""
SAMPLES_PER_DROP = 24
"""How much ground there is for each drop of one shower: they hardly ever meet."""
CARVING, SETTLING = 0.3, 0.3
"""The share of what a drop could still take, or holds too much, that it takes or leaves."""
FALL_MIN = 0.01
"""The slope below which water still carries as if it were that steep."""
GRAVITY = 4.0
SPEED_MAX = 4.0
EVAPORATION = 0.02
SLIDES = 4
"""How often the ground slides after each shower."""
SLIP = 0.1
"""The share of what is too steep that goes to each lower neighbour; at 1/8 it would swing."""


@dataclass(frozen=True)
class Weather:
    """How a ground is eroded.

    Attributes:
        showers: each of one drop for `SAMPLES_PER_DROP`.
        capacity: how much sediment water carries.
        inertia: from 0, where drops follow the slope, to 1, where they run straight on.
        talus: the slope above which loose ground slides.
        creep: the share of a difference between neighbours that goes down after each shower.
    """

    showers: int
    capacity: float
    inertia: float
    talus: float
    creep: float


def eroded(ground: Tensor, weather: Weather, rng: Generator) -> Tensor:
    """Return the ground (H, W), heights in samples, after its showers; its edges are walls.

    What a drop still carries at the end of its way is gone, as if a river had taken it.
    """
    for _ in range(weather.showers):
        ground = _rained_on(ground, weather, rng)
        for _ in range(SLIDES):
            ground = slid(ground, weather.talus, SLIP)
        ground = slid(ground, 0, weather.creep)
    return ground


def _rained_on(ground: Tensor, weather: Weather, rng: Generator) -> Tensor:
    count = ground.numel() // SAMPLES_PER_DROP
    drops = _Drops(ground, rng.uniform(0, 1, (2, count)).astype(np.float32))
    for _ in range(PATH_STEPS):
        drops.move(weather)
    return drops.ground


class _Drops:
    """One shower: (N,) drops, where they are, which way they go and what they carry."""

    def __init__(self, ground: Tensor, places: np.ndarray) -> None:
        self.ground = ground.clone()
        self._size = torch.tensor(ground.shape).reshape(2, 1)
        self._place = torch.tensor(places) * (self._size - 2) + 0.5
        self._way = torch.zeros_like(self._place)
        self._speed = self._water = torch.ones(places.shape[1])
        self._load = torch.zeros(places.shape[1])

    def move(self, weather: Weather) -> None:
        """Let every drop run one sample far."""
        corners, shares = self._around()
        height, slope = _height_and_slope(self.ground.reshape(-1)[corners], self._place)
        self._way = functional.normalize(
            weather.inertia * self._way - (1 - weather.inertia) * slope, dim=0
        )
        self._place = torch.minimum((self._place + self._way).clamp(min=0), self._size - 1.001)
        after, _ = self._around()
        rise = _height_and_slope(self.ground.reshape(-1)[after], self._place)[0] - height
        self._exchange(corners, shares, self._taken(rise, weather.capacity))
        energy = self._speed**2 - GRAVITY * rise
        self._speed = torch.sqrt(energy.clamp(0, SPEED_MAX**2))
        self._water = self._water * (1 - EVAPORATION)

    def _around(self) -> tuple[Tensor, Tensor]:
        """Return the four samples around each drop (4, N), flat, and each one's share."""
        low = self._place.long()
        (y, x), width = self._place - low, self.ground.shape[1]
        corner = low[0] * width + low[1]
        corners = torch.stack((corner, corner + 1, corner + width, corner + width + 1))
        shares = torch.stack(((1 - y) * (1 - x), (1 - y) * x, y * (1 - x), y * x))
        return corners, shares

    def _taken(self, rise: Tensor, capacity: float) -> Tensor:
        """Return how much ground each drop takes, (N,); what it leaves is negative."""
        room = capacity * (-rise).clamp(min=FALL_MIN) * self._speed * self._water - self._load
        carved = torch.minimum(CARVING * room, (-rise).clamp(min=0))
        settled = SETTLING * room
        filled = -torch.minimum(rise, self._load)
        return torch.where(rise > 0, filled, torch.where(room > 0, carved, settled))

    def _exchange(self, corners: Tensor, shares: Tensor, taken: Tensor) -> None:
        flat = self.ground.reshape(-1)
        crowd = torch.zeros_like(flat).index_add_(0, corners.reshape(-1), shares.reshape(-1))
        # Drops that meet share what one of them may take: together they would dig a pit.
        taken = taken / (crowd[corners] * shares).sum(0).clamp(min=1)
        flat.index_add_(0, corners.reshape(-1), (-taken * shares).reshape(-1))
        self._load = self._load + taken


def _height_and_slope(corners: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
    """Return the height (N,) at drops and the slope (2, N) along y and x, linear in a square."""
    y, x = place - place.floor()
    low_left, low_right, high_left, high_right = corners
    low, high = torch.lerp(low_left, low_right, x), torch.lerp(high_left, high_right, x)
    along_x = torch.lerp(low_right - low_left, high_right - high_left, y)
    return torch.lerp(low, high, y), torch.stack((high - low, along_x))


def slid(ground: Tensor, talus: float, share: float) -> Tensor:
    """Let a *share* of what is steeper than *talus* go to the lower neighbours; mass is kept."""
    down = (torch.diff(ground, dim=0).abs() - talus).clamp(min=0) * share
    along = (torch.diff(ground, dim=1).abs() - talus).clamp(min=0) * share
    down = down * torch.sign(torch.diff(ground, dim=0))
    along = along * torch.sign(torch.diff(ground, dim=1))
    gain = functional.pad(down, (0, 0, 0, 1)) - functional.pad(down, (0, 0, 1, 0))
    return ground + gain + functional.pad(along, (0, 1)) - functional.pad(along, (1, 0))
