"""What is to be made of every render of a project: a small file that the project keeps.

It lies among the project's own settings, so that artists and farms work by the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Optional

import unreal

from filmgate.disk import make_folder, storage_errors, write_whole
from filmgate.errors import ConfigError

FILE = "FilmgateRenders.json"
MODEL_PLACE = "{model}"


@dataclass(frozen=True)
class RenderOrder:
    """What to do with what was rendered.

    Attributes:
        model: as ``name``, ``name@version`` or ``name@alias``; empty for nothing.
        params: the parameters that are not the model's defaults.
        layers: layers or passes chosen by hand, by the model's input.
        space: the colour space of the pixels; empty where the files and the show know best.
        folder: where results go, inside the folder of the rendered files; ``{model}`` stands for
            the model's name.
        only: the render layers that are meant; none means all.
    """

    model: str = ""
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    layers: Mapping[str, str] = field(default_factory=dict[str, str])
    space: str = ""
    folder: str = MODEL_PLACE
    only: tuple[str, ...] = ()

    def target(self, rendered: Path) -> Path:
        """Return where the result of a rendered file goes: never to the file itself."""
        name = self.model.partition("@")[0]
        return rendered.parent / self.folder.replace(MODEL_PLACE, name) / rendered.name

    def wants(self, layer: str) -> bool:
        """Say whether a render layer is meant."""
        return not self.only or any(name in layer for name in self.only)


def parse_order(content: bytes, where: str) -> RenderOrder:
    """Read what `to_json` wrote, or a person.

    Raises:
        ConfigError: it is none, or a value cannot be used; the text names it.
    """
    try:
        found: Any = json.loads(content)
    except ValueError as error:
        raise _unusable(where, str(error)) from error
    if not isinstance(found, dict):
        raise _unusable(where, "it is no table")
    said: dict[str, Any] = found  # pyright: ignore[reportUnknownVariableType]
    for name, value in said.items():
        if name not in _KINDS:
            raise _unusable(where, f"there is no {name}")
        if not isinstance(value, _KINDS[name]):
            raise _unusable(where, f"{name} is {value!r}")
    order = replace(RenderOrder(**said), only=tuple(map(str, said.get("only", ()))))
    place = PurePosixPath(order.folder)
    if place.is_absolute() or ".." in place.parts or not place.parts or "\\" in order.folder:
        raise _unusable(where, f"{order.folder!r} is no folder inside that of the render")
    return order


def to_json(order: RenderOrder) -> bytes:
    """Write an order for people to read."""
    return (json.dumps(asdict(order), indent=2) + "\n").encode()


def load_order() -> RenderOrder:
    """Return the project's order; an empty one where it has none.

    Raises:
        ConfigError: the file cannot be used.
        StorageError: it cannot be read.
    """
    path = order_file()
    with storage_errors(path):
        content: Optional[bytes] = path.read_bytes() if path.is_file() else None
    return RenderOrder() if content is None else parse_order(content, path.as_posix())


def save_order(order: RenderOrder) -> Path:
    """Keep an order with the project and return its file.

    Raises:
        StorageError: the disk refuses, as where the file is not checked out.
    """
    path = order_file()
    make_folder(path.parent)
    write_whole(path, to_json(order))
    return path


def order_file() -> Path:
    """Return where the project keeps its order."""
    folder = unreal.Paths.convert_relative_path_to_full(unreal.Paths.project_config_dir())
    return Path(folder) / FILE


_KINDS: Mapping[str, type] = {
    "model": str,
    "params": dict,
    "layers": dict,
    "space": str,
    "folder": str,
    "only": list,
}


def _unusable(where: str, why: str) -> ConfigError:
    return ConfigError(
        f"{where} cannot be used: {why}.",
        f"Its names are {', '.join(_KINDS)}; the page of Filmgate in Unreal shows one.",
    )
