"""The files that `filmgate compare` holds against each other, brought to one kind of light."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filmgate.errors import ColourError, FilmgateError
from filmgate.image.alpha import alpha_divisor
from filmgate.image.colorimetry import colour_tags
from filmgate.image.colour import ColourConfig, builtin_config
from filmgate.image.compare import compare
from filmgate.image.encoding import LINEAR
from filmgate.image.exr import load_exr
from filmgate.image.formats import format_of
from filmgate.image.frame import Part
from filmgate.image.header import Header, text_attribute
from filmgate.image.picture import load_picture


@dataclass(frozen=True)
class Side:
    """One file.

    Attributes:
        path: where it lies.
        parts: its images.
        space: of its colours, by the built-in config's name; empty where it does not say.
        notes: what was assumed when it was read.
    """

    path: Path
    parts: tuple[Part, ...]
    space: str
    notes: tuple[str, ...] = ()

    @property
    def is_exr(self) -> bool:
        """Whether it is an EXR, which holds light unless it says otherwise."""
        return format_of(self.path) is None


def load_side(path: Path) -> Side:
    """Read a file of any kind that `filmgate run` reads.

    Raises:
        FilmgateError: it cannot be used; the text names it.
    """
    with named(path):
        if format_of(path) is None:
            plate, notes = load_exr(path), ()
        else:
            picture = load_picture(path, needs_space=False, keeps_hidden=False)
            plate, notes = picture.plate, picture.notes
    return Side(path, plate.parts, _space(builtin_config(), plate.parts[0].header), notes)


def in_one_light(sides: Sequence[Side]) -> tuple[list[Side], list[str]]:
    """Bring files to linear Rec.709 where their values would not mean the same light.

    Files of one linear space stay as they are; so do those that all do not say their space, and EXR
    files of which one does not. Only the colour layer is converted.

    Returns:
        The files in the same order, and what was done or assumed.

    Raises:
        ColourError: a file does not say its space and another does; the text names it.
    """
    config = builtin_config()
    notes = [f"{side.path}: {note}" for side in sides for note in side.notes]
    if _agree(config, sides):
        return list(sides), notes
    known: list[Side] = []
    for side in sides:
        if not side.space and not side.is_exr:
            raise _unknown(side)
        if not side.space:
            notes.append(f"{side.path} does not say its colour space; linear Rec.709 is assumed.")
        known.append(side if side.space else replace(side, space=_linear(config)))
    spaces = ", ".join(f"{side.path.name} from {side.space}" for side in known)
    notes.append(f"Compared as linear Rec.709: {spaces}.")
    return [_converted(config, side) for side in known], notes


@contextmanager
def named(*paths: Path) -> Generator[None]:
    """Name the files in an error that does not."""
    try:
        yield
    except FilmgateError as error:
        if not any(path.name in error.text for path in paths):
            error.text = f"{' and '.join(map(str, paths))}: {error.text}"
        raise


def _agree(config: ColourConfig, sides: Sequence[Side]) -> bool:
    spaces = {side.space for side in sides}
    if len(spaces) == 1:
        (space,) = spaces
        return not space or config.is_linear(space)
    return "" in spaces and all(side.is_exr for side in sides)


def _space(config: ColourConfig, header: Header) -> str:
    names = (config.find(name) for tag in colour_tags(header) for name in tag.names)
    return next(filter(None, names), "")


def _linear(config: ColourConfig) -> str:
    return _space(config, Header({"colorInteropID": text_attribute(LINEAR)}))


def _converted(config: ColourConfig, side: Side) -> Side:
    target = _linear(config)
    if side.space == target or config.is_data(side.space):
        return side
    return replace(side, parts=tuple(_linearised(config, side.space, p) for p in side.parts))


def _linearised(config: ColourConfig, space: str, part: Part) -> Part:
    """Convert the colour layer; a curve is meant for colours that alpha has not dimmed."""
    names = compare(part, part).color
    if len(names) != len("RGB"):
        return part
    rgb = part.stacked(names)
    layer = names[0].rpartition(".")[0]
    alpha = f"{layer}.A" if layer else "A"
    divisor = alpha_divisor(part.stacked([alpha])) if alpha in part.channels else 1
    light = config.processor(space, _linear(config)).apply(rgb / divisor) * divisor
    planes = {name: light[..., place].copy() for place, name in enumerate(names)}
    return Part(part.header, {**part.channels, **planes})


def _unknown(side: Side) -> ColourError:
    return ColourError(
        f"{side.path} does not say which colour space it holds, and another file does.",
        "Compare it with a file of its own kind, or with an EXR that `filmgate run --space` makes.",
    )
