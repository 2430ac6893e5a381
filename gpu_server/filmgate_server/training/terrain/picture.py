"""Draw the picture of the card: ``python -m filmgate_server.training.terrain.picture``.

A held-out terrain under a low sun: interpolated, by `terrain-detail`, and as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import OpenImageIO

from filmgate_server.training.terrain.__main__ import HELD_OUT_SEED, Course
from filmgate_server.training.terrain.evaluation import FINE_SPACING_M, upscaled
from filmgate_server.training.terrain.landscape import draw_terrain
from filmgate_server.training.terrain.package import PACKAGE, load_net

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUN = (-1.0, -1.0, 1.0)
"""Towards it: along x, along y, up."""
KEPT = slice(8, 208)
"""Of the fine grid, in samples: so many pixels."""
WAYS = ("bicubic", "terrain-detail")


def hillshade(heights: NDArray[np.float32], spacing_m: float) -> NDArray[np.float32]:
    """Return the light of `SUN` on a ground (H, W), in metres, from 0 to 1."""
    along_y, along_x = np.gradient(heights, spacing_m)
    normal = np.stack((-along_x, -along_y, np.ones_like(heights)), -1)
    light = normal @ np.array(SUN) / np.linalg.norm(SUN) / np.linalg.norm(normal, axis=-1)
    return light.clip(0, 1).astype(np.float32)


def main() -> None:
    """Write ``before_after.png`` into the package."""
    course = Course()
    terrain = draw_terrain(HELD_OUT_SEED + 1, course.size, course.showers)
    coarse = terrain.coarse[None, None] * FINE_SPACING_M
    ways = upscaled(load_net(), coarse, 2 * FINE_SPACING_M)
    grounds = [*(ways[name][0, 0] for name in WAYS), terrain.fine * FINE_SPACING_M]
    panels = [hillshade(ground.numpy(), FINE_SPACING_M)[KEPT, KEPT] for ground in grounds]
    picture = np.ascontiguousarray(np.concatenate(panels, 1))[..., None]
    buffer = OpenImageIO.ImageBuf(picture)
    buffer.write(str(PACKAGE / "before_after.png"), "uint8")


if __name__ == "__main__":
    main()
