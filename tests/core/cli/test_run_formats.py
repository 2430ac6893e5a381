"""`filmgate run` on files of other kinds than EXR, with a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO
import pytest
from numpy.typing import NDArray

from filmgate.image.exr import load_exr

Command = Any
"""What `conftest.Command` is: tests import nothing from each other."""

oiio: Any = OpenImageIO

SHAPE = (12, 16)


def save(path: Path, codes: NDArray[Any], **attributes: Any) -> None:
    """Write whole numbers as a file."""
    height, width, channels = codes.shape
    spec = oiio.ImageSpec(width, height, channels, codes.dtype.name)
    for name, value in {"oiio:UnassociatedAlpha": 1, **attributes}.items():
        spec.attribute(name, value)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec)
    assert output.write_image(codes)
    assert output.close()


def stored(path: Path, kind: str = "uint8") -> NDArray[Any]:
    """Return the codes of a file as they are."""
    wish = oiio.ImageSpec()
    wish.attribute("oiio:UnassociatedAlpha", 1)
    return oiio.ImageInput.open(str(path), wish).read_image(kind)


def random_codes(bits: int, channels: int = 3, seed: int = 1) -> NDArray[Any]:
    """Return random codes, those of 10 bits widened to 16."""
    codes = np.random.default_rng(seed).integers(0, 1 << bits, (*SHAPE, channels))
    if bits == 10:
        return ((codes << 6) | (codes >> 4)).astype(np.uint16)
    return codes.astype({8: np.uint8, 16: np.uint16}[bits])


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with a PNG, a PNG sequence and DPX files that say and do not say their space."""
    save(tmp_path / "in.png", random_codes(16, 4))
    for frame in (1, 2, 3):
        save(tmp_path / f"in.{frame:04d}.png", random_codes(8, seed=frame))
    ten = {"oiio:BitsPerSample": 10}
    save(tmp_path / "linear.dpx", random_codes(10), **ten, **{"dpx:Transfer": "Linear"})
    save(tmp_path / "log.dpx", random_codes(10), **ten, **{"dpx:Transfer": "Printing density"})
    return tmp_path


@pytest.mark.parametrize(
    ("source", "kind"), [("in.png", "uint16"), ("in.0001.png", "uint8"), ("linear.dpx", "uint16")]
)
def test_a_model_that_changes_nothing(
    filmgate: Command, pictures: Path, source: str, kind: str
) -> None:
    """Every code comes back, hidden colours included."""
    target = pictures / f"out{Path(source).suffix}"
    filmgate("run", "gain", pictures / source, target)
    assert np.array_equal(stored(target, kind), stored(pictures / source, kind))


def test_a_space_by_name(filmgate: Command, pictures: Path) -> None:
    """A logarithmic DPX is refused until its space is named; then every code comes back."""
    source, target = pictures / "log.dpx", pictures / "out.dpx"
    said = filmgate("run", "gain", source, target, code=1).err
    assert "--space" in said
    assert "--config" not in said  # the built-in config knows that space
    assert "leave --space out" in filmgate("run", "gain", source, target, "--space", "", code=2).err
    filmgate("run", "gain", source, target, "--space", "ACEScct")
    assert np.array_equal(stored(target, "uint16"), stored(source, "uint16"))
    assert oiio.ImageInput.open(str(target)).spec()["dpx:Transfer"] == "Printing density"


def test_an_exr_of_a_dpx_states_the_space(filmgate: Command, pictures: Path) -> None:
    """The values are the codes as parts of one, and the header says what they mean."""
    filmgate("run", "gain", pictures / "linear.dpx", pictures / "out.exr")
    part = load_exr(pictures / "out.exr").parts[0]
    codes = stored(pictures / "linear.dpx", "uint16")[..., 1] >> 6
    assert np.array_equal(np.rint(part.channels["G"] * 1023), codes)
    assert part.header.text("colorInteropID") == "lin_rec709_scene"
    assert part.header.compression == "zip"


def test_what_is_too_bright_is_counted(
    filmgate: Command, tmp_path: Path, plate: Callable[..., bytes]
) -> None:
    """Linear 1.0 is white in a PNG; four times that is clipped, in every frame, and told once."""
    for frame in (1, 2):
        (tmp_path / f"in.{frame:04d}.exr").write_bytes(plate(1.0))
    command = ("run", "gain", f"{tmp_path}/in.####.exr", f"{tmp_path}/out.####.png")
    assert "clipped" not in filmgate(*command).err
    said = filmgate(*command, "--param", "gain=4").err
    assert "frames 1-2: 192 samples lay outside 0 to 1" in said
    assert np.unique(stored(tmp_path / "out.0001.png", "uint16")).tolist() == [65535]


def test_finished_frames_are_skipped(filmgate: Command, pictures: Path) -> None:
    """A sidecar says what made a file: a frame whose source, depth or parameter changed is made."""
    command = ("run", "gain", f"{pictures}/in.####.png", f"{pictures}/out.####.png")
    filmgate(*command)
    assert "3 skipped" in filmgate(*command).err
    save(pictures / "in.0002.png", random_codes(8, seed=9))
    assert "1 of 3 written" in filmgate(*command).err
    assert "3 of 3 written" in filmgate(*command, "--depth", "16").err
    assert "3 skipped" in filmgate(*command, "--depth", "16").err
    assert stored(pictures / "out.0001.png", "uint16").max() > 255
    sidecar = json.loads((pictures / ".filmgate" / "out.0001.png.json").read_text("utf-8"))
    assert sidecar["filmgate/model"] == "gain@1.0.0"


