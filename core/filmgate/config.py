"""What a client knows of its site: which server, and who asks.

Each setting is looked for in five places; the later ones win::

    default < site file < user file < environment < given by the caller

Files are read by `configparser`: one section ``[filmgate]`` with the names of `SETTING_NAMES`. The
site file is the one that ``FILMGATE_CONFIG`` names; `user_file` says where the user's is.
"""

from __future__ import annotations

import configparser
import difflib
import getpass
import os
import re
import string
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from filmgate.errors import ConfigError

SETTING_NAMES = (
    "server",
    "show",
    "user",
    "key",
    "gateway_key",
    "handoff",
    "cache",
    "cache_gb",
    "bake",
    "paths",
    "local_python",
)
SITE_FILE_VARIABLE = "FILMGATE_CONFIG"
VARIABLE_PREFIX = "FILMGATE_"
SERVER_PREFIX = "FILMGATE_SERVER_"
"""Variables of the server's own settings; it checks their names itself."""
FILE_SECTION = "filmgate"
ON, OFF = "on", "off"
ORIGIN_DEFAULT = "default"
ORIGIN_GIVEN = "given"

CACHE_GB = "50"
BAKE_FIELDS = ("script_dir", "script", "node", "output", "show", "version", "take")
BAKE = "{script_dir}/filmgate/{script}/{node}/v{take:03d}/{output}.%04d.exr"
"""Where bakes go, unless the site says otherwise."""

GROUP_SEPARATOR, PREFIX_SEPARATOR = ";", "="
"""Of the setting ``paths``."""

_NAME_CHARS_MAX = 64
_PORT_MAX = 65535
_ADDRESS = re.compile(r"tcp://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})\Z")
_NAME = re.compile(r"[\w][\w.@ +-]*\Z")
_AMOUNT = re.compile(r"\d{1,9}(?:\.\d+)?\Z")
_ABSOLUTE = re.compile(r"(?:/|~|[A-Za-z]:[/\\]|\\\\)")
_FRAME_NUMBER = re.compile(r"%0\dd")
_TOO_WIDE = re.compile(r"{[^{}]*:[^{}]*\d{3}[^{}]*}")
"""A place in a template that asks for a text longer than a name, or than there is memory."""


@dataclass(frozen=True)
class Setting:
    """A value and where it came from.

    Attributes:
        value: the text; empty when nothing is set.
        origin: ``default``, ``given``, or the file or environment variable, for people to read.
    """

    value: str
    origin: str


@dataclass(frozen=True)
class Config:
    """Every setting of a client.

    Attributes:
        server: the address, ``tcp://HOST:PORT``; empty means that none is configured.
        show: whose work this is; empty where the site has one show only.
        user: who asks; the login name unless set.
        key: the file with the user's key for servers beyond this machine; empty means none.
        gateway_key: the file with the public key of the configured server; empty means none.
        handoff: ``on`` or ``off``: whether pixels go to a server on this machine by shared memory.
        cache: the folder in which hosts keep results, takes and the list of models.
        cache_gb: how much that may take, in gigabytes (10^9 bytes).
        bake: the template of the path of a baked frame; fields are `BAKE_FIELDS`.
        paths: prefixes that mean the same folder on different platforms, ``Z:/=/mnt/z``; groups are
            separated by semicolons.
        local_python: the interpreter that a server is installed in, which a host may start on this
            machine; empty means the one of the command ``filmgate``.
    """

    server: Setting
    show: Setting
    user: Setting
    key: Setting
    gateway_key: Setting
    handoff: Setting
    cache: Setting
    cache_gb: Setting
    bake: Setting
    paths: Setting
    local_python: Setting

    def settings(self) -> dict[str, Setting]:
        """Return every setting by name, in the order of `SETTING_NAMES`."""
        return {name: getattr(self, name) for name in SETTING_NAMES}


