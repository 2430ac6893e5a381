"""Keys: the pairs in files, and what the file of an authorised key lets its owner do.

Keys are those of ZeroMQ's CURVE: 32 bytes, written as 40 characters of Z85. Key files are INI, as
a client's settings are; what a server's administrator writes about a key is TOML.
"""

from __future__ import annotations

import configparser
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, cast

import zmq

from filmgate.config import Config
from filmgate.curve import Curve
from filmgate.disk import storage_errors, storage_remedy, write_whole
from filmgate.errors import ConfigError

ARTIST, SUPERVISOR, FARM = "artist", "supervisor", "farm"
ROLES = (ARTIST, SUPERVISOR, FARM)
ANY = "*"
"""Stands for every show, artist or model."""

KEY_SUFFIX = ".key"
PUBLIC_SUFFIX = ".public"
AUTHORISED_SUFFIX = ".toml"
SECTION = "filmgate-key"
OTHERS = 0o077

_Z85 = re.compile(r"[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}\Z")
_NAME = re.compile(r"\w[\w.@+-]{0,63}\Z")
_OWNER_ONLY = 0o600
_FIELDS = ("key", "role", "shows", "artists", "models")
_KEY_REMEDY = "Make another with `filmgate keys new`, or name the right file."


@dataclass(frozen=True)
class KeyPair:
    """A key, both halves as Z85 text; *secret* is empty where only the public half is known."""

    public: str
    secret: str = ""

    def __repr__(self) -> str:
        """Show the public half alone: what is printed may be logged."""
        return f"KeyPair({self.public!r})"


@dataclass(frozen=True)
class Authorisation:
    """What the owner of a key may do.

    Attributes:
        name: of the key; for artists and supervisors also their name as a user.
        public: the key's public half.
        role: one of `ROLES`. A supervisor sees everybody's work, may cancel it and may purge a
            show. A farm submits for others, batch work only.
        shows: where he may work; `ANY` for everywhere.
        artists: for whom a farm may submit; `ANY` for everybody.
        models: patterns of the models that he may use, as in file names.
    """

    name: str
    public: str
    role: str = ARTIST
    shows: tuple[str, ...] = ()
    artists: tuple[str, ...] = ()
    models: tuple[str, ...] = (ANY,)

    def covers(self, show: str) -> bool:
        """Say whether he may work on a show."""
        return show in self.shows or ANY in self.shows

    def speaks_for(self, user: str) -> bool:
        """Say whether he may submit in the name of *user*."""
        if self.role == FARM:
            return user in self.artists or ANY in self.artists
        return user == self.name

    def to_toml(self) -> str:
        """Return the file that an administrator reads and edits."""
        rows: list[tuple[str, object]] = [("key", self.public), ("role", self.role)]
        rows.append(("shows", list(self.shows)))
        if self.role == FARM:
            rows.append(("artists", list(self.artists)))
        if self.models != (ANY,):
            rows.append(("models", list(self.models)))
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in rows]
        return "\n".join(
            [f"# What {self.name} may do; the server reads changes at once.", *lines, ""]
        )


def make_pair() -> KeyPair:
    """Make a new key."""
    public, secret = zmq.curve_keypair()
    return KeyPair(public.decode("ascii"), secret.decode("ascii"))


def save_pair(path: Path, pair: KeyPair, owner: str) -> None:
    """Write a key: with its secret half for this user's eyes alone, without it for everybody's.

    Raises:
        StorageError: the disk is full or refuses.
    """
    rows = [f"[{SECTION}]", f"public = {pair.public}"]
    head = f"# The public half of the key of {owner}: not secret."
    if pair.secret:
        head = f"# The secret key of {owner}. Whoever has this file is {owner}: show it to nobody."
        rows.append(f"secret = {pair.secret}")
    text = "\n".join([head, *rows, ""]).encode()
    if pair.secret:
        write_whole(path, text, _OWNER_ONLY)
    else:
        write_whole(path, text)


def load_secret_key(path: Path) -> KeyPair:
    """Read a key with its secret half.

    Raises:
        ConfigError: there is none in the file, or others can read it.
    """
    pair = _load(path)
    if not pair.secret:
        raise ConfigError(
            f"{path.as_posix()} is the public half of a key, not the secret one.",
            f"Name the file with the secret half: NAME{KEY_SUFFIX}, which was made with it.",
        )
    if os.name == "posix" and _mode(path) & OTHERS:
        raise ConfigError(
            f"{path.as_posix()} holds a secret key, and other users may read it.",
            f"Run: chmod 600 {path.as_posix()}. If somebody may have seen it, make a new key.",
        )
    return pair


