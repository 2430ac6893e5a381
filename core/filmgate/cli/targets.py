"""What a bundle is made for: a host's Python on a platform, and which wheels fit it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from filmgate.errors import RequestError

PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
"""Those of the hosts; Nuke 14 has 3.9, Nuke 15 3.10, Nuke 16 and 17 3.11."""

MACHINES = {"linux": ("x86_64",), "windows": ("AMD64",), "macos": ("arm64", "x86_64")}
"""The processors of each platform that hosts run on, as `platform.machine` calls them."""

SYS_PLATFORMS = {"linux": "linux", "win32": "windows", "darwin": "macos"}
"""The platforms by what `sys.platform` calls them."""

_BUILT_FOR = {
    ("linux", "x86_64"): re.compile(r"manylinux\w*_x86_64\Z"),
    ("windows", "AMD64"): re.compile(r"win_amd64\Z"),
    ("macos", "arm64"): re.compile(r"macosx_\d+_\d+_(arm64|universal2)\Z"),
    ("macos", "x86_64"): re.compile(r"macosx_\d+_\d+_(x86_64|universal2)\Z"),
}
_LEGACY_GLIBC = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
_GLIBC = re.compile(r"manylinux_(\d+)_(\d+)_")


@dataclass(frozen=True)
class Target:
    """An interpreter that a bundle is for.

    Attributes:
        python: one of `PYTHONS`.
        platform: a key of `MACHINES`.

    Raises:
        RequestError: no host has such an interpreter.
    """

    python: str
    platform: str

    def __post_init__(self) -> None:
        for name, value, known in (
            ("Python", self.python, PYTHONS),
            ("platform", self.platform, tuple(MACHINES)),
        ):
            if value not in known:
                text = f"Bundles are not made for {name} {value!r}."
                raise RequestError(text, f"Choose one of {', '.join(known)}.")

    @property
    def machines(self) -> tuple[str, ...]:
        """The processors that the bundle must run on."""
        return MACHINES[self.platform]

    def __str__(self) -> str:
        """Return how people and folders call it."""
        return f"py{self.python}-{self.platform}"


@dataclass(frozen=True)
class Wheel:
    """A file of a release, whose bytes are known.

    Attributes:
        filename: ``name-version-python-abi-platform.whl``.
        sha256: of the file, hexadecimal.
    """

    filename: str
    sha256: str

    @property
    def project(self) -> str:
        """What the release is of, in small letters."""
        return self._parts[0].lower()

    @property
    def version(self) -> str:
        """The release."""
        return self._parts[1]

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms that it was built for, as pip calls them; ``any`` for all."""
        return tuple(self._parts[4].split("."))

    def fits_python(self, python: str) -> bool:
        """Say whether the interpreter *python* ("3.11") can import it."""
        wanted = int(python.partition(".")[2])
        for tag in self._parts[2].split("."):
            major, minor = tag[2], int(tag[3:] or 0)
            newer_too = tag.startswith("py") or self._parts[3] == "abi3"
            if major == "3" and (minor == wanted or (newer_too and minor < wanted)):
                return True
        return False

    def fits_machine(self, platform: str, machine: str) -> bool:
        """Say whether it runs on that platform's *machine*."""
        built_for = _BUILT_FOR[platform, machine]
        return any(tag == "any" or built_for.match(tag) for tag in self.platforms)

    def fits(self, target: Target, machine: str) -> bool:
        """Say whether the interpreter of *target* can import it on *machine*."""
        return self.fits_python(target.python) and self.fits_machine(target.platform, machine)

    @property
    def glibc(self) -> tuple[int, int]:
        """The oldest C library of Linux that it runs with; (0, 0) where that does not matter."""
        return min((_glibc(tag) for tag in self.platforms), default=(0, 0))

    @property
    def _parts(self) -> list[str]:
        return self.filename[: -len(".whl")].split("-")


def this_platform() -> str:
    """Return the platform of this machine, or an empty text where no host runs on it."""
    return SYS_PLATFORMS.get(sys.platform, "")


def _glibc(tag: str) -> tuple[int, int]:
    found = _GLIBC.match(tag)
    if found:
        return int(found.group(1)), int(found.group(2))
    return _LEGACY_GLIBC.get(tag.partition("_")[0], (0, 0))
