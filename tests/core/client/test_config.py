"""Where a client's settings come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from filmgate.config import SETTING_NAMES, cache_folder, load_config, user_file
from filmgate.errors import ConfigError


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which no file of the real user can be found."""
    home = str(tmp_path / "home")
    return {"HOME": home, "USERPROFILE": home, "APPDATA": home, "XDG_CONFIG_HOME": home}


def write(path: Path, text: str) -> Path:
    """Write *text* to *path*, folders included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_configured_means_no_server(environ: dict[str, str]) -> None:
    """Without files and variables there is no server, and every origin is the default."""
    config = load_config(environ=environ)
    assert config.server.value == ""
    assert {setting.origin for setting in config.settings().values()} == {"default"}


def test_later_places_win_and_are_named(environ: dict[str, str], tmp_path: Path) -> None:
    """Site file < user file < environment < given, each value with its origin."""
    site = write(
        tmp_path / "site.ini",
        "[filmgate]\nserver = tcp://site:1\nshow = site\nuser = site\n",
    )
    write(user_file(environ), "[filmgate]\nshow = mine\nuser = mine\n")
    environ.update(FILMGATE_CONFIG=str(site), FILMGATE_USER="env")
    config = load_config(environ=environ)
    assert (config.server.value, config.show.value, config.user.value) == (
        "tcp://site:1",
        "mine",
        "env",
    )
    assert config.server.origin == f"site file {site.as_posix()}"
    assert config.show.origin == f"user file {user_file(environ).as_posix()}"
    assert config.user.origin == "environment FILMGATE_USER"
    given = load_config({"user": "me"}, environ)
    assert (given.user.value, given.user.origin) == ("me", "given")


def test_the_handoff_is_switched(environ: dict[str, str]) -> None:
    """It is on unless somebody switches it off; anything else is a mistake."""
    assert load_config(environ=environ).handoff.value == "on"
    environ["FILMGATE_HANDOFF"] = "off"
    assert load_config(environ=environ).handoff.value == "off"
    environ["FILMGATE_HANDOFF"] = "no"
    with pytest.raises(ConfigError, match="on or off"):
        load_config(environ=environ)


def test_an_empty_text_sets_nothing(environ: dict[str, str]) -> None:
    """Empty variables and empty given values leave the earlier place in force."""
    environ["FILMGATE_SERVER"] = "tcp://gate:5700"
    environ["FILMGATE_SHOW"] = ""
    config = load_config({"server": ""}, environ)
    assert config.server.origin == "environment FILMGATE_SERVER"
    assert config.show.origin == "default"


@pytest.mark.parametrize(
    "address",
    ["gate:5700", "tcp://gate", "tcp://gate:0", "tcp://gate:65536", "ipc:///x", "tcp://a b:1"],
)
def test_a_bad_address_names_its_variable(environ: dict[str, str], address: str) -> None:
    """A server that is no address is refused with the variable's name and an example."""
    environ["FILMGATE_SERVER"] = address
    with pytest.raises(ConfigError) as caught:
        load_config(environ=environ)
    assert "FILMGATE_SERVER" in caught.value.text
    assert "tcp://" in caught.value.remedy


@pytest.mark.parametrize("address", ["tcp://[::1]:5700", "tcp://gate.studio.lan:1"])
def test_good_addresses_pass(environ: dict[str, str], address: str) -> None:
    """Names, dotted names and IPv6 addresses are addresses."""
    assert load_config({"server": address}, environ).server.value == address


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("server = tcp://x:1\n", "cannot be read"),
        ("[gate]\nserver = tcp://x:1\n", "[gate]"),
        ("[filmgate]\nsever = tcp://x:1\n", "sever"),
        ("[filmgate]\nshow = a\nshow = b\n", "cannot be read"),
        ("[filmgate]\nshow = a/b\n", "a/b"),
    ],
)
def test_a_bad_file_is_refused_by_name(environ: dict[str, str], text: str, word: str) -> None:
    """A file with a mistake is an error that names the file, never a warning."""
    path = write(user_file(environ), text)
    with pytest.raises(ConfigError) as caught:
        load_config(environ=environ)
    assert word in caught.value.text
    assert path.as_posix() in caught.value.text


