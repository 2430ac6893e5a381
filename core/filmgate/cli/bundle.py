"""`filmgate bundle`: one folder with a host's plugin and all that it needs."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from filmgate.cli.assembly import make_bundle
from filmgate.cli.bundle_readme import PAGES
from filmgate.cli.bundled import bundle_folder
from filmgate.cli.hosts import HOSTS, UNREAL, Host
from filmgate.cli.options import Options
from filmgate.cli.sources import find_sources
from filmgate.cli.targets import MACHINES, PYTHONS, Target, this_platform
from filmgate.cli.terminal import results, say
from filmgate.cli.wheels import choose, gather, load_lock, wheel_folder
from filmgate.errors import RequestError
from filmgate.exits import EXIT_OK

_VERSIONS = ". ".join(host.pythons for host in HOSTS.values())


@dataclass(frozen=True, kw_only=True)
class BundleOptions(Options):
    """What `filmgate bundle HOST` takes."""

    python: Annotated[
        str, typer.Option(help=f"The host's Python: {', '.join(PYTHONS)}. {_VERSIONS}.")
    ]
    platform: Annotated[
        str,
        typer.Option(
            help=f"What the host runs on: {', '.join(MACHINES)}; else as this machine.",
            show_default=False,
        ),
    ] = field(default_factory=this_platform)
    out: Annotated[
        Path,
        typer.Option(
            help="Where the bundle goes; else among your own data. Its path is printed.",
            show_default=False,
        ),
    ] = field(default_factory=bundle_folder)
    wheels: Annotated[
        Path,
        typer.Option(
            help="The folder that keeps wheels; else your cache. What it lacks is fetched.",
            show_default=False,
        ),
    ] = field(default_factory=wheel_folder)
    offline: Annotated[
        bool, typer.Option("--offline", help="Take wheels from that folder alone; no network.")
    ] = False


def bundler(host: Host) -> Callable[[BundleOptions], int]:
    """Return the command that makes bundles for *host*."""

    def bundle(options: BundleOptions) -> int:
        return _bundle(host, options)

    bundle.__doc__ = f"""Make one folder with the {host.title} plugin and its wheels.

    {PAGES[host.name].summary} The wheels are those that Filmgate was tested with: each is compared
    with its sha256. A bundle that is there is never written to; the new one comes beside it.
    """
    return bundle


def _bundle(host: Host, options: BundleOptions) -> int:
    target = _target(host, options)
    sources = find_sources(host)
    wheels = choose(load_lock(sources.lock), target)
    files = gather(wheels, target, options.wheels, options.offline)
    pairs = list(zip(wheels, files, strict=True))
    folder = make_bundle(options.out.absolute(), target, sources, pairs)
    results.print(folder.as_posix(), soft_wrap=True)
    place = " --project GAME.uproject" if host is UNREAL else ""
    command = f"filmgate install {host.name}{place} --bundle {_quoted(folder)}"
    say(f"{PAGES[host.name].summary} For yourself alone: {command}")
    return EXIT_OK


def _target(host: Host, options: BundleOptions) -> Target:
    target = Target(options.python, options.platform)
    if target.python not in host.versions:
        text = f"No {host.title} that Filmgate supports has Python {target.python}."
        raise RequestError(text, f"Choose by the version of yours: {host.pythons}.")
    return target


def _quoted(folder: Path) -> str:
    """Return a path as a line of this system's shell takes it."""
    if sys.platform == "win32":
        return subprocess.list2cmdline([str(folder)])
    return shlex.quote(str(folder))
