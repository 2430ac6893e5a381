"""The server's settings: command line > environment > file > default, checked before it starts.

The environment's names are ``FILMGATE_SERVER_`` and the field in capitals; the file is TOML with
the same fields at its top level, named by ``--config`` or ``FILMGATE_SERVER_CONFIG``.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ByteSize,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from filmgate.digest import digest_bytes
from filmgate.endpoint import LOOPBACK
from filmgate.errors import ConfigError
from filmgate_server.zoo import ZOO_FOLDER

ENVIRONMENT_PREFIX = "FILMGATE_SERVER_"
FILE_VARIABLE = "FILMGATE_SERVER_CONFIG"
IN_MEMORY = Path(":memory:")
"""As sqlite3 calls a database that ends with its process."""

ANY_PORT = 0
NO_PORT = -1
_PLACE_CHARACTERS = 16
CHUNK_BYTES_MIN = 64 << 10
CHUNK_BYTES_MAX = 1 << 20
_KEYS_REMEDY = (
    "docs/hardening.md shows how keys are made: `filmgate keys server`, `filmgate keys new`."
)
_REMEDY = "`filmgate serve --help` lists the settings; docs/configuration.md explains them."


def _check_host(host: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", host):
        raise ValueError("it must be an IPv4 address of this machine or a network interface's name")
    return LOOPBACK if host == "localhost" else host


def is_ipv4(host: str) -> bool:
    """Say whether it is an address and not an interface's name."""
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _split_folders(value: Any) -> Any:
    """Take a list of folders as the environment writes it, separated like PATH."""
    return [Path(part) for part in value.split(os.pathsep)] if isinstance(value, str) else value


def _check_folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError(f"there is no folder {path}")
    return path.resolve()


