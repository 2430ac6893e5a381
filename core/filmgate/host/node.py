"""What a node keeps of itself in the artist's file."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

SCHEMA = 1


@dataclass(frozen=True)
class NodeState:
    """A node's memory: enough to be shown, rendered and run again with nothing else at hand.

    Attributes:
        schema: of this record.
        node: the node's identity, 32 hexadecimal digits, whatever it is called.
        model: as it was asked for: ``denoise@champion``.
        version: what that meant when it was resolved; empty before.
        package: the exact package, as hexadecimal digest; empty before it was resolved.
        manifest: of that package, as JSON text; empty before.
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
    document: dict[str, Any] = found
    known = {spec.name: document[spec.name] for spec in fields(NodeState) if _fits(spec, document)}
    return NodeState(**known)


def _fits(spec: Any, document: Mapping[str, Any]) -> bool:
    kind = {"schema": int, "baked": dict}.get(spec.name, str)
    value = document.get(spec.name)
    return isinstance(value, kind) and (spec.name != "node" or bool(value))
