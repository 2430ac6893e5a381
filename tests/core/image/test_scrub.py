"""What a net must not see is replaced by a stated rule and counted."""

from __future__ import annotations

import numpy as np
import pytest

from filmgate.errors import InputError
from filmgate.image.scrub import ScrubReport, scrub


def test_clean_pixels_are_passed_without_a_copy():
    """Nothing to replace means the very same array and empty counts."""
    pixels = np.linspace(0, 65504, 60, dtype=np.float32).reshape(4, 5, 3)
    clean, report = scrub(pixels)
    assert clean is pixels
    assert report == ScrubReport()
    assert not report.text


def test_each_kind_follows_its_rule():
    """NaN becomes 0; infinities become their own plane's extremes; all are counted."""
    pixels = np.zeros((2, 2, 2), np.float32)
    pixels[..., 0] = [[np.nan, np.inf], [-np.inf, 7]]
    pixels[..., 1] = [[np.inf, 3], [-2, 1]]
    clean, report = scrub(pixels)
    assert clean[..., 0].tolist() == [[0, 7], [7, 7]]
    assert clean[..., 1].tolist() == [[3, 3], [-2, 1]]
    assert report == ScrubReport(nan=1, infinite=3, huge=0, negative=1)
    assert report.text == "1 NaN and 3 infinite samples were replaced for the model."


def test_infinity_never_becomes_more_than_a_half_can_hold():
    """Beside a value of 1e30 an infinity becomes 65504; the finite value itself is only counted."""
    pixels = np.array([[[1e30], [np.inf], [-1e30], [-np.inf]]], np.float32)
    clean, report = scrub(pixels)
    assert clean.ravel().tolist() == [np.float32(1e30), 65504, np.float32(-1e30), -65504]
    assert report == ScrubReport(infinite=2, huge=2, negative=1)


def test_a_plane_of_infinities_becomes_the_largest_half():
    """Without any finite value the bounds of half are taken."""
    pixels = np.array([[[np.inf], [-np.inf], [np.nan]]], np.float32)
    assert scrub(pixels)[0].ravel().tolist() == [65504, -65504, 0]


def test_the_source_is_never_changed():
    """Scrubbing works on a copy."""
    pixels = np.array([[[np.nan]]], np.float32)
    scrub(pixels)
    assert np.isnan(pixels).all()


def test_negatives_survive_and_are_counted():
    """Saturated colours may be negative; they are reported and kept."""
    pixels = np.array([[[-0.25, 0.5, 1.0]]], np.float32)
    clean, report = scrub(pixels)
    assert clean is pixels
    assert report == ScrubReport(negative=1)


def test_reports_add_up():
    """A job of many frames has one report."""
    assert ScrubReport(1, 2, 3, 4) + ScrubReport(10, 20, 30, 40) == ScrubReport(11, 22, 33, 44)


def test_pixels_need_three_axes():
    """A flat plane is refused, as it would be read along the wrong axis."""
    with pytest.raises(InputError):
        scrub(np.zeros((4, 4), np.float32))
