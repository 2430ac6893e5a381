"""Train the weights of `terrain-detail` again: ``python -m filmgate_server.training.terrain``.

With its defaults it takes about ten minutes on one core and writes the weights that are shipped, on
the same machine bit for bit, into a new file of the folder it runs in. To ship others, put the file
into the package and the sum that is printed into its ``model.toml``.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType] - PathLike

from filmgate_server.training.terrain.evaluation import evaluate, to_table
from filmgate_server.training.terrain.landscape import draw_terrain, draw_uneroded
from filmgate_server.training.terrain.package import WEIGHTS
from filmgate_server.training.terrain.trainer import train

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HELD_OUT_SEED = 10_000
"""Of the first terrain that is measured; none of those is learned from."""

SIZE_MIN = 16
"""Of a terrain: the next coarser one of its coarser half then has samples enough for the net."""


@dataclass(frozen=True)
class Course:
    """How much is learned from what.

    Attributes:
        terrains: how many to learn from; their seeds are 0 and up.
        held_out: how many to measure on.
        size: of each one's fine grid, in samples: even, `SIZE_MIN` at least.
        showers: of rain on each, at most.
        steps: of the optimiser.
        seed: of the first weights and of the crops.
    """

    terrains: int = 80
    held_out: int = 16
    size: int = 224
    showers: int = 16
    steps: int = 3000
    seed: int = 1


def run(course: Course, weights: Path, say: Callable[[str], None]) -> None:
    """Make the terrains, train, write the weights and say the figures."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    say(f"{course.terrains} terrains are made")
    seeds = range(course.terrains)
    terrains = [draw_terrain(seed, course.size, course.showers) for seed in seeds]
    net = train(terrains, course.steps, course.seed, say)
    save_file(net.state_dict(), weights)
    say(f"{weights.name}: {hashlib.sha256(weights.read_bytes()).hexdigest()}")
    seeds = range(HELD_OUT_SEED, HELD_OUT_SEED + course.held_out)
    kinds = {
        "eroded": [draw_terrain(seed, course.size, course.showers) for seed in seeds],
        "not eroded": [draw_uneroded(seed, course.size) for seed in seeds],
    }
    for kind, held_out in kinds.items():
        say(f"{kind}\n{to_table(evaluate(net, held_out))}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m filmgate_server.training.terrain")
    parser.add_argument("--weights", type=Path, default=Path(WEIGHTS), help="a new file")
    for name, value in vars(Course()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    given = vars(parser.parse_args(arguments))
    weights = given.pop("weights")
    course = Course(**given)
    problem = _problem(course, weights)
    if problem:
        parser.error(problem)
    run(course, weights, _say)


def _problem(course: Course, weights: Path) -> str:
    """Return why that cannot be done; nothing where it can."""
    if weights.exists():
        return f"{weights} is there already: name a new file with --weights"
    if course.size % 2 or course.size < SIZE_MIN:
        return f"--size must be even, {SIZE_MIN} or more"
    if min(course.terrains, course.held_out, course.showers, course.steps) < 1:
        return "--terrains, --held-out, --showers and --steps must be 1 or more"
    return ""


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
