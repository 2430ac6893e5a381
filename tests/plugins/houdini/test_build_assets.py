"""The script that has Houdini make the assets: from the text that the plugin carries."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest


class Definition:
    """An asset's definition that notes what it is given."""

    def __init__(self) -> None:
        self.sections: dict[str, str] = {}
        self.options: dict[str, Any] = {}
        self.inputs: tuple[int, ...] = ()
        self.saved = ""

    def addSection(self, name: str, text: str) -> None:  # noqa: N802 - Houdini's name
        """Note a section."""
        self.sections[name] = text

    def setExtraFileOption(self, name: str, value: Any) -> None:  # noqa: N802 - Houdini's name
        """Note an option."""
        self.options[name] = value

    def setMinNumInputs(self, count: int) -> None:  # noqa: N802 - Houdini's name
        """Note how many there are at least."""
        self.inputs = (count,)

    def setMaxNumInputs(self, count: int) -> None:  # noqa: N802 - Houdini's name
        """Note how many there are at most."""
        self.inputs += (count,)

    def save(self, path: str) -> None:
        """Note the file."""
        self.saved = path


@pytest.fixture
def script(world: Any) -> Iterator[Any]:
    """Return the script, in a fresh session."""
    sys.modules.pop("build_assets", None)
    yield importlib.import_module("build_assets")
    sys.modules.pop("build_assets", None)


@pytest.fixture
def made(script: Any, hou: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let networks become assets by noting them; return the subnets, each with its definition.

    The stand-in makes no assets: what is built inside is built with its own nodes.
    """
    subnets: list[Any] = []

    def create(node: Any, name: str, path: str, label: str, least: int, most: int) -> Any:
        subnets.append((node, name, path, (least, most)))
        return node

    types = importlib.import_module("hou._types")
    cop, top = importlib.import_module("hou._cop"), importlib.import_module("hou._top")
    for table, kind in (("Cop", cop.CopNode), ("Top", top.TopNode)):
        types.add_type(table, "subnet", types.Made(kind, children=table, most=4))
    monkeypatch.setattr(hou.OpNode, "createDigitalAsset", create, raising=False)
    monkeypatch.setattr(hou.OpNode, "indirectInputs", lambda node: (None,), raising=False)
    definition = Definition()
    monkeypatch.setattr(hou.OpNodeType, "definition", lambda _type: definition)
    subnets.append(definition)
    return subnets


def inside(table: str, node: str) -> str:
    """Return the values of a node in the asset that lies in the plugin as text."""
    otls = importlib.import_module("tests.plugins.houdini.test_otls")
    return otls.parts(table)[f"hdaroot/{node}.parm"]


def test_the_snippet_is_built_as_the_text_has_it(script: Any, made: list[Any]) -> None:
    """Code, connectors and bindings are those of the asset that lies in the plugin."""
    script.build_cop("cop.hda")

    definition, (subnet, name, path, inputs) = made
    (snippet,) = (each for each in subnet.children() if each.type().name() == "pythonsnippet")
    assert (name, path, inputs) == ("filmgate::infer::1.0", "cop.hda", (1, 4))
    values = inside("Cop", "pythonsnippet1").replace('\\"', '"')
    assert snippet.parm("python").unexpandedString() in values
    for parm in ("input4_name", "output4_name", "bindings1_name", "bindings2_sval"):
        assert snippet.parm(parm).unexpandedString() in values, parm
    assert (snippet.evalParm("inputs"), snippet.evalParm("outputs")) == (4, 4)
    assert definition.saved == "cop.hda"
    assert definition.inputs == (1, 4)
    assert definition.options["PythonModule/IsPython"]


def test_the_processor_is_built_as_the_text_has_it(script: Any, made: list[Any]) -> None:
    """Its two calls, and the parameters that it evaluates."""
    script.build_top("top.hda")

    subnet = made[1][0]
    (processor,) = (each for each in subnet.children() if each.type().name() == "pythonprocessor")
    values = inside("Top", "pythonprocessor1").replace('\\"', '"')
    for parm in ("generate", "cooktask", "filmgate_order", "filmgate_tag", "filmgate_output"):
        assert processor.parm(parm).unexpandedString() in values, parm


def test_sections_are_the_text_of_the_plugin(script: Any, made: list[Any]) -> None:
    """Nothing is written a second time."""
    script.build_cop("cop.hda")

    sections = made[0].sections
    assert sorted(sections) == sorted(script.SECTIONS)
    assert all(sections[name] == script.text_of("Cop", name) for name in sections)


def test_a_houdini_that_lacks_what_is_needed_is_told(
    script: Any, made: list[Any], hou: Any
) -> None:
    """The names that it has are listed, for those who keep the plugin."""
    network = hou.node("/obj").createNode("copnet")

    with pytest.raises(script.BuildError, match="no text for its code"):
        script._code_parm(network.createNode("null"))


def test_a_command_without_a_folder_shows_its_use(
    script: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with 2, as commands that are wrong do."""
    assert script.main([]) == 2
    assert "hython build_assets.py FOLDER" in capsys.readouterr().out
