"""`filmgate keys` and `filmgate purge`: files for people and servers."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomllib

from filmgate.keys import load_public_key, load_secret_key, parse_authorisation


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
    assert "artists" in lonely("keys", "new", "farm", *options, code=2).err
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


@pytest.mark.parametrize(
    ("fields", "given", "expected"),
    [
        ({"role": "supervisor", "models": ["denoise*"]}, (), {}),
        ({"role": "farm", "artists": ["bob"]}, (), {}),
        ({"models": ["denoise*"]}, ("--shows", "tv"), {"shows": ["tv"]}),
        ({"role": "farm", "artists": ["bob"]}, ("--role", "artist"), {"role": "artist"}),
        ({"models": ["denoise*"]}, ("--models", "*"), {"models": ["*"]}),
    ],
)
def test_a_replaced_key_may_do_what_the_old_one_could(
    lonely: Callable[..., Any],
    tmp_path: Path,
    fields: dict[str, Any],
    given: tuple[str, ...],
    expected: dict[str, Any],
) -> None:
    """Rights change only where an option says so: nobody gains or loses any by a new key."""
    before = {"key": "k" * 40, "shows": ["film"], **fields}
    path = tmp_path / "ann.toml"
    path.write_text(parse_authorisation("ann", before).to_toml(), encoding="utf-8")
    lonely("keys", "new", "ann", "--replace", "--authorized", tmp_path, "--out", tmp_path, *given)
    after = parse_authorisation("ann", tomllib.loads(path.read_text(encoding="utf-8")))
    wanted = {**before, "key": load_public_key(tmp_path / "ann.public"), **expected}
    if wanted.get("role") != "farm":
        wanted.pop("artists", None)
    assert after == parse_authorisation("ann", wanted)


def test_a_damaged_file_is_not_replaced(lonely: Callable[..., Any], tmp_path: Path) -> None:
    """What the old key might do is not known: nothing is guessed, and no key is made."""
    (tmp_path / "ann.toml").write_text("role =")
    options = ("--replace", "--authorized", tmp_path, "--out", tmp_path)
    assert "ann.toml" in lonely("keys", "new", "ann", *options, code=78).err
    assert not (tmp_path / "ann.key").exists()


@pytest.mark.parametrize(
    "given", [("--shows", "film"), ("--role", "farm"), ("--models", "x"), ("--artists", "bob")]
)
def test_rights_without_a_folder_are_refused(
    lonely: Callable[..., Any], tmp_path: Path, given: tuple[str, ...]
) -> None:
    """They would be written nowhere, and whoever gave them would think that they count."""
    said = lonely("keys", "new", "ann", "--out", tmp_path / "keys", *given, code=2).err
    assert given[0] in said
    assert "--authorized" in said
    assert not (tmp_path / "keys").exists()


def test_mistakes_in_options_name_them(lonely: Callable[..., Any], tmp_path: Path) -> None:
    """Whoever types a command knows its options, not the file that it writes."""
    new = ("keys", "new", "ann", "--authorized", tmp_path, "--out", tmp_path)
    assert "--role king" in lonely(*new, "--shows", "film", "--role", "king", code=2).err
    assert "--shows" in lonely(*new, code=2).err
    said = lonely("keys", "revoke", "nobody", "--authorized", tmp_path, code=78).err
    assert "filmgate keys list" in said


def test_the_list_warns_of_files_that_let_nobody_in(
    lonely: Callable[..., Any], tmp_path: Path
) -> None:
    """A key in two files, and a link, are named beside those who are let in."""
    folder = tmp_path / "authorized"
    folder.mkdir()
    options = ("--shows", "film", "--authorized", folder, "--out", tmp_path)
    lonely("keys", "new", "alice", *options)
    lonely("keys", "new", "bob", *options)
    (folder / "copy.toml").write_text((folder / "alice.toml").read_text())
    (folder / "link.toml").symlink_to(folder / "bob.toml")
    (folder / ".#bob.toml").symlink_to("nowhere")
    said = lonely("keys", "list", "--authorized", folder, "--json")
    assert [each["name"] for each in json.loads(said.out)] == ["bob"]
    warned = " ".join(said.err.split())
    assert "alice, copy" in warned
    assert "link.toml" in warned
    assert ".#bob" not in warned


def test_the_printed_commands_do_what_the_page_says(
    lonely: Callable[..., Any], repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator copies them: keys for all, and a new one that may do what the old could."""
    page = (repository / "docs" / "hardening.md").read_text(encoding="utf-8")
    page = page.replace("/etc/filmgate", tmp_path.as_posix())
    steps = re.findall(r"^(filmgate keys (?:server|new) .*)$", page, re.MULTILINE)
    (again,) = re.findall(r"`(filmgate keys new alice --replace --authorized .*?)`", page)
    (tmp_path / "authorized").mkdir(0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FILMGATE_SERVER_AUTHORIZED", "authorized")
    for step in steps:
        lonely(*shlex.split(step, comments=True)[1:])
    listed = json.loads(lonely("keys", "list", "--json").out)
    assert [each["role"] for each in listed] == ["artist", "farm", "supervisor"]
    monkeypatch.delenv("FILMGATE_SERVER_AUTHORIZED")
    lonely(*shlex.split(again)[1:])
    after = json.loads(lonely("keys", "list", "--json", "--authorized", "authorized").out)
    public = load_public_key(tmp_path / "handover" / "alice.public")
    assert after == [{**listed[0], "public": public}, *listed[1:]]
    assert public != listed[0]["public"]
