"""The hosts that bundles are made for: what tells them apart, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from filmgate.errors import RequestError


@dataclass(frozen=True)
class Host:
    """A host, as far as bundles go.

    Attributes:
        name: what commands and the plugin's folder call it.
        title: what people call it.
        package: the plugin's package of Python.
        versions: which versions of the host have which Python.
        code: where in a bundle packages of Python are, so that the host finds them; ``{python}``
            stands for the version of its Python. Empty for the bundle's own folder.
        search_path: the variable that names bundles to the host; empty where there is none.
    """

    name: str
    title: str
    package: str
    versions: Mapping[str, str]
    code: str = ""
    search_path: str = ""

    @property
    def pythons(self) -> str:
        """Which Python each version has, for people."""
        return ", ".join(f"{titles}: {python}" for python, titles in self.versions.items())

    def code_folder(self, python: str) -> str:
        """Return where in a bundle for *python* its packages are, with forward slashes."""
        return self.code.format(python=python)

    def place(self, file: str, python: str) -> str:
        """Return where a file of a package, or of the plugin's folder, is in a bundle.

        Args:
            file: its name, with forward slashes.
            python: the version that the bundle is for.
        """
        if file.partition("/")[0] in (self.package, _CLIENT):
            return f"{self.code_folder(python)}/{file}".lstrip("/")
        return file


_CLIENT = "filmgate"

NUKE = Host(
    name="nuke",
    title="Nuke",
    package="filmgate_nuke",
    versions={"3.9": "Nuke 14", "3.10": "Nuke 15", "3.11": "Nuke 16 and 17"},
    search_path="NUKE_PATH",
)
HOUDINI = Host(
    name="houdini",
    title="Houdini",
    package="filmgate_houdini",
    versions={
        "3.9": "Houdini 19.5",
        "3.10": "Houdini 20.0",
        "3.11": "Houdini 20.5 and 21.0",
        "3.13": "Houdini 22.0",
    },
    code="python{python}libs",
    search_path="HOUDINI_PACKAGE_DIR",
)
UNREAL = Host(
    name="unreal",
    title="Unreal Engine",
    package="filmgate_unreal",
    versions={"3.9": "Unreal Engine 5.3", "3.11": "Unreal Engine 5.4 and newer"},
    code="Content/Python",
)

HOSTS = {host.name: host for host in (NUKE, HOUDINI, UNREAL)}


def find_host(name: str) -> Host:
    """Return a host by its name.

    Raises:
        RequestError: there is none of that name.
    """
    if name not in HOSTS:
        text = f"Filmgate has no plugin for {name!r}."
        raise RequestError(text, f"It has those for {', '.join(HOSTS)}.")
    return HOSTS[name]
