"""Bakes: takes copied to where artists see them and farms read them; nothing evicts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Callable, Optional

from filmgate.takes import Take

TEMPLATE = "{script_dir}/filmgate/{script}/{node}/v{take:03d}/{output}.%04d.exr"


@dataclass(frozen=True)
class Baked:
    """What a bake has made.

    Attributes:
        patterns: paths for file knobs, by output.
        frames: what they hold, in order.
    """

    patterns: Mapping[str, str]
    frames: tuple[int, ...]


def expand(
    template: str,
    *,
    script_dir: str,
    script: str,
    node: str,
    output: str,
    show: str = "",
    version: str = "",
    take: int = 1,
) -> str:
    """Return the pattern of an output's files by the site's template."""
    raise NotImplementedError


def bake(
    take: Take,
    pattern_of_output: Callable[[str], str],
    frames: Sequence[int],
    on_progress: Optional[Callable[[int, int], None]] = None,
) -> Baked:
    """Copy frames of a take, every output and view of them; goes on where it was interrupted.

    The pattern gets a ``%V`` where the take has views, and the ending of tensors.
    """
    raise NotImplementedError
