"""The server's settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from filmgate.errors import ConfigError
from filmgate_server.config import IN_MEMORY, ServerConfig, load_server_config
from filmgate_server.zoo import ZOO_FOLDER


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("FILMGATE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_defaults_serve_this_machine_only(tmp_path: Path) -> None:
    """Without any setting the server listens on loopback and knows the models it comes with."""
    config = load_server_config({})
    assert config.address == "tcp://127.0.0.1:5700"
    assert config.http_port == 5701
    assert config.model_folders == (ZOO_FOLDER,)
    assert config.journal_path == tmp_path / "state" / "filmgate" / "jobs-5700.sqlite3"


def test_given_beats_environment_beats_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each place overrides the ones before it, field by field."""
    file = tmp_path / "server.toml"
    file.write_text('port = 6001\nworkers = 2\nstore_bytes = "64MiB"\n', encoding="utf-8")
    monkeypatch.setenv("FILMGATE_SERVER_PORT", "6002")
    monkeypatch.setenv("FILMGATE_SERVER_WORKERS", "3")
    config = load_server_config({"port": "6003", "workers": None}, file)
    assert (config.port, config.workers, config.store_bytes) == (6003, 3, 64 << 20)


def test_the_environment_can_name_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """FILMGATE_SERVER_CONFIG stands for --config."""
    file = tmp_path / "server.toml"
    file.write_text("log_json = true\n", encoding="utf-8")
    monkeypatch.setenv("FILMGATE_SERVER_CONFIG", str(file))
    assert load_server_config({}).log_json is True


def test_folders_are_separated_as_in_path(tmp_path: Path) -> None:
    """Several model folders are one text; those that come with the server are always there."""
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    config = load_server_config({"models": os.pathsep.join(map(str, folders))})
    assert config.model_folders == (*folders, ZOO_FOLDER)


def test_a_server_on_any_port_keeps_its_journal_in_memory() -> None:
    """Two such servers must not share a file."""
    assert load_server_config({"port": "0"}).journal_path == IN_MEMORY


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "eth0", "gate.lan"])  # noqa: S104
def test_a_bind_beyond_this_machine_needs_keys(host: str) -> None:
    """Without encryption and authorisation no other machine may connect."""
    with pytest.raises(ConfigError, match="authorized and server_key") as caught:
        load_server_config({"host": host})
    assert host in caught.value.text
    assert "filmgate keys" in caught.value.remedy


@pytest.mark.parametrize("host", ["127.0.0.2", "lo"])
def test_programs_of_this_machine_find_a_server_without_keys_in_one_place(host: str) -> None:
    """Nobody could use such a server elsewhere, be it on this machine: it is refused."""
    with pytest.raises(ConfigError, match="look for it"):
        load_server_config({"host": host})
    assert load_server_config({"host": "localhost"}).address == "tcp://127.0.0.1:5700"


@pytest.mark.parametrize("host", ["*", "tcp://gate", "::1", ""])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    """What is neither an address nor an interface's name is named."""
    with pytest.raises(ConfigError, match="--host"):
        load_server_config({"host": host})


def test_keys_open_the_server_to_others(tmp_path: Path) -> None:
    """With a folder of keys and the server's own it may listen everywhere."""
    key = tmp_path / "server.key"
    key.touch()
    given = {"host": "0.0.0.0", "authorized": str(tmp_path), "server_key": str(key)}  # noqa: S104
    assert load_server_config(given).address == "tcp://0.0.0.0:5700"


@pytest.mark.parametrize("only", ["authorized", "server_key"])
def test_half_of_the_keys_is_a_mistake(tmp_path: Path, only: str) -> None:
    """A folder without a server key, or the reverse, is refused even on loopback."""
    key = tmp_path / "server.key"
    key.touch()
    places = {"authorized": tmp_path, "server_key": key}
    with pytest.raises(ConfigError, match="go together"):
        load_server_config({only: str(places[only])})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "65536"),
        ("port", "x"),
        ("workers", "0"),
        ("chunk_bytes", "2MiB"),
        ("store_bytes", "lots"),
        ("models", "/no/such/folder"),
        ("log_level", "loud"),
        ("drain_s", "-1"),
    ],
)
def test_a_bad_option_is_named(name: str, value: str) -> None:
    """The error names the option as the user typed it."""
    with pytest.raises(ConfigError) as caught:
        load_server_config({name: value})
    assert f"--{name.replace('_', '-')} {value}" in caught.value.text


def test_a_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the environment's variable."""
    monkeypatch.setenv("FILMGATE_SERVER_WORKERS", "many")
    with pytest.raises(ConfigError, match="FILMGATE_SERVER_WORKERS=many"):
        load_server_config({})


def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that looks like a setting but is none would otherwise do nothing, silently."""
    monkeypatch.setenv("FILMGATE_SERVER_WORKER", "2")
    with pytest.raises(ConfigError, match="FILMGATE_SERVER_WORKER,"):
        load_server_config({})


@pytest.mark.parametrize(
    ("text", "word"),
    [("port = ", "cannot be read"), ("prot = 1\n", "prot in"), ('port = "x"\n', "port in")],
)
def test_a_bad_file_is_named(tmp_path: Path, text: str, word: str) -> None:
    """A mistake in the file is an error with the file's name."""
    file = tmp_path / "server.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=word) as caught:
        load_server_config({}, file)
    assert str(file) in caught.value.text


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that was named must exist."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_server_config({}, tmp_path / "none.toml")


def test_settings_reach_a_child_unchanged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a child is told is everything: it does not look at the environment again."""
    config = load_server_config({"port": "0", "store_bytes": "1GiB", "models": str(tmp_path)})
    monkeypatch.setenv("FILMGATE_SERVER_PORT", "9")
    assert ServerConfig.from_settings(config.to_settings()).to_settings() == config.to_settings()


def test_every_setting_is_documented(repository: Path) -> None:
    """docs/configuration.md has a row for each, and for nothing else."""
    text = (repository / "docs" / "configuration.md").read_text(encoding="utf-8")
    table = text.partition("| Setting | Default | Means |")[2].partition("\n\n")[0]
    rows = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(ServerConfig.model_fields)
