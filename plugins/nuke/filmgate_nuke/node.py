"""A model as a node: made, rebuilt for another version, and given results to show."""

from __future__ import annotations

from collections.abc import Mapping

import nuke

from filmgate.manifest import Manifest


def create(manifest: Manifest, model_ref: str) -> nuke.Group:
    """Make a Group for a model where Nuke makes nodes now; one undo step.

    Args:
        manifest: of the model.
        model_ref: as it was asked for: ``denoise@champion``.
    """
    raise NotImplementedError


def rebuild(group: nuke.Group, manifest: Manifest) -> tuple[str, ...]:
    """Go over to another version's manifest; knobs that stay keep their values; one undo step.

    Returns:
        What changed on the node, in sentences for the artist.
    """
    raise NotImplementedError


def show_take(group: nuke.Group, patterns: Mapping[str, str], span: tuple[int, int]) -> None:
    """Let the node read results from now on; with no patterns it passes the source through.

    Args:
        group: the node.
        patterns: output to path with ``%04d`` (and ``%V``), of a take or a bake.
        span: the first and last frame of the main input, and of the results beyond it.
    """
    raise NotImplementedError