def test_bytes_that_are_no_text_are_refused(environ: dict[str, str]) -> None:
    """A file in another encoding is an error, not garbage."""
    path = write(user_file(environ), "")
    path.write_bytes(b"[filmgate]\nshow = \xff\xfe\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(environ=environ)


def test_a_missing_site_file_is_an_error(environ: dict[str, str], tmp_path: Path) -> None:
    """A site file that was named must exist: a farm must not fall back to defaults."""
    environ["FILMGATE_CONFIG"] = str(tmp_path / "gone.ini")
    with pytest.raises(ConfigError, match="FILMGATE_CONFIG"):
        load_config(environ=environ)


@pytest.mark.parametrize(
    ("name", "word"),
    [("FILMGATE_SERVR", "mean FILMGATE_SERVER?"), ("FILMGATE_Q", "FILMGATE_SHOW")],
)
def test_an_unknown_variable_is_refused(environ: dict[str, str], name: str, word: str) -> None:
    """A variable with a typing error is an error that names it and what it may have meant."""
    environ[name] = "tcp://gate:5700"
    with pytest.raises(ConfigError, match=name) as caught:
        load_config(environ=environ)
    assert word in caught.value.remedy


def test_the_servers_variables_are_left_to_it(environ: dict[str, str]) -> None:
    """Client and server may share an environment."""
    environ["FILMGATE_SERVER_WORKERS"] = "2"
    assert load_config(environ=environ).server.value == ""


def test_a_key_must_exist(environ: dict[str, str], tmp_path: Path) -> None:
    """The key is a file; a path that leads nowhere is refused at once."""
    with pytest.raises(ConfigError, match="key"):
        load_config({"key": str(tmp_path / "none.key")}, environ)


def test_an_unknown_given_name_is_refused(environ: dict[str, str]) -> None:
    """A setting that does not exist cannot be given."""
    with pytest.raises(ConfigError, match="sever"):
        load_config({"sever": "tcp://x:1"}, environ)


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("linux", "cfg/filmgate/filmgate.ini"),
        ("darwin", "home/Library/Application Support/filmgate/filmgate.ini"),
        ("win32", "roaming/filmgate/filmgate.ini"),
    ],
)
def test_the_user_file_is_where_the_platform_keeps_such(platform: str, place: str) -> None:
    """Each platform has its own folder for a user's settings."""
    environ = {"HOME": "home", "XDG_CONFIG_HOME": "cfg", "APPDATA": "roaming"}
    assert user_file(environ, platform).as_posix() == place


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("linux", "caches/filmgate"),
        ("darwin", "home/Library/Caches/filmgate"),
        ("win32", "local/filmgate/cache"),
    ],
)
def test_the_cache_is_where_the_platform_keeps_such(platform: str, place: str) -> None:
    """Each platform has its own folder for what can be made again."""
    environ = {"HOME": "home", "XDG_CACHE_HOME": "caches", "LOCALAPPDATA": "local"}
    assert cache_folder(environ, platform).as_posix() == place


def test_hosts_need_no_setting(environ: dict[str, str]) -> None:
    """The defaults of what only plugins use can be used as they are."""
    config = load_config(environ=environ)
    assert config.cache.value == cache_folder(environ).as_posix()
    assert float(config.cache_gb.value) > 0
    assert "{output}.%04d" in config.bake.value
    assert (config.paths.value, config.local_python.value) == ("", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cache", "Z:/cache"),
        ("cache", "~/cache"),
        ("cache", "//filer/cache"),
        ("cache_gb", "0.5"),
        ("bake", "/jobs/{show}/{script}_{node}_v{take:02d}.{output}.%05d.exr"),
        ("paths", "Z:/=/mnt/z"),
        ("paths", "Z:/ = /mnt/z = /Volumes/z; \\\\filer\\jobs = /jobs;"),
        ("local_python", "C:\\filmgate\\python.exe"),
    ],
)
def test_settings_of_hosts_are_taken(environ: dict[str, str], name: str, value: str) -> None:
    """A site's file is read on every platform, so a path may be another platform's."""
    assert load_config({name: value}, environ).settings()[name].value == value


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("cache", "cache", "absolute"),
        ("cache_gb", "0", "above 0"),
        ("cache_gb", "50GB", "above 0"),
        ("cache_gb", "inf", "above 0"),
        ("bake", "/jobs/{output}.exr", "%04d"),
        ("bake", "/jobs/a.%04d.exr", "{output}"),
        ("bake", "/jobs/{shot}/{output}.%04d.exr", "{output}"),
        ("bake", "/jobs/{take:q}/{output}.%04d.exr", "{output}"),
        ("bake", "/jobs/{output.upper}.%04d.exr", "{output}"),
        ("bake", "/jobs/{output.%04d.exr", "{output}"),
        ("paths", "Z:/", "same folder"),
        ("paths", "Z:/=mnt", "same folder"),
        ("local_python", "python3", "absolute"),
    ],
)
def test_unusable_settings_of_hosts_are_refused(
    environ: dict[str, str], name: str, value: str, word: str
) -> None:
    """The error names setting and place, and says what would be right."""
    environ[f"FILMGATE_{name.upper()}"] = value
    with pytest.raises(ConfigError, match=f"FILMGATE_{name.upper()}") as caught:
        load_config(environ=environ)
    assert word in caught.value.remedy


def test_no_variable_is_taken_for_one_of_the_servers() -> None:
    """The server refuses variables that begin as its own do and are none."""
    assert not [name for name in SETTING_NAMES if name.startswith("server_")]


def test_every_setting_is_documented(environ: dict[str, str], repository: Path) -> None:
    """docs/configuration.md has a row for each, with its variable and its default."""
    page = (repository / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = page[: page.index("## The server")].splitlines()
    named = [row.split("`")[1] for row in rows if row.startswith("| `")]
    assert tuple(named) == SETTING_NAMES
    for name in SETTING_NAMES:
        assert f"| `{name}` | `FILMGATE_{name.upper()}` |" in page
    config = load_config(environ=environ)
    assert f"`{config.bake.value}`" in page
    assert f"| `{config.cache_gb.value}` |" in page


def test_a_bake_template_of_any_width_is_refused_and_not_tried() -> None:
    """A slip of the finger must not take all memory."""
    with pytest.raises(ConfigError, match="bake"):
        load_config({"bake": "/x/{take:99999999999}/{output}.%04d.exr"}, {})
