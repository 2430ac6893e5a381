"""Decoded files are kept, each decoded once, within a budget."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from fakes.frames import part, rgb
from filmgate.errors import DamagedImageError
from filmgate.image.frame import Plate
from filmgate_server.worker.decoded import DecodedFrames, plate_bytes

PLATE_BYTES = 3 * 8 * 5 * 2


def plate(seed: int) -> Plate:
    """Return a small plate."""
    return Plate((part(rgb(seed)),))


def test_a_file_is_decoded_once() -> None:
    """The second who asks gets the same plate, which nobody can change."""
    kept = DecodedFrames()
    first = kept.plate(b"1", lambda: plate(1))
    assert kept.plate(b"1", lambda: plate(2)) is first
    assert kept.decodes == 1
    with pytest.raises(ValueError, match="read-only"):
        first.parts[0].channels["R"][0, 0] = 0


def test_the_least_recently_used_goes_first() -> None:
    """The budget holds, and what was used just now stays."""
    kept = DecodedFrames(2 * PLATE_BYTES)
    assert plate_bytes(plate(1)) == PLATE_BYTES
    for digest in (b"1", b"2", b"1", b"3"):
        kept.plate(digest, lambda: plate(1))
    assert kept.kept_bytes == 2 * PLATE_BYTES
    assert kept.decodes == 3
    for digest, decodes in ((b"1", 3), (b"3", 3), (b"2", 4)):
        kept.plate(digest, lambda: plate(1))
        assert kept.decodes == decodes


def test_a_frame_beyond_the_budget_is_kept_until_the_next() -> None:
    """One frame of a stereo file is not decoded once for each eye, however large it is."""
    kept = DecodedFrames(1)
    for digest in (b"1", b"1", b"2"):
        kept.plate(digest, lambda: plate(1))
    assert (kept.decodes, kept.kept_bytes) == (2, PLATE_BYTES)


def test_what_cannot_be_decoded_is_not_kept() -> None:
    """Each who asks hears of the damage, and a later file of that name has its chance."""
    kept = DecodedFrames()

    def fail() -> Plate:
        raise DamagedImageError("It is broken.")

    with pytest.raises(DamagedImageError):
        kept.plate(b"1", fail)
    assert np.all(kept.plate(b"1", lambda: plate(1)).parts[0].channels["R"] == rgb(1)["R"])
    assert kept.decodes == 1


def test_two_threads_decode_a_file_once() -> None:
    """Who asks while another decodes waits for that."""
    kept = DecodedFrames()
    begun, go_on = threading.Event(), threading.Event()
    found: list[Plate] = []

    def slow() -> Plate:
        begun.set()
        assert go_on.wait(10)
        return plate(1)

    first = threading.Thread(target=lambda: found.append(kept.plate(b"1", slow)))
    first.start()
    assert begun.wait(10)
    second = threading.Thread(target=lambda: found.append(kept.plate(b"1", lambda: plate(2))))
    second.start()
    go_on.set()
    for thread in (first, second):
        thread.join(10)
    assert found[0] is found[1]
    assert kept.decodes == 1
