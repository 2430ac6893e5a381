"""`filmgate keys`: who may use a server on other machines; `filmgate purge`: forget a show."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from filmgate.cli.connection import existing_connection
from filmgate.cli.exits import EXIT_OK
from filmgate.cli.options import JsonOption, Options, SiteOptions
from filmgate.cli.terminal import results, warn, write_json
from filmgate.disk import remove, storage_errors, write_whole
from filmgate.errors import ConfigError, StorageError
from filmgate.keys import (
    ANY,
    ARTIST,
    AUTHORISED_SUFFIX,
    KEY_SUFFIX,
    PUBLIC_SUFFIX,
    ROLES,
    Authorisation,
    KeyPair,
    check_name,
    load_public_key,
    make_pair,
    parse_authorisation,
    save_pair,
)

AUTHORISED_VARIABLE = "FILMGATE_SERVER_AUTHORIZED"
SERVER_NAME = "server"

_Folder = Annotated[
    str,
    typer.Option(
        "--authorized",
        envvar=AUTHORISED_VARIABLE,
        help="The server's folder of authorised keys.",
    ),
]
_Out = Annotated[str, typer.Option(help="The folder that the new key is written to.")]
_Replace = Annotated[bool, typer.Option("--replace", help="Replace a key of this name.")]


@dataclass(frozen=True, kw_only=True)
class NewOptions(Options):
    """What `filmgate keys new` takes."""

    name: Annotated[str, typer.Argument(help="The artist's user name, or a farm's name.")]
    shows: Annotated[str, typer.Option(help="Shows, by commas; * for all of them.")] = ""
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")] = ARTIST
    artists: Annotated[str, typer.Option(help="For whom a farm submits, by commas; * for all.")] = (
        ""
    )
    models: Annotated[str, typer.Option(help="Patterns of models, by commas.")] = ANY
    public: Annotated[
        str, typer.Option(help="A public key that the artist has made; no new one is made.")
    ] = ""
    authorized: _Folder = ""
    out: _Out = "."
    replace: _Replace = False


@dataclass(frozen=True, kw_only=True)
class ServerOptions(Options):
    """What `filmgate keys server` takes."""

    out: _Out = "."
    replace: _Replace = False


@dataclass(frozen=True, kw_only=True)
class ListOptions(JsonOption):
    """What `filmgate keys list` takes."""

    authorized: _Folder = ""


@dataclass(frozen=True, kw_only=True)
class RevokeOptions(Options):
    """What `filmgate keys revoke` takes."""

    name: Annotated[str, typer.Argument(help="The key's name.")]
    authorized: _Folder = ""


@dataclass(frozen=True, kw_only=True)
class PurgeOptions(SiteOptions):
    """What `filmgate purge` takes."""

    target: Annotated[str, typer.Argument(metavar="SHOW", help="The show to forget.")]
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for a server that does not answer.")
    ] = 5.0


def new_key(options: NewOptions) -> int:
    """Make a key, and authorise it.

    Without --authorized only the key is made: send the file with its public half to the people who
    run the server, who authorise it with --public.
    """
    name = check_name(options.name)
    pair = KeyPair(load_public_key(Path(options.public))) if options.public else make_pair()
    entry = _authorised_path(options.authorized, name) if options.authorized else None
    content = b""
    if entry is not None:
        _refuse_present(entry, options.replace)
        content = parse_authorisation(name, _document(options, pair.public)).to_toml().encode()
    if pair.secret:
        _save(Path(options.out), name, pair, options.replace)
    if entry is not None:
        write_whole(entry, content)
        results.print(f"Authorised: {entry.as_posix()}")
    return EXIT_OK


def new_server_key(options: ServerOptions) -> int:
    """Make the server's own key.

    The server's settings name its secret file as server_key; the artists' settings name the public
    one as gateway_key. Replacing it shuts every artist out who has not got the new public file.
    """
    _save(Path(options.out), SERVER_NAME, make_pair(), options.replace)
    return EXIT_OK


def list_keys(options: ListOptions) -> int:
    """List the authorised keys: who may do what."""
    found = list(_authorised(_folder(options.authorized)))
    if options.as_json:
        write_json([asdict(each) for each in found])
        return EXIT_OK
    table = Table("Key", "Role", "Shows", "Artists", "Models", box=None, pad_edge=False)
    for each in found:
        names = (", ".join(column) for column in (each.shows, each.artists, each.models))
        table.add_row(each.name, each.role, *names)
    results.print(table)
    return EXIT_OK


def revoke_key(options: RevokeOptions) -> int:
    """Revoke a key: open sessions end within seconds, and nobody enters with it again."""
    path = _authorised_path(options.authorized, check_name(options.name))
    if not path.is_file():
        raise ConfigError(f"No key {options.name!r} is authorised in {path.parent.as_posix()}.")
    if not remove(path):
        raise StorageError(f"{path.as_posix()} is open in another program.")
    results.print(f"Revoked: {options.name}")
    return EXIT_OK


def purge_show(options: PurgeOptions) -> int:
    """Make the server forget what a show has stored; what open jobs need stays until they end."""
    with existing_connection(options.config(), options.wait) as client:
        count = client.purge(options.target)
    results.print(f"Forgotten: {count} inputs and results of {options.target}")
    return EXIT_OK


def _save(folder: Path, name: str, pair: KeyPair, replace: bool) -> None:
    """Write both halves of a new key."""
    secret, public = folder / f"{name}{KEY_SUFFIX}", folder / f"{name}{PUBLIC_SUFFIX}"
    _refuse_present(secret, replace)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    save_pair(secret, pair, name)
    save_pair(public, KeyPair(pair.public), name)
    results.print(f"Secret key, for {name} alone: {secret.as_posix()}")
    results.print(f"Public key: {public.as_posix()}")


def _document(options: NewOptions, public: str) -> dict[str, object]:
    return {
        "key": public,
        "role": options.role,
        "shows": _split(options.shows),
        "artists": _split(options.artists),
        "models": _split(options.models),
    }


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _authorised(folder: Path) -> Iterator[Authorisation]:
    for path in sorted(folder.glob(f"*{AUTHORISED_SUFFIX}")):
        try:
            yield parse_authorisation(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
        except (ConfigError, OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            warn(f"{path.as_posix()} lets nobody in: {error}")


def _authorised_path(folder: str, name: str) -> Path:
    return _folder(folder) / f"{name}{AUTHORISED_SUFFIX}"


def _folder(given: str) -> Path:
    folder = Path(given)
    if not given or not folder.is_dir():
        raise ConfigError(
            f"There is no folder of authorised keys{f' at {given}' if given else ''}.",
            f"Name the server's with --authorized or {AUTHORISED_VARIABLE}.",
        )
    return folder


def _refuse_present(path: Path, replace: bool) -> None:
    if path.exists() and not replace:
        raise ConfigError(f"{path.as_posix()} exists.", "Use --replace to put a new key there.")
