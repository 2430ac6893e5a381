"""Digital assets that are directories of text: their types, their code, their networks."""

from __future__ import annotations

import os
import re
import types
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Optional

from hou import _contents, _dialog, _scripts, _types, _world
from hou._errors import OperationFailed
from hou._guard import Guarded
from hou._template_group import ParmTemplateGroup

if TYPE_CHECKING:
    from hou._types import OpNodeType, OpNodeTypeCategory

INDEX = "INDEX__SECTION"
LIST = "Sections.list"
ESCAPE = re.compile(r"_(\d)")
ESCAPES = {"_": "_", "1": "/", "8": ":", "2": "?"}
"""How names are written in the file system, those in use. Source: public expanded assets."""


class HDASection(Guarded):
    """A text of an asset."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._definition, self._name, self._text = args

    def definition(self) -> HDADefinition:
        return self._definition

    def name(self) -> str:
        return self._name

    def contents(self, compressionType: Any = None) -> str:
        return self._text

    def size(self) -> int:
        return len(self._text)


class HDAModule:
    """The functions of an asset's PythonModule."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._module: types.ModuleType = args[0]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return getattr(self._module, name)
        except AttributeError:
            raise AttributeError(f"'module' object has no attribute '{name}'") from None


class HDADefinition(Guarded):
    """What a library says of one type."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        library, facts, sections = args
        self._library: str = library
        self._facts: dict[str, str] = facts
        self._sections: dict[str, HDASection] = {
            name: HDASection(self, name, text) for name, text in sections.items()
        }
        self._dialog = _dialog.parse_dialog(sections["DialogScript"])
        self._labels = self._dialog.labels
        self._loaded: Optional[HDAModule] = None

    def nodeTypeName(self) -> str:
        return self._facts["Operator"]

    def nodeTypeCategory(self) -> OpNodeTypeCategory:
        return _types.OpNodeTypeCategory(self._facts["Table"], None)

    def nodeType(self) -> OpNodeType:
        return _types.find_type(self._facts["Table"], self._facts["Operator"], exact=True)

    def libraryFilePath(self) -> str:
        return self._library

    def description(self) -> str:
        return self._facts["Label"]

    def icon(self) -> str:
        return self._facts["Icon"]

    def isInstalled(self) -> bool:
        return self._library in _world.current().libraries

    def sections(self) -> dict[str, HDASection]:
        return dict(self._sections)

    def hasSection(self, name: str) -> bool:
        return name in self._sections

    def minNumInputs(self) -> int:
        return _inputs(self._facts)[0]

    def maxNumInputs(self) -> int:
        return _inputs(self._facts)[1]

    def parmTemplateGroup(self) -> ParmTemplateGroup:
        return ParmTemplateGroup(self._dialog.templates)

    def _text(self, name: str) -> str:
        return self._sections[name]._text if name in self._sections else ""

    def _module(self) -> HDAModule:
        """Return the functions of the asset, loaded at the first call."""
        if self._loaded is None:
            module = types.ModuleType("hdamodule")
            vars(module).update(_scripts.names(__name__="hdamodule"))
            exec(compile(self._text("PythonModule"), "PythonModule", "exec"), vars(module))
            self._loaded = HDAModule(module)
        return self._loaded

    def _run_event(self, name: str, node: Any, **more: Any) -> None:
        """Run what the asset has for an event; what it raises is printed."""
        if not self._text(name):
            return
        kwargs = {"node": node, "type": node._type, **more}
        from hou import _callbacks

        _callbacks._printing(lambda: _scripts.run(self._text(name), {"kwargs": kwargs}, node, name))


class hda(Guarded):
    """The libraries of the session."""

    @staticmethod
    def installFile(
        file_path: str,
        oplibraries_file: Optional[str] = None,
        change_oplibraries_file: bool = True,
        force_use_assets: bool = False,
    ) -> None:
        path = os.path.abspath(file_path).replace("\\", "/")
        definitions = read_library(path)
        _world.current().libraries[path] = definitions
        for each in definitions:
            _install(each)

    @staticmethod
    def uninstallFile(
        file_path: str, oplibraries_file: Optional[str] = None, change_oplibraries_file: bool = True
    ) -> None:
        path = os.path.abspath(file_path).replace("\\", "/")
        world = _world.current()
        if path not in world.libraries:
            raise OperationFailed(f"{file_path} is not installed")
        for each in world.libraries.pop(path):
            world.types.pop(f"{each._facts['Table']}/{each._facts['Operator']}", None)

    @staticmethod
    def loadedFiles() -> tuple[str, ...]:
        return tuple(_world.current().libraries)

    @staticmethod
    def definitionsInFile(file_path: str) -> Sequence[HDADefinition]:
        path = os.path.abspath(file_path).replace("\\", "/")
        known = _world.current().libraries.get(path)
        return tuple(known if known is not None else read_library(path))


def read_library(path: str) -> list[HDADefinition]:
    """Return the assets in a directory.

    Raises:
        OperationFailed: it is no expanded library, or what it says of itself does not fit.
    """
    for name in (INDEX, LIST):
        if not os.path.isfile(f"{path}/{name}"):
            raise OperationFailed(f"{path} is no expanded asset library: it has no {name}")
    listed = _listed(path)
    found: list[HDADefinition] = []
    for facts in _index(_read(f"{path}/{INDEX}")):
        _, space, name, version = _types.components(facts["Operator"])
        full = "::".join(each for each in (space, f"{facts['Table']}/{name}", version) if each)
        folder = next((key for key, value in listed.items() if value == full), None)
        if folder is None or not os.path.isdir(f"{path}/{folder}"):
            raise OperationFailed(f"{LIST} names no folder for {full}")
        if decode_name(folder) != full:
            raise OperationFailed(f"The folder {folder} is not how {full} is written")
        found.append(HDADefinition(path, facts, _sections(f"{path}/{folder}")))
    return found


def decode_name(name: str) -> str:
    """Return what a name in the file system stands for."""
    return re.sub(r"_(.)", lambda m: ESCAPES.get(m[1], m[0]), name)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _listed(folder: str) -> dict[str, str]:
    """Return the sections that a folder lists: file names, and what they stand for."""
    lines = _read(f"{folder}/{LIST}").splitlines()
    if not lines or lines[0] != '""':
        raise OperationFailed(f'{folder}/{LIST} does not begin with ""')
    return dict(line.split("\t", 1) for line in lines[1:] if line)  # type: ignore[misc]


def _index(text: str) -> list[dict[str, str]]:
    """Return what the index says of each operator."""
    found: list[dict[str, str]] = []
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if name == "Operator":
            found.append({})
        if colon and found:
            found[-1][name.strip()] = value.strip()
    return found


def _sections(folder: str) -> dict[str, str]:
    sections: dict[str, str] = {}
    for name, section in _listed(folder).items():
        path = f"{folder}/{name}"
        if section == "Contents.gz":
            sections[section] = _read(f"{folder}/Contents.dir/Contents.mime")
        elif not os.path.isfile(path):
            raise OperationFailed(f"{folder} lists {name}, which is not there")
        else:
            sections[section] = _read(path)
    return sections


def _inputs(facts: dict[str, str]) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+) to (\d+)", facts["Inputs"])
    if found is None:
        raise OperationFailed(f"{INDEX} says nothing of inputs: {facts['Inputs']}")
    return int(found[1]), int(found[2])


def _install(definition: HDADefinition) -> None:
    from hou import _assets

    least, most = _inputs(definition._facts)
    made = _types.Made(
        None,
        templates=definition._dialog.templates,
        least=least,
        most=most,
        label=definition.description(),
        icon=definition.icon(),
        definition=definition,
        input_names=tuple(definition._dialog.inputs),
        output_names=tuple(definition._dialog.outputs),
    )
    contents = _contents.parse(definition._text("Contents.gz"))
    _assets.equip(made, definition, contents)
    _types.add_type(definition._facts["Table"], definition._facts["Operator"], made)