def load_config(
    given: Optional[Mapping[str, str]] = None, environ: Optional[Mapping[str, str]] = None
) -> Config:
    """Read the files and the environment and settle every setting.

    Args:
        given: what the caller was told by its own user; an empty text counts as not given.
        environ: the environment; None means this process's.

    Raises:
        ConfigError: names the file or variable that holds a bad value, and what would be right.
    """
    environ = os.environ if environ is None else environ
    settled = {name: Setting(value, ORIGIN_DEFAULT) for name, value in _defaults(environ).items()}
    for layer in _layers(given or {}, environ):
        for name, setting in layer.items():
            settled[name] = Setting(_checked(name, setting), setting.origin)
    return Config(**settled)


def user_file(environ: Optional[Mapping[str, str]] = None, platform: str = sys.platform) -> Path:
    """Return where the user's own settings are, whether or not the file exists."""
    environ = os.environ if environ is None else environ
    home = _home(environ, platform)
    if platform == "win32":
        folder = Path(environ.get("APPDATA") or home / "AppData" / "Roaming")
    elif platform == "darwin":
        folder = home / "Library" / "Application Support"
    else:
        folder = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    return folder / "filmgate" / "filmgate.ini"


def cache_folder(environ: Optional[Mapping[str, str]] = None, platform: str = sys.platform) -> Path:
    """Return where hosts keep what they could compute again, unless ``cache`` says otherwise."""
    environ = os.environ if environ is None else environ
    home = _home(environ, platform)
    if platform == "win32":
        return (
            Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "filmgate" / "cache"
        )
    if platform == "darwin":
        return home / "Library" / "Caches" / "filmgate"
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "filmgate"


def _home(environ: Mapping[str, str], platform: str) -> Path:
    return Path(environ.get("USERPROFILE" if platform == "win32" else "HOME") or Path.home())


def _defaults(environ: Mapping[str, str]) -> dict[str, str]:
    known = {
        "user": _login_name(),
        "handoff": ON,
        "cache": cache_folder(environ).as_posix(),
        "cache_gb": CACHE_GB,
        "bake": BAKE,
    }
    return {name: known.get(name, "") for name in SETTING_NAMES}


def _layers(given: Mapping[str, str], environ: Mapping[str, str]) -> list[dict[str, Setting]]:
    return [
        _site_layer(environ),
        _user_layer(environ),
        _environment_layer(environ),
        _given_layer(given),
    ]


def _site_layer(environ: Mapping[str, str]) -> dict[str, Setting]:
    named = environ.get(SITE_FILE_VARIABLE, "")
    if not named:
        return {}
    if not Path(named).is_file():
        raise ConfigError(
            f"{SITE_FILE_VARIABLE} names {named}, which is not a file.",
            f"Correct {SITE_FILE_VARIABLE}, or unset it.",
        )
    return _load_file(Path(named), "site file")


def _user_layer(environ: Mapping[str, str]) -> dict[str, Setting]:
    path = user_file(environ)
    return _load_file(path, "user file") if path.is_file() else {}


def _environment_layer(environ: Mapping[str, str]) -> dict[str, Setting]:
    variables = {name: VARIABLE_PREFIX + name.upper() for name in SETTING_NAMES}
    _refuse_unknown_variables(environ, (*variables.values(), SITE_FILE_VARIABLE))
    return {
        name: Setting(environ[variable], f"environment {variable}")
        for name, variable in variables.items()
        if environ.get(variable)
    }


def _refuse_unknown_variables(environ: Mapping[str, str], known: tuple[str, ...]) -> None:
    """A variable that is written wrong must not leave a default in force unnoticed."""
    for name in sorted(environ):
        if not name.startswith(VARIABLE_PREFIX) or name.startswith(SERVER_PREFIX) or name in known:
            continue
        close = difflib.get_close_matches(name, known, 1)
        meant = f"Did you mean {close[0]}? " if close else ""
        raise ConfigError(
            f"The environment sets {name}, which is no setting.",
            f"{meant}The variables are {', '.join(known)}; correct or unset it.",
        )


def _given_layer(given: Mapping[str, str]) -> dict[str, Setting]:
    _refuse_unknown(set(given), "The caller")
    return {name: Setting(value, ORIGIN_GIVEN) for name, value in given.items() if value}


