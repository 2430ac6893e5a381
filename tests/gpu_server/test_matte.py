"""`matte`: against the reference runtime of its net, and its edge against a known truth."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.renders import loaded
from fakes.zoo import BUILD_FOLDER, installed

if not (find_spec("torch") and find_spec("tflite")):
    pytest.skip("torch or tflite is not installed: the extra [zoo]", allow_module_level=True)

import torch
from bench.goldens import drawn_person

from filmgate_server.recipes.matte.package import net
from filmgate_server.recipes.matte.recipe import MEMBER, WHEELS

Pixels = NDArray[np.float32]

NET_DB = 80.0
SIDE = net.NET_PX


@pytest.fixture(scope="module")
def matte() -> Iterator[Any]:
    """Return the model, on the CPU."""
    runtime = loaded(installed("matte"))
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def person() -> Pixels:
    """Return a drawn person before a grey wall, (256, 256, 3) sRGB code values."""
    return drawn_person(SIDE)


def light(codes: Pixels) -> Pixels:
    """Return the linear light of sRGB code values."""
    return np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


def found(model: Any, pixels: Pixels, **params: Any) -> Pixels:
    """Return the matte (H, W) of scene-linear pixels."""
    given = {"refine": False, "edge_px": 6, **params}
    return model.infer({"color": pixels}, given, lambda done, total: None)["matte"][..., 0]


def test_the_net_is_the_reference(matte: Any, person: Pixels) -> None:
    """LiteRT runs the original file: both agree to 80 dB where there is a person to find."""
    interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT is not here")
    with zipfile.ZipFile(BUILD_FOLDER / "wheels" / WHEELS[0].filename) as archive:
        original = interpreter.Interpreter(model_content=archive.read(MEMBER))
    original.allocate_tensors()
    original.set_tensor(original.get_input_details()[0]["index"], person[None])
    original.invoke()
    truth = original.get_tensor(original.get_output_details()[0]["index"])[0, ..., 0]
    assert truth.max() > 0.99
    assert 0.1 < truth.mean() < 0.9
    error = float(np.square(found(matte, light(person)) - truth).mean())
    assert -10 * np.log10(error) >= NET_DB


def test_a_person_is_found_at_any_size(matte: Any, person: Pixels) -> None:
    """The face is inside and the corner is outside, whatever the frame's shape; highlights too."""
    wide = np.concatenate([person] * 2)[:300].repeat(2, axis=1)[:, :400]
    wide[:4] = 40.0
    result = found(matte, light(wide), refine=True)
    assert result.shape == (300, 400)
    assert np.isfinite(result).all()
    whole = found(matte, light(person.repeat(3, axis=0).repeat(2, axis=1)))
    assert whole[3 * 84, 2 * 128] > 0.9
    assert whole[3 * 8, 2 * 8] < 0.1


def test_the_edge_is_solved() -> None:
    """Where a pixel is a blend of two colours, closed-form matting finds how much of each."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(96.0), indexing="ij")
    away = ((x - 48) ** 2 + (y - 32) ** 2).sqrt()
    truth = ((20 - away) / 8 + 0.5).clamp(0, 1).double()[None]
    inside = torch.stack([0.8 + 0.1 * torch.sin(x / 20), 0.3 + 0 * x, 0.2 + 0 * x]).double()
    outside = torch.stack([0.1 + 0 * x, 0.3 + 0.1 * torch.cos(x / 15), 0.7 + 0 * x]).double()
    trimap = torch.full_like(truth, net.UNKNOWN)
    trimap[away[None] < 14] = 1
    trimap[away[None] > 26] = 0
    first = torch.full_like(truth, 0.5)
    solved = net.solved(truth * inside + (1 - truth) * outside, trimap, first)
    assert float((solved - truth).abs().mean()) < 0.005
    assert float((first - truth).abs().mean()) > 0.1


def test_the_laplacian_is_zero_for_what_is_linear_in_colour() -> None:
    """Its null space, by which it is defined: constants and the channels themselves."""
    picture = torch.rand(3, 12, 15, generator=torch.Generator().manual_seed(1)).double()
    laplacian = net.Laplacian(picture)
    for alpha in (torch.ones(1, 12, 15).double(), picture[:1] * 0.5 + picture[1:2] * 0.2):
        assert float(laplacian(alpha).abs().max()) < 1e-5
    other = torch.rand(1, 12, 15, generator=torch.Generator().manual_seed(2)).double()
    assert float(laplacian(other).abs().max()) > 0.1


def test_nobody_is_an_empty_matte(matte: Any) -> None:
    """A grey wall has no edge to solve; neither has a frame of a few pixels."""
    assert found(matte, np.full((90, 120, 3), 0.18, np.float32), refine=True).max() < 0.5
    assert found(matte, np.full((2, 5, 3), 0.18, np.float32), refine=True).shape == (2, 5)
