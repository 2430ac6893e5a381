"""What the artist has selected, and which models can do something with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import unreal

from filmgate.host.catalogue import Catalogue
from filmgate.host.offers import offered
from filmgate.manifest import Manifest
from filmgate.wire.records import ModelSummary
from filmgate_unreal.landscape import LandscapeSource
from filmgate_unreal.textures import TextureSource, package_path
from filmgate_unreal.work import Source

IMAGE, VOLUME = TextureSource.kind, LandscapeSource.kind

_HEIGHTFIELD = ("y", "x", "c")
"""The axes of a volume that is a heightfield."""

_TEMPORAL = ("frame", "window")
"""What works with one frame; a window repeats it."""


def textures() -> list[unreal.Texture2D]:
    """Return the textures that are selected in the content browser."""
    selected = unreal.EditorUtilityLibrary.get_selected_assets()
    return [each for each in selected if isinstance(each, unreal.Texture2D)]


def landscapes() -> list[unreal.LandscapeProxy]:
    """Return the landscapes that are selected in the level."""
    actors = unreal.get_editor_subsystem(unreal.EditorActorSubsystem).get_selected_level_actors()
    return [each for each in actors if isinstance(each, unreal.LandscapeProxy)]


def sources(kind: str = "") -> list[Source]:
    """Return what models can work on: of *kind*, or of whichever is selected."""
    found: list[Source] = []
    if kind in ("", IMAGE):
        found += [TextureSource.of(package_path(each)) for each in textures()]
    if kind in ("", VOLUME):
        landscape_sources = {each.path: each for each in map(LandscapeSource, landscapes())}
        found += landscape_sources.values()
    return found


def models(catalogue: Catalogue, kinds: Sequence[str]) -> list[ModelSummary]:
    """Return the models that can be fed with sources of these kinds, task by task."""
    return [
        model
        for kind in kinds
        for model in offered(catalogue, (kind,))
        if _is_fed(catalogue.manifest(model), kind)
    ]


def _is_fed(manifest: Optional[Manifest], kind: str) -> bool:
    """Say whether one texture or landscape is enough for a model; of one unknown yet, perhaps."""
    if manifest is None:
        return kind == IMAGE
    needed = [each for each in manifest.inputs if not each.optional]
    shaped = kind == IMAGE or tuple(manifest.main_input.axes) == _HEIGHTFIELD
    return shaped and len(needed) == 1 and manifest.temporal.kind in _TEMPORAL


def kinds() -> list[str]:
    """Return the kinds of what is selected."""
    return [kind for kind, any_ in ((IMAGE, textures()), (VOLUME, landscapes())) if any_]
