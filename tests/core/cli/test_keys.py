"""`filmgate keys` and `filmgate purge`: files for people and servers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomllib

from filmgate.keys import load_public_key, load_secret_key


def test_a_new_key_is_made_and_authorised(lonely: Callable[..., Any], tmp_path: Path) -> None:
    """The secret goes to its file alone; the server's folder gets the public half and the shows."""
    folder = tmp_path / "authorized"
    folder.mkdir()
    options = ("--shows", "film,tv", "--authorized", folder, "--out", tmp_path)
    said = lonely("keys", "new", "alice", *options)
    pair = load_secret_key(tmp_path / "alice.key")
    document = tomllib.loads((folder / "alice.toml").read_text())
    assert document == {"key": pair.public, "role": "artist", "shows": ["film", "tv"]}
    assert pair.secret not in said.out + said.err + (folder / "alice.toml").read_text()


def test_an_artist_may_make_his_own(lonely: Callable[..., Any], tmp_path: Path) -> None:
    """He sends the public half; no secret is made where it is authorised."""
    lonely("keys", "new", "alice", "--out", tmp_path)
    folder = tmp_path / "authorized"
    folder.mkdir()
    public = tmp_path / "alice.public"
    options = ("--public", public, "--shows", "film", "--authorized", folder, "--out", folder)
    lonely("keys", "new", "alice", *options)
    assert [path.name for path in folder.iterdir()] == ["alice.toml"]
    assert load_public_key(public) in (folder / "alice.toml").read_text()


def test_nothing_is_replaced_unasked(lonely: Callable[..., Any], tmp_path: Path) -> None:
    """A second key of a name is refused, and changes the file only with --replace."""
    folder = tmp_path / "authorized"
    folder.mkdir()
    options = ("keys", "new", "alice", "--shows", "film", "--authorized", folder, "--out", tmp_path)
    lonely(*options)
    before = (folder / "alice.toml").read_text()
    lonely(*options, code=78)
    assert (folder / "alice.toml").read_text() == before
    lonely(*options, "--replace")
    assert (folder / "alice.toml").read_text() != before


def test_a_mistake_leaves_no_key_behind(lonely: Callable[..., Any], tmp_path: Path) -> None:
    """A farm that speaks for nobody is refused before anything is written."""
    folder = tmp_path / "authorized"
    folder.mkdir()
    options = ("--role", "farm", "--shows", "film", "--authorized", folder, "--out", tmp_path)
    assert "artists" in lonely("keys", "new", "farm", *options, code=78).err
    assert not list(folder.iterdir()) + list(tmp_path.glob("farm.*"))


def test_keys_are_listed_and_revoked(lonely: Callable[..., Any], tmp_path: Path) -> None:
    """What is revoked is gone; a damaged file is named and hides no other."""
    folder = tmp_path / "authorized"
    folder.mkdir()
    for name in ("alice", "bob"):
        lonely("keys", "new", name, "--shows", "*", "--authorized", folder, "--out", tmp_path)
    (folder / "broken.toml").write_text("key =")
    lonely("keys", "revoke", "alice", "--authorized", folder)
    listed = lonely("keys", "list", "--json", "--authorized", folder)
    assert [each["name"] for each in json.loads(listed.out)] == ["bob"]
    assert "broken.toml" in listed.err
    assert "bob" in lonely("keys", "list", "--authorized", folder).out
    lonely("keys", "revoke", "alice", "--authorized", folder, code=78)


def test_the_server_gets_a_key_of_its_own(lonely: Callable[..., Any], tmp_path: Path) -> None:
    """Both halves are written, each to its file."""
    lonely("keys", "server", "--out", tmp_path)
    assert load_secret_key(tmp_path / "server.key").public == load_public_key(
        tmp_path / "server.public"
    )
