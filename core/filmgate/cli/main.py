"""The `filmgate` command: its subcommands, and how every error leaves it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Annotated, Any

import typer

import filmgate
from filmgate.cli.bundle import BundleOptions, bundler
from filmgate.cli.compare import CompareOptions, compare_images
from filmgate.cli.doctor import DoctorOptions, examine
from filmgate.cli.hosts import HOSTS
from filmgate.cli.install import INSTALLERS
from filmgate.cli.keys import (
    ListOptions,
    NewOptions,
    PurgeOptions,
    RevokeOptions,
    ServerOptions,
    list_keys,
    new_key,
    new_server_key,
    purge_show,
    revoke_key,
)
from filmgate.cli.models import ModelsOptions, ShowOptions, list_models, show_model
from filmgate.cli.options import Options, as_command
from filmgate.cli.panel import PanelOptions, open_panel
from filmgate.cli.run import RunOptions, run_model
from filmgate.cli.status import StatusOptions, show_status
from filmgate.cli.terminal import complain, results
from filmgate.errors import FilmgateError
from filmgate.exits import EXIT_INTERNAL, EXIT_UNAVAILABLE, exit_code

COMMANDS = "filmgate.commands"
"""The group of entry points where other packages offer commands: a callable without arguments that
returns a typer app."""

_AUTHORS_COMMANDS = {
    "new": "Make a package from a PyTorch module.",
    "check": "Check a package, by trying whether its manifest tells the truth.",
    "bench": "Measure seconds and memory of a model.",
    "publish": "Check a package and publish it.",
    "alias": "Let an alias point to a version.",
    "retire": "Let a version be used no more.",
    "pull": "Fetch a model from the registry.",
    "install": "Install models of the zoo.",
    "publisher": "Make a key to sign models with.",
    "schema": "Print the JSON Schema of model.toml.",
}
_INSTALL = {
    "serve": "pip install 'filmgate[cli,server,oidn]'",
    "models": "pip install 'filmgate[cli,server,torch]'",
}

_HELP = "Filmgate: frames through a shared GPU inference server."
_BUNDLE_HELP = "Make one folder with a host's plugin and all that it needs."
_HOST_HELP = "Let a host find its bundle, for one user or one project."
_PASS_ON: dict[str, Any] = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": [],
}


def main() -> None:
    """Run the command line; every error leaves as text and an exit code, never as a traceback."""
    try:
        build_app()()
    except FilmgateError as error:
        complain(error)
        sys.exit(exit_code(error))
    except Exception as error:  # noqa: BLE001 - the last boundary: --debug shows the traceback
        complain(
            FilmgateError(
                f"Something unforeseen happened: {type(error).__name__}: {error}.",
                "Run it again with --debug and report what it prints.",
            )
        )
        sys.exit(EXIT_INTERNAL)


def build_app() -> typer.Typer:
    """Return the whole command line."""
    app = typer.Typer(pretty_exceptions_enable=False, no_args_is_help=True)
    app.callback(help=_HELP)(_global_options)
    app.command("run")(as_command(RunOptions, run_model))
    app.add_typer(_models_app(), name="models", help="List the models, or show one.")
    app.command("status")(as_command(StatusOptions, show_status))
    app.command("panel")(as_command(PanelOptions, open_panel))
    app.add_typer(_keys_app(), name="keys", help="Say who may use a server on other machines.")
    app.command("purge")(as_command(PurgeOptions, purge_show))
    app.command("doctor")(as_command(DoctorOptions, examine))
    app.command("compare")(as_command(CompareOptions, compare_images))
    bundlers = {name: (BundleOptions, bundler(host)) for name, host in HOSTS.items()}
    app.add_typer(_host_app(bundlers), name="bundle", help=_BUNDLE_HELP)
    app.add_typer(_host_app(INSTALLERS), name="install", help=_HOST_HELP)
    app.command("serve", help="Run a server on this machine.", context_settings=_PASS_ON)(
        _hand_over("serve")
    )
    return app


def _host_app(
    commands: Mapping[str, tuple[type[Options], Callable[..., int]]],
) -> typer.Typer:
    """Return an app whose subcommands are hosts."""
    app = typer.Typer(no_args_is_help=True)
    for host, (kind, run) in commands.items():
        app.command(host)(as_command(kind, run))
    return app


def _models_app() -> typer.Typer:
    app = typer.Typer()
    app.callback(invoke_without_command=True)(_list_unless_asked())
    app.command("show")(as_command(ShowOptions, show_model))
    for name, text in _AUTHORS_COMMANDS.items():
        app.command(name, help=text, context_settings=_PASS_ON)(_hand_over("models", name))
    return app


def _keys_app() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)
    app.command("new")(as_command(NewOptions, new_key))
    app.command("list")(as_command(ListOptions, list_keys))
    app.command("revoke")(as_command(RevokeOptions, revoke_key))
    app.command("server")(as_command(ServerOptions, new_server_key))
    return app


def _list_unless_asked() -> Any:
    """`filmgate models` alone lists them; with a subcommand its options belong to that."""
    listing = as_command(ModelsOptions, list_models)

    def callback(ctx: typer.Context, **given: Any) -> None:
        if ctx.invoked_subcommand is None:
            listing(**given)

    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    options = inspect.signature(listing).parameters.values()
    vars(callback)["__signature__"] = inspect.Signature([context, *options])
    return callback


def _show_version(wanted: bool) -> None:
    if wanted:
        results.print(f"filmgate {filmgate.__version__}")
        raise typer.Exit


def _hand_over(entry: str, *subcommand: str) -> Callable[[typer.Context], None]:
    """Return a command of the server's package, which is only loaded when it is wanted."""

    def command(ctx: typer.Context) -> None:
        entries = metadata.entry_points(group=COMMANDS, name=entry)
        if not entries:
            text, remedy = "The server is not installed here.", _INSTALL[entry]
            complain(FilmgateError(text, remedy))
            raise typer.Exit(EXIT_UNAVAILABLE)
        app: typer.Typer = next(iter(entries)).load()()
        app([*subcommand, *ctx.args], prog_name=f"filmgate {entry}")

    return command


def _global_options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Take what stands before the subcommand; everything is done by the options themselves."""
