"""Colour spaces by the names of an OCIO config, and the ways between them."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

import numpy as np
import PyOpenColorIO  # pyright: ignore[reportMissingTypeStubs] - it ships none
from numpy.typing import NDArray

from filmgate.digest import Buffer, digest_bytes, digest_text
from filmgate.errors import ColourError
from filmgate.image.ocioz import Tables, parse_ocioz
from filmgate.wire.records import BUILTIN_PREFIX, PINNED_CONFIG

Rgb = NDArray[np.float32]
"""(…, 3) red, green, blue."""

Matrix = tuple[tuple[float, float, float], ...]
"""Three rows for column vectors (R, G, B)."""

SCENE_LINEAR = "scene_linear"
"""The role that every config for scene-referred work has."""

LINEAR_ERROR_MAX = 1e-5
"""Of a transform that counts as a matrix, beside it, relative to the brightest channel."""

_PROBES = np.array(
    [[0.18, 0.18, 0.18], [-0.5, 0.25, 0.1], [4.0, 0.01, 100.0], [1e3, 2e3, 3e3], [0, 0, 0]],
    np.float32,
)
"""Grey, negative, bright and black: what a curve or an offset treats unlike a matrix."""

_SLICES_PER_THREAD = 4
_SHARED_PIXELS_MIN = 1 << 16
"""Fewer are converted by one thread: starting others would take as long."""

_CLOSE_NAMES = 4
_ocio: Any = PyOpenColorIO
"""The binding carries no types."""

_OCIO_ERRORS = (_ocio.Exception, _ocio.ExceptionMissingFile, RuntimeError)

_building = threading.Lock()
"""OCIO keeps look-up tables for the whole process by their paths, which archives share."""


class Transform:
    """A way from one space to another, on the CPU.

    Args:
        processor: OCIO's, for float32.
    """

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    def apply(self, rgb: Rgb, threads: int = 1) -> Rgb:
        """Return converted colours.

        Args:
            rgb: (..., 3) in the first space, any range; not changed.
            threads: how many share the work.

        Returns:
            A new array of the same shape in the second space.
        """
        result = np.array(rgb, np.float32, order="C")
        rows = result.reshape(-1, 1, 3)
        if threads == 1 or len(rows) < _SHARED_PIXELS_MIN:
            self._processor.applyRGB(rows)
            return result
        pieces = np.array_split(rows, threads * _SLICES_PER_THREAD)
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(self._processor.applyRGB, pieces))
        return result


class ColourConfig:
    """An OCIO config: the names of colour spaces and what they mean.

    Neither ``$OCIO`` nor any other variable of the environment has a say in it.

    Args:
        handle: OCIO's config.
        reference: what it is known as: ``ocio://`` and a pinned name, or the archive's digest.
        tables: what OCIO reads an archive's look-up tables from.

    Attributes:
        reference: see above; the same reference always means the same transforms.
    """

    def __init__(self, handle: Any, reference: str, tables: Tables | None = None) -> None:
        self.reference = reference
        self.handle = handle
        self._tables = tables  # OCIO asks it later, and does not keep it alive

    def begin(self) -> None:
        """Get ready for a way to be built: see `Tables.begin`."""
        if self._tables is not None:
            self._tables.begin()

    @property
    def names(self) -> list[str]:
        """Every colour space, with its aliases and the roles."""
        return [*_space_names(self.handle), *self.handle.getRoleNames()]

    def __contains__(self, name: str) -> bool:
        """Return whether there is a space, an alias or a role of this name."""
        return self.handle.getColorSpace(name) is not None

    def find(self, name: str) -> str:
        """Return the space *name*, or of that alias, by its own name; empty if there is none.

        Roles do not count: a file that says ``scene_linear`` speaks of another config.
        """
        if self.handle.hasRole(name):
            return ""
        space = self.handle.getColorSpace(name)
        return "" if space is None else str(space.getName())

    def resolve(self, name: str) -> str:
        """Return the space that a name, an alias or a role stands for, by its own name.

        Raises:
            ColourError: there is none; the remedy lists names that are close.
        """
        space = self.handle.getColorSpace(name)
        if space is None:
            text = f"There is no colour space {name!r} in {self.reference}."
            raise ColourError(text, self._advice(name))
        return str(space.getName())

    def is_linear(self, name: str) -> bool:
        """Return whether a space, by its own name, is linear and scene-referred."""
        return bool(self.handle.isColorSpaceLinear(name, _ocio.REFERENCE_SPACE_SCENE))

    def is_data(self, name: str) -> bool:
        """Return whether a space holds values that are no colours: nothing converts them."""
        return bool(self.handle.getColorSpace(name).isData())

    def linear_matrix(self, source: str, target: str) -> Matrix:
        """Return the matrix between two linear scene-referred spaces of this config.

        Raises:
            ColourError: one of them is unknown or not linear.
        """
        spaces = Space(self, self.resolve(source)), Space(self, self.resolve(target))
        matrix = find_matrix(*spaces)
        if matrix is None:
            raise ColourError(f"Between {source!r} and {target!r} there is more than a matrix.")
        return matrix

    def processor(self, source: str, target: str) -> Transform:
        """Return the way between two spaces of this config.

        Raises:
            ColourError: one of them is unknown, or there is no way.
        """
        return find_transform(Space(self, self.resolve(source)), Space(self, self.resolve(target)))

    def _advice(self, name: str) -> str:
        folded = {known.lower(): known for known in self.names}
        close = get_close_matches(name.lower(), folded, _CLOSE_NAMES, 0.4)
        shown = [folded[each] for each in close] or _space_names(self.handle)[:_CLOSE_NAMES]
        return f"Use a name of that config, such as {', '.join(map(repr, shown))}."


@dataclass(frozen=True)
class Space:
    """A colour space of a config, by its own name."""

    config: ColourConfig
    name: str

    @property
    def is_linear(self) -> bool:
        """Whether it is linear and scene-referred."""
        return self.config.is_linear(self.name)

    @property
    def is_data(self) -> bool:
        """Whether its values are no colours."""
        return self.config.is_data(self.name)


def builtin_config(reference: str = PINNED_CONFIG) -> ColourConfig:
    """Return a config that comes inside OpenColorIO.

    Args:
        reference: ``ocio://`` and a name with its version; one that moves is refused.

    Raises:
        ColourError: there is no such config.
    """
    return _builtin(reference)


@lru_cache(maxsize=4)
def _builtin(reference: str) -> ColourConfig:
    name = reference.removeprefix(BUILTIN_PREFIX)
    known = [str(entry[0]) for entry in _ocio.BuiltinConfigRegistry().getBuiltinConfigs()]
    if not reference.startswith(BUILTIN_PREFIX) or name not in known:
        raise ColourError(
            f"There is no built-in OCIO config {reference!r}.",
            f"Use {', '.join(BUILTIN_PREFIX + each for each in known)}.",
        )
    return ColourConfig(_ocio.Config.CreateFromBuiltinConfig(name), reference)


def parse_config(archive: Buffer) -> ColourConfig:
    """Read the config in the bytes of an ``.ocioz`` archive; nothing else of it is looked at.

    Raises:
        ColourError: the archive or the config in it cannot be used.
    """
    reference = digest_text(digest_bytes(archive))
    tables = Tables(parse_ocioz(archive))
    _ocio.SetLoggingLevel(_ocio.LOGGING_LEVEL_NONE)  # a stranger's config writes into no log
    try:
        handle = _ocio.Config.CreateFromConfigIOProxy(tables)
        handle.validate()
    except (*_OCIO_ERRORS, UnicodeDecodeError) as error:
        raise ColourError(
            f"The OCIO archive's config cannot be used ({_brief(error)}).",
            "Check it with `ociocheck`.",
        ) from error
    return ColourConfig(handle, reference, tables)


def find_transform(source: Space, target: Space) -> Transform:
    """Return the way from one space to another, perhaps of another config.

    Two configs meet in ACES2065-1, which both must name by the role ``aces_interchange``.

    Raises:
        ColourError: there is no way.
    """
    try:
        with _building:
            _ocio.ClearAllCaches()
            source.config.begin()
            target.config.begin()
            processor = _processor(source, target)
            # Without shortcuts: what they cost in accuracy stands in the decision record.
            return Transform(processor.getOptimizedCPUProcessor(_ocio.OPTIMIZATION_LOSSLESS))
    except _OCIO_ERRORS as error:
        raise ColourError(
            f"There is no way from {source.name!r} to {target.name!r} ({_brief(error)}).",
        ) from error


def find_matrix(source: Space, target: Space) -> Matrix | None:
    """Return the matrix between two spaces; None if one is not linear and scene-referred.

    Its columns are what the way makes of red, green and blue, tried on further colours: what a
    config says of a space may be wrong.

    Raises:
        ColourError: there is no way.
    """
    if not (source.is_linear and target.is_linear):
        return None
    way = find_transform(source, target)
    rows = way.apply(np.eye(3, dtype=np.float32)).astype(np.float64).T
    meant = _PROBES.astype(np.float64) @ rows.T
    error = np.abs(way.apply(_PROBES) - meant).max(axis=1)
    if (error > LINEAR_ERROR_MAX * np.abs(meant).max(axis=1)).any():
        return None
    return to_matrix(rows)


def to_matrix(rows: NDArray[np.float64]) -> Matrix:
    """Return a (3, 3) array as a matrix."""
    red, green, blue = rows.tolist()
    return tuple(red), tuple(green), tuple(blue)


def _processor(source: Space, target: Space) -> Any:
    ours, theirs = source.config, target.config
    if ours is theirs:
        return ours.handle.getProcessor(_context(ours), source.name, target.name)
    return _ocio.Config.GetProcessorFromConfigs(
        _context(ours), ours.handle, source.name, _context(theirs), theirs.handle, target.name
    )


def _context(config: ColourConfig) -> Any:
    """Return the config's variables with the values that the config itself gives them."""
    handle, context = config.handle, copy.deepcopy(config.handle.getCurrentContext())
    context.clearStringVars()
    for name in handle.getEnvironmentVarNames():
        context[name] = handle.getEnvironmentVarDefault(name)
    return context


def _space_names(handle: Any) -> list[str]:
    return [name for space in handle.getColorSpaces() for name in _each_name(space)]


def _each_name(space: Any) -> Iterator[str]:
    yield space.getName()
    yield from space.getAliases()


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
