"""Results as image files other than EXR: codes rounded and clipped in sight of the artist."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import OpenImageIO
from numpy.typing import NDArray

from filmgate.disk import storage_errors
from filmgate.errors import ColourError, LayerError, StorageError, UnsupportedImageError
from filmgate.image.alpha import alpha_divisor
from filmgate.image.colorimetry import colour_tags
from filmgate.image.colour import ColourConfig
from filmgate.image.encoding import LINEAR, SRGB
from filmgate.image.formats import (
    DPX,
    INTEGER_BITS,
    PNG,
    TIFF,
    TX,
    Format,
    fitting_depth,
)
from filmgate.image.frame import Part
from filmgate.image.header import Header, text_attribute
from filmgate.image.picture import TIME_CODE
from filmgate.image.reframe import reframed

_oiio: Any = OpenImageIO
"""The binding carries no complete types."""

Samples = NDArray[np.float32]

_LETTERS = "RGBAXYZUVW"
_TYPES = {"uint8": "uint8", "uint16": "uint16", "float32": "float"}
_CODE_BITS = 16
_JPEG_QUALITY = "jpeg:98"
_COLOUR = ("R", "G", "B")
_OF_ITS_TIME = (TIME_CODE, "dpx:TimeCode")
_OF_ITS_SIZE = ("oiio:BitsPerSample", "oiio:UnassociatedAlpha", "oiio:ColorSpace", "textureformat")


class Encoded(NamedTuple):
    """A file's bytes, and what an artist should know.

    Attributes:
        content: the file.
        clipped: samples that the format cannot hold: below 0, above 1 or NaN.
        notes: what else is not as it was.
    """

    content: bytes
    clipped: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """How results are written.

    Attributes:
        kind: of the files.
        depth: one of the kind's; empty stores what the source stored, as exactly as the kind can.
        space: the colour space that results are in; empty where their header knows it.
        config: what names of colour spaces mean, for kinds that hold only one; None where only the
            server knows.
    """

    kind: Format
    depth: str
    space: str
    config: ColourConfig | None

    def encode(
        self, part: Part, channels: Sequence[str], stored: str, like: Any, *, colours: bool
    ) -> Encoded:
        """Return a result as the bytes of a file.

        What lies outside the display window is cut off, for only EXR has place for it. Codes are
        rounded to the nearest, halves to the even one.

        Args:
            part: the result.
            channels: the full names to write; one, three, or with alpha two or four.
            stored: how the source stored its samples.
            like: the source's header (see `filmgate.image.picture.load_spec`) if it is of the same
                kind: its metadata and colour space are kept. None otherwise.
            colours: whether they are colours; data is never converted.

        Raises:
            LayerError: the kind cannot hold these channels.
            ColourError: there is no way to the kind's colour space.
            StorageError: there is no room for the file.
        """
        names = _in_order(_greyed(part, channels, like))
        samples = reframed(part.stacked(names), part.data_window, part.display_window)
        letters = [name.rpartition(".")[2].upper() for name in names]
        samples, letters, notes = self._without_alpha(samples, letters)
        self._check(letters)
        straight = self.kind.is_straight or _is_straight(like)
        if letters[-1] == "A" and len(letters) > 1 and straight:
            samples = _divided(samples)
        if colours and like is None and self.kind.space and len(letters) >= len(_COLOUR):
            samples, said = self._converted(samples, part.header)
            notes = (*notes, *said)
        if part.data_window != part.display_window:
            notes = (*notes, f"{self.kind.name} holds the display window only.")
        depth = self.depth or fitting_depth(self.kind, stored)
        codes, clipped = _stored(samples, depth)
        spec = self._spec(part.header, codes, depth, like)
        spec.channelnames = tuple(letters) if len(letters) > 2 else ("Y", "A")[: len(letters)]
        spec.alpha_channel = len(letters) - 1 if len(letters) in (2, 4) else -1
        spec.attribute("oiio:UnassociatedAlpha", int(straight))
        return Encoded(_written(codes, spec, self.kind), clipped, notes)

    def _without_alpha(
        self, samples: Samples, letters: list[str]
    ) -> tuple[Samples, list[str], tuple[str, ...]]:
        if self.kind.has_alpha or len(letters) == 1 or letters[-1] != "A":
            return samples, letters, ()
        note = f"{self.kind.name} holds no alpha: the picture stands on black."
        return samples[..., :-1], letters[:-1], (note,)

    def _check(self, letters: list[str]) -> None:
        fits = len(letters) in (1, 3) or (letters[-1] == "A" and len(letters) in (2, 4))
        if not fits or len(letters) > self.kind.max_channels:
            raise LayerError(
                f"{self.kind.name} has no place for the channels {', '.join(letters)}.",
                "Write EXR.",
            )

    def _converted(self, samples: Samples, header: Header) -> tuple[Samples, tuple[str, ...]]:
        """Bring colours to the one space that readers of such files expect."""
        if self.config is None:
            raise ColourError(
                f"{self.kind.name} files hold one colour space, and what this run's config calls "
                "others is known to the server alone.",
                "Write EXR, or give the config as a file: --config studio.ocioz.",
            )
        target = self._find(header.with_attributes({"colorInteropID": _text(self.kind.space)}))
        source = self.config.resolve(self.space) if self.space else self._find(header)
        notes: list[str] = []
        if not source:
            source = self._find(Header({"colorInteropID": _text(LINEAR)}))
            notes.append(f"Nothing says the result's colour space; {source} is assumed.")
        if self.config.is_data(source) or source == target:
            return samples, tuple(notes)
        notes.append(f"{self.kind.name} files hold {target}: converted from {source}.")
        way = self.config.processor(source, target)
        return np.concatenate([way.apply(samples[..., :3]), samples[..., 3:]], axis=2), tuple(notes)

    def _find(self, header: Header) -> str:
        if self.config is None:
            return ""
        names = (self.config.find(name) for tag in colour_tags(header) for name in tag.names)
        return next(filter(None, names), "")

    def _spec(self, header: Header, codes: NDArray[Any], depth: str, like: Any) -> Any:
        height, width, count = codes.shape
        spec = _oiio.ImageSpec(width, height, count, _TYPES[codes.dtype.name])
        if like is not None:
            spec = _kept(like, spec)
        if depth in INTEGER_BITS:
            spec.attribute("oiio:BitsPerSample", INTEGER_BITS[depth])
        spec.attribute("PixelAspectRatio", header.pixel_aspect)
        time_code = header.attributes.get("timeCode")
        if time_code and len(time_code.value) == struct.calcsize("<2I"):
            values = struct.unpack("<2I", time_code.value)
            spec.attribute(TIME_CODE, _oiio.TypeDesc("timecode"), values)
        if like is None:
            self._state_space(spec, header)
        elif self.kind is PNG and header.text("colorInteropID") not in ("", SRGB):
            spec.attribute("oiio:ColorSpace", header.text("colorInteropID"))
        if not self.kind.has_alpha and "compression" not in spec:
            spec.attribute("compression", _JPEG_QUALITY)
        return spec

    def _state_space(self, spec: Any, header: Header) -> None:
        """Say what the colours are where the format has a place for it."""
        space = self.kind.space or self._interop(header)
        if self.kind is DPX:
            spec.attribute("dpx:Transfer", "Linear" if space == LINEAR else "User defined")
        elif self.kind in (TIFF, TX) and space == SRGB:
            spec.attribute("Exif:ColorSpace", 1)
        elif space in (SRGB, LINEAR):
            spec.attribute("oiio:ColorSpace", space)

    def _interop(self, header: Header) -> str:
        if self.space:
            header = Header({"oiio:ColorSpace": _text(self.space)})
        found = self._find(header)
        known = (SRGB, LINEAR)
        headers = (Header({"colorInteropID": _text(name)}) for name in known)
        names = [self._find(each) for each in headers]
        return known[names.index(found)] if found and found in names else ""


def _text(name: str) -> Any:
    return text_attribute(name)


def _in_order(channels: Sequence[str]) -> list[str]:
    """Sort channels as formats without names expect them: red, green, blue, alpha."""

    def place(name: str) -> int:
        return _LETTERS.find(name.rpartition(".")[2].upper()[:1])

    return sorted(channels, key=place)


def _greyed(part: Part, channels: Sequence[str], like: Any) -> Sequence[str]:
    """Leave out green and blue where the source was grey and the result is too."""
    colours = [name for name in channels if name in _COLOUR]
    if like is None or like.nchannels >= len(_COLOUR) or len(colours) < len(_COLOUR):
        return channels
    red = part.channels["R"].tobytes()
    if any(part.channels[name].tobytes() != red for name in colours):
        return channels
    return [name for name in channels if name not in ("G", "B")]


def _is_straight(like: Any) -> bool:
    return like is not None and bool(like.get_int_attribute("oiio:UnassociatedAlpha"))


def _divided(samples: Samples) -> Samples:
    """Divide colours by alpha; where there is none they are as they came."""
    alpha = samples[..., -1:]
    return np.concatenate([samples[..., :-1] / alpha_divisor(alpha), alpha], axis=2)


def _stored(samples: Samples, depth: str) -> tuple[NDArray[Any], int]:
    """Return samples as a file stores them, and how many of them it cannot hold."""
    if depth == "float":
        return np.ascontiguousarray(samples), 0
    bits = INTEGER_BITS[depth]
    largest = (1 << bits) - 1
    codes = np.rint(samples.astype(np.float64) * largest)
    outside = ~((codes >= 0) & (codes <= largest))
    codes = np.clip(np.nan_to_num(codes, nan=0.0), 0, largest).astype(np.uint16)
    return _widened(codes, bits), int(outside.sum())


def _widened(codes: NDArray[np.uint16], bits: int) -> NDArray[Any]:
    """Fill 16 bits with codes of 10 or 12 by repeating their first bits, as readers do."""
    if bits == INTEGER_BITS["8"]:
        return codes.astype(np.uint8)
    left = _CODE_BITS - bits
    return codes if not left else (codes << left) | (codes >> (bits - left))


def _kept(like: Any, fresh: Any) -> Any:
    """Take over the source's metadata, but for what is the result's own."""
    spec = _oiio.ImageSpec(fresh)
    own = (*_OF_ITS_TIME, *_OF_ITS_SIZE)
    for entry in like.extra_attribs:
        if entry.name not in own:
            spec.attribute(entry.name, entry.type, entry.value)
    return spec


def _written(codes: NDArray[Any], spec: Any, kind: Format) -> bytes:
    """Write a file into a folder of its own and return its bytes: the writers want a path."""
    suffix = kind.name.lower()
    with tempfile.TemporaryDirectory(prefix="filmgate-") as folder:
        path = Path(folder) / f"result.{suffix}"
        if kind is TX:
            _write_texture(codes, spec, path)
        else:
            _write(codes, spec, path)
        with storage_errors(path):
            return path.read_bytes()


def _write(codes: NDArray[Any], spec: Any, path: Path) -> None:
    output = _oiio.ImageOutput.create(str(path))
    if output is None:
        raise UnsupportedImageError(f"OpenImageIO cannot write {path.suffix} here.")
    written = output.open(str(path), spec) and output.write_image(codes)
    if not (output.close() and written):
        raise StorageError(f"The picture could not be written ({output.geterror()}).")


def _write_texture(codes: NDArray[Any], spec: Any, path: Path) -> None:
    """Write tiles and smaller copies, as renderers want them."""
    picture = _oiio.ImageBuf(spec)
    wish = _oiio.ImageSpec()
    wish.attribute("maketx:constant_color_detect", 0)
    made = picture.set_pixels(_oiio.ROI(), codes) and _oiio.ImageBufAlgo.make_texture(
        _oiio.MakeTxTexture, picture, str(path), wish
    )
    if not made:
        raise StorageError(f"The texture could not be written ({_oiio.geterror()}).")
