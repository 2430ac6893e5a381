"""Bundles for tests, made of the real wheels, which are kept for each checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from filmgate.cli.assembly import make_bundle
from filmgate.cli.hosts import NUKE, Host
from filmgate.cli.sources import find_sources
from filmgate.cli.targets import Target
from filmgate.cli.wheels import choose, gather, load_lock
from filmgate.errors import ConfigError, ConnectionLostError

WHEELS = Path(__file__).resolve().parents[2] / ".build" / "wheels"
"""Where wheels are kept between runs, beside those of the zoo."""


def make(out: Path, python: str, platform: str, host: Host = NUKE) -> Path:
    """Make a bundle in *out*; skip where its wheels cannot be had."""
    fetch(python, platform)
    target, sources = Target(python, platform), find_sources(host)
    wheels = choose(load_lock(sources.lock), target)
    return make_bundle(out, target, sources, [(each, WHEELS / each.filename) for each in wheels])


def fetch(python: str, platform: str) -> None:
    """Have the wheels of a bundle in `WHEELS`; skip where they cannot be had."""
    problem = _fetch(Target(python, platform))
    if problem:
        pytest.skip(f"the wheels for {python} on {platform} cannot be had here: {problem}")


@cache
def _fetch(target: Target) -> str:
    """Return why there are none: an index that does not answer is asked once."""
    try:
        gather(choose(load_lock(find_sources(NUKE).lock), target), target, WHEELS, False)
    except (ConnectionLostError, ConfigError) as error:
        return str(error)
    return ""
