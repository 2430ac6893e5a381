"""What can be asked for by reference at one moment, and what is said of everything else."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from filmgate.digest import digest_text
from filmgate.errors import BusyError, FilmgateError, RetiredModelError, UnknownModelError
from filmgate_server.registry.records import is_alias, latest_first

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from filmgate_server.registry.local import Package, Problem


class Models(Protocol):
    """Where a job's model is looked up."""

    def resolve(self, ref: str) -> Package:
        """Find a package; see `Offer.resolve`."""
        ...


@dataclass(frozen=True)
class Published:
    """What a shared registry says beyond the packages that are here.

    Attributes:
        aliases: the version that each alias should point to, by model and alias.
        retired: why a version is not to be used any more, by model and version.
        absent: versions that are in use and not here: their digests (in hexadecimal), by model and
            version.
    """

    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, dict[str, str]])
    retired: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, dict[str, str]])
    absent: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, dict[str, str]])


class Offer:
    """Packages by name and version, and what else points to them; it never changes.

    Args:
        packages: of each name and version one.
        problems: packages that cannot be used.
        pointers: what a bare name or ``name@alias`` means; a bare name that is missing here means
            its latest version.
        published: what a shared registry says.

    Attributes:
        problems: packages that cannot be used.
    """

    def __init__(
        self,
        packages: Iterable[Package],
        problems: Sequence[Problem] = (),
        pointers: Mapping[str, Package] | None = None,
        published: Published | None = None,
    ) -> None:
        self.problems = list(problems)
        self._pointers = dict(pointers or {})
        self._published = published or Published()
        self._by_name: dict[str, list[Package]] = {}
        for package in sorted(packages, key=_age):
            self._by_name.setdefault(package.manifest.name, []).append(package)

    def packages(self) -> list[Package]:
        """Return every package, by name, the latest version of each first."""
        return [package for name in sorted(self._by_name) for package in self._by_name[name]]

    def resolve(self, ref: str) -> Package:
        """Find a package.

        Args:
            ref: ``name`` (as a rule its highest version), ``name@1.0.0``, ``name@blake3:<hex>`` or
                ``name@alias``.

        Raises:
            UnknownModelError: there is none that can be used; the text says what is wrong with
                the package of that name, or names close ones.
            RetiredModelError: it was published, and has been taken out of use.
            BusyError: it is published and not here yet.
        """
        if ref in self._pointers:
            return self._pointers[ref]
        name, at, wanted = ref.partition("@")
        versions = self._by_name.get(name, [])
        for package in versions:
            if not at or wanted in (package.manifest.version, digest_text(package.digest)):
                return package
        raise self._missing(ref, name, self._version_meant(name, wanted), versions)

    def aliases(self, package: Package) -> tuple[str, ...]:
        """Return the aliases that mean *package*, sorted."""
        prefix = f"{package.manifest.name}@"
        pointing = (ref for ref, each in self._pointers.items() if each.digest == package.digest)
        return tuple(sorted(ref.removeprefix(prefix) for ref in pointing if ref.startswith(prefix)))

    def absent(self, ref: str) -> str:
        """Return the ``name@version`` that *ref* means if that could be fetched; else nothing."""
        name, at, wanted = ref.partition("@")
        version = self._version_meant(name, wanted)
        return f"{name}@{version}" if at and version in self._published.absent.get(name, {}) else ""

    def _version_meant(self, name: str, wanted: str) -> str:
        """Return the version behind an alias or a digest; anything else is returned as it is."""
        if is_alias(wanted):
            wanted = self._published.aliases.get(name, {}).get(wanted, wanted)
        absent = self._published.absent.get(name, {})
        named = (
            version
            for version, digest in absent.items()
            if digest_text(bytes.fromhex(digest)) == wanted
        )
        return next(named, wanted)

    def _missing(self, ref: str, name: str, version: str, versions: list[Package]) -> FilmgateError:
        retired = self._published.retired.get(name, {})
        if version in retired:
            return RetiredModelError(retired[version])
        broken = self._problem_of(name, version)
        if broken is not None:
            return _unusable(ref, broken)
        if version in self._published.absent.get(name, {}):
            return BusyError(f"{name}@{version} is being fetched from the registry.")
        if versions:
            offered = ", ".join(package.reference for package in versions)
            return UnknownModelError(f"There is no model {ref!r} here, only {offered}.")
        if retired and not version:
            return RetiredModelError(f"Every version of {name} was retired.")
        close = difflib.get_close_matches(name, self._by_name)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        return UnknownModelError(f"There is no model {ref!r} here.{hint}")

    def _problem_of(self, name: str, version: str) -> Problem | None:
        """Return what is wrong with that version, or with any where none of the name is usable."""
        for problem in self.problems:
            if (problem.path.parent.name, problem.path.name) == (name, version):
                return problem
        if self._by_name.get(name):
            return None
        named = (each for each in self.problems if name in (each.path.name, each.path.parent.name))
        return next(named, None)


def _unusable(ref: str, problem: Problem) -> FilmgateError:
    """Return a problem's error as whoever asks for the package gets it."""
    text = f"There is a package {ref} here that cannot be used: {problem.error.text}"
    kind = type(problem.error) if problem.error.retryable else UnknownModelError
    return kind(text, problem.error.remedy)


def _age(package: Package) -> tuple[int, ...]:
    """Sort the latest version first."""
    return latest_first(package.manifest.version)
