"""What the installed packages promise: their golden tests, and a plate's colours."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.renders import THREADS, loaded
from fakes.zoo import installed
from filmgate.image.colour import builtin_config
from filmgate.image.header import new_header
from filmgate.image.window import Window
from filmgate.params import resolve_parameters
from filmgate.wire.records import PINNED_CONFIG
from filmgate_server.commands.bearer import Bearer
from filmgate_server.commands.goldens import check_goldens
from filmgate_server.pool.messages import ColourOrder
from filmgate_server.recipes.install import recipes
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.colour import Colour
from filmgate_server.worker.colouring import Colouring
from filmgate_server.worker.memory import CpuMemory

if find_spec("torch") is None:
    pytest.skip("torch is not installed: the extra [torch]", allow_module_level=True)

from bench.goldens import drawn_person, light_of

TESTED = ["degrain", "matte", "retime", "upscale", "upscale-4x"]
"""The nets that were trained on pictures of one colour space."""
PLAN = {"retime": {"fraction": 0.5}}
ACESCG, REC709 = "ACEScg", "Linear Rec.709 (sRGB)"
MID_TONES = (0.05, 1.0)
MID_SHARE = 0.01
"""Of the pixels, at least; in a matte those of the edge."""
GOLDEN_BYTES = 40_000
SIDE_PX = 64


def _conversion(manifest: Any, space: str, warnings: list[str]) -> Any:
    """Return what the server finds for a plate of which only the job says anything."""
    window = Window(0, 0, SIDE_PX - 1, SIDE_PX - 1)
    order = ColourOrder(space=space, config=PINNED_CONFIG)
    colouring = Colouring(manifest, order, builtin_config, warnings.extend)
    return colouring.conversion("color", new_header(window, window), "RGB")


def _light(name: str) -> NDArray[np.float32]:
    """Return mid tones in Rec.709; a person for the matte, two frames for who wants them."""
    if name == "matte":
        return np.asarray(light_of(drawn_person(SIDE_PX)), np.float32)
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX] / SIDE_PX
    planes = (0.5 + 0.3 * np.sin(6 * x), 0.4 + 0.2 * np.cos(5 * y), 0.3 + 0.2 * np.sin(4 * x * y))
    frame = np.stack(planes, -1).astype(np.float32)
    return np.stack((frame, np.roll(frame, 2, 1))) if name == "retime" else frame


@pytest.mark.parametrize("name", TESTED)
def test_the_same_light_gives_the_same_result(name: str) -> None:
    """An ACEScg plate and its Rec.709 twin: what comes back differs by less than 1 in 1000."""
    config, light = builtin_config(), _light(name)
    runtime = loaded(installed(name))
    manifest = load_package(installed(name)).manifest
    params = {**resolve_parameters(manifest.params, {}), **PLAN.get(name, {})}
    output = manifest.outputs[0]
    made: list[NDArray[np.float32]] = []
    for space in (REC709, ACESCG):
        conversion = _conversion(manifest, space, [])
        matrix = conversion.matrix
        plate = config.processor(REC709, space).apply(light, THREADS)
        colour = Colour({} if matrix is None else {"color": matrix})
        result = runtime.infer({"color": plate}, params, lambda *_: None, colour=colour)
        found = result[output.name]
        is_colour = manifest.is_colour(output)
        made.append(config.processor(space, REC709).apply(found) if is_colour else found)
    runtime.close()
    mid = (made[0] > MID_TONES[0]) & (made[0] < MID_TONES[1])
    assert mid.mean() > MID_SHARE
    np.testing.assert_allclose(made[1][mid], made[0][mid], rtol=1e-3)


@pytest.mark.parametrize("name", TESTED)
def test_a_plate_without_a_space_is_warned_of(name: str) -> None:
    """The artist reads that the pixels were taken as Rec.709, and how to say what they are."""
    warnings: list[str] = []
    _conversion(load_package(installed(name)).manifest, "", warnings)
    assert [REC709 in text and "Name the colour space" in text for text in warnings] == [True]


@pytest.mark.parametrize("name", TESTED)
def test_a_package_passes_its_golden_tests(name: str) -> None:
    """The check's own part on what was installed."""
    path = installed(name)
    bearer = Bearer(path, load_package(path).manifest, "cpu", THREADS, CpuMemory())
    findings = list(check_goldens(path, bearer))
    bearer.close()
    assert [finding.verdict for finding in findings] == ["holds"]


def test_golden_files_are_small() -> None:
    """They travel with every copy of the product."""
    files = [path for recipe in recipes() for path in recipe.package.glob("tests/*")]
    assert len(files) >= 2 * len(TESTED)
    assert max(path.stat().st_size for path in files) <= GOLDEN_BYTES
