"""Write smooth.safetensors: seeded kernels near a binomial one, each with the sum 1.

Run it inside this folder and put the sum that it prints into model.toml.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file  # pyright: ignore[reportUnknownVariableType] - PathLike

SEED = 20240229
LAYERS, CHANNELS, BRANCHES = 3, 3, 4
BINOMIAL = np.array([1, 4, 6, 4, 1]) / 16
SPREAD = 0.25
FILE = Path(__file__).with_name("smooth.safetensors")


def make_state() -> dict[str, np.ndarray]:
    """Return the weights by their names in the module."""
    generator = np.random.default_rng(SEED)
    state: dict[str, np.ndarray] = {}
    for layer in range(LAYERS):
        kernels = np.outer(BINOMIAL, BINOMIAL) * generator.uniform(
            1 - SPREAD, 1 + SPREAD, (CHANNELS * BRANCHES, 1, 5, 5)
        )
        shares = generator.uniform(1 - SPREAD, 1 + SPREAD, (CHANNELS, BRANCHES, 1, 1))
        kernels /= kernels.sum(axis=(2, 3), keepdims=True)
        shares /= shares.sum(axis=1, keepdims=True)
        state[f"layers.{layer}.depthwise.weight"] = kernels.astype(np.float32)
        state[f"layers.{layer}.pointwise.weight"] = shares.astype(np.float32)
    return state


if __name__ == "__main__":
    save_file(make_state(), FILE)
    sys.stdout.write(hashlib.sha256(FILE.read_bytes()).hexdigest() + "\n")
