"""Differences between images are measured by stated formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from filmgate.errors import InputError, LayerError
from filmgate.image.compare import compare
from filmgate.image.exr import load_exr


@pytest.fixture
def rgb(make_part):
    """Makes a part whose R, G and B have one value each."""

    def make(*values, dtype=np.float32, **more):
        return make_part(
            {n: np.full((4, 5), v, dtype) for n, v in zip("RGB", values, strict=True)}, **more
        )

    return make


def test_an_image_equals_itself(render, tmp_path):
    """Identical files have infinite PSNR and no error, Cryptomatte included."""
    (tmp_path / "a.exr").write_bytes(render)
    part = load_exr(tmp_path / "a.exr").parts[0]
    result = compare(part, part)
    assert result.identical
    assert (result.psnr_tm_db, result.psnr_db, result.max_error) == (math.inf, math.inf, 0)
    assert result.color == tuple(f"ViewLayer.Combined.{end}" for end in "RGB")


def test_known_errors_give_known_figures(rgb):
    """1 against 3: 20·log10(3/2) linear; 1/2 against 3/4: 20·log10(4) tone-mapped."""
    result = compare(rgb(1, 1, 1), rgb(3, 3, 3))
    assert result.max_error == 2
    assert result.psnr_db == pytest.approx(20 * math.log10(3 / 2))
    assert result.psnr_tm_db == pytest.approx(20 * math.log10(4))


def test_the_headline_is_taken_over_all_colours_together(rgb):
    """One wrong channel of three has a third of its own squared error in the headline."""
    result = compare(rgb(0, 0, 1), rgb(0, 0, 3))
    assert result.psnr_tm_db == pytest.approx(20 * math.log10(4) + 10 * math.log10(3))
    assert [channel.identical for channel in result.channels] == [True, True, False]


def test_ids_do_not_enter_the_headline(make_part):
    """Cryptomatte's huge floats are reported in their own row and nowhere else."""
    image, truth = (
        make_part({**{n: np.full((2, 2), 0.5, np.float32) for n in "RGB"}, "crypto00.r": ids})
        for ids in (np.full((2, 2), 1e30, np.float32), np.full((2, 2), -1e30, np.float32))
    )
    result = compare(image, truth)
    assert (result.max_error, result.psnr_db, result.identical) == (0, math.inf, False)
    assert {c.name: c.max_error for c in result.channels}["crypto00.r"] > 1e30


def test_ids_are_known_by_type_and_by_name(make_part):
    """Whole numbers and Cryptomatte layers are ids; without a colour layer they are left out."""
    planes = {"ViewLayer.CryptoObject00.r": np.full((2, 2), 1e30, np.float32)}
    planes |= {"Z": np.ones((2, 2), np.float32), "id": np.ones((2, 2), np.uint32)}
    result = compare(make_part(planes), make_part(planes))
    assert {c.name for c in result.channels if c.is_id} == {"ViewLayer.CryptoObject00.r", "id"}
    assert result.color == ("Z",)


def test_negatives_are_mapped_with_their_sign(rgb):
    """x/(1+|x|) has no pole at -1."""
    assert compare(rgb(-1, 0, 0), rgb(1, 0, 0)).channels[0].psnr_tm_db == pytest.approx(0)


def test_equal_nans_agree_and_lonely_ones_are_counted(make_part):
    """NaN against NaN is no difference; NaN or infinity against a number is counted apart."""
    image = make_part({"R": np.array([[np.nan, np.nan, np.inf, np.inf, 1]], np.float32)})
    truth = make_part({"R": np.array([[np.nan, 1, np.inf, -np.inf, 1]], np.float32)})
    result = compare(image, truth)
    assert result.unmatched == 2
    assert (result.max_error, result.psnr_db, result.identical) == (0, math.inf, False)


def test_half_and_float_of_equal_value_are_close_but_not_identical(rgb):
    """The type counts for identity, not for the error."""
    result = compare(rgb(1, 1, 1, dtype=np.float16), rgb(1, 1, 1))
    assert (result.identical, result.max_error) == (False, 0)


def test_differing_channels_are_named(rgb, make_part):
    """An extra channel in either image is named; chosen channels must be in both."""
    other = make_part({n: np.zeros((4, 5), np.float32) for n in ("R", "G", "Z")})
    with pytest.raises(InputError, match="has B, Z"):
        compare(rgb(0, 0, 0), other)
    assert compare(rgb(0, 0, 0), other, ("R", "G")).identical
    with pytest.raises(LayerError, match="B"):
        compare(rgb(0, 0, 0), other, ("R", "B"))


def test_differing_windows_are_named(rgb):
    """Images that lie elsewhere are not compared pixel by pixel."""
    with pytest.raises(InputError, match=r"\(0, 0, 4, 3\) and \(1, 0, 5, 3\)"):
        compare(rgb(0, 0, 0), rgb(0, 0, 0, origin=(1, 0)))