def test_a_file_that_is_not_ours_is_kept(filmgate: Command, pictures: Path) -> None:
    """Neither one that was there, nor a result that somebody has painted on."""
    command = ("run", "gain", pictures / "in.0001.png", pictures / "out.png")
    filmgate(*command)
    save(pictures / "out.png", random_codes(8, seed=5))
    painted = (pictures / "out.png").read_bytes()
    assert "not made by Filmgate" in filmgate(*command, code=1).err
    assert (pictures / "out.png").read_bytes() == painted
    filmgate(*command, "--overwrite")
    assert "1 skipped" in filmgate(*command).err


def test_a_damaged_file_fails_alone(filmgate: Command, pictures: Path) -> None:
    """The others are made, also in a run that goes on where another stopped."""
    command = ("run", "gain", f"{pictures}/in.####.png", f"{pictures}/out.####.png")
    cut = pictures / "in.0002.png"
    cut.write_bytes(cut.read_bytes()[:60])
    assert "2 of 3 written" in filmgate(*command, code=1).err
    save(pictures / "out.0002.png", random_codes(8))
    (pictures / "out.0002.png").unlink()
    said = filmgate(*command, code=1).err
    assert "in.0002.png" in said
    assert "2 skipped" in said


def test_a_matte_of_a_png_is_a_file_of_its_own(filmgate: Command, pictures: Path) -> None:
    """A PNG has no layers: each output is one, and the matte is not converted as colours are."""
    filmgate("run", "two", pictures / "in.0001.png", pictures / "out.png")
    matte = stored(pictures / "out_matte.png")
    assert matte.shape[-1] == 1


def test_another_input_may_be_of_another_kind(filmgate: Command, pictures: Path) -> None:
    """An albedo from a PNG beside a colour from a DPX."""
    black = np.zeros((*SHAPE, 3), np.uint8)
    save(pictures / "albedo.png", black)
    source, target = pictures / "linear.dpx", pictures / "out.dpx"
    filmgate("run", "gain", source, target, "--input", f"albedo={pictures / 'albedo.png'}")
    assert np.array_equal(stored(target, "uint16"), stored(source, "uint16"))


def test_an_exr_of_a_png_states_the_space(filmgate: Command, pictures: Path) -> None:
    """Its values are the codes as parts of 255, and the header says that they are sRGB."""
    filmgate("run", "gain", f"{pictures}/in.%04d.png", f"{pictures}/out.%04d.exr")
    for frame in (1, 2, 3):
        part = load_exr(pictures / f"out.{frame:04d}.exr").parts[0]
        codes = stored(pictures / f"in.{frame:04d}.png")[..., 0]
        assert np.array_equal(np.rint(part.channels["R"].astype(np.float32) * 255), codes)
        assert part.header.text("colorInteropID") == "srgb_rec709_scene"


def test_a_png_of_an_exr_is_srgb(
    filmgate: Command, tmp_path: Path, plate: Callable[..., bytes]
) -> None:
    """Linear 0.2140411 is half of the largest code in sRGB; PNG files say that they hold it."""
    for frame in (1, 2):
        (tmp_path / f"in.{frame:04d}.exr").write_bytes(plate(0.2140411))
    filmgate("run", "gain", f"{tmp_path}/in.%04d.exr", f"{tmp_path}/out.%04d.png", "--depth", "16")
    for frame in (1, 2):
        codes = stored(tmp_path / f"out.{frame:04d}.png", "uint16") / 65535
        assert np.allclose(codes, 0.5, atol=2e-4)


def test_a_camera_log(filmgate: Command, pictures: Path) -> None:
    """Named by hand, it comes to light and back to its codes; an EXR of it says the name."""
    name = "ARRI LogC3 (EI800)"
    filmgate("run", "gain", pictures / "log.dpx", pictures / "out.dpx", "--space", name)
    assert np.array_equal(
        stored(pictures / "out.dpx", "uint16"), stored(pictures / "log.dpx", "uint16")
    )
    filmgate("run", "gain", pictures / "log.dpx", pictures / "out.exr", "--space", name)
    header = load_exr(pictures / "out.exr").parts[0].header
    assert header.text("oiio:ColorSpace") == name


def test_a_window_of_pngs(filmgate: Command, tmp_path: Path) -> None:
    """The neighbours are decoded too; motion, which no PNG can hold, comes as EXR."""
    for frame, code in ((1, 40), (2, 100), (3, 220)):
        save(tmp_path / f"in.{frame:04d}.png", np.full((*SHAPE, 3), code, np.uint8))
    said = filmgate("run", "mean", f"{tmp_path}/in.%04d.png", f"{tmp_path}/out.%04d.png").err
    assert "PNG cannot hold forward" in said
    (motion,) = tmp_path.glob("out*forward*2.exr")
    assert np.unique(load_exr(motion).parts[0].channels["forward.u"]).tolist() == [-3.0]
    codes = np.array([40, 100, 220]) / 255
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4).mean()
    expected = round(255 * (1.055 * light ** (1 / 2.4) - 0.055))
    assert np.unique(stored(tmp_path / "out.0002.png")).tolist() == [expected]
