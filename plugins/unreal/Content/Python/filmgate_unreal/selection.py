"""What the artist has selected, and which models can do something with it."""

from __future__ import annotations

from collections.abc import Sequence

import unreal

from filmgate.host.catalogue import Catalogue
from filmgate.host.offers import offered
from filmgate.wire.records import ModelSummary
from filmgate_unreal.landscape import LandscapeSource
from filmgate_unreal.textures import TextureSource, package_path
from filmgate_unreal.work import Source

IMAGE, VOLUME = TextureSource.kind, LandscapeSource.kind

_HEIGHTFIELD = ("y", "x", "c")
"""The axes of a volume that is a heightfield."""


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
    found: list[ModelSummary] = []
    for kind in kinds:
        for model in offered(catalogue, (kind,)):
            manifest = catalogue.manifest(model)
            shape = None if manifest is None else tuple(manifest.main_input.axes)
            if kind == IMAGE or shape == _HEIGHTFIELD:
                found.append(model)
    return found


def kinds() -> list[str]:
    """Return the kinds of what is selected."""
    return [kind for kind, any_ in ((IMAGE, textures()), (VOLUME, landscapes())) if any_]
