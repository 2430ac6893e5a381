"""Who may come in, and as whom: by the token of this machine's user, or by an authorised key."""

from __future__ import annotations

import secrets
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import structlog

from filmgate.errors import ConfigError, DeniedError
from filmgate.keys import (
    ANY,
    AUTHORISED_SUFFIX,
    FARM,
    SUPERVISOR,
    Authorisation,
    parse_authorisation,
    shared_keys,
)
from filmgate.wire.messages import Hello
from filmgate_server.access.entries import Stamp, list_entries, load_entry, open_folder

LOCAL = Authorisation("", "", SUPERVISOR, (ANY,))
"""Whoever holds the token of a server on his own machine: it is his server."""

NOBODY, NO_SHOW = "unknown", "default"

log = structlog.get_logger()


@dataclass(frozen=True)
class Identity:
    """Who a session belongs to, and what he may do."""

    rights: Authorisation
    user: str
    show: str


def may_use(rights: Authorisation, model: str) -> bool:
    """Say whether a model, by its name with or without a version, may be used."""
    name = model.partition("@")[0]
    return any(fnmatchcase(name, pattern) for pattern in rights.models)


def sees(identity: Identity, user: str, show: str) -> bool:
    """Say whether somebody's queue is shown: one's own, or as a supervisor of the show."""
    if identity.rights.role == SUPERVISOR:
        return identity.rights.covers(show)
    return (user, show) == (identity.user, identity.show)


def still_holds(identity: Identity, rights: Authorisation) -> bool:
    """Say whether a session may go on with what its key is worth now."""
    if rights is identity.rights:
        return True
    same = (rights.public, rights.role) == (identity.rights.public, identity.rights.role)
    return same and rights.covers(identity.show) and rights.speaks_for(identity.user)


def check_purge(identity: Identity, show: str) -> None:
    """Refuse to forget a show unless a supervisor of it asks.

    Raises:
        DeniedError: it is somebody else.
    """
    if identity.rights.role != SUPERVISOR or not identity.rights.covers(show):
        raise DeniedError(f"Only a supervisor of the show {show!r} may purge it.")


def check_submission(identity: Identity, model: str, priority: str) -> None:
    """Refuse work that this role may not submit.

    Raises:
        DeniedError: it is interactive and comes from a farm, or asks for a model of others.
    """
    if identity.rights.role == FARM and priority != "batch":
        raise DeniedError(
            "A farm's key submits batch work only.", "Submit with the priority `batch`."
        )
    if not may_use(identity.rights, model):
        raise DeniedError(f"Your key does not cover the model {model.partition('@')[0]!r}.")


class LocalToken:
    """Lets in whoever shows the token that a local server wrote for its user alone.

    Args:
        token: what a hello must show; empty lets everybody on this machine in.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def identify(self, hello: Hello, key: str) -> Identity:
        """Return who says hello.

        Raises:
            DeniedError: the hello does not show the token.
        """
        if not secrets.compare_digest(hello.token.encode(), self._token.encode()):
            raise DeniedError("The token is not this server's.")
        return Identity(LOCAL, hello.user or NOBODY, hello.show or NO_SHOW)

    def refresh(self) -> bool:
        """Return whether anything has changed: never."""
        return False

    def by_key(self, public: str) -> Authorisation | None:
        """Return what the local user may do."""
        return LOCAL

    def by_name(self, name: str) -> Authorisation | None:
        """Return what the local user may do."""
        return LOCAL


class KeyFolder:
    """Lets in the keys that have a file in a folder.

    The folder is read again when it changes. A file that cannot be read lets nobody in and locks
    nobody else out; so does each file of a key that is in two. While the folder itself cannot be
    read, what was known last counts: only a folder that is there revokes.

    Args:
        folder: one file for each key.

    Raises:
        ConfigError: the folder cannot be read, or others than its owner may write into it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._complaint = ""
        self._seen: Mapping[str, Stamp] | None = None
        self._by_name: dict[str, Authorisation] = {}
        self._by_key: dict[str, Authorisation] = {}
        self.refresh()
        if self._seen is None:
            raise ConfigError(
                f"The folder of authorised keys, {folder}, cannot be read: {self._complaint}."
            )
        if folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ConfigError(
                f"Others than its owner may write into the folder of authorised keys, {folder}.",
                f"Run: chmod go-w {folder}",
            )

    def by_key(self, public: str) -> Authorisation | None:
        """Return whose key this is."""
        return self._by_key.get(public)

    def by_name(self, name: str) -> Authorisation | None:
        """Return what the key of that name may do."""
        return self._by_name.get(name)

    def identify(self, hello: Hello, key: str) -> Identity:
        """Return who says hello.

        Args:
            hello: what he says; a token in it counts for nothing.
            key: the public key that the connection has proved to hold.

        Raises:
            DeniedError: the key was revoked, or does not cover the show or the artist.
        """
        rights = self._by_key.get(key)
        if rights is None:
            raise DeniedError("Your key was revoked.")
        show = hello.show or _only(rights.shows)
        if not rights.covers(show):
            raise DeniedError(
                f"The key {rights.name!r} does not cover the show {show!r}."
                if show
                else f"The key {rights.name!r} covers several shows, and none was named.",
                f"Set show to one of: {', '.join(rights.shows)}.",
            )
        if rights.role != FARM:
            return Identity(rights, rights.name, show or NO_SHOW)
        if not rights.speaks_for(hello.user):
            raise DeniedError(f"The key {rights.name!r} may not submit for {hello.user!r}.")
        return Identity(rights, hello.user, show or NO_SHOW)

    def refresh(self) -> bool:
        """Read the folder if it has changed; return whether it had."""
        try:
            changed = self._read()
        except OSError as error:  # a disk that is away for a moment must not lock everybody out
            self._complain(error.strerror or str(error))
            return False
        self._complaint = ""
        return changed

    def _read(self) -> bool:
        with open_folder(self._folder) as folder_fd:
            seen = list_entries(folder_fd)
            if seen == self._seen:
                return False
            found = [each for name in sorted(seen) if (each := self._load(folder_fd, name))]
        self._seen = seen
        shared = shared_keys(found)
        for names in shared.values():
            log.error("a key in several files lets nobody in", names=", ".join(names))
        self._by_key = {each.public: each for each in found if each.public not in shared}
        self._by_name = {each.name: each for each in self._by_key.values()}
        log.info("authorised keys read", keys=len(self._by_name))
        return True

    def _load(self, folder_fd: int, file: str) -> Authorisation | None:
        """Read one file; None if it lets nobody in. Of other errors the disk is the cause."""
        name = file.removesuffix(AUTHORISED_SUFFIX)
        try:
            return parse_authorisation(name, tomllib.loads(load_entry(folder_fd, file)))
        except (ConfigError, FileNotFoundError, PermissionError, ValueError) as error:
            log.error("a key's file lets nobody in", file=file, error=str(error))
            return None

    def _complain(self, reason: str) -> None:
        if reason != self._complaint:
            self._complaint = reason
            log.error(
                "the folder of authorised keys cannot be read: the keys known so far count",
                folder=str(self._folder),
                error=reason,
            )


Credentials = LocalToken | KeyFolder


def _only(shows: tuple[str, ...]) -> str:
    """Return the show that is meant where a hello names none."""
    return shows[0] if len(shows) == 1 and shows != (ANY,) else ""
