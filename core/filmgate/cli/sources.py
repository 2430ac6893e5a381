"""Where what goes into a bundle is: in an installed Filmgate, or in a checkout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filmgate
from filmgate.cli.hosts import Host
from filmgate.errors import ConfigError

NOT_FOR_HOSTS = frozenset({"cli", "image", "plugins", "testing.py"})
"""What client code never imports: it needs more than a host has, or is for tests."""

_PACKAGE = Path(filmgate.__file__).parent


@dataclass(frozen=True)
class Sources:
    """The parts of Filmgate that a bundle carries.

    Attributes:
        host: whose plugin it is.
        plugin: the folder of the host's plugin.
        lock: names the wheels, see `filmgate.cli.wheels.load_lock`.
        licence: Filmgate's own.
    """

    host: Host
    plugin: Path
    lock: Path
    licence: Path


def find_sources(host: Host) -> Sources:
    """Return where the plugin for *host* and what belongs to it are.

    Raises:
        ConfigError: this installation came without them.
    """
    shipped, checkout = _PACKAGE / "plugins", _PACKAGE.parents[1]
    locks, plugin = checkout / "locks", checkout / "plugins" / host.name
    places = (
        Sources(host, shipped / host.name, shipped / "hosts.txt", shipped / "LICENSE"),
        Sources(host, plugin, locks / "hosts.txt", checkout / "LICENSE"),
    )
    for sources in places:
        if sources.plugin.is_dir() and sources.lock.is_file():
            return sources
    raise ConfigError(
        f"This installation of Filmgate came without its plugin for {host.title}.",
        "Install it from its wheel (`pip install filmgate`), or run it in a checkout.",
    )


def plugin_files(sources: Sources) -> Iterator[tuple[str, Path]]:
    """Yield the plugin's files: name in the bundle, with forward slashes, and where it is now."""
    return _files(sources.plugin, "")


def client_files() -> Iterator[tuple[str, Path]]:
    """Yield the files of the client code, likewise."""
    for entry in sorted(_PACKAGE.iterdir()):
        if entry.name not in NOT_FOR_HOSTS:
            yield from _files(entry, f"filmgate/{entry.name}")


def _files(place: Path, name: str) -> Iterator[tuple[str, Path]]:
    if place.name == "__pycache__" or place.suffix == ".pyc":
        return
    if place.is_file():
        yield name, place
        return
    for entry in sorted(place.iterdir()):
        yield from _files(entry, f"{name}/{entry.name}".lstrip("/"))