def _check_file_path(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path.resolve()


def _split_names(value: Any) -> Any:
    """Take a list of names as the environment writes it, separated by commas."""
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def _split_pairs(value: Any) -> Any:
    """Take a table as the environment writes it: ``name=value`` separated by commas."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if not all(name.strip() and text.strip() for name, _, text in pairs):
        raise ValueError("it must be like name=value,other=value")
    return {name.strip(): text.strip() for name, _, text in pairs}


_Port = Annotated[int, Field(ge=ANY_PORT, le=65535)]
_Folder = Annotated[Path, AfterValidator(_check_folder)]
_File = Annotated[Path, AfterValidator(_check_file_path)]
_Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_names)]
_Folders = Annotated[tuple[_Folder, ...], NoDecode, BeforeValidator(_split_folders)]
_Pairs = Annotated[dict[str, str], NoDecode, BeforeValidator(_split_pairs)]
_NamedFiles = Annotated[dict[str, _File], NoDecode, BeforeValidator(_split_pairs)]
_Seconds = Annotated[float, Field(gt=0, le=7 * 24 * 3600)]


class ServerConfig(BaseSettings):
    """Every setting of a server; load it with `load_server_config`."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, extra="forbid", frozen=True
    )

    host: Annotated[str, AfterValidator(_check_host)] = Field(
        LOOPBACK, description="Address or interface to listen on; see `authorized`."
    )
    port: _Port = Field(5700, description="Port for clients; 0 takes any that is free.")
    http_port: int = Field(
        5701,
        ge=NO_PORT,
        le=65535,
        description="Port on 127.0.0.1 for /livez, /readyz and /metrics; 0 takes any, -1 none.",
    )
    workers: int | None = Field(
        None, ge=1, le=64, description="Worker processes; unset: one per GPU, or one on the CPU."
    )
    threads: int | None = Field(
        None, ge=1, le=1024, description="Threads of each worker; unset: every core."
    )
    store_bytes: ByteSize = Field(
        ByteSize(2 << 30),
        ge=16 << 20,
        description="Shared memory for inputs and results together, for example 8GiB.",
    )
    upload_window_bytes: ByteSize = Field(
        ByteSize(8 << 20),
        ge=1 << 20,
        le=1 << 30,
        description="How much one client may send before the server has read it.",
    )
    chunk_bytes: ByteSize = Field(
        ByteSize(CHUNK_BYTES_MAX),
        ge=CHUNK_BYTES_MIN,
        le=CHUNK_BYTES_MAX,
        description="Size of the pieces that pixels travel in, 64KiB to 1MiB.",
    )
    handoff: bool = Field(
        True, description="Hand pixels over by shared memory to clients on the same machine."
    )
    max_frame_bytes: ByteSize = Field(
        ByteSize(4 << 30), ge=1 << 20, description="Largest frame, decoded, that a worker takes."
    )
    max_jobs: int = Field(10_000, ge=1, description="Open jobs of all clients together.")
    journal: Path | None = Field(
        None, description="File that records accepted jobs; unset: one per port, for this user."
    )
    models: _Folders = Field(
        (), description="Folders of model packages beside those that come with the server."
    )
    registry: str = Field(
        "", description="Shared registry of models: a folder, or s3://bucket/prefix."
    )
    registry_endpoint: str = Field(
        "", description="Address of the registry's S3 store, where that is not AWS."
    )
    registry_poll_s: _Seconds = Field(
        10.0, description="How often the registry and the model folders are looked at."
    )
    registry_cache: Path | None = Field(
        None, description="Folder for what comes from the registry; unset: one for this user."
    )
    trusted_publishers: _Folder | None = Field(
        None, description="Folder with the public keys of those whose models' code may be run."
    )
    registry_trusted: bool = Field(
        False, description="Run code from the registry without a signature."
    )
    ocio_configs: _NamedFiles = Field(
        {}, description="Colour configs that jobs may name: NAME=FILE.ocioz, separated by commas."
    )
    default_config: str = Field(
        "", description="Colour config of shows without one; unset: a pinned built-in one."
    )
    show_configs: _Pairs = Field(
        {}, description="Colour configs of shows: SHOW=NAME, separated by commas."
    )
    default_space: str = Field(
        "", description="Colour space of files that say nothing, in shows without one."
    )
    show_spaces: _Pairs = Field(
        {}, description="Colour spaces of shows' files that say nothing: SHOW=SPACE, with commas."
    )
    authorized: _Folder | None = Field(
        None, description="Folder with a file for each artist who may connect from elsewhere."
    )
    server_key: _File | None = Field(
        None, description="File with the server's own secret key; see `filmgate keys server`."
    )
    audit_log: Path | None = Field(
        None, description="File that records who did what, as one JSON object per line."
    )
    sessions_max: int = Field(4096, ge=1, description="Clients at a time.")
    sessions_per_artist_max: int = Field(64, ge=1, description="Clients of one artist at a time.")
    handshakes_per_s: float = Field(
        50.0, gt=0, description="New connections a second before more are turned away."
    )
    artist_jobs_max: int = Field(2000, ge=1, description="Open jobs of one artist.")
    artist_bytes_max: ByteSize = Field(
        ByteSize(0), description="Store memory that one artist's open jobs may take; 0: half of it."
    )
    batch_floor: float = Field(
        0.1, ge=0, le=0.9, description="Share of device time that batch work gets in any case."
    )
    warm: _Names = Field((), description="Models to load before the server is ready.")
    device_memory: ByteSize | None = Field(
        None, ge=16 << 20, description="Memory of each device for models; unset: what it has."
    )
    recycle_jobs: int = Field(
        0, ge=0, description="Frames after which a worker is replaced by a fresh one; 0: never."
    )
    recycle_growth_bytes: ByteSize = Field(
        ByteSize(2 << 30), description="Growth of a worker's memory after which it is replaced."
    )
    fake_device_memory: ByteSize | None = Field(
        None, description="For tests: pretend devices of so much memory instead of real ones."
    )
    result_ttl_s: _Seconds = Field(3600.0, description="How long an unused result is kept.")
    job_lease_s: _Seconds = Field(
        10.0, description="How long an interactive job waits for a lost client."
    )
    batch_lease_s: _Seconds = Field(3600.0, description="How long a batch job waits for one.")
    restart_lease_s: _Seconds = Field(
        60.0, description="How long any job waits for its client after the server was restarted."
    )
    upload_stall_s: _Seconds = Field(30.0, description="How long an upload may stand still.")
    stall_s: _Seconds = Field(
        300.0, description="How long a model that was not measured may make no step."
    )
    drain_s: _Seconds = Field(
        60.0, description="How long accepted work may take to finish when the server is stopped."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error."
    )
    log_json: bool = Field(False, description="Write the log as one JSON object per line.")

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        """Refuse to be reached from elsewhere without encryption and authorisation."""
        if (self.authorized is None) != (self.server_key is None):
            raise ValueError("authorized and server_key go together: set both, or neither")
        if self.authorized is None and self.host != LOOPBACK:
            raise ValueError(
                f"without keys a server listens on {LOOPBACK} only, where this machine's programs "
                f"look for it, and not on {self.host}, without encryption and authorisation: set "
                f"authorized and server_key, or listen on {LOOPBACK}"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is given
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Look at what is given and nowhere else; `load_server_config` adds the other places."""
        return (init_settings,)

    @property
    def address(self) -> str:
        """Where the gateway binds, for example ``tcp://127.0.0.1:5700``."""
        return f"tcp://{self.host}:{self.port}"

    @property
    def journal_path(self) -> Path:
        """Where the journal is: a server on any free port keeps it in memory unless told."""
        if self.journal is not None:
            return self.journal
        return IN_MEMORY if self.port == ANY_PORT else _state_folder() / f"jobs-{self.port}.sqlite3"

    @property
    def model_folders(self) -> tuple[Path, ...]:
        """Every folder of model packages: the site's own, what was installed, the zoo."""
        installed = installed_folder()
        return (*self.models, *([installed] if installed.is_dir() else []), ZOO_FOLDER)

    @property
    def registry_folder(self) -> Path:
        """Where this registry's releases are kept on this machine; another one has another."""
        place = digest_bytes(f"{self.registry}\n{self.registry_endpoint}".encode()).hex()
        cache = self.registry_cache or _state_folder() / "registry"
        return cache / place[:_PLACE_CHARACTERS]

    def to_settings(self) -> dict[str, Any]:
        """Return every value as JSON can hold it: what child processes are started with."""
        return self.model_dump(mode="json")

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Read what `to_settings` wrote.

        Raises:
            pydantic.ValidationError: a value does not fit.
        """
        return cls(**settings)


def load_server_config(given: Mapping[str, Any], file: Path | None = None) -> ServerConfig:
    """Settle every setting.

    Args:
        given: what stands on the command line; None counts as not given.
        file: a TOML file; None means the one that ``FILMGATE_SERVER_CONFIG`` names, if it does.

    Raises:
        ConfigError: names the option, variable or file that holds the mistake.
    """
    told = {name: value for name, value in given.items() if value is not None}
    named = os.environ.get(FILE_VARIABLE, "")
    path = file or (Path(named) if named else None)
    _refuse_unknown_variables(os.environ)
    _check_file(path)
    try:
        return _layered(path)(**told)
    except ValidationError as error:
        raise _first_mistake(error, told, path) from None


def _layered(file: Path | None) -> type[ServerConfig]:
    """Return the settings as a class that looks at the environment and at *file* by itself."""

    class Layered(ServerConfig):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - there is no such file
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nor these
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

    return Layered


def _check_file(path: Path | None) -> None:
    if path is None:
        return
    try:
        with path.open("rb") as file:
            tomllib.load(file)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"The settings file {path} cannot be read: {error}.", _REMEDY) from error


def _refuse_unknown_variables(environ: Mapping[str, str]) -> None:
    known = {_variable(name) for name in ServerConfig.model_fields} | {FILE_VARIABLE}
    for name in sorted(environ):
        if name.upper().startswith(ENVIRONMENT_PREFIX) and name.upper() not in known:
            raise ConfigError(f"The environment sets {name}, which is no setting.", _REMEDY)


def _first_mistake(
    error: ValidationError, given: Mapping[str, Any], file: Path | None
) -> ConfigError:
    mistake = error.errors(include_url=False)[0]
    reason = mistake["msg"].removeprefix("Value error, ")
    if not mistake["loc"]:  # it is about several settings
        return ConfigError(f"The settings do not fit together: {reason}.", _KEYS_REMEDY)
    name = str(mistake["loc"][0])
    return ConfigError(f"{_origin(name, given, file)} cannot be used: {reason}.", _REMEDY)


def _origin(name: str, given: Mapping[str, Any], file: Path | None) -> str:
    if name in given:
        return f"--{name.replace('_', '-')} {given[name]}"
    if _variable(name) in os.environ:
        return f"{_variable(name)}={os.environ[_variable(name)]}"
    return f"{name} in {file}"


def _variable(name: str) -> str:
    return ENVIRONMENT_PREFIX + name.upper()


def installed_folder() -> Path:
    """Return where `filmgate models install` puts models, for every server of this user."""
    return _state_folder() / "models"


def _state_folder() -> Path:
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "filmgate"
