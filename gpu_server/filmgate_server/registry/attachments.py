"""What a package has for people: its card, and the picture that the card shows first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filmgate.errors import ManifestError
from filmgate.wire.records import (
    CARD_NAME,
    JPEG_MEDIA,
    MARKDOWN_MEDIA,
    PICTURE_NAME,
    PNG_MEDIA,
)
from filmgate_server.registry.content import locate

if TYPE_CHECKING:
    from pathlib import Path

CARD_FILE = "card.md"
CARD_BYTES_MAX = 256 * 1024
PICTURE_BYTES_MAX = 2 * 1024 * 1024
"""The gateway keeps them in memory: a card or picture that is larger is not shown."""

_MEDIA = {".png": PNG_MEDIA, ".jpg": JPEG_MEDIA, ".jpeg": JPEG_MEDIA}
_PICTURE = re.compile(r"!\[[^\]]*\]\(([^()\s]+\.(?:png|jpe?g))\)")


@dataclass(frozen=True)
class Attachment:
    """A card or a picture: its name on the wire, media type and bytes."""

    name: str
    media: str
    content: bytes


def load_attachments(package_path: Path) -> list[Attachment]:
    """Read what the package in a folder has for people.

    A card or picture that is missing, too large or unreadable is left out: a model is not worse
    for it.
    """
    card = _load(package_path, CARD_FILE, CARD_BYTES_MAX)
    if card is None:
        return []
    found = [Attachment(CARD_NAME, MARKDOWN_MEDIA, card)]
    shown = _PICTURE.search(card.decode(errors="replace"))
    picture = _load(package_path, shown[1], PICTURE_BYTES_MAX) if shown else None
    if shown and picture is not None:
        media = _MEDIA["." + shown[1].rpartition(".")[2]]
        found.append(Attachment(PICTURE_NAME, media, picture))
    return found


def _load(package_path: Path, relative: str, bytes_max: int) -> bytes | None:
    try:
        file = locate(package_path, relative)
        with file.open("rb") as reader:
            content = reader.read(bytes_max + 1)
    except (ManifestError, OSError):
        return None
    return content if 0 < len(content) <= bytes_max else None
