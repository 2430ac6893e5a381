"""Export of source art to files: what is written need not be what the name says."""

from __future__ import annotations

import os
from typing import Any, Optional

from unreal import _images
from unreal._asset_tools import AssetExportTask, Exporter
from unreal._session import current
from unreal._textures import (
    Texture,
    TextureExporterEXR,
    TextureExporterHDR,
    TextureExporterPNG,
    TextureExporterTGA,
)
from unreal._values import Array

_BY_NAME = {
    "exr": TextureExporterEXR,
    "hdr": TextureExporterHDR,
    "png": TextureExporterPNG,
    "tga": TextureExporterTGA,
}
_TAKEN = {
    "png": ("G8", "BGRA8", "G16", "RGBA16"),
    "tga": ("G8", "BGRA8", "G16", "RGBA16"),
    "hdr": ("RGBA16F", "RGBA32F"),
}
"""What an exporter takes. EXR takes any, 8 bits as halves; TGA makes 8 bits of 16."""


def run(task: AssetExportTask) -> bool:
    """Write one asset; False where nothing was written, with the reason in `errors`."""
    task._values["errors"] = Array._of(str, [])
    reason = _write(task)
    if reason:
        task.errors.append(reason)
        current().write("Error", reason)
    return not reason


def _write(task: AssetExportTask) -> str:
    held = task.object
    if not isinstance(held, Texture) or held._source is None:
        return f"No exporter found: {held!r} has no source art"
    exporter = task.exporter or _find_exporter(task.filename)
    if exporter is None:
        return f"No exporter found for {task.filename}"
    kind = _kind(exporter, held._source.kind)
    if not kind:
        return f"{type(exporter).__name__} does not support the format of {held.get_path_name()}"
    if kind == "tga" and held._source.top > 255:
        text = "cannot be represented at such high bit depth: scaled to 8 bits"
        current().write("Warning", f"{held.get_path_name()} {text}")
    return _store(task.filename, _images.write(held._source, held.srgb, kind))


def _kind(exporter: Exporter, source: str) -> str:
    """Return what is written; nothing where the exporter does not take this source art."""
    asked = exporter._extension
    taken = _TAKEN.get(asked)
    return current().exports_as.get(asked, asked) if taken is None or source in taken else ""


def _find_exporter(filename: str) -> Optional[Any]:
    kind = _BY_NAME.get(filename.rpartition(".")[2].lower())
    return kind() if kind else None


def _store(path: str, content: bytes) -> str:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
    except OSError as error:
        return f"Cannot write {path}: {error}"
    return ""
