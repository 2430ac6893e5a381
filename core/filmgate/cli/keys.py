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
from filmgate.cli.options import JsonOption, Options, SiteOptions
from filmgate.cli.terminal import results, warn, write_json
from filmgate.disk import remove, storage_errors, write_whole
from filmgate.errors import ConfigError, RequestError, StorageError
from filmgate.exits import EXIT_OK
from filmgate.keys import (
    ARTIST,
    AUTHORISED_SUFFIX,
    FARM,
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
    shared_keys,
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
_RIGHTS = ("shows", "role", "artists", "models")


@dataclass(frozen=True, kw_only=True)
class NewOptions(Options):
    """What `filmgate keys new` takes."""

    name: Annotated[str, typer.Argument(help="The artist's user name, or a farm's name.")]
    shows: Annotated[str, typer.Option(help="Shows, by commas; * for all of them.")] = ""
    role: Annotated[
        str, typer.Option(help=f"One of {', '.join(ROLES)}; {ARTIST} for a new key.")
    ] = ""
    artists: Annotated[str, typer.Option(help="For whom a farm submits, by commas; * for all.")] = (
        ""
    )
    models: Annotated[
        str, typer.Option(help="Patterns of models, by commas; * for all, as for a new key.")
    ] = ""
    public: Annotated[
        str, typer.Option(help="A public key that the artist has made; no new one is made.")
    ] = ""
    authorized: _Folder = ""
    out: _Out = "."
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Replace a key of this name; what it may do stays, unless given."
        ),
    ] = False


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
    _check_given(options)
    pair = KeyPair(load_public_key(Path(options.public))) if options.public else make_pair()
    entry = _authorised_path(options.authorized, name) if options.authorized else None
    rights = _rights(entry, options, pair.public) if entry is not None else None
    if pair.secret:
        _save(Path(options.out), name, pair, options.replace)
    if entry is not None and rights is not None:
        write_whole(entry, rights.to_toml().encode())
        results.print(f"Authorised: {entry.as_posix()} ({_describe(rights)})", soft_wrap=True)
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
    found = _authorised(_folder(options.authorized))
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
        raise ConfigError(
            f"No key {options.name!r} is authorised in {path.parent.as_posix()}.",
            f"`filmgate keys list --authorized {path.parent.as_posix()}` shows which are.",
        )
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


def _check_given(options: NewOptions) -> None:
    """Refuse what would be dropped without a word, and roles that do not exist.

    Raises:
        RequestError: names the option.
    """
    if options.role and options.role not in ROLES:
        raise RequestError(f"--role {options.role} is unknown.", f"It is {' or '.join(ROLES)}.")
    idle = [name for name in (*_RIGHTS, "public") if getattr(options, name)]
    if idle and not options.authorized:
        raise RequestError(
            f"--{idle[0]} says nothing without --authorized: only the key itself would be made.",
            f"Name the server's folder with --authorized or {AUTHORISED_VARIABLE}, "
            f"or leave out --{idle[0]}.",
        )


def _rights(entry: Path, options: NewOptions, public: str) -> Authorisation:
    """Settle what the key may do: as given, else as its file says, else as a new artist's.

    Raises:
        ConfigError: there is a file and it should not be replaced, or it is damaged.
        RequestError: an option is missing, or does not go with another.
    """
    _refuse_present(entry, options.replace)
    before = _load_authorised(entry) if entry.exists() else Authorisation(entry.stem, public)
    given = {name: _split(getattr(options, name)) for name in _RIGHTS}
    role = options.role or before.role
    artists = given["artists"] or (before.artists if role == FARM else ())
    shows = given["shows"] or before.shows
    if not shows:
        raise RequestError("--shows is missing.", "Name the shows by commas, or * for all.")
    if (role == FARM) != bool(artists):
        raise RequestError(
            f"--artists goes with --role {FARM}, and a farm needs it.",
            "Name the artists that the farm submits for by commas, or * for all.",
        )
    models = given["models"] or before.models
    return Authorisation(entry.stem, public, role, tuple(shows), tuple(artists), tuple(models))


def _load_authorised(path: Path) -> Authorisation:
    try:
        return parse_authorisation(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    except (ConfigError, OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"{path.as_posix()} lets nobody in: {error}",
            "Mend it, or revoke it and authorise the key anew with its role and shows.",
        ) from error


def _describe(rights: Authorisation) -> str:
    parts = [rights.role, f"shows {', '.join(rights.shows)}"]
    parts += [f"for {', '.join(rights.artists)}"] if rights.artists else []
    return "; ".join([*parts, f"models {', '.join(rights.models)}"])


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _authorised(folder: Path) -> list[Authorisation]:
    """Return who is let in, and warn of each file that lets nobody in, as the server does."""
    found = list(_readable(folder))
    shared = shared_keys(found)
    for names in shared.values():
        warn(f"The same key is in several files, which let nobody in: {', '.join(names)}")
    return [each for each in found if each.public not in shared]


def _readable(folder: Path) -> Iterator[Authorisation]:
    for path in sorted(folder.glob(f"*{AUTHORISED_SUFFIX}")):
        if path.name.startswith("."):
            continue  # an editor's
        if path.is_symlink() or not path.is_file():
            warn(f"{path.as_posix()} lets nobody in: it is not a plain file.")
            continue
        try:
            yield _load_authorised(path)
        except ConfigError as error:
            warn(error.text)


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
