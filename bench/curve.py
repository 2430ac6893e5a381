"""What encryption costs: the round trip of a frame over the wire, plain and with CURVE."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bench.filmgate import RunningServer, check_negation, round_trip_s, store_option
from bench.frames import FrameSource, Size
from bench.measure import interleave
from bench.table import Target, milliseconds, table
from filmgate.client import Client
from filmgate.curve import Curve
from filmgate.keys import Authorisation, make_pair, save_pair

PLAIN = "Filmgate, tensor, plain wire"
ENCRYPTED = "Filmgate, tensor, CURVE"
STORE_FRAMES = 7
START_S = 60.0
STOP_S = 90.0
FACTOR = 4.0
"""Each byte is encrypted and decrypted once each way: facts of ZeroMQ alone are 1.2 to 3 times."""

ARTIST, SHOW = "bench", "bench"
_MB = 1e6


def measure_curve(source: FrameSource, size: Size, rounds: int) -> tuple[str, Target]:
    """Return the table of round trips, and the judgement of what encryption costs.

    Args:
        source: tensors that the servers have not seen.
        size: of the frames.
        rounds: how often each case counts.
    """
    option = store_option(STORE_FRAMES, source.size_bytes)
    with RunningServer(option) as plain, encrypted_client(option) as client:
        check_negation(client, source)
        cases = {
            PLAIN: lambda: round_trip_s(plain.client, source),
            ENCRYPTED: lambda: round_trip_s(client, source),
        }
        timings = interleave(cases, rounds)
    rows = [
        [
            name,
            milliseconds(timing.median_s),
            milliseconds(timing.p95_s),
            f"{2 * source.size_bytes / timing.median_s / _MB:.0f}",
        ]
        for name, timing in timings.items()
    ]
    factor = timings[ENCRYPTED].median_s / timings[PLAIN].median_s
    target = Target(
        f"encryption of a round trip, {size.name} tensor",
        f"{FACTOR:g} x the plain wire",
        f"{factor:.2f} x",
        factor <= FACTOR,
    )
    return table(["", "median ms", "p95 ms", "MB/s, both ways together"], rows), target


@contextmanager
def encrypted_client(*options: str) -> Generator[Client]:
    """Start a server that lets one key in, and yield a client with that key."""
    with tempfile.TemporaryDirectory(prefix="filmgate-keys-") as name:
        curve, settings = _make_keys(Path(name))
        with (
            _server(*settings, *options) as address,
            Client(address, curve=curve, handoff=False) as client,
        ):
            client.wait_connected(START_S)
            yield client


@contextmanager
def _server(*options: str) -> Generator[str]:
    """Start a server on any port and yield its address, which it says when it takes work."""
    command = [sys.executable, "-m", "filmgate_server", "serve", "--port", "0", "--http-port", "-1"]
    process = subprocess.Popen(
        [*command, "--log-level", "error", *options], stderr=subprocess.PIPE, text=True
    )
    try:
        said = process.stderr.readline() if process.stderr is not None else ""
        found = re.search(r"tcp://[\d.:]+\d", said)
        if found is None:
            raise RuntimeError(f"the server did not start: {said}")
        yield found.group()
    finally:
        process.terminate()
        process.wait(STOP_S)


def _make_keys(folder: Path) -> tuple[Curve, tuple[str, ...]]:
    server, artist = make_pair(), make_pair()
    key, authorized = folder / "server.key", folder / "authorized"
    save_pair(key, server, "server")
    authorized.mkdir()
    entry = Authorisation(ARTIST, artist.public, shows=(SHOW,)).to_toml()
    (authorized / f"{ARTIST}.toml").write_text(entry, encoding="utf-8")
    curve = Curve(server.public.encode(), artist.public.encode(), artist.secret.encode())
    return curve, ("--authorized", str(authorized), "--server-key", str(key))
