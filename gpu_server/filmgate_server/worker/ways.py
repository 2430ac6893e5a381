"""Which way colours go: from what is known of a file to the space that a model works in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from filmgate.errors import ColourError
from filmgate.image.colorimetry import ColourTag, colour_tags
from filmgate.image.colour import (
    SCENE_LINEAR,
    ColourConfig,
    Matrix,
    Rgb,
    Space,
    Transform,
    builtin_config,
    find_matrix,
    find_transform,
    to_matrix,
)
from filmgate.image.header import Header
from filmgate.image.primaries import AP0, REC709, SPACE_NAMES, Primaries, linear_matrix
from filmgate_server.pool.messages import ColourOrder

WAYS_MAX = 8
"""Each keeps its configs in memory."""


@dataclass(frozen=True)
class Source:
    """What the colours of a file are.

    Attributes:
        space: their space.
        by: what says so: ``job``, ``working``, ``show``, or an attribute of the file.
        to_space: from the file's own primaries to those of *space*; None where they are the same.
    """

    space: Space
    by: str
    to_space: Matrix | None = None


@dataclass(frozen=True)
class Way:
    """From one space to another and back: a matrix, or something for the CPU.

    Attributes:
        matrix: None where that is not all.
        there: on straight colours; None for a matrix.
        back: its inverse.
        before: a matrix that goes before *there*, and back after *back*.
    """

    matrix: Matrix | None = None
    there: Transform | None = None
    back: Transform | None = None
    before: Matrix | None = None

    def to_model(self, rgb: Rgb, threads: int) -> Rgb:
        """Convert (..., 3) colours on the CPU."""
        if self.there is None:
            return rgb if self.matrix is None else times(rgb, self.matrix)
        return self.there.apply(rgb if self.before is None else times(rgb, self.before), threads)

    def from_model(self, rgb: Rgb, threads: int) -> Rgb:
        """Convert (..., 3) colours back on the CPU."""
        if self.back is None:
            return rgb if self.matrix is None else times(rgb, inverse(self.matrix))
        result = self.back.apply(rgb, threads)
        return result if self.before is None else times(result, inverse(self.before))


def find_source(
    config: ColourConfig, order: ColourOrder, header: Header, *, as_is: bool
) -> Source | None:
    """Return what is known of a file's colours, from whoever knows best; None if nobody does.

    Args:
        config: what the names belong to.
        order: what the job, the host and the show say.
        header: of the part that holds the colours.
        as_is: the model takes linear light of any primaries: then it does not matter if the config
            lacks the host's working space, which is linear.

    Raises:
        ColourError: the job or the host names a space that the config lacks.
    """
    if order.space:
        return Source(Space(config, config.resolve(order.space)), "job")
    if order.working and not (as_is and order.working not in config):
        return Source(Space(config, config.resolve(order.working)), "working")
    for tag in () if order.working else colour_tags(header):
        found = _tagged(config, tag)
        if found is not None:
            return found
    if order.default and order.default in config:
        return Source(Space(config, config.resolve(order.default)), "show")
    return None


def find_target(config: ColourConfig, wanted: str, source: Source) -> Space | None:
    """Return the space to convert to; None where the values are taken as they are.

    Args:
        config: where *wanted* is looked for first; a show's own config need not have every name
            that a model's author knows from the built-in one.
        wanted: the model's space; empty for linear light of any primaries.
        source: what the colours are.

    Raises:
        ColourError: neither config has *wanted*.
    """
    if source.space.is_data:
        return None
    if not wanted:
        linear = source.space.is_linear
        return None if linear else Space(config, config.resolve(SCENE_LINEAR))
    home = config if wanted in config else builtin_config()
    target = Space(home, home.resolve(wanted))
    return None if target.is_data else target


def find_way(source: Source, target: Space) -> Way | None:
    """Return the way from *source* to *target*; None if that is where it is.

    Raises:
        ColourError: there is none, or none back.
    """
    way = None if source.space == target else _way(source.space, target)
    if source.to_space is None:
        return way
    if way is None or way.matrix is None:
        return Way(source.to_space) if way is None else replace(way, before=source.to_space)
    return Way(to_matrix(np.array(way.matrix) @ np.array(source.to_space)))


def screen_way(source: Source) -> Way | None:
    """Return the way to linear Rec.709, which pictures for people are made of.

    Raises:
        ColourError: there is none.
    """
    pinned = builtin_config()
    if source.space.is_data:
        return None
    return find_way(source, Space(pinned, pinned.resolve(SPACE_NAMES[REC709][0])))


def times(rgb: Rgb, matrix: Matrix) -> Rgb:
    """Return (..., 3) colours times a matrix, in float32."""
    return rgb @ np.array(matrix, np.float32).T


def inverse(matrix: Matrix) -> Matrix:
    """Return the inverse of a matrix."""
    return to_matrix(np.linalg.inv(np.array(matrix)))


@lru_cache(maxsize=WAYS_MAX)
def _way(source: Space, target: Space) -> Way:
    matrix = find_matrix(source, target)
    if matrix is not None:
        return Way(matrix)
    return Way(None, find_transform(source, target), find_transform(target, source))


def _tagged(config: ColourConfig, tag: ColourTag) -> Source | None:
    """Return what a file's attribute says; None where this config cannot tell what is meant."""
    for name in tag.names:
        found = config.find(name)
        if found:
            return Source(Space(config, found), tag.attribute)
    return None if tag.primaries is None else _by_primaries(tag.primaries, tag.attribute)


def _by_primaries(primaries: Primaries, attribute: str) -> Source | None:
    pinned = builtin_config()
    aces = Space(pinned, pinned.resolve(SPACE_NAMES[AP0][0]))
    try:
        return Source(aces, attribute, to_matrix(linear_matrix(primaries, AP0)))
    except ColourError:
        return None  # numbers that mean nothing say nothing
