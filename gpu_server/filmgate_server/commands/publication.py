"""`filmgate models publish`, `alias`, `retire` and `pull`: a shared registry by hand."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from filmgate.cli.options import Options
from filmgate.cli.terminal import messages, results, warn
from filmgate.errors import ConfigError, RetiredModelError, UnknownModelError
from filmgate.exits import EXIT_DATA, EXIT_OK
from filmgate_server.commands.check import TrialOptions, examine_package, print_findings
from filmgate_server.commands.contents import is_refused
from filmgate_server.config import load_server_config
from filmgate_server.registry.downloads import Downloads
from filmgate_server.registry.local import load_manifest
from filmgate_server.registry.records import latest_first
from filmgate_server.registry.shared import SharedRegistry, open_registry
from filmgate_server.registry.signatures import load_publisher, make_publisher
from filmgate_server.registry.trust import runs_code, ships_code

if TYPE_CHECKING:
    from filmgate_server.registry.records import Release

VARIABLE = "FILMGATE_SERVER_REGISTRY"

_UNSIGNED = (
    "{reference} holds code and nobody has signed it: a site refuses to run it unless it sets "
    "registry_trusted = true. `filmgate models publisher NAME` makes a key, and `filmgate models "
    "publish {folder} --sign NAME.key` signs what is published; the site keeps NAME.pub in its "
    "folder trusted_publishers."
)


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
    if _holds_code(options.folder, release) and not registry.inventory().signatures.get(
        release.digest
    ):
        warn(_UNSIGNED.format(reference=release.reference, folder=options.folder.as_posix()))
    if options.alias:
        registry.move_alias(release.name, options.alias, release.version, getpass.getuser())
        results.print(f"{release.name}@{options.alias} is now {release.version}.")
    return EXIT_OK


def move_alias(options: AliasOptions) -> int:
    """Let an alias point to a version: whoever asks for the alias gets that from now on."""
    registry = options.open()
    _find_release(registry, options.name, options.version)
    move = registry.move_alias(options.name, options.alias, options.version, getpass.getuser())
    before = f", before {move.before}" if move.before else ""
    results.print(f"{options.name}@{options.alias} is now {move.version}{before}.")
    return EXIT_OK


def retire_model(options: RetireOptions) -> int:
    """Retire a version: nobody gets it any more, and those who ask are told why."""
    registry, name, version = options.open(), options.name, options.version
    _find_release(registry, name, version)
    try:
        registry.refuse_retired(name, version)
    except RetiredModelError as error:
        results.print(f"Retired before: {error.text}", soft_wrap=True)
    else:
        registry.retire(name, version, options.reason, getpass.getuser())
        results.print(f"Retired: {name}@{version}")
    for alias, target in sorted(registry.aliases(name).items()):
        if target == version:
            text = f"{name}@{alias} still points to it, and nobody gets a model by that name: "
            warn(f"{text}`filmgate models alias {name} {alias} VERSION` lets it point to another.")
    return EXIT_OK


def _find_release(registry: SharedRegistry, name: str, version: str) -> Release:
    """Return a release; where there is none, say which there are.

    Raises:
        UnknownModelError: there is none.
    """
    try:
        return registry.release(name, version)
    except UnknownModelError as error:
        found = [(each, at) for each, at in registry.inventory().releases]
        versions = sorted((at for each, at in found if each == name), key=latest_first)
        models = sorted({each for each, _ in found})
        if versions:
            remedy = f"It has these versions of {name}: {', '.join(versions)}."
        else:
            remedy = f"It has these models: {', '.join(models) or 'none'}."
        raise UnknownModelError(error.text, remedy) from None


def _holds_code(folder: Path, release: Release) -> bool:
    """Whether sites ask for a signature before they run the release."""
    return ships_code(release) or runs_code(load_manifest(folder))


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
