"""The folder of authorised keys: what is in there, what is not, and a disk that is away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fakes.keys import Keyring
from filmgate.errors import ConfigError, DeniedError
from filmgate.wire.messages import Hello
from filmgate_server.access.auth import KeyFolder
from filmgate_server.access.entries import ENTRY_BYTES_MAX


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    """Return the keys of two artists."""
    made = Keyring(tmp_path / "keys")
    for name in ("alice", "bob"):
        made.authorise(name, "film")
    return made


def enters(folder: KeyFolder, keyring: Keyring, name: str) -> bool:
    """Say whether the key of *name* opens a session."""
    try:
        folder.identify(Hello((1,)), keyring.pairs[name].public)
    except DeniedError:
        return False
    return True


def hide(keyring: Keyring) -> None:
    """Lay beside the keys what editors and mistakes leave there."""
    folder = keyring.authorized
    (folder / ".#alice.toml").symlink_to("alice@machine.4711:1")
    (folder / "dangling.toml").symlink_to("nowhere")
    (folder / "linked.toml").symlink_to(folder / "alice.toml")
    (folder / "folder.toml").mkdir()
    (folder / "long.toml").write_text("#" * (ENTRY_BYTES_MAX + 1))
    (folder / "no text.toml").write_bytes(b"\xff\xfe")
    os.mkfifo(folder / "pipe.toml")


def test_what_is_no_file_does_not_keep_a_key_alive(keyring: Keyring) -> None:
    """Links, pipes, folders and an editor's lock let nobody in and delay no revocation."""
    folder = KeyFolder(keyring.authorized)
    hide(keyring)
    keyring.revoke("alice")
    assert folder.refresh()
    assert not enters(folder, keyring, "alice")
    assert enters(folder, keyring, "bob")
    assert not folder.refresh()


def test_a_folder_that_is_away_revokes_nobody(keyring: Keyring) -> None:
    """The keys known last count until the folder is back, and then what it says."""
    folder = KeyFolder(keyring.authorized)
    aside = keyring.authorized.with_name("aside")
    keyring.authorized.rename(aside)
    assert not folder.refresh()
    assert enters(folder, keyring, "alice")
    (aside / "alice.toml").unlink()
    aside.rename(keyring.authorized)
    assert folder.refresh()
    assert [enters(folder, keyring, name) for name in ("alice", "bob")] == [False, True]


def test_a_server_does_not_start_without_its_folder(keyring: Keyring) -> None:
    """At the start nothing is known that could count."""
    keyring.authorized.rename(keyring.authorized.with_name("aside"))
    with pytest.raises(ConfigError, match="cannot be read"):
        KeyFolder(keyring.authorized)


def test_a_key_in_two_files_lets_nobody_in(keyring: Keyring) -> None:
    """Whose it is cannot be said; with one file gone it is the other's again."""
    folder = KeyFolder(keyring.authorized)
    keyring.pairs["aaron"] = keyring.pairs["alice"]
    keyring.authorise("aaron", "film")
    assert folder.refresh()
    assert [enters(folder, keyring, name) for name in ("alice", "bob")] == [False, True]
    assert folder.by_name("alice") is None
    keyring.revoke("aaron")
    assert folder.refresh()
    assert enters(folder, keyring, "alice")


def test_a_key_under_a_new_name_is_another(keyring: Keyring) -> None:
    """What counts is the file that holds the key now."""
    folder = KeyFolder(keyring.authorized)
    (keyring.authorized / "alice.toml").rename(keyring.authorized / "alicia.toml")
    assert folder.refresh()
    identity = folder.identify(Hello((1,)), keyring.pairs["alice"].public)
    assert identity.user == "alicia"
