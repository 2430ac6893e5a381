"""Image files other than EXR, read as what an EXR of the same picture would hold.

The samples are the file's own, scaled so that the largest code is 1.0: no curve is applied here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO
from numpy.typing import NDArray

from filmgate.disk import storage_error
from filmgate.errors import (
    ColourError,
    DamagedImageError,
    ImageTooLargeError,
    UnsupportedError,
    UnsupportedImageError,
)
from filmgate.image.container import Limits
from filmgate.image.formats import (
    DPX,
    INTEGER_BITS,
    PNG,
    TX,
    Format,
    format_of,
    stored_depth,
)
from filmgate.image.frame import Part, Plate
from filmgate.image.header import Attribute, Header, new_header, text_attribute
from filmgate.image.png import load_colour_chunks
from filmgate.image.stated import StatedSpace, stated_space
from filmgate.image.window import Window

TIME_CODE = "smpte:TimeCode"
"""What OpenImageIO calls a time code; its two numbers are those of EXR's attribute."""

_oiio: Any = OpenImageIO
"""The binding carries no complete types."""

_DEFAULT_LIMITS = Limits()
_NATIVE = {"8": "uint8", "10": "uint16", "12": "uint16", "16": "uint16"}
_CODE_MAX_16 = 65535
_UPRIGHT = 1
_MODEL_NAMES = ("jpeg:ColorSpace", "tiff:ColorSpace")
_NO_RGB = ("CMYK", "YCCK", "color separated", "CIELAB", "ICCLAB", "ITULAB")


@dataclass(frozen=True, eq=False)
class Picture:
    """A file that was read.

    Attributes:
        plate: its channels as an EXR holds them: half where that keeps every code (8 bits without
            alpha), else float; colours multiplied by alpha, but for those under an alpha of 0,
            which stay as they are. The header has windows, pixel aspect, time code and space.
        depth: how the file stores samples, one of `filmgate.image.formats.DEPTHS`.
        notes: what was assumed, for the artist.
    """

    plate: Plate
    depth: str
    notes: tuple[str, ...] = ()


def load_picture(
    path: Path,
    space: str = "",
    *,
    needs_space: bool = True,
    keeps_hidden: bool = True,
    limits: Limits = _DEFAULT_LIMITS,
) -> Picture:
    """Read an image file.

    Args:
        path: of a kind in `filmgate.image.formats.FORMATS`.
        space: the colour space, if somebody knows better than the file.
        needs_space: whether it must be known.
        keeps_hidden: whether colours under an alpha of 0, which nobody sees, stay as they are, so
            that a file of the same kind can have them back; else they become 0.
        limits: what the header may ask for before anything is decoded.

    Returns:
        The picture.

    Raises:
        StorageError: the file cannot be read.
        ColourError: nobody says what its colours are.
        DamagedImageError: it is cut off or broken.
        ImageTooLargeError: it is larger than *limits*.
        UnsupportedImageError: it has several images or odd samples.
    """
    kind = _kind(path)
    chunks = _checked(path, kind)
    reader = _opened(path, kind, limits)
    spec = reader.spec()
    depth = stored_depth(kind, spec)
    stated = StatedSpace(space) if space else stated_space(kind, spec, depth, chunks)
    if needs_space and not stated.name:
        raise _unknown_space(path, kind, stated)
    codes = _decoded(reader, spec, depth, path)
    header = _header(spec).with_attributes(_space_attribute(stated.name, given=bool(space)))
    planes = _planes(codes, spec, depth, _is_straight(spec, kind), keeps_hidden)
    notes = (stated.note if stated.name else "", *_orientation_notes(spec))
    return Picture(Plate((Part(header, planes),)), depth, tuple(filter(None, notes)))


def load_spec(path: Path, limits: Limits = _DEFAULT_LIMITS) -> Any:
    """Return the header of an image file as OpenImageIO has it: its size, type and metadata.

    Raises:
        StorageError: the file cannot be read.
        ImageError: it is no such file.
    """
    kind = _kind(path)
    _checked(path, kind)
    return _opened(path, kind, limits).spec()


def _checked(path: Path, kind: Format) -> dict[bytes, bytes]:
    return load_colour_chunks(path) if kind is PNG else {}


def _kind(path: Path) -> Format:
    kind = format_of(path)
    if kind is None:
        raise UnsupportedError(f"{path} is an EXR file.", "Read it as one.")
    return kind


def _opened(path: Path, kind: Format, limits: Limits) -> Any:
    try:
        with path.open("rb"):
            pass  # so that a file that cannot be read is not taken for a damaged one
    except OSError as error:
        raise storage_error(path, error) from error
    wish = _oiio.ImageSpec()
    wish.attribute("oiio:UnassociatedAlpha", 1)  # else integers are multiplied, and codes lost
    reader = _oiio.ImageInput.open(str(path), wish)
    if reader is None:
        raise _refused(path, _oiio.geterror())
    _check(reader, kind, path, limits)
    return reader


def _refused(path: Path, reason: str) -> DamagedImageError | ImageTooLargeError:
    brief = " ".join(reason.split())[:200]
    if "exceed" in brief:
        return ImageTooLargeError(f"{path.name} is too large to be read ({brief}).")
    return DamagedImageError(f"{path.name} cannot be read as its name says ({brief}).")


