"""The subcommands of `filmgate models` that need the server's package."""

from __future__ import annotations

import typer

from filmgate.cli.options import as_command
from filmgate_server.commands.bench import BenchOptions, bench_model
from filmgate_server.commands.check import CheckOptions, check_package
from filmgate_server.commands.installation import InstallOptions, install_models
from filmgate_server.commands.new import NewOptions, new_package
from filmgate_server.commands.publication import (
    AliasOptions,
    PublisherOptions,
    PublishOptions,
    PullOptions,
    RetireOptions,
    move_alias,
    new_publisher,
    publish_package,
    pull_model,
    retire_model,
)
from filmgate_server.commands.schema import SchemaOptions, print_schema


def build_app() -> typer.Typer:
    """Return the app; errors leave it as they are, for the last boundary to show."""
    app = typer.Typer(pretty_exceptions_enable=False, no_args_is_help=True)
    app.callback(help="Make, check and publish models.")(lambda: None)
    app.command("new")(as_command(NewOptions, new_package))
    app.command("check")(as_command(CheckOptions, check_package))
    app.command("bench")(as_command(BenchOptions, bench_model))
    app.command("publish")(as_command(PublishOptions, publish_package))
    app.command("alias")(as_command(AliasOptions, move_alias))
    app.command("retire")(as_command(RetireOptions, retire_model))
    app.command("pull")(as_command(PullOptions, pull_model))
    app.command("install")(as_command(InstallOptions, install_models))
    app.command("publisher")(as_command(PublisherOptions, new_publisher))
    app.command("schema")(as_command(SchemaOptions, print_schema))
    return app
