"""How long work is expected to take."""

from __future__ import annotations

import pytest

from filmgate_server.scheduling.estimates import GUESS_S, PACKAGES_MAX, Estimates


def test_nothing_measured_is_a_guess() -> None:
    """Before any frame has run, each is taken to need the same."""
    assert Estimates().of(b"p", 1000) == GUESS_S


def test_larger_frames_take_longer() -> None:
    """What was measured scales with the size of the main input."""
    estimates = Estimates()
    estimates.learn(b"p", 1000, 2.0)
    assert estimates.of(b"p", 3000) == pytest.approx(6.0)


def test_a_new_package_is_like_the_others() -> None:
    """A package that has not run yet is taken to need what the usual frame needs."""
    estimates = Estimates()
    estimates.learn(b"p", 1000, 2.0)
    estimates.learn(b"q", 1000, 4.0)
    assert 2.0 < estimates.of(b"new", 123) < 4.0
    assert estimates.frame_s == estimates.of(b"new", 456)
    assert b"p" in estimates
    assert b"new" not in estimates


def test_late_measurements_count_most() -> None:
    """An estimate follows a device that has become slower."""
    estimates = Estimates()
    for seconds in [1.0] * 50 + [3.0] * 30:
        estimates.learn(b"p", 1000, seconds)
    assert estimates.of(b"p", 1000) == pytest.approx(3.0, rel=0.05)


def test_packages_are_bounded() -> None:
    """Of many packages the ones that ran last are remembered."""
    estimates = Estimates()
    for number in range(PACKAGES_MAX + 1):
        estimates.learn(b"%d" % number, 1000, 1.0 + number)
    assert estimates.of(b"1", 1000) == pytest.approx(2.0)
    assert estimates.of(b"0", 1000) == estimates.frame_s
