"""A site's keys: the server's, and those of its people, authorised in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import zmq

from filmgate.curve import Curve
from filmgate.keys import (
    AUTHORISED_SUFFIX,
    KeyPair,
    load_public_key,
    make_pair,
    parse_authorisation,
    save_pair,
)


class Keyring:
    """Makes keys and authorises them.

    Args:
        folder: for the server's key and the folder of authorised ones.
    """

    def __init__(self, folder: Path) -> None:
        self.authorized = folder / "authorized"
        self.authorized.mkdir(0o700, parents=True)
        self.server_key = folder / "server.key"
        self.audit_log = folder / "audit.jsonl"
        self.pairs: dict[str, KeyPair] = {}
        self._server = make_pair()
        save_pair(self.server_key, self._server, "server")
        assert load_public_key(self.server_key) == self._server.public

    @property
    def settings(self) -> dict[str, str]:
        """What the server is told."""
        return {"authorized": str(self.authorized), "server_key": str(self.server_key)}

    def authorise(self, name: str, *shows: str, **fields: Any) -> None:
        """Let *name* in, with the key that he has or a new one."""
        pair = self.pairs.setdefault(name, make_pair())
        document = {"key": pair.public, "shows": list(shows), **fields}
        text = parse_authorisation(name, document).to_toml()
        self._path(name).write_text(text, encoding="utf-8")

    def revoke(self, name: str) -> None:
        """Let *name* in no more."""
        self._path(name).unlink()

    def curve(self, name: str) -> Curve:
        """Return what a client of *name* encrypts with; an unknown name gets a key of nobody."""
        pair = self.pairs.get(name) or make_pair()
        return Curve(self._server.public.encode(), pair.public.encode(), pair.secret.encode())

    def options(self, name: str) -> dict[int, bytes]:
        """Return the same as options of a socket."""
        curve = self.curve(name)
        return {
            zmq.CURVE_SERVERKEY: curve.server,
            zmq.CURVE_PUBLICKEY: curve.public,
            zmq.CURVE_SECRETKEY: curve.secret,
        }

    def _path(self, name: str) -> Path:
        return self.authorized / f"{name}{AUTHORISED_SUFFIX}"