def _check(reader: Any, kind: Format, path: Path, limits: Limits) -> None:
    spec = reader.spec()
    if spec.width > limits.max_width or spec.height > limits.max_height:
        raise ImageTooLargeError(
            f"{path.name} is {spec.width} x {spec.height} px; "
            f"{limits.max_width} x {limits.max_height} are allowed.",
            detail={"width_px": spec.width, "height_px": spec.height},
        )
    size_bytes = spec.width * spec.height * spec.nchannels * np.dtype(np.float32).itemsize
    if spec.nchannels > limits.max_channels or size_bytes > limits.max_bytes:
        raise ImageTooLargeError(f"{path.name} would take {size_bytes >> 20} MiB of memory.")
    for name in _MODEL_NAMES:
        model = spec.get_string_attribute(name)
        if model in _NO_RGB:  # OpenImageIO would make RGB of it without any profile
            raise UnsupportedImageError(
                f"{path.name} holds {model}, which is not read.", "Convert it to RGB."
            )
    if spec.depth > 1 or spec.deep or (kind is not TX and reader.seek_subimage(1, 0)):
        raise UnsupportedImageError(
            f"{path.name} holds several images.", "Write each as a file of its own."
        )
    reader.seek_subimage(0, 0)
    reader.geterror()  # that there was no second image is no error of the first


def _decoded(reader: Any, spec: Any, depth: str, path: Path) -> NDArray[Any]:
    pixels = reader.read_image(_NATIVE.get(depth, "float"))
    problem = reader.geterror()  # a cut JPEG is given grey pixels and no other sign
    if pixels is None or problem:
        raise DamagedImageError(f"{path.name} cannot be decoded ({' '.join(problem.split())}).")
    return np.asarray(pixels).reshape(spec.height, spec.width, spec.nchannels)


def _planes(
    codes: NDArray[Any], spec: Any, depth: str, straight: bool, keeps_hidden: bool
) -> dict[str, Any]:
    values = _values(codes, depth)
    alpha = spec.alpha_channel
    if alpha >= 0 and straight:
        values = _multiplied(values, alpha, keeps_hidden)
    names = _names(spec)
    small = depth == "half" or (depth == "8" and alpha < 0)
    dtype = np.float16 if small else np.float32
    planes = {
        name: np.ascontiguousarray(values[..., place], dtype) for place, name in enumerate(names)
    }
    return _coloured(planes)


def _values(codes: NDArray[Any], depth: str) -> NDArray[np.float32]:
    """Scale codes to 0..1; 10 and 12 bits come widened to 16 and are narrowed first."""
    if depth not in INTEGER_BITS:
        return codes
    largest = (1 << INTEGER_BITS[depth]) - 1
    exact = codes.astype(np.float64)
    if depth in ("10", "12"):
        exact = np.rint(exact * largest / _CODE_MAX_16)
    return (exact / largest).astype(np.float32)


def _multiplied(values: NDArray[np.float32], alpha: int, keeps_hidden: bool) -> NDArray[np.float32]:
    factor = values[..., alpha]
    if keeps_hidden:
        factor = np.where(factor == 0, np.float32(1), factor)
    result = values * factor[..., None]
    result[..., alpha] = values[..., alpha]
    return result


def _is_straight(spec: Any, kind: Format) -> bool:
    return kind.is_straight or bool(spec.get_int_attribute("oiio:UnassociatedAlpha"))


def _names(spec: Any) -> list[str]:
    names = [str(name) for name in spec.channelnames]
    if len(set(names)) == len(names):
        return names
    raise UnsupportedImageError("The file names a channel twice.")


def _coloured(planes: dict[str, Any]) -> dict[str, Any]:
    """Show a grey picture as red, green and blue, which models ask for."""
    if "Y" in planes and set(planes) <= {"Y", "A"}:
        grey = planes.pop("Y")
        return {"R": grey, "G": grey, "B": grey, **planes}
    return planes


def _header(spec: Any) -> Header:
    window = Window(spec.x, spec.y, spec.x + spec.width - 1, spec.y + spec.height - 1)
    shown = Window(
        spec.full_x,
        spec.full_y,
        spec.full_x + spec.full_width - 1,
        spec.full_y + spec.full_height - 1,
    )
    entries: dict[str, Attribute | None] = {}
    aspect = spec.get_float_attribute("PixelAspectRatio", 1.0)
    entries["pixelAspectRatio"] = Attribute("float", struct.pack("<f", aspect or 1.0))
    time_code = spec.getattribute(TIME_CODE)
    if time_code:
        entries["timeCode"] = Attribute("timecode", struct.pack("<2I", *time_code))
    return new_header(window, shown, "none").with_attributes(entries)


def _space_attribute(name: str, *, given: bool) -> dict[str, Attribute | None]:
    if not name:
        return {}
    return {"oiio:ColorSpace" if given else "colorInteropID": text_attribute(name)}


def _orientation_notes(spec: Any) -> tuple[str, ...]:
    if spec.get_int_attribute("Orientation", _UPRIGHT) == _UPRIGHT:
        return ()
    return ("The file asks viewers to turn its picture; the model sees it unturned.",)


def _unknown_space(path: Path, kind: Format, stated: StatedSpace) -> ColourError:
    what = "its transfer characteristic does not say" if kind is DPX else "nothing in it says"
    return ColourError(
        f"{path.name} is a {kind.name} file, and "
        + (f"{stated.note}." if stated.note else f"{what} which colour space it holds."),
        "Name it: `--space NAME`, for example `--space 'ARRI LogC3 (EI800)'`.",
    )
