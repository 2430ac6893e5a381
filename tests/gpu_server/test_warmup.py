"""The frame that a model is warmed with."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.frames import manifest
from filmgate_server.worker.warmup import CPU_TILE_PX, WHOLE_FRAME_PX, make_frame, why_not_warmed

TORCH = {"engine": "torch", "entry": "model.py:Model"}


@pytest.mark.parametrize(
    ("changes", "device", "side_px"),
    [
        ({"tiling": {"max_tile_px": 512, "halo_px": 8}}, "cuda:0", 512),
        ({"tiling": {"max_tile_px": 512, "halo_px": 8}}, "cpu:1", CPU_TILE_PX),
        ({"tiling": {"max_tile_px": 64, "halo_px": 8}}, "cpu", 64),
        ({}, "fake:99", WHOLE_FRAME_PX),
    ],
)
def test_frame_is_one_tile(changes: dict[str, Any], device: str, side_px: int) -> None:
    """It has the largest tile's size, the main input's channels, and nothing optional."""
    inputs, _ = make_frame(manifest(runtime=TORCH, **changes), device)
    assert {name: pixels.shape for name, pixels in inputs.items()} == {
        "color": (side_px, side_px, 3)
    }
    assert not inputs["color"].any()


@pytest.mark.parametrize(
    ("temporal", "frames", "told"),
    [
        ({"kind": "window", "before": 2, "after": 1}, 4, {}),
        ({"kind": "window", "before": 2, "after": 1, "edges": "drop"}, 4, {"center": 2}),
        ({"kind": "between"}, 2, {"fraction": 0.5}),
    ],
)
def test_temporal_model_gets_its_neighbours(
    temporal: dict[str, Any], frames: int, told: dict[str, Any]
) -> None:
    """As many frames as in the middle of a range, and what it is told besides."""
    tiling = {"max_tile_px": 64, "halo_px": 8}
    inputs, params = make_frame(manifest(runtime=TORCH, temporal=temporal, tiling=tiling), "cpu")
    assert inputs["color"].shape == (frames, 64, 64, 3)
    assert {name: params[name] for name in told} == told


@pytest.mark.parametrize(
    ("changes", "device", "reason"),
    [
        ({"runtime": TORCH}, "cpu", ""),
        ({"runtime": TORCH, "temporal": {"kind": "clip"}}, "cpu", "clip"),
        ({"runtime": {"engine": "array", "entry": "model.py:Model"}}, "cpu:0", "nothing"),
        ({"runtime": {"engine": "array", "entry": "model.py:Model"}}, "fake:1", ""),
    ],
)
def test_reason_against_a_warm_up(changes: dict[str, Any], device: str, reason: str) -> None:
    """It is said in words, or there is none."""
    said = why_not_warmed(manifest(**changes), device)
    assert reason in said
    assert bool(said) == bool(reason)
