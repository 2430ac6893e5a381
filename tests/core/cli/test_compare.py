"""`filmgate compare`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO
import pytest
from numpy.typing import NDArray

Command = Any
"""What `conftest.Command` is: tests import nothing from each other."""

oiio: Any = OpenImageIO


def save(path: Path, codes: NDArray[Any], **attributes: Any) -> None:
    """Write whole numbers as a file, straight."""
    height, width, channels = codes.shape
    spec = oiio.ImageSpec(width, height, channels, codes.dtype.name)
    for name, value in {"oiio:UnassociatedAlpha": 1, **attributes}.items():
        spec.attribute(name, value)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec)
    assert output.write_image(codes)
    assert output.close()


@pytest.fixture
def folder(tmp_path: Path, plate: Callable[..., bytes]) -> Path:
    """A folder with a reference, something close to it and something far from it."""
    for name, value in (("reference", 0.5), ("close", 0.51), ("far", 0.75)):
        (tmp_path / f"{name}.exr").write_bytes(plate(value))
    return tmp_path


def test_the_same_image_is_identical(lonely: Command, folder: Path) -> None:
    """No server is needed; equal bits are called identical."""
    said = lonely("compare", folder / "far.exr", folder / "far.exr").out
    assert "identical in every bit" in said


def test_the_error_of_each_channel(lonely: Command, folder: Path) -> None:
    """The largest error is exact, and the gain over the image before is positive."""
    said = lonely(
        "compare",
        folder / "close.exr",
        folder / "reference.exr",
        "--before",
        folder / "far.exr",
        "--json",
    ).out
    (part,) = json.loads(said)
    errors = [channel["max_error"] for channel in part["channels"]]
    assert errors == pytest.approx([0.01] * 3, rel=1e-5)
    assert part["psnr_tm_db"] > part["before"]["psnr_tm_db"]
    assert (
        "better by"
        in lonely(
            "compare",
            folder / "close.exr",
            folder / "reference.exr",
            "--before",
            folder / "far.exr",
        ).out
    )


def test_only_what_the_model_changed_is_listed(
    lonely: Command, tmp_path: Path, plate: Callable[..., bytes]
) -> None:
    """The headline stands first; an albedo that differs from B but not from BEFORE stays away."""
    for name, colour, albedo in (("before", 0.75, 0.1), ("a", 0.51, 0.1), ("b", 0.5, 0.2)):
        (tmp_path / f"{name}.exr").write_bytes(plate(colour, albedo=albedo))
    command = ("compare", tmp_path / "a.exr", tmp_path / "b.exr")
    said = lonely(*command, "--before", tmp_path / "before.exr").out
    assert said.startswith("PSNR: ")
    assert "\nR " in said
    assert "albedo" not in said
    assert "3 channels not listed are as they were before" in said
    assert "albedo.R" in lonely(*command, "--before", tmp_path / "before.exr", "--all").out
    assert "albedo.R" in lonely(*command).out


def test_ids_are_identical_or_differ(
    lonely: Command, tmp_path: Path, plate: Callable[..., bytes]
) -> None:
    """Cryptomatte's floats are names: no figure tells how far apart two are."""
    for name, number in (("a", 1e30), ("b", -1e30)):
        (tmp_path / f"{name}.exr").write_bytes(plate(0.5, **{"View.CryptoObject00": number}))
    said = lonely("compare", tmp_path / "a.exr", tmp_path / "b.exr").out
    rows = [line.split() for line in said.splitlines() if "Crypto" in line]
    assert rows == [[f"View.CryptoObject00.{end}", "differs"] for end in "BGR"]
    assert "3 channels not listed are identical" in said


