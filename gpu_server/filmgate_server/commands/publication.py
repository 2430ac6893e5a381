"""`filmgate models publish`, `alias`, `retire` and `pull`: a shared registry by hand."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from filmgate.cli.exits import EXIT_DATA, EXIT_OK
from filmgate.cli.options import Options
from filmgate.cli.terminal import messages, results
from filmgate.errors import ConfigError
from filmgate_server.commands.check import TrialOptions, examine_package, print_findings
from filmgate_server.commands.contents import is_refused
from filmgate_server.config import load_server_config
from filmgate_server.registry.downloads import Downloads
from filmgate_server.registry.shared import SharedRegistry, open_registry
from filmgate_server.registry.signatures import load_publisher, make_publisher

VARIABLE = "FILMGATE_SERVER_REGISTRY"


@dataclass(frozen=True, kw_only=True)
class RegistryOptions(Options):
    """Which registry."""

    registry: Annotated[
        str,
        typer.Option(envvar=VARIABLE, help="A folder, or s3://bucket/prefix.", show_default=False),
    ] = ""
    endpoint: Annotated[
        str,
        typer.Option(envvar=f"{VARIABLE}_ENDPOINT", help="Of an S3 store that is not AWS."),
    ] = ""

    def open(self) -> SharedRegistry:
        """Return the registry: as given, else as the server's settings say.

        Raises:
            ConfigError: none is named.
        """
        if self.registry:
            return open_registry(self.registry, self.endpoint)
        config = load_server_config({})
        if not config.registry:
            remedy = f"Name it: --registry, or {VARIABLE}."
            raise ConfigError("No registry is set.", remedy)
        return open_registry(config.registry, self.endpoint or config.registry_endpoint)


@dataclass(frozen=True, kw_only=True)
class PublishOptions(RegistryOptions, TrialOptions):
    """What `filmgate models publish` takes."""

    folder: Annotated[Path, typer.Argument(help="The package's folder.")]
    sign: Annotated[
        Path | None, typer.Option(help="Your secret key; models with code need a signature.")
    ] = None
    alias: Annotated[str, typer.Option(help="Let this alias point to it, such as candidate.")] = ""


@dataclass(frozen=True, kw_only=True)
class AliasOptions(RegistryOptions):
    """What `filmgate models alias` takes."""

    name: Annotated[str, typer.Argument(help="The model.")]
    alias: Annotated[str, typer.Argument(help="The alias, such as champion.")]
    version: Annotated[str, typer.Argument(help="The version that it shall point to.")]


@dataclass(frozen=True, kw_only=True)
class RetireOptions(RegistryOptions):
    """What `filmgate models retire` takes."""

    name: Annotated[str, typer.Argument(help="The model.")]
    version: Annotated[str, typer.Argument(help="The version that shall not be used any more.")]
    reason: Annotated[str, typer.Option(help="Why, for those who still ask for it.")]


@dataclass(frozen=True, kw_only=True)
class PullOptions(RegistryOptions):
    """What `filmgate models pull` takes."""

    model: Annotated[str, typer.Argument(help="NAME, NAME@VERSION, NAME@ALIAS or NAME@DIGEST.")]
    to: Annotated[
        str, typer.Option(help="The cache; else the one that a server on this machine uses.")
    ] = ""


@dataclass(frozen=True, kw_only=True)
class PublisherOptions(Options):
    """What `filmgate models publisher` takes."""

    name: Annotated[str, typer.Argument(help="Who signs.")]
    out: Annotated[Path, typer.Option(help="The folder that the keys are written to.")] = Path()


def publish_package(options: PublishOptions) -> int:
    """Check a package and publish it; what is published never changes."""
    registry = options.open()
    key = load_publisher(options.sign) if options.sign else None
    outcome = examine_package(options.folder, options)
    if is_refused(outcome.findings):
        print_findings(outcome.findings)
        return EXIT_DATA
    with messages.status("publishing"):
        release = registry.publish(options.folder, getpass.getuser(), key)
    results.print(f"Published: {release.reference} (blake3:{release.digest})", soft_wrap=True)
    if options.alias:
        registry.move_alias(release.name, options.alias, release.version, getpass.getuser())
        results.print(f"{release.name}@{options.alias} is now {release.version}.")
    return EXIT_OK


def move_alias(options: AliasOptions) -> int:
    """Let an alias point to a version: whoever asks for the alias gets that from now on."""
    move = options.open().move_alias(
        options.name, options.alias, options.version, getpass.getuser()
    )
    before = f", before {move.before}" if move.before else ""
    results.print(f"{options.name}@{options.alias} is now {move.version}{before}.")
    return EXIT_OK


def retire_model(options: RetireOptions) -> int:
    """Retire a version: nobody gets it any more, and those who ask are told why."""
    options.open().retire(options.name, options.version, options.reason, getpass.getuser())
    results.print(f"Retired: {options.name}@{options.version}")
    return EXIT_OK


def pull_model(options: PullOptions) -> int:
    """Fetch a model from the registry and verify every file of it."""
    registry = options.open()
    folder = Path(options.to) if options.to else load_server_config({}).registry_folder
    release = registry.resolve(options.model)
    with messages.status(f"fetching {release.reference}"):
        path = Downloads(registry.store, folder).pull(release)
    results.print(f"{release.reference} is in {path.as_posix()}", soft_wrap=True)
    return EXIT_OK


def new_publisher(options: PublisherOptions) -> int:
    """Make a key to sign models with: the public half goes into a site's trusted_publishers."""
    secret, public = make_publisher(options.name, options.out)
    results.print(f"Secret key, for {options.name} alone: {secret.as_posix()}")
    results.print(f"Public key: {public.as_posix()}")
    return EXIT_OK
