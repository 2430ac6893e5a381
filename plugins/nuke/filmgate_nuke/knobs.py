"""The knobs of a Filmgate Group, made from the manifest, and what they say at a moment."""

from __future__ import annotations

from collections.abc import Sequence

import nuke

from filmgate.host.port import Moment, Settings
from filmgate.manifest import Manifest


def add_knobs(group: nuke.Group, manifest: Manifest, model_ref: str) -> None:
    """Add every knob of the node."""
    raise NotImplementedError


def settings(group: nuke.Group, manifest: Manifest, moment: Moment) -> Settings:
    """Return what the artist has set, with animated values as they are at *moment*."""
    raise NotImplementedError


def show_versions(group: nuke.Group, versions: Sequence[str], current: str) -> None:
    """Let the knob ``filmgate_version`` list *versions* and show *current*."""
    raise NotImplementedError
