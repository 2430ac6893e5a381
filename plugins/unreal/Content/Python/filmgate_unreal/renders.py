"""What a render has left on disk: layers with their passes, and a file for each frame."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from filmgate.manifest import ModelInput
from filmgate.manifest.layers import bind_layers

_NAME = re.compile(
    r"(?P<before>.*?)(?P<frame>(?:(?<=[._])-)?\d+)\.exr\Z", re.IGNORECASE | re.DOTALL
)
_HELPERS = ("albedo", "normal", "depth", "motion")
"""The roles of passes that help a model and are no pictures themselves."""

_DATA = ("cryptomatte", "object id", "objectid", "stencil", "burnin", "burn in")
"""What names of passes say that hold ids or drawings: no model works on them."""

_ONE = ("R",)
_ROLES = [ModelInput(role, role, channels=_ONE, optional=True) for role in _HELPERS]


@dataclass(frozen=True)
class Pass:
    """What a renderer says that it wrote of one pass.

    Attributes:
        layer: the shot, render layer and camera that it belongs to.
        name: of the pass, such as ``FinalImagePathTracer`` or ``FinalImageWorldNormal``.
        paths: its files; of those that are no EXR files nothing is made.
    """

    layer: str
    name: str
    paths: tuple[str, ...]

    def files(self) -> dict[int, Path]:
        """Return its EXR files by frame."""
        found = {parse_frame(Path(path).name): Path(path) for path in self.paths}
        return {frame: path for frame, path in found.items() if frame is not None}


@dataclass(frozen=True)
class Layer:
    """A picture as a sequence of files, and the passes that go with it.

    Attributes:
        label: what people call it.
        files: the picture's files by frame.
        helpers: the files of passes of their own, by pass and frame. Passes inside the picture's
            files are not among them: the server finds those by name.
    """

    label: str
    files: Mapping[int, Path]
    helpers: Mapping[str, Mapping[int, Path]] = field(default_factory=dict[str, Mapping[int, Path]])

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last frame."""
        return min(self.files), max(self.files)

    @property
    def name(self) -> str:
        """The files' common name, without the number."""
        found = _NAME.match(self.files[self.span[0]].name)
        return found["before"].rstrip("._- ") if found else self.label

    def helper(self, wanted: ModelInput) -> Optional[str]:
        """Return the pass that an input is bound to by its name; None without one."""
        channels = [f"{name}.{suffix}" for name in self.helpers for suffix in _ONE]
        one = ModelInput(wanted.name, wanted.role, _ONE, wanted.layers, optional=True)
        bound = bind_layers([one], channels).get(wanted.name, ())
        return bound[0].rpartition(".")[0] if bound else None


def to_layers(passes: Iterable[Pass]) -> list[Layer]:
    """Sort passes into pictures and what helps to make them.

    Where every pass names the same files, these have many layers, and are one picture.

    Returns:
        A layer for each picture: one that a camera and a render layer gave.
    """
    grouped: dict[str, list[Pass]] = {}
    for each in passes:
        if each.files():
            grouped.setdefault(each.layer, []).append(each)
    return [layer for label, group in grouped.items() for layer in _layers(label, group)]


def passes_of(paths: Iterable[str]) -> list[Pass]:
    """Sort files into passes by what their names have before the number, and by their folder."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for path in map(Path, paths):
        found = _NAME.match(path.name)
        if found is not None:
            key = (path.parent.as_posix(), found["before"].rstrip("._- "))
            grouped.setdefault(key, []).append(path.as_posix())
    return [Pass(folder, name, tuple(files)) for (folder, name), files in grouped.items()]


def parse_frame(name: str) -> Optional[int]:
    """Return the frame's number in the name of an EXR file; None where there is none."""
    found = _NAME.match(name)
    return int(found["frame"]) if found else None


def is_helper(name: str) -> bool:
    """Say whether a pass holds surface properties or movement rather than a picture."""
    return bool(bind_layers(_ROLES, [f"{name}.R"])) if name else False


def is_data(name: str) -> bool:
    """Say whether a pass holds ids or drawings."""
    folded = name.lower().replace("_", " ")
    return any(word in folded for word in _DATA)


def _layers(label: str, passes: list[Pass]) -> list[Layer]:
    pictures = [each for each in passes if not (is_helper(each.name) or is_data(each.name))]
    shown = {path for each in pictures for path in each.files().values()}
    helpers = {
        each.name: each.files()
        for each in passes
        if is_helper(each.name) and not shown & set(each.files().values())
    }
    made: dict[tuple[Path, ...], Layer] = {}
    for each in pictures:
        files = each.files()
        title = label if len(pictures) == 1 else f"{label} {each.name}".strip()
        made.setdefault(tuple(files.values()), Layer(title, files, helpers))
    return list(made.values())
