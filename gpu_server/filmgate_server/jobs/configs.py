"""The OCIO configs that a server has, and what counts for a show where nobody says more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filmgate.digest import digest_bytes, digest_text, parse_digest
from filmgate.errors import ColourError, ConfigError
from filmgate.wire.records import (
    BUILTIN_PREFIX,
    OCIOZ_MEDIA,
    OCIOZ_NAME,
    PINNED_CONFIG,
    BlobRef,
    ColourSpec,
)
from filmgate_server.pool.messages import ColourOrder

OCIOZ_BYTES_MAX = 64 << 20

_DIGEST_PREFIX = "blake3:"
_PINNED = re.compile(re.escape(BUILTIN_PREFIX) + r"[a-z]+-config-v[\d.]+_aces-v[\d.]+_ocio-v[\d.]+")


@dataclass(frozen=True)
class RegisteredConfig:
    """An archive on the server's disk, as it was when the server started."""

    path: Path
    digest: bytes


@dataclass(frozen=True)
class Configs:
    """What jobs may name, and what they mean when they name nothing.

    Attributes:
        registered: the archives, by the names that the site gave them.
        default: the config of shows that have none of their own.
        of_show: the name of a show's config.
        default_space: the colour space of files that say nothing; empty if that is unknown.
        space_of_show: the same for a show.
    """

    registered: Mapping[str, RegisteredConfig] = field(default_factory=dict[str, RegisteredConfig])
    default: str = PINNED_CONFIG
    of_show: Mapping[str, str] = field(default_factory=dict[str, str])
    default_space: str = ""
    space_of_show: Mapping[str, str] = field(default_factory=dict[str, str])

    def order(self, show: str, spec: ColourSpec, inputs: Sequence[BlobRef]) -> ColourOrder:
        """Resolve what a job says of its colours.

        Whether the config has the spaces that are named shows when a worker reads it: the gateway
        never parses one.

        Args:
            show: the job's.
            spec: what it says.
            inputs: an archive that comes along is among them.

        Raises:
            ColourError: the config is unknown, or one comes along that is not the one named.
        """
        for ref in inputs:
            _check_archive(ref, spec)
        named = spec.config or self.of_show.get(show, self.default)
        reference, path = self._find(named, inputs)
        return ColourOrder(
            space=spec.space,
            working=spec.working,
            default=self.space_of_show.get(show, self.default_space),
            config=reference,
            path=path,
            named=spec.config,
        )

    def _find(self, named: str, inputs: Sequence[BlobRef]) -> tuple[str, str]:
        """Return a config's reference, and where the server has it; empty if it is built in."""
        if named in self.registered:
            known = self.registered[named]
            return digest_text(known.digest), str(known.path)
        if named.startswith(_DIGEST_PREFIX):
            return named, self._path_of(parse_digest(named), inputs)
        if _PINNED.fullmatch(named):
            return named, ""
        raise self._unknown(named)

    def _path_of(self, digest: bytes, inputs: Sequence[BlobRef]) -> str:
        if any(ref.digest == digest for ref in inputs if ref.media == OCIOZ_MEDIA):
            return ""
        for known in self.registered.values():
            if known.digest == digest:
                return str(known.path)
        raise ColourError(
            "The OCIO config that the job names by its digest is not here.",
            f"Send the archive along as the input {OCIOZ_NAME!r}.",
        )

    def _unknown(self, named: str) -> ColourError:
        known = [*self.registered, PINNED_CONFIG]
        return ColourError(
            f"This server has no OCIO config {named!r}.",
            f"Use {', '.join(known)}, another built-in one with its version, or an .ocioz file.",
        )


def load_configs(
    paths: Mapping[str, Path],
    default: str,
    of_show: Mapping[str, str],
    default_space: str,
    space_of_show: Mapping[str, str],
) -> Configs:
    """Read and digest the archives; see `Configs` for the arguments.

    Raises:
        ConfigError: an archive cannot be read, or a setting names a config that there is not.
    """
    registered = {name: _registered(name, path) for name, path in paths.items()}
    configs = Configs(
        registered, default or PINNED_CONFIG, of_show, default_space, dict(space_of_show)
    )
    for named in (configs.default, *of_show.values()):
        try:
            configs.order("", ColourSpec(config=named), ())
        except ColourError as error:
            raise ConfigError(error.text, error.remedy) from None
    return configs


def _registered(name: str, path: Path) -> RegisteredConfig:
    remedy = "Correct the setting ocio_configs."
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"The OCIO config {name} cannot be read: {error}.", remedy) from error
    if len(content) > OCIOZ_BYTES_MAX:
        size_mib = OCIOZ_BYTES_MAX >> 20
        raise ConfigError(f"The OCIO config {name} is larger than {size_mib} MiB.", remedy)
    return RegisteredConfig(path, digest_bytes(content))


def _check_archive(ref: BlobRef, spec: ColourSpec) -> None:
    if ref.media != OCIOZ_MEDIA:
        return
    if ref.name != OCIOZ_NAME or digest_text(ref.digest) != spec.config:
        raise ColourError(
            "An OCIO archive came along that the job does not name as its config.",
            f"Call the input {OCIOZ_NAME!r} and put the archive's digest into colour.config.",
        )
    if not 0 < ref.size <= OCIOZ_BYTES_MAX:
        raise ColourError(f"The OCIO archive is empty or beyond {OCIOZ_BYTES_MAX >> 20} MiB.")
