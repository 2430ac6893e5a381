"""Bad lines between a client and the server: slow, cut, silent or wrong; every frame arrives."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from fakes.ledger import Ledger
from fakes.loads import load
from fakes.plates import negate_tensor
from fakes.relay import Cut, Flip, HalfOpen, Relay
from fakes.service import MIB, TOKEN, Service
from filmgate import link
from filmgate.client import Client

FRAME = (800, 800, 3)
"""A tensor of 7.3 MiB, in eight pieces."""

SMALL = (200, 200, 3)
"""A tensor of 470 KiB, in one piece."""

FLIP_EVERY = 10 * MIB
"""Bytes from one flipped bit to the next: a frame that is sent again gets through."""


def client_of(relay: Relay, **given: Any) -> Client:
    """Return a client at the far end of a line."""
    wire_only = {"token": TOKEN, "handoff": False}  # or the pixels would go past the line
    return Client(f"tcp://127.0.0.1:{relay.port}", **{**wire_only, **given})


@pytest.mark.parametrize("megabyte", [0.2, 2.5, 6.9])
@pytest.mark.parametrize("way", ["upward", "downward"])
def test_flipped_bit_is_mended(server: Service, ledger: Ledger, way: str, megabyte: float):
    """One bit changed anywhere in a frame is found, and the frame arrives all the same."""
    flip = Flip(int(megabyte * MIB))
    with Relay(server.port, **{way: [flip]}) as relay, client_of(relay) as client:
        ledger.submit(client, *negate_tensor(600 + len(way) * 100 + int(10 * megabyte), FRAME))
        ledger.all_end("result")
        assert flip.flipped == 1


@load("flips", usual=24, nightly=1000)
def test_no_flipped_bit_reaches_a_picture(make_service, ledger: Ledger, flips: int):
    """With a bit changed again and again, both ways, every result is right to the last bit."""
    service = make_service()
    chance = Random(13)  # noqa: S311 - the same places each time
    places = [FLIP_EVERY * turn + chance.randrange(MIB) for turn in range(1, 2 * flips)]
    up, down = Flip(*places, spare=b"\xa4kind"), Flip(*places, spare=b"\xa4kind")
    with (
        Relay(service.port, upward=[up], downward=[down]) as relay,
        client_of(relay) as client,
    ):
        seed = 0
        while up.flipped + down.flipped < flips:
            ledger.submit(client, *negate_tensor(seed, (512, 512, 3)))
            ledger.retire(keep=2)
            seed += 1
        ledger.all_end("result")
    ledger.audit(service)


@pytest.mark.parametrize("way", ["upward", "downward"])
def test_cut_line_goes_on_where_it_was(server: Service, ledger: Ledger, way: str):
    """A line that is cut again and again, anywhere, delays the frame and nothing else."""
    cut = Cut(100, 500, 700, 5_000, MIB, 3 * MIB, 5 * MIB)
    with Relay(server.port, **{way: [cut]}) as relay, client_of(relay) as client:
        for seed in range(3):
            ledger.submit(client, *negate_tensor(len(way) * 1000 + seed, FRAME))
        ledger.all_end("result")
        assert cut.cuts >= 4


@load("cuts", usual=10, nightly=500)
def test_line_cut_at_any_byte(make_service, ledger: Ledger, cuts: int):
    """Wherever in an exchange of small frames the line is cut, both ways, nothing is lost."""
    service = make_service()
    chance = Random(17)  # noqa: S311 - the same places each time
    up, down = (Cut(*(chance.randrange(1, 700_000) for _ in range(cuts))) for _ in range(2))
    with (
        Relay(service.port, upward=[up], downward=[down]) as relay,
        client_of(relay) as client,
    ):
        seed = 0
        while up.cuts + down.cuts < cuts:
            ledger.submit(client, *negate_tensor(seed, SMALL))
            ledger.retire(keep=2)
            seed += 1
        ledger.all_end("result")
    ledger.audit(service)


def test_slow_line_only_takes_longer(server: Service, ledger: Ledger):
    """At 200 ms and 2 MB/s frames arrive, on one connection, beside those of others."""
    with (
        Relay(server.port, latency_s=0.2, bytes_per_s=2e6) as relay,
        client_of(relay) as far,
        server.client() as near,
    ):
        for seed in range(4):
            ledger.submit(far, *negate_tensor(9000 + seed, SMALL))
            ledger.submit(near, *negate_tensor(9010 + seed, SMALL))
        ledger.all_end("result")
        assert relay.connections == 1


@pytest.mark.parametrize("way", ["upward", "downward"])
@pytest.mark.parametrize("place", [10, 300, MIB])
def test_line_that_falls_silent_is_given_up(
    server: Service, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, way: str, place: int
):
    """A connection that stays open and carries nothing is replaced, wherever it fell silent."""
    monkeypatch.setattr(link, "HEARTBEAT_MS", 200)
    monkeypatch.setattr(link, "HEARTBEAT_TIMEOUT_MS", 600)
    monkeypatch.setattr(link, "WELCOME_WITHIN_S", 1.0)
    silent = HalfOpen(place)
    with Relay(server.port, **{way: [silent]}) as relay, client_of(relay) as client:
        ledger.submit(client, *negate_tensor(9100 + len(way) + place % 97, FRAME))
        ledger.all_end("result")
        assert silent.swallowed_bytes
        assert relay.connections > 1
