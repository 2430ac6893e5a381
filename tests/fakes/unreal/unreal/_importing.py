"""Import of files as assets.

An import is no step of undo: what it replaces comes back only where a transaction was open and the
object was told to `modify` before. A new asset is never taken back. Settings of an asset that is
replaced stay, unless the task says otherwise; a new texture of floats is HDR without sRGB. Without
a factory Interchange imports, which does not hear the destination's name.
"""

from __future__ import annotations

from typing import Any

from unreal import _images
from unreal._asset_tools import AssetImportTask
from unreal._assets import _find, add_asset
from unreal._enums import TextureCompressionSettings as Compression
from unreal._objects import Object
from unreal._session import current
from unreal._textures import Texture2D
from unreal._values import Array


def run(task: AssetImportTask) -> None:
    """Import one file; a failure is a line in the log and no object, never an exception."""
    folder = task.destination_path.rstrip("/")
    stem = task.filename.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
    path = f"{folder}/{(task.factory and task.destination_name) or stem}"
    task._values["result"] = Array._of(Object, [])
    task._values["imported_object_paths"] = Array._of(str, [])
    held = _imported(task, path)
    if held is not None:
        task._values["result"] = Array._of(Object, [held])
        task._values["imported_object_paths"] = Array._of(str, [held.get_path_name()])
        if task.save:
            _save(held)


def _save(held: Any) -> None:
    from unreal._assets import EditorAssetLibrary

    EditorAssetLibrary.save_loaded_asset(held, False)


def _imported(task: AssetImportTask, path: str) -> Any:
    session = current()
    held = _find(path)
    if session.import_fails or not path.startswith("/"):
        return _refuse(f"Failed to import '{task.filename}'. Failed to create asset '{path}'")
    if held is not None and not task.replace_existing:
        if session.unattended or task.automated:
            return _refuse(f"Import skipped: '{path}' already exists")
        session.dialogs.append(("Overwrite", path))
        return None
    if held is not None and not isinstance(held, Texture2D):
        return _refuse(f"Failed to import '{task.filename}': '{path}' is no texture")
    try:
        with open(task.filename, "rb") as file:
            image = _images.parse(file.read())
    except (OSError, ValueError) as error:
        return _refuse(f"Failed to import '{task.filename}': {error}")
    return _replace(held, image, task) if held is not None else _create(path, image, task)


def _refuse(text: str) -> None:
    current().write("Error", text)


def _create(path: str, image: _images.Image, task: AssetImportTask) -> Texture2D:
    made = Texture2D()
    _choose_settings(made, image, task)
    return _take(add_asset(made, path, saved=False), image, task)


def _replace(held: Any, image: _images.Image, task: AssetImportTask) -> Any:
    if task.replace_existing_settings:
        _choose_settings(held, image, task)
    held._mark_dirty()
    return _take(held, image, task)


def _take(held: Any, image: _images.Image, task: AssetImportTask) -> Any:
    held._source, held._pixels = image, None
    held._source_id = next(current().serial)
    held.get_editor_property("asset_import_data")._files = [task.filename]
    held._build()
    return held


def _choose_settings(held: Texture2D, image: _images.Image, task: AssetImportTask) -> None:
    held._values["srgb"] = not image.is_float and image.kind not in ("G16", "RGBA16")
    chosen = task.factory._values if task.factory else {}
    wanted = Compression.TC_HDR if image.is_float else Compression.TC_DEFAULT
    held._values["compression_settings"] = chosen.get("compression_settings", wanted)
    for name in ("lod_group", "mip_gen_settings", "defer_compression"):
        if name in chosen:
            held._values[name] = chosen[name]