def load_public_key(path: Path) -> str:
    """Read the public half of a key.

    Raises:
        ConfigError: there is none in the file.
    """
    return _load(path).public


def load_curve(config: Config) -> Optional[Curve]:
    """Return what a connection to the configured server is encrypted with; None where nothing is.

    Raises:
        ConfigError: only one of the two settings is there, or a file cannot be used.
    """
    key, server = config.key.value, config.gateway_key.value
    if not key and not server:
        return None
    if not (key and server):
        missing, given = ("gateway_key", "key") if key else ("key", "gateway_key")
        raise ConfigError(
            f"{given} is set and {missing} is not: an encrypted connection needs both.",
            f"Set FILMGATE_{missing.upper()} or {missing} in a settings file.",
        )
    pair = load_secret_key(Path(key))
    return Curve(load_public_key(Path(server)).encode(), pair.public.encode(), pair.secret.encode())


def parse_authorisation(name: str, document: Mapping[str, Any]) -> Authorisation:
    """Read what an administrator has written about a key.

    Args:
        name: the file's name without its suffix.
        document: its content, parsed.

    Raises:
        ConfigError: names the field that is missing, unknown or unsound.
    """
    strange = sorted(set(document) - set(_FIELDS))
    if strange:
        raise _unsound(name, f"has an unknown field {strange[0]!r}")
    role = document.get("role", ARTIST)
    if role not in ROLES:
        raise _unsound(name, f"has the role {role!r}")
    found = Authorisation(
        check_name(name),
        _public(name, document.get("key")),
        role,
        _names(name, document, "shows", ()),
        _names(name, document, "artists", ()),
        _names(name, document, "models", (ANY,)),
    )
    if not found.shows:
        raise _unsound(name, "names no show")
    if (role == FARM) != bool(found.artists):
        raise _unsound(
            name, "must name the artists that it submits for if, and only if, it is a farm"
        )
    return found


def shared_keys(found: Iterable[Authorisation]) -> dict[str, list[str]]:
    """Return the keys that several names claim, with the names: whose they are nobody can say."""
    names: dict[str, list[str]] = {}
    for each in found:
        names.setdefault(each.public, []).append(each.name)
    return {public: claimed for public, claimed in names.items() if len(claimed) > 1}


def check_name(name: str) -> str:
    """Return *name* if a key may be called that.

    Raises:
        ConfigError: it may not.
    """
    if not _NAME.match(name):
        raise ConfigError(
            f"{name!r} is no name for a key.", "Use up to 64 letters, digits and . _ @ + -"
        )
    return name


def _public(name: str, value: object) -> str:
    if not isinstance(value, str) or not _Z85.match(value):
        raise _unsound(name, "has no key of 40 characters")
    return value


def _names(
    name: str, document: Mapping[str, Any], field: str, default: tuple[str, ...]
) -> tuple[str, ...]:
    value: Any = document.get(field, list(default))
    if not isinstance(value, list):
        raise _unsound(name, f"has {field} that are no list")
    names = cast("list[Any]", value)
    if not all(isinstance(each, str) and each for each in names):
        raise _unsound(name, f"has {field} that are no list of names")
    return tuple(names)


def _unsound(name: str, what: str) -> ConfigError:
    return ConfigError(
        f"The file of the key {name!r} {what}.",
        f"It holds key, role ({', '.join(ROLES)}), shows, and perhaps artists and models.",
    )


def _load(path: Path) -> KeyPair:
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        pair = KeyPair(parser[SECTION]["public"], parser[SECTION].get("secret", ""))
    except OSError as error:
        reason = error.strerror or str(error)
        text = f"The key file {path.as_posix()} cannot be read: {reason}."
        raise ConfigError(text, storage_remedy(error)) from error
    except (UnicodeDecodeError, configparser.Error, KeyError) as error:
        raise ConfigError(
            f"{path.as_posix()} is no key file: it has no section [{SECTION}] with a public key.",
            _KEY_REMEDY,
        ) from error
    if not all(_Z85.match(half) for half in (pair.public, pair.secret or pair.public)):
        raise ConfigError(f"{path.as_posix()} holds a key that is damaged.", _KEY_REMEDY)
    return pair


def _mode(path: Path) -> int:
    with storage_errors(path):
        return path.stat().st_mode
