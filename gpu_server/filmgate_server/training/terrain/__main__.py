"""Train the weights of `terrain-detail` again: ``python -m filmgate_server.training.terrain``.

With its defaults it takes about ten minutes on one core and writes the weights that are shipped, on
the same machine bit for bit. Put the sum that it prints into the package's ``model.toml``.
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
from filmgate_server.training.terrain.package import PACKAGE, WEIGHTS
from filmgate_server.training.terrain.trainer import train

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HELD_OUT_SEED = 10_000
"""Of the first terrain that is measured; none of those is learned from."""


@dataclass(frozen=True)
class Course:
    """How much is learned from what.

    Attributes:
        terrains: how many to learn from; their seeds are 0 and up.
        held_out: how many to measure on.
        size: of each one's fine grid, in samples.
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
    parser.add_argument("--weights", type=Path, default=PACKAGE / WEIGHTS, help="the file written")
    for name, value in vars(Course()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    given = vars(parser.parse_args(arguments))
    weights = given.pop("weights")
    run(Course(**given), weights, _say)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
