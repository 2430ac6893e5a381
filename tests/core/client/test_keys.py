"""Keys in files, and what the files of authorised keys say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from filmgate.config import Config, load_config
from filmgate.errors import ConfigError
from filmgate.keys import (
    Authorisation,
    KeyPair,
    load_curve,
    load_public_key,
    load_secret_key,
    make_pair,
    parse_authorisation,
    save_pair,
)

KEY = "k" * 40
posix = pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")


def config(key: str = "", gateway_key: str = "") -> Config:
    """Return settings with these files."""
    nowhere = dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "XDG_CONFIG_HOME"), "nowhere")
    return load_config({"key": key, "gateway_key": gateway_key}, nowhere)


def test_a_pair_comes_back_from_its_files(tmp_path: Path) -> None:
    """What was written is read, each half where it belongs."""
    pair = make_pair()
    save_pair(tmp_path / "a.key", pair, "alice")
    save_pair(tmp_path / "a.public", KeyPair(pair.public), "alice")
    assert load_secret_key(tmp_path / "a.key") == pair
    assert load_public_key(tmp_path / "a.public") == pair.public
    assert pair.secret not in (tmp_path / "a.public").read_text()


def test_every_character_of_a_key_survives_its_file(tmp_path: Path) -> None:
    """Keys hold signs that settings files give a meaning to."""
    odd = KeyPair("#%;=:[]{}"[:2] + "=:[]{}$&<>()@!?*/^+-.%%" + "a" * 15, "%(x)s" + "b" * 35)
    save_pair(tmp_path / "odd.key", odd, "odd")
    assert load_secret_key(tmp_path / "odd.key") == odd


@posix
def test_a_secret_is_for_its_owner_alone(tmp_path: Path) -> None:
    """It is written so, and refused when somebody else could read it."""
    path = tmp_path / "a.key"
    save_pair(path, make_pair(), "alice")
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="other users may read it") as caught:
        load_secret_key(path)
    assert "chmod 600" in caught.value.remedy


@pytest.mark.parametrize(
    "text",
    ["", "[filmgate-key]\n", "no ini", "[filmgate-key]\npublic = short\n", "\udcff"],
    ids=["empty", "no key", "no ini", "short", "no text"],
)
def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    """The error names the file."""
    path = tmp_path / "a.public"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=r"a\.public") as caught:
        load_public_key(path)
    assert "filmgate keys new" in caught.value.remedy
    assert not [word for word in ("codec", "contains", "b'", "line:") if word in str(caught.value)]


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """It is no damaged one, and the remedy is another."""
    with pytest.raises(ConfigError, match=r"a\.public cannot be read: No such file") as caught:
        load_public_key(tmp_path / "a.public")
    assert "Check the path" in caught.value.remedy


def test_a_public_file_is_no_secret(tmp_path: Path) -> None:
    """Named where the secret one belongs, it is refused with the reason."""
    path = tmp_path / "a.public"
    save_pair(path, KeyPair(make_pair().public), "alice")
    with pytest.raises(ConfigError, match="public half") as caught:
        load_secret_key(path)
    assert "NAME.key" in caught.value.remedy


def test_a_connection_is_encrypted_with_both_files(tmp_path: Path) -> None:
    """One of the two settings alone is a mistake that names the other."""
    mine, theirs = make_pair(), make_pair()
    save_pair(tmp_path / "a.key", mine, "alice")
    save_pair(tmp_path / "s.public", KeyPair(theirs.public), "server")
    key, gateway = str(tmp_path / "a.key"), str(tmp_path / "s.public")
    curve = load_curve(config(key, gateway))
    assert curve is not None
    assert (curve.server, curve.public) == (theirs.public.encode(), mine.public.encode())
    assert load_curve(config()) is None
    with pytest.raises(ConfigError, match="gateway_key is not"):
        load_curve(config(key))
    with pytest.raises(ConfigError, match="key is not"):
        load_curve(config("", gateway))


@pytest.mark.parametrize(
    "document",
    [
        {"shows": ["film"]},
        {"key": "short", "shows": ["film"]},
        {"key": KEY},
        {"key": KEY, "shows": "film"},
        {"key": KEY, "shows": [1]},
        {"key": KEY, "shows": ["film"], "role": "king"},
        {"key": KEY, "shows": ["film"], "role": "farm"},
        {"key": KEY, "shows": ["film"], "artists": ["alice"]},
        {"key": KEY, "shows": ["film"], "show": "film"},
    ],
)
def test_an_unsound_authorisation_lets_nobody_in(document: dict[str, Any]) -> None:
    """What is missing, unknown or of another kind is refused, never guessed."""
    with pytest.raises(ConfigError, match="'alice'"):
        parse_authorisation("alice", document)


@pytest.mark.parametrize("name", ["", "../up", "a b", "x" * 65, "-a"])
def test_a_key_has_a_plain_name(name: str) -> None:
    """It becomes a file's name and stands in logs."""
    with pytest.raises(ConfigError):
        parse_authorisation(name, {"key": KEY, "shows": ["film"]})


def test_who_may_speak_for_whom() -> None:
    """An artist for himself, a farm for those it names."""
    alice = parse_authorisation("alice", {"key": KEY, "shows": ["film"]})
    assert [alice.covers("film"), alice.covers("tv"), alice.speaks_for("bob")] == [
        True,
        False,
        False,
    ]
    farm = parse_authorisation(
        "farm", {"key": KEY, "role": "farm", "shows": ["*"], "artists": ["alice"]}
    )
    assert [farm.covers("tv"), farm.speaks_for("alice"), farm.speaks_for("farm")] == [
        True,
        True,
        False,
    ]


def test_an_authorisation_is_written_for_people() -> None:
    """Each field stands on a line; what is as usual is left out."""
    text = Authorisation("alice", KEY, shows=("film", "tv")).to_toml()
    assert f'key = "{KEY}"' in text
    assert 'shows = ["film", "tv"]' in text
    assert "models" not in text