def _load_file(path: Path, kind: str) -> dict[str, Setting]:
    where = f"{kind} {path.as_posix()}"
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        reason = str(error).replace("\n", " ")
        raise ConfigError(f"The {where} cannot be read: {reason}.", _FILE_REMEDY) from error
    strange = [section for section in parser.sections() if section != FILE_SECTION]
    if strange:
        raise ConfigError(f"The {where} has an unknown section [{strange[0]}].", _FILE_REMEDY)
    values = dict(parser[FILE_SECTION]) if parser.has_section(FILE_SECTION) else {}
    _refuse_unknown(set(values), f"The {where}")
    return {name: Setting(value, where) for name, value in values.items() if value}


def _refuse_unknown(names: set[str], where: str) -> None:
    strange = sorted(names - set(SETTING_NAMES))
    if strange:
        raise ConfigError(
            f"{where} sets {strange[0]!r}, which is no setting.",
            f"The settings are {', '.join(SETTING_NAMES)}.",
        )


def _checked(name: str, setting: Setting) -> str:
    check, expectation = _CHECKS[name]
    if not check(setting.value):
        raise ConfigError(
            f"{name} = {setting.value!r} ({setting.origin}) cannot be used.",
            f"It must be {expectation}.",
        )
    return setting.value


def _is_address(text: str) -> bool:
    match = _ADDRESS.match(text)
    return match is not None and 0 < int(match.group(1)) <= _PORT_MAX


def _is_name(text: str) -> bool:
    return len(text) <= _NAME_CHARS_MAX and _NAME.match(text) is not None


def _is_switch(text: str) -> bool:
    return text in (ON, OFF)


def _is_file(text: str) -> bool:
    return Path(text).is_file()


def _is_amount(text: str) -> bool:
    return _AMOUNT.match(text) is not None and float(text) > 0


def _is_absolute(text: str) -> bool:
    """Say whether a path is absolute on any platform: a site's file is read on all of them."""
    return _ABSOLUTE.match(text) is not None


def _is_bake(text: str) -> bool:
    if _TOO_WIDE.search(text):
        return False
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
        text.format(**{**dict.fromkeys(BAKE_FIELDS, "x"), "take": 1})
    except (ValueError, LookupError, AttributeError):
        return False
    known = set(names) <= set(BAKE_FIELDS) and "output" in names
    return known and _FRAME_NUMBER.search(text) is not None


def _is_map(text: str) -> bool:
    groups = [
        group.split(PREFIX_SEPARATOR) for group in text.split(GROUP_SEPARATOR) if group.strip()
    ]
    return all(
        len(group) > 1 and all(_is_absolute(prefix.strip()) for prefix in group) for group in groups
    )


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # an account without a name, as in containers
        return ""


_NAME_EXPECTATION = f"at most {_NAME_CHARS_MAX} letters, digits, spaces and . _ @ + -"
_CHECKS: dict[str, tuple[Callable[[str], bool], str]] = {
    "server": (_is_address, "an address such as tcp://gate:5700"),
    "show": (_is_name, _NAME_EXPECTATION),
    "user": (_is_name, _NAME_EXPECTATION),
    "key": (_is_file, "the path of an existing file"),
    "gateway_key": (_is_file, "the path of an existing file"),
    "handoff": (_is_switch, f"{ON} or {OFF}"),
    "cache": (_is_absolute, "the absolute path of a folder"),
    "cache_gb": (_is_amount, "a number of gigabytes above 0"),
    "bake": (_is_bake, f"a path with {{output}} and %04d in it, such as {BAKE}"),
    "paths": (_is_map, "groups of prefixes that mean the same folder: Z:/=/mnt/z; P:/=/mnt/p"),
    "local_python": (_is_absolute, "the absolute path of a Python interpreter"),
}
_FILE_REMEDY = f"It holds one section [{FILE_SECTION}] with lines such as server = tcp://gate:5700."
