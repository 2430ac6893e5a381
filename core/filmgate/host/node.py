"""What a node keeps of itself in the artist's file."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from typing import Any, Optional

from filmgate.errors import ManifestError
from filmgate.host.port import HostPort
from filmgate.manifest import Manifest, parse_manifest_json

SCHEMA = 1

_REMEMBERED = 64
"""Nodes whose manifest is not parsed again at each frame."""

_WRITTEN = {
    "node": re.compile(r"[0-9a-f]{32}\Z"),  # it names a folder, and a script may have been edited
    "package": re.compile(r"(?:[0-9a-f]{64})?\Z"),
}


@dataclass(frozen=True)
class NodeState:
    """A node's memory: enough to be shown, rendered and run again with nothing else at hand.

    Attributes:
        schema: of this record.
        node: the node's identity, 32 hexadecimal digits, whatever it is called.
        model: as it was asked for: ``denoise@champion``.
        version: what that meant when it was resolved; empty before.
        package: the exact package, as hexadecimal digest; empty before it was resolved.
        manifest: of that package, as JSON text; before it was resolved, of what the node looks like
            in the host meanwhile; may be empty then.
        take: the folder that the node reads; empty before the first result.
        baked: the path pattern of each baked output; empty while nothing is baked.
        bake_frames: which frames are baked, written as ``1-10,20``.
    """

    schema: int = SCHEMA
    node: str = field(default_factory=lambda: secrets.token_hex(16))
    model: str = ""
    version: str = ""
    package: str = ""
    manifest: str = ""
    take: str = ""
    baked: Mapping[str, str] = field(default_factory=dict[str, str])
    bake_frames: str = ""

    def to_text(self) -> str:
        """Write the state as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=True)


def parse_node_state(text: str) -> NodeState:
    """Read what `NodeState.to_text` wrote; what cannot be read is a new node's.

    Fields of a newer schema are left out: a script must open in whatever version is installed.
    """
    try:
        found: Any = json.loads(text) if text else {}
    except ValueError:
        return NodeState()
    if not isinstance(found, dict):
        return NodeState()
    document: dict[str, Any] = found  # pyright: ignore[reportUnknownVariableType]
    known = {spec.name: document[spec.name] for spec in fields(NodeState) if _fits(spec, document)}
    return NodeState(**known)


class Node:
    """The state that a port keeps, and the manifest in it; on the main thread only.

    Args:
        port: keeps the state.
        model: of a node that keeps nothing yet.

    Attributes:
        state: what the node keeps.
    """

    def __init__(self, port: HostPort, model: str = "") -> None:
        self._port = port
        self._parsed: tuple[str, Optional[Manifest]] = ("", None)
        kept = port.load_state()
        self.state = parse_node_state(kept)
        if model and not self.state.model:
            self.state = replace(self.state, model=model)
        if not kept:
            port.store_state(self.state.to_text())

    @property
    def manifest(self) -> Optional[Manifest]:
        """The manifest of the exact package; None before that is known."""
        return self.embedded if self.state.package else None

    @property
    def embedded(self) -> Optional[Manifest]:
        """What the node looks like in the host; None where it carries nothing that can be read."""
        text = self.state.manifest
        if self._parsed[0] != text:
            self._parsed = (text, _manifest(text))
        return self._parsed[1]

    def change(self, **fields: Any) -> None:
        """Change the state and let the port keep it."""
        changed = replace(self.state, **fields)
        if changed != self.state:
            self.state = changed
            self._port.store_state(changed.to_text())

    def reload(self) -> None:
        """Read what the port keeps again."""
        self.state = parse_node_state(self._port.load_state())


@lru_cache(maxsize=_REMEMBERED)
def embedded_manifest(state_text: str) -> Optional[Manifest]:
    """Return the manifest in a node's state; None where it carries nothing that can be read."""
    return _manifest(parse_node_state(state_text).manifest)


def _manifest(text: str) -> Optional[Manifest]:
    try:
        return parse_manifest_json(text.encode())
    except ManifestError:  # of a newer version: the node still reads what it has made
        return None


def _fits(spec: Any, document: Mapping[str, Any]) -> bool:
    kinds: dict[str, type] = {"schema": int, "baked": dict}
    value = document.get(spec.name)
    if spec.name in _WRITTEN:
        return isinstance(value, str) and _WRITTEN[spec.name].match(value) is not None
    return isinstance(value, kinds.get(spec.name, str))
