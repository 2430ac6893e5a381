"""What an accepted asset says of how it was made, so that it can be made again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Optional

import unreal

PREFIX = "filmgate_"
"""How the tags of an asset begin that are ours; assets that were saved have them."""


@dataclass(frozen=True)
class Record:
    """What is written as tags, all of them texts.

    Attributes:
        source: the asset or actor that the model worked on.
        target: the asset that this was written to; another one is a copy of it.
        model: the exact model, as ``name@blake3:…``.
        version: its version.
        params: every parameter, as JSON.
        seed: the parameter of that name; empty where there is none.
        inputs: the digest of each input, as JSON.
        work_key: of the server's work.
        numerics: what computed it.
        client: the version of Filmgate.
        kept: what Filmgate remembers of the work, as `filmgate_unreal.states` writes it.
        pixels: the source art that this was written with, as `pixels_of` names it.
    """

    source: str = ""
    target: str = ""
    model: str = ""
    version: str = ""
    params: str = "{}"
    seed: str = ""
    inputs: str = "{}"
    work_key: str = ""
    numerics: str = ""
    client: str = ""
    kept: str = ""
    pixels: str = ""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The parameters."""
        try:
            return dict(json.loads(self.params))
        except (TypeError, ValueError):  # changed by hand
            return {}


def write(asset: unreal.Object, record: Record) -> None:
    """Tag an asset that is loaded; it is saved with it."""
    for name, value in asdict(record).items():
        unreal.EditorAssetLibrary.set_metadata_tag(asset, PREFIX + name, value)


def read(path: str) -> Optional[Record]:
    """Return what an asset says of itself; None where it does not exist or says nothing."""
    if not unreal.EditorAssetLibrary.does_asset_exist(path):
        return None
    return of_asset(unreal.load_asset(path))


def pixels_of(asset: unreal.Object) -> str:
    """Return what the engine calls an asset's source art; empty where it has no name for it."""
    ask = getattr(asset, "blueprint_get_texture_source_id_string", None)
    return str(ask() or "") if ask is not None else ""


def is_outdated(path: str, record: Record) -> bool:
    """Say whether an asset was changed since its tags were written: undone, or painted over.

    Undo brings pixels back, and no tags. Of a copy nobody can say.
    """
    now = pixels_of(unreal.load_asset(path))
    return record.target == path and bool(record.pixels and now) and record.pixels != now


def of_asset(asset: unreal.Object) -> Optional[Record]:
    """Return what an asset that is loaded says of itself; None where it was not made by us."""
    told = {
        spec.name: str(unreal.EditorAssetLibrary.get_metadata_tag(asset, PREFIX + spec.name))
        for spec in fields(Record)
    }
    return Record(**told) if told["model"] else None
