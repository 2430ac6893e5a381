"""The network inside an asset, as its MIME text has it: nodes, wires, values."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass, field
from typing import Any

from hou._dialog import TOKEN, _plain
from hou._errors import OperationFailed

WIRE = re.compile(r"^(\d+)\s+(?:\((\d+)\)\s+\"\"|(\S+)\s+(\d+))\s+\d+", re.M)
VALUE = re.compile(r"^(\w+)\s+\[[^\]]*\]\s+\(\s*(.*?)\s*\)$", re.M | re.S)


@dataclass
class Inner:
    """A node of the network."""

    kind: str
    wires: dict[int, tuple[str, int]] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)
    flags: dict[str, bool] = field(default_factory=dict)
    spare: str = ""
    fed: dict[int, int] = field(default_factory=dict)
    """Inputs that are the asset's own: its number for each."""


def parse(text: str) -> dict[str, Inner]:
    """Return the nodes of a network by name; none where there is no text."""
    if not text:
        return {}
    message: Any = email.message_from_string(text)
    if not message.is_multipart():
        raise OperationFailed("The contents of the asset are no MIME text")
    parts = {part.get_filename(): part.get_payload() for part in message.get_payload()}
    names = [each[8:-5] for each in parts if re.fullmatch(r"hdaroot/[^/]+\.init", each or "")]
    return {name: _inner(name, parts) for name in names}


def _inner(name: str, parts: dict[str, str]) -> Inner:
    kind = re.search(r"^type = (\S+)", parts[f"hdaroot/{name}.init"], re.M)
    if kind is None:
        raise OperationFailed(f"{name} in the asset has no type")
    made = Inner(kind[1])
    about = parts.get(f"hdaroot/{name}.def", "")
    wires = re.search(r"^inputs\n\{(.*?)^\}", about, re.M | re.S)
    for index, own, other, output in WIRE.findall(wires[1] if wires else ""):
        if own:
            made.fed[int(index)] = int(own)
        else:
            made.wires[int(index)] = (other, int(output))
    made.spare = parts.get(f"hdaroot/{name}.spareparmdef", "")
    flags = re.search(r"^flags = (.*)$", about, re.M)
    words = flags[1].split() if flags else []
    made.flags = {word: on == "on" for word, on in zip(words[::2], words[1::2])}
    for found in VALUE.finditer(parts.get(f"hdaroot/{name}.parm", "")):
        made.values[found[1]] = _values(found[2])
    return made


def _values(text: str) -> list[str]:
    """Return the values between parentheses: plain words, quoted texts, texts in backticks."""
    if text.startswith("`"):
        return [re.sub(r"\\(.)", r"\1", text)]
    return [_plain(each) for each in TOKEN.findall(text) if each != "\n"]
