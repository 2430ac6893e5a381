"""Another version of a node's model, and what it changes."""

from __future__ import annotations

from dataclasses import dataclass

from filmgate.manifest import Manifest


@dataclass(frozen=True)
class Upgrade:
    """A version that a node may go over to.

    Attributes:
        version: its number.
        package: its digest, hexadecimal.
        changes: what an artist should know of it, one sentence each.
        manifest: the new one.
    """

    version: str
    package: str
    changes: tuple[str, ...]
    manifest: Manifest