def test_a_picture_shows_them_side_by_side(lonely: Command, folder: Path) -> None:
    """The PNG is written whole."""
    picture = folder / "sub" / ".." / "side.png"
    (folder / "sub").mkdir()
    lonely("compare", folder / "far.exr", folder / "close.exr", "--png", picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert not list(folder.glob(".*.part"))


def test_channels_of_one_file_alone_are_named(
    lonely: Command, folder: Path, plate: Callable[..., bytes]
) -> None:
    """A model's own channels can be compared with a render that has more."""
    (folder / "more.exr").write_bytes(plate(0.5, depth=1.0))
    said = lonely("compare", folder / "more.exr", folder / "reference.exr").err
    assert "depth.R" in said


def test_infinity_is_null_in_json(lonely: Command, folder: Path) -> None:
    """JSON knows no infinity; scripts read null for no difference."""
    said = lonely("compare", folder / "far.exr", folder / "far.exr", "--json").out
    (part,) = json.loads(said, parse_constant=pytest.fail)
    assert part["psnr_db"] is None


def test_a_missing_file_is_a_typed_error(lonely: Command, folder: Path) -> None:
    """The path and the reason, no traceback."""
    said = lonely("compare", folder / "none.exr", folder / "far.exr", code=73).err
    assert "none.exr" in said


def test_a_damaged_file_is_bad_data(lonely: Command, folder: Path) -> None:
    """Exit code 65, and what to do."""
    (folder / "cut.exr").write_bytes((folder / "far.exr").read_bytes()[:100])
    said = lonely("compare", folder / "cut.exr", folder / "far.exr", code=65).err
    assert "what to do" in said


def test_images_without_a_common_channel_are_refused(
    lonely: Command, examples: Path, folder: Path
) -> None:
    """The error says why there is nothing to compare."""
    said = lonely("compare", examples / "noisy_0001.exr", folder / "far.exr", code=2).err
    assert "no channel in common" in said


def test_flip_says_how_different_they_look(lonely: Command, folder: Path) -> None:
    """The nearer image looks nearer; without --flip, and for an image itself, there is no error."""
    command = ("compare", folder / "close.exr", folder / "reference.exr")
    before = ("--before", folder / "far.exr")
    (part,) = json.loads(lonely(*command, *before, "--flip", "--json").out)
    assert 0 < part["flip"] < part["before"]["flip"] < 1
    assert f"HDR-FLIP: {part['flip']:.4f} (before: " in lonely(*command, *before, "--flip").out
    assert json.loads(lonely(*command, "--json").out)[0]["flip"] is None
    same = lonely("compare", folder / "far.exr", folder / "far.exr", "--flip")
    assert "HDR-FLIP: 0.0000" in same.out


def test_the_picture_shows_where_flip_finds_errors(lonely: Command, folder: Path) -> None:
    """With --flip the picture is wider by one panel."""
    widths: list[int] = []
    for name, further in (("plain", ()), ("flip", ("--flip",))):
        picture = folder / f"{name}.png"
        lonely("compare", folder / "far.exr", folder / "close.exr", "--png", picture, *further)
        widths.append(int.from_bytes(picture.read_bytes()[16:20], "big"))
    assert widths[1] > widths[0]


def test_pictures_are_compared_in_linear_light(
    lonely: Command, folder: Path, plate: Callable[..., bytes]
) -> None:
    """A PNG is the light that its codes mean, beside another and beside an EXR."""
    code = 188
    light = ((code / 255 + 0.055) / 1.055) ** 2.4
    for name, value in (("a", code), ("b", 0)):
        save(folder / f"{name}.png", np.full((4, 8, 3), value, np.uint8))
    (folder / "light.exr").write_bytes(plate(light))
    same = lonely("compare", folder / "a.png", folder / "a.png")
    assert "identical in every bit" in same.out
    assert "linear Rec.709" in same.err
    for reference, error in (("b.png", light), ("light.exr", 0)):
        said = lonely("compare", folder / "a.png", folder / reference, "--json").out
        found = [channel["max_error"] for channel in json.loads(said)[0]["channels"]]
        assert found == pytest.approx([error] * 3, abs=1e-4)
    save(folder / "a.tif", np.full((4, 8, 3), code, np.uint8))
    assert "sRGB is assumed" in lonely("compare", folder / "a.tif", folder / "a.png").err
    told = lonely("compare", folder / "a.png", folder / "light.exr").err
    assert "light.exr does not say its colour space" in told


def test_alpha_is_kept_out_of_the_curve(
    lonely: Command, folder: Path, plate: Callable[..., bytes]
) -> None:
    """A pixel that is half covered shows half the light of its codes, as an EXR of it holds."""
    save(folder / "a.png", np.full((4, 8, 4), [188, 188, 188, 128], np.uint8))
    light = ((188 / 255 + 0.055) / 1.055) ** 2.4
    (folder / "light.exr").write_bytes(plate(light * 128 / 255))
    said = lonely("compare", folder / "a.png", folder / "light.exr", "--json").out
    found = [channel["max_error"] for channel in json.loads(said)[0]["channels"]]
    assert found == pytest.approx([0] * 3, abs=1e-4)


def test_codes_of_no_known_space(lonely: Command, folder: Path) -> None:
    """Two scans are compared by their codes; a scan and a picture by nothing, and it is named."""
    save(folder / "log.dpx", np.full((4, 8, 3), 32896, np.uint16))
    save(folder / "dark.dpx", np.zeros((4, 8, 3), np.uint16))
    save(folder / "a.png", np.zeros((4, 8, 3), np.uint8))
    said = lonely("compare", folder / "log.dpx", folder / "dark.dpx", "--json").out
    assert json.loads(said)[0]["channels"][0]["max_error"] == pytest.approx(32896 / 65535)
    assert "log.dpx" in lonely("compare", folder / "log.dpx", folder / "a.png", code=2).err


def test_errors_name_the_files(lonely: Command, folder: Path) -> None:
    """Of many comparisons in a log one sees which failed."""
    (folder / "cut.exr").write_bytes((folder / "far.exr").read_bytes()[:100])
    assert "cut.exr" in lonely("compare", folder / "far.exr", folder / "cut.exr", code=65).err
    save(folder / "small.png", np.zeros((2, 2, 3), np.uint8))
    assert "small.png" in lonely("compare", folder / "far.exr", folder / "small.png", code=2).err
