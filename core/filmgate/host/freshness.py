"""What a take says of its frames, and whether that still is what the artist asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import floor
from typing import Any, Optional

from filmgate.digest import canonical_digest
from filmgate.host.port import Moment, Settings
from filmgate.manifest import Manifest
from filmgate.params import resolve_parameters

_KEY = re.compile(r".*\|-?\d{1,9}\Z")

UNKNOWN = ""
"""The fingerprint of pixels of which the host cannot say whether they changed."""


@dataclass(frozen=True)
class FrameNote:
    """How one frame of a take was made; digests are hexadecimal.

    Attributes:
        key: of the request, as `filmgate.host.results` has it.
        settings: what the artist had set.
        fingerprint: of the inputs, as the host gave it; may be `UNKNOWN`.
        work_key: of the server's work.
        numerics: what computed it.
        inputs: the digest of each input, by ``name@frame``.
    """

    key: str = ""
    settings: str = ""
    fingerprint: str = UNKNOWN
    work_key: str = ""
    numerics: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])

    def fits(self, settings: str, fingerprint: str) -> bool:
        """Say whether the frame is what would be made now, as far as can be told cheaply."""
        same = UNKNOWN in (self.fingerprint, fingerprint) or self.fingerprint == fingerprint
        return bool(settings) and self.settings == settings and same


@dataclass(frozen=True)
class TakeNotes:
    """What is noted beside a take's frames.

    Attributes:
        node: whose take it is.
        model: as the node asked for it.
        package: the exact package, hexadecimal.
        frames: by `frame_key`.
    """

    node: str = ""
    model: str = ""
    package: str = ""
    frames: Mapping[str, FrameNote] = field(default_factory=dict[str, FrameNote])

    def to_mapping(self) -> dict[str, Any]:
        """Write the notes as JSON can hold them."""
        frames = {key: dict(vars(note)) for key, note in self.frames.items()}
        return {**vars(self), "frames": frames}


def parse_take_notes(notes: Mapping[str, Any]) -> TakeNotes:
    """Read notes; a frame whose note cannot be read counts as not noted."""
    frames = _mapping(notes.get("frames"))
    found = {key: _note(each) for key, each in frames.items() if _KEY.match(key)}
    texts = {name: str(notes.get(name, "")) for name in ("node", "model", "package")}
    return TakeNotes(**texts, frames={key: note for key, note in found.items() if note is not None})


def frame_key(moment: Moment) -> str:
    """Return what the notes call a frame: ``<view>|<frame>``; a file has a whole number."""
    return f"{moment.view}|{floor(moment.time)}"


def parse_frame_key(key: str) -> tuple[str, int]:
    """Return the view and the frame of what `frame_key` wrote."""
    view, _, frame = key.rpartition("|")
    return view, int(frame)


def settings_digest(manifest: Manifest, settings: Settings) -> str:
    """Return what tells apart settings that may lead to different pixels.

    Raises:
        FilmgateError: a parameter does not fit the model.
    """
    colour = settings.colour
    return canonical_digest(
        {
            "params": resolve_parameters(manifest.params, settings.params),
            "layers": settings.layers,
            "source_time": settings.source_time,
            "colour": [colour.space, colour.working, colour.config],
            "merged": settings.merged,
        }
    ).hex()


def joined_fingerprint(fingerprints: Mapping[float, str]) -> str:
    """Return one fingerprint of the inputs at several frames; `UNKNOWN` where one of them is."""
    texts = list(fingerprints.values())
    if UNKNOWN in texts:
        return UNKNOWN
    return texts[0] if len(texts) == 1 else canonical_digest(texts).hex()


def _note(found: Any) -> Optional[FrameNote]:
    table = _mapping(found)
    if not table:
        return None
    texts = {spec.name: str(table.get(spec.name, "")) for spec in fields(FrameNote)[:-1]}
    inputs = {name: str(digest) for name, digest in _mapping(table.get("inputs")).items()}
    return FrameNote(**texts, inputs=inputs)


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType]
