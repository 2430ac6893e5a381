"""Curves for light beyond 1: what comes back is what went in, and what they are known to give."""

from __future__ import annotations

import dataclasses
from importlib.util import find_spec
from typing import Any

import pytest

from filmgate.manifest import ModelInput

if find_spec("torch") is None:
    pytest.skip("torch is not installed: the extra [torch]", allow_module_level=True)

import torch

from filmgate_server.runtime.transfer import (
    LOG_GAIN,
    SRGB_SLOPE_AT_1,
    Curve,
    Log,
    Pu,
    Srgb,
    SrgbLog,
    Straight,
    decoded,
    encoded,
    new_curve,
)


def numbers(values: torch.Tensor) -> list[float]:
    """Return a tensor's numbers."""
    return [float(value) for value in values.flatten()]


BRIGHTEST = 65504.0
LIGHT = torch.logspace(-6, 4.816, 20000, dtype=torch.float64).float().clamp(max=BRIGHTEST)


@pytest.mark.parametrize(
    ("curve", "worst"),
    [
        (Straight(), 0.0),
        (Srgb(), 2e-6),
        (Log(BRIGHTEST), 3e-6),
        (SrgbLog(), 4e-6),
        (Pu(1.0), 2e-5),
        (Pu(0.05), 2e-5),
    ],
    ids=["straight", "srgb", "log", "srgb-log", "pu", "pu-exposed"],
)
def test_light_of_thirty_five_stops_comes_back(curve: Curve, worst: float) -> None:
    """From a millionth to the largest half, and its mirror image below 0."""
    back = decoded(curve, encoded(curve, LIGHT))
    assert ((back - LIGHT).abs() / LIGHT).max().item() <= worst
    assert torch.equal(decoded(curve, encoded(curve, -LIGHT)), -back)
    assert numbers(decoded(curve, encoded(curve, torch.zeros(3)))) == [0, 0, 0]


def test_srgb_is_that_of_the_standard() -> None:
    """Middle grey, the joint and white of IEC 61966-2-1."""
    found = encoded(Srgb(), torch.tensor([0.0031308, 0.214041, 1.0]))
    assert numbers(found) == pytest.approx([0.04045, 0.5, 1.0], abs=1e-5)


def test_the_logarithm_goes_on_where_srgb_ends() -> None:
    """Value and slope agree at 1, and below it nothing differs."""
    step = 1e-3
    below, at, above = numbers(encoded(SrgbLog(), torch.tensor([1 - step, 1.0, 1 + step])))
    assert at == pytest.approx(1.0, abs=1e-6)
    assert (at - below) / step == pytest.approx(SRGB_SLOPE_AT_1, rel=2e-3)
    assert (above - at) / step == pytest.approx(SRGB_SLOPE_AT_1, rel=2e-3)
    dark = LIGHT[LIGHT < 1]
    assert torch.equal(encoded(SrgbLog(), dark), encoded(Srgb(), dark))


def test_the_largest_value_of_the_frame_becomes_one() -> None:
    """What the net sees lies from -1 to 1."""
    found = encoded(Log(30.0), torch.tensor([-30.0, 0.0, 1.0, 30.0]))
    expected = torch.log1p(torch.tensor(LOG_GAIN)) / torch.log1p(torch.tensor(LOG_GAIN * 30))
    assert numbers(found) == pytest.approx([-1.0, 0.0, expected.item(), 1.0], abs=1e-6)


def test_a_frame_of_black_stays_black() -> None:
    """There is nothing to normalise by."""
    assert numbers(encoded(Log(0.0), torch.zeros(2))) == [0.0, 0.0]


def test_light_beyond_every_camera_comes_back() -> None:
    """1e38 is the edge of float32: nothing overflows on the way."""
    light = torch.tensor([1e-6, 0.18, 1e30, 1e38])
    back = numbers(decoded(Log(1e38), encoded(Log(1e38), light)))
    assert back == pytest.approx(numbers(light), rel=1e-4)
    assert torch.isfinite(encoded(Pu(100.0), light)).all()


def test_pu_ends_at_the_largest_half() -> None:
    """65504 is 1; the joints of the curve's three parts meet."""
    joints = torch.tensor([1.57945760e-06, 3.22087631e-02])
    near = encoded(Pu(1.0), torch.stack([joints * 0.9999, joints * 1.0001]))
    assert encoded(Pu(1.0), torch.tensor([BRIGHTEST])).item() == pytest.approx(1.0, abs=1e-6)
    assert (near[1] - near[0]).abs().max().item() < 1e-4


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, Straight),
        ({"encoding": "srgb"}, Srgb),
        ({"hdr": "clip", "encoding": "srgb"}, Srgb),
        ({"hdr": "ratio"}, Straight),
        ({"hdr": "log"}, Log),
        ({"hdr": "log", "encoding": "srgb"}, SrgbLog),
        ({"hdr": "pu"}, Pu),
    ],
)
def test_a_manifest_names_the_curve(changes: dict[str, Any], kind: type[Any]) -> None:
    """One curve for each policy and encoding."""
    entry = dataclasses.replace(ModelInput("color", "color"), **changes)
    assert isinstance(new_curve(entry, 1.0, 1.0), kind)
