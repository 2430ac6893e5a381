"""Export of source art to files: what is written need not be what the name says."""

from __future__ import annotations

import os
from typing import Any, Optional

from unreal import _images
from unreal._assets import AssetExportTask, Exporter
from unreal._session import current
from unreal._textures import (
    Texture,
    TextureExporterEXR,
    TextureExporterHDR,
    TextureExporterPNG,
)
from unreal._values import Array

_BY_NAME = {"exr": TextureExporterEXR, "hdr": TextureExporterHDR, "png": TextureExporterPNG}


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
    if os.path.exists(task.filename) and not task.replace_identical:
        return f"{task.filename} exists and may not be replaced"
    kind = _kind(exporter)
    if not kind:
        return f"{type(exporter).__name__} does not support the format of {held.get_path_name()}"
    return _store(task.filename, _images.write(held._source, held.srgb, kind))


def _kind(exporter: Exporter) -> str:
    return current().exr_exports_as if exporter._extension == "exr" else exporter._extension


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
