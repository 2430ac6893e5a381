"""`filmgate bundle`: one folder with a host's plugin and all that it needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from filmgate.cli.assembly import make_bundle
from filmgate.cli.bundled import bundle_folder
from filmgate.cli.options import Options
from filmgate.cli.sources import find_sources
from filmgate.cli.targets import MACHINES, PYTHONS, Target, this_platform
from filmgate.cli.terminal import results, say
from filmgate.cli.wheels import choose, gather, load_lock, wheel_folder
from filmgate.exits import EXIT_OK

_PYTHON_HELP = f"The host's Python: {', '.join(PYTHONS)}. Nuke 14: 3.9, 15: 3.10, 16 and 17: 3.11."


@dataclass(frozen=True, kw_only=True)
class BundleOptions(Options):
    """What `filmgate bundle nuke` takes."""

    python: Annotated[str, typer.Option(help=_PYTHON_HELP)]
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


def bundle_nuke(options: BundleOptions) -> int:
    """Make one folder with the Nuke plugin and its wheels, for NUKE_PATH.

    The wheels are those that Filmgate was tested with: each is compared with its sha256. A bundle
    that is there is never written to; the new one comes beside it.
    """
    target = Target(options.python, options.platform)
    sources = find_sources("nuke")
    wheels = choose(load_lock(sources.lock), target)
    files = gather(wheels, target, options.wheels, options.offline)
    pairs = list(zip(wheels, files, strict=True))
    folder = make_bundle(options.out.absolute(), target, sources, pairs)
    results.print(folder.as_posix(), soft_wrap=True)
    say(
        "Add it to NUKE_PATH; or, for yourself alone:"
        f" filmgate install nuke --bundle {folder.as_posix()}"
    )
    return EXIT_OK
