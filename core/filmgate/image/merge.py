"""What is written back: the source with the model's channels replaced, or those channels alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmgate.errors import InputError, UnsupportedImageError
from filmgate.image.frame import Part, Plane, Plate
from filmgate.image.half import to_half
from filmgate.image.header import (
    Header,
    compression_attribute,
    window_attribute,
)
from filmgate.image.provenance import Provenance, provenance_attributes

Depth = Literal["half", "float"]
Pixels = NDArray[np.float32] | NDArray[np.float16]

UNSTABLE_COMPRESSIONS = frozenset({"b44", "b44a", "dwaa", "dwab", "lj2k"})
"""Written again, these change even the channels that nobody touched."""
SHORTENING_COMPRESSION = "pxr24"
"""Keeps 24 bits of each float and all of half and uint: what was read from it does not change."""
LOSSLESS_INSTEAD = "zip"
_DTYPES: Mapping[Depth, np.dtype[Any]] = {
    "half": np.dtype(np.float16),
    "float": np.dtype(np.float32),
}
_CRYPTOMATTE_PREFIX = "cryptomatte/"
_OF_THE_SOURCE_ONLY = ("preview",)
"""Like Cryptomatte's tables, these describe what the model's outputs do not include."""
_OF_ITS_TIME = ("timeCode", "keyCode")


class Merged(NamedTuple):
    """A result ready to be encoded, and what an artist should know about it."""

    plate: Plate
    warnings: tuple[str, ...] = ()


def merged(
    plate: Plate,
    place: int,
    replaced: Mapping[str, Pixels],
    *,
    depth: Depth | None = None,
    compression: str | None = None,
    provenance: Provenance | None = None,
) -> Merged:
    """Put the model's channels into a copy of the source; everything else stays bit for bit.

    Args:
        plate: the source.
        place: which of its parts.
        replaced: full channel name to (H, W) plane; names that the source lacks are added.
        depth: the type of those channels; None keeps the source's (half for added ones).
        compression: None keeps the source's, unless writing it again would change other channels
            or shorten the model's floats.
        provenance: written into the part's header.

    Returns:
        The new plate and its warnings.

    Raises:
        InputError: a plane does not fit the data window, or would replace whole numbers.
        UnsupportedImageError: *compression* is unknown, or would change channels of the file.
    """
    source = plate.parts[place]
    planes, warnings = _stored(source, replaced, depth)
    parts, changes = _recompressed(plate, place, planes, compression)
    header = _with_provenance(parts[place].header, provenance)
    parts[place] = Part(header, {**source.channels, **planes})
    if compression:
        _refuse_loss(compression, parts)
    return Merged(Plate(tuple(parts)), (*changes, *warnings))


def model_only(
    source: Part,
    outputs: Mapping[str, Pixels],
    *,
    scale: float | Fraction = 1,
    retimed: bool = False,
    depth: Depth | None = None,
    compression: str | None = None,
    provenance: Provenance | None = None,
) -> Merged:
    """Make a file of the model's outputs alone, placed where the source was.

    Args:
        source: gives windows, pixel aspect, other attributes and the channels' types.
        outputs: full channel name to (H, W) plane, of the source's data window scaled.
        scale: how many times larger the result is; see `Window.scaled`.
        retimed: the result lies at another time: time codes are left out.
        depth: the channels' type; None means the source's for names it has, else half.
        compression: None keeps the source's, unless that would change the outputs; a lossy one
            is taken when it is asked for, with a warning.
        provenance: written into the header.

    Returns:
        A plate of one part and its warnings.

    Raises:
        InputError: a plane does not fit the scaled window, or a window does not scale.
        UnsupportedImageError: *compression* is unknown.
    """
    planes, warnings = _stored(source, outputs, depth)
    header, changes = _with_compression(source.header, planes, compression)
    header = _with_provenance(_scaled(_own_attributes(header, retimed), scale), provenance)
    if compression and _loses(compression, planes):
        changes = (f"The result is written with {compression}, as asked: that loses precision.",)
    return Merged(Plate((Part(header, planes),)), (*changes, *warnings))


def _stored(
    source: Part, pixels: Mapping[str, Pixels], depth: Depth | None
) -> tuple[dict[str, Plane], tuple[str, ...]]:
    planes: dict[str, Plane] = {}
    warnings: list[str] = []
    for name, values in pixels.items():
        planes[name], held = _as_type(values, _stored_type(source, name, depth))
        if held:
            warnings.append(
                f"{name}: {held} samples above 65504 were held there; half has no more."
            )
    return planes, tuple(warnings)


def _stored_type(source: Part, name: str, depth: Depth | None) -> np.dtype[Any]:
    plane = source.channels.get(name)
    if plane is not None and plane.dtype == np.uint32:
        raise InputError(f"{name} holds whole numbers (ids); a model's result cannot replace it.")
    return _DTYPES[depth] if depth else _DTYPES["half"] if plane is None else plane.dtype


def _as_type(values: Pixels, dtype: np.dtype[Any]) -> tuple[Plane, int]:
    if values.dtype == dtype:
        return values, 0
    if dtype == np.float16:
        return to_half(values.astype(np.float32, copy=False))
    return values.astype(np.float32), 0


def _recompressed(
    plate: Plate, place: int, planes: Mapping[str, Plane], wanted: str | None
) -> tuple[list[Part], tuple[str, ...]]:
    headers = [
        _with_compression(part.header, planes if number == place else {}, wanted)
        for number, part in enumerate(plate.parts)
    ]
    parts = [Part(new, old.channels) for (new, _), old in zip(headers, plate.parts, strict=True)]
    changes = (change for _, changes in headers for change in changes)
    return parts, tuple(dict.fromkeys(changes))


def _with_compression(
    header: Header, planes: Mapping[str, Plane], wanted: str | None
) -> tuple[Header, tuple[str, ...]]:
    """Settle the compression of a part in which *planes* are new."""
    if wanted:
        return header.with_attributes({"compression": compression_attribute(wanted)}), ()
    if not _loses(header.compression, planes):
        return header, ()
    loss = (
        "would shorten the result's 32-bit floats"
        if header.compression == SHORTENING_COMPRESSION
        else "loses more each time it is written"
    )
    warning = (
        f"The source is stored with {header.compression}, which {loss}; "
        f"the result is written with {LOSSLESS_INSTEAD}."
    )
    changed = {"compression": compression_attribute(LOSSLESS_INSTEAD)}
    return header.with_attributes(changed), (warning,)


def _loses(compression: str, planes: Mapping[str, Plane]) -> bool:
    """Say whether *planes* would come back from *compression* changed."""
    if compression == SHORTENING_COMPRESSION:
        return bool(_floats(planes))
    return compression in UNSTABLE_COMPRESSIONS


def _floats(planes: Mapping[str, Plane]) -> list[str]:
    return [name for name, plane in planes.items() if plane.dtype == np.float32]


def _refuse_loss(compression: str, parts: Sequence[Part]) -> None:
    """Refuse a compression that was asked for and would change what the parts hold."""
    lost = [part for part in parts if _loses(compression, part.channels)]
    if not lost:
        return
    text = f"{compression} would change channels that the model did not touch."
    if compression == SHORTENING_COMPRESSION:
        name = _floats(lost[0].channels)[0]
        text = f"{compression} keeps only 24 bits of a 32-bit float channel, such as {name}."
    raise UnsupportedImageError(text, f"Use a lossless compression, such as {LOSSLESS_INSTEAD}.")


def _with_provenance(header: Header, provenance: Provenance | None) -> Header:
    return header.with_attributes(provenance_attributes(provenance)) if provenance else header


def _own_attributes(header: Header, retimed: bool) -> Header:
    left_out = (*_OF_THE_SOURCE_ONLY, *(_OF_ITS_TIME if retimed else ()))
    dropped = [
        name
        for name in header.attributes
        if name in left_out or name.startswith(_CRYPTOMATTE_PREFIX)
    ]
    return header.with_attributes(dict.fromkeys(dropped))


def _scaled(header: Header, scale: float | Fraction) -> Header:
    windows = {
        "dataWindow": window_attribute(header.data_window.scaled(scale)),
        "displayWindow": window_attribute(header.display_window.scaled(scale)),
    }
    return header.with_attributes(windows)
