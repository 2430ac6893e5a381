"""Which releases of a shared registry a site uses: those without code, and those vouched for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from filmgate.errors import UntrustedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from filmgate.manifest import Manifest
    from filmgate_server.registry.records import Release
    from filmgate_server.registry.signatures import Publishers

CODE_ENGINES = ("torch", "array", "export")
"""They run Python of the package, or evaluate what it says: torch.export does."""

CODE_SUFFIXES = (".py", ".pyc", ".pyd", ".so", ".dll", ".dylib")


def ships_code(release: Release) -> bool:
    """Tell whether a release holds files of code."""
    return any(PurePosixPath(entry.path).suffix in CODE_SUFFIXES for entry in release.files)


def runs_code(manifest: Manifest) -> bool:
    """Tell whether a package's engine runs code of the package, whatever its files are called."""
    return manifest.runtime.engine in CODE_ENGINES


@dataclass(frozen=True)
class Trust:
    """What a site trusts.

    Attributes:
        publishers: whose signatures count.
        everything: whether whoever may write to the registry is trusted.
    """

    publishers: Publishers
    everything: bool = False

    def check(self, release: Release, signatures: Mapping[str, bytes]) -> None:
        """Refuse a release with code that no trusted publisher has signed; before it is fetched.

        Args:
            release: what is to be used.
            signatures: over its digest, by the key's id.

        Raises:
            UntrustedError: nothing of it may be run.
        """
        if ships_code(release):
            self._demand_signature(release, signatures)

    def check_manifest(
        self, release: Release, manifest: Manifest, signatures: Mapping[str, bytes]
    ) -> None:
        """Refuse a release whose manifest names code by another suffix; see `check`."""
        if runs_code(manifest):
            self._demand_signature(release, signatures)

    def _demand_signature(self, release: Release, signatures: Mapping[str, bytes]) -> None:
        digest = bytes.fromhex(release.digest)
        if not self.everything and not self.publishers.who_signed(digest, signatures):
            raise UntrustedError(
                f"{release.reference} holds code, and no publisher whom this site trusts has "
                "signed it."
            )
