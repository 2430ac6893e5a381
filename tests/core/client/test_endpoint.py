"""How clients find a server on their own machine."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from filmgate.endpoint import (
    Endpoint,
    endpoint_folder,
    endpoint_path,
    find_endpoint,
    find_running,
    load_endpoint,
    publish_endpoint,
    withdraw_endpoint,
)
from filmgate.errors import StorageError

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps profiles apart itself")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give the test a folder of endpoints of its own."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    return endpoint_folder()


def test_what_is_published_is_found_by_its_address() -> None:
    """Both names of this machine lead to the endpoint; other ports and machines do not."""
    endpoint = Endpoint(5700, "secret", 42)
    publish_endpoint(endpoint)
    assert endpoint.server == "tcp://127.0.0.1:5700"
    assert find_endpoint("tcp://127.0.0.1:5700") == endpoint
    assert find_endpoint("tcp://localhost:5700") == endpoint
    assert find_endpoint("tcp://127.0.0.1:5701") is None
    assert find_endpoint("tcp://gate:5700") is None


@posix
def test_without_a_runtime_folder_the_temporary_one_serves(tmp_path: Path) -> None:
    """Where nobody logged in, the user has a folder of their own among the temporary files."""
    expected = Path(tempfile.gettempdir()) / f"filmgate-{os.getuid()}"
    assert endpoint_folder({}) == expected
    assert endpoint_folder({"XDG_RUNTIME_DIR": str(tmp_path / "none")}) == expected
    assert endpoint_path("tcp://127.0.0.1:5700").name == "server-5700.json"


def test_without_any_server_nothing_is_found() -> None:
    """A folder that does not exist is no error."""
    assert find_endpoint("tcp://127.0.0.1:5700") is None
    assert find_running() is None


def test_only_a_server_that_listens_is_running() -> None:
    """The file of a killed server is passed over."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        alive = Endpoint(server.getsockname()[1], "secret", 42)
        with socket.create_server(("127.0.0.1", 0)) as other:
            dead = Endpoint(other.getsockname()[1], "secret", 43)
        publish_endpoint(alive)
        publish_endpoint(dead)
        assert find_running() == alive


def test_a_withdrawn_endpoint_is_gone() -> None:
    """A server removes its own file, but not that of its successor on the same port."""
    first, second = Endpoint(5700, "one", 1), Endpoint(5700, "two", 2)
    publish_endpoint(first)
    path = publish_endpoint(second)
    withdraw_endpoint(first)
    assert load_endpoint(path) == second
    withdraw_endpoint(second)
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"port": "x", "token": "", "pid": 1}'])
def test_a_file_that_is_no_endpoint_counts_as_none(folder: Path, text: str) -> None:
    """What somebody else put there is not used and breaks nothing."""
    publish_endpoint(Endpoint(1, "", 1)).write_text(text)
    assert load_endpoint(folder / "server-1.json") is None


@posix
def test_only_the_user_can_read_it(folder: Path) -> None:
    """Neither the folder nor the file is open to others."""
    path = publish_endpoint(Endpoint(5700, "secret", 42))
    assert path.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


@posix
def test_a_folder_that_others_can_write_is_refused(folder: Path) -> None:
    """A token neither goes into such a folder nor is taken from it."""
    publish_endpoint(Endpoint(5700, "secret", 42))
    folder.chmod(0o777)
    assert find_endpoint("tcp://127.0.0.1:5700") is None
    assert find_running() is None
    with pytest.raises(StorageError, match="own folder"):
        publish_endpoint(Endpoint(5701, "secret", 42))


@posix
def test_a_link_in_place_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    """A stranger's link must not lead the token elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    os.symlink(elsewhere, folder)  # noqa: PTH211 - the name comes second, as in ln
    with pytest.raises(StorageError):
        publish_endpoint(Endpoint(5700, "secret", 42))
    assert list(elsewhere.iterdir()) == []
