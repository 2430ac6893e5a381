"""Everything that a shared registry says at one moment, and its copy on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from filmgate.errors import FilmgateError, IntegrityError
from filmgate_server.registry.records import (
    Release,
    Retirement,
    is_alias,
    latest_first,
    parse_release,
    to_record,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Place = tuple[str, str]
"""A model's name and version."""


@dataclass(frozen=True)
class Inventory:
    """Everything that a registry says at one moment.

    Attributes:
        releases: by name and version, retired ones too.
        aliases: the version that each alias points to, by model and alias.
        retired: which releases must not be used any more.
        signatures: by the package's digest and the key's id.
        problems: records that cannot be used, by key.
    """

    releases: dict[Place, Release] = field(default_factory=dict[Place, Release])
    aliases: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    retired: dict[Place, Retirement] = field(default_factory=dict[Place, Retirement])
    signatures: dict[str, dict[str, bytes]] = field(default_factory=dict[str, dict[str, bytes]])
    problems: dict[str, FilmgateError] = field(default_factory=dict[str, FilmgateError])

    def usable(self) -> dict[str, list[Release]]:
        """Return what is not retired, by name, the latest version first."""
        found: dict[str, list[Release]] = {}
        for place, release in self.releases.items():
            if place not in self.retired:
                found.setdefault(release.name, []).append(release)
        return {
            name: sorted(each, key=lambda release: latest_first(release.version))
            for name, each in found.items()
        }

    def lacks(self, before: Inventory) -> list[str]:
        """Return what *before* held and this does not, of all that is never taken back."""
        lost = set(before._names()) - set(self._names())
        return [" ".join(each) for each in sorted(lost)]

    def _names(self) -> Iterator[tuple[str, str]]:
        for name, version in self.releases:
            yield "release", f"{name}@{version}"
        for name, version in self.retired:
            yield "retirement of", f"{name}@{version}"
        for name, aliases in self.aliases.items():
            for alias in aliases:
                yield "alias", f"{name}@{alias}"

    def signatures_of(self, release: Release) -> Mapping[str, bytes]:
        """Return who vouches for a release, by the key's id."""
        return self.signatures.get(release.digest, {})


def save_inventory(inventory: Inventory, path: Path) -> None:
    """Write *inventory* so that a server can start while the registry cannot be reached.

    Raises:
        OSError: it cannot be written.
    """
    document = {
        "releases": [to_record(each).decode() for each in inventory.releases.values()],
        "aliases": inventory.aliases,
        "retired": [[*place, asdict(each)] for place, each in inventory.retired.items()],
        "signatures": {
            digest: {key: each.hex() for key, each in signatures.items()}
            for digest, signatures in inventory.signatures.items()
        },
    }
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(document), encoding="utf-8")
    draft.replace(path)


def load_inventory(path: Path) -> Inventory | None:
    """Read what `save_inventory` wrote; None if there is nothing, or nothing that can be read."""
    try:
        document = json.loads(path.read_bytes())
        return _from_document(document)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IntegrityError):
        return None


def _from_document(document: dict[str, Any]) -> Inventory:
    releases = [_reread(text) for text in document["releases"]]
    return Inventory(
        {(each.name, each.version): each for each in releases},
        _aliases(document["aliases"]),
        {(name, version): Retirement(**each) for name, version, each in document["retired"]},
        {
            digest: {key: bytes.fromhex(each) for key, each in signatures.items()}
            for digest, signatures in document["signatures"].items()
        },
    )


def _aliases(document: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    return {
        name: {alias: version for alias, version in aliases.items() if is_alias(alias)}
        for name, aliases in document.items()
    }


def _reread(text: str) -> Release:
    content = text.encode()
    named = json.loads(content)
    return parse_release(content, named["name"], named["version"])
