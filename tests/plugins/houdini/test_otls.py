"""The assets as text: what Houdini reads of them agrees, and each asks the plugin in one line."""

from __future__ import annotations

import ast
import email
import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3] / "plugins" / "houdini"
OTLS = ROOT / "otls"
TABLES = ("Sop", "Cop", "Top")
ASSET = "filmgate::infer::1.0"
SHARED = {
    "filmgate_model",
    "filmgate_version",
    "filmgate_upgrade",
    "filmgate_server",
    "filmgate_params",
}
COOKED = SHARED | {
    "filmgate_mode",
    "filmgate_run",
    "filmgate_cancel",
    "filmgate_clear",
    "filmgate_frozen_file",
    "filmgate_freeze",
    "filmgate_status",
    "filmgate_match",
}
OF_TASKS = {"filmgate_tag", "filmgate_output", "filmgate_batch", "filmgate_retries"}
FIXED = {
    "Sop": COOKED | {"filmgate_group"},
    "Cop": COOKED | {"filmgate_changes"},
    "Top": SHARED | OF_TASKS | {"filmgate_patience"},
}
"""The parameters of each asset; scenes store their names."""

ABSENT = {"Contents.gz": "Contents.dir"}
"""Sections that lie in the folder under another name."""


def library(table: str) -> Path:
    """Return the folder of an asset's library."""
    return OTLS / f"filmgate_{table.lower()}_infer.1.0.hda"


def definition(table: str) -> Path:
    """Return the folder of an asset's sections."""
    return library(table) / f"filmgate_8_8{table}_1infer_8_81.0"


def text_of(table: str, section: str) -> str:
    """Return a section's text."""
    return (definition(table) / section).read_text(encoding="utf-8")


def listed(path: Path) -> dict[str, str]:
    """Return what a Sections.list names: the section of each file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == '""'
    return dict(line.split("\t") for line in lines[1:])


def index(table: str) -> dict[str, str]:
    """Return the entries of an asset in its library's index."""
    lines = (library(table) / "INDEX__SECTION").read_text(encoding="utf-8").splitlines()
    rows = [line.partition(":") for line in lines if line]
    return {name: value.strip() for name, _, value in rows}


def parts(table: str) -> dict[str, str]:
    """Return the network inside an asset, as the texts of its MIME message."""
    message: Any = email.message_from_string(text_of(table, "Contents.dir/Contents.mime"))
    assert message.is_multipart()
    return {part.get_filename(): part.get_payload() for part in message.get_payload()}


def code(table: str, node: str, parm: str) -> str:
    """Return a parameter's text of a node inside an asset."""
    found = re.search(
        rf'^{parm}\t\[[^\]]*\]\t\(\t"(.*?)"\t\)$', parts(table)[f"hdaroot/{node}.parm"], re.M | re.S
    )
    assert found is not None
    return found[1].replace('\\"', '"')


def scripts(table: str) -> list[str]:
    """Return every line of Python in an asset's dialog."""
    found = re.findall(r'(?:"script_callback"|\[) "(.*?[^\\])"', text_of(table, "DialogScript"))
    return [each.replace('\\"', '"') for each in found]


@pytest.mark.parametrize("table", TABLES)
def test_the_index_says_which_node_it_is(table: str) -> None:
    """Name, table and path agree with the folder; the SOP is Python, the others are networks."""
    entries = index(table)

    assert entries["Operator"] == ASSET
    assert entries["Table"] == table
    path = f"filmgate::{table}/infer::1.0"
    assert entries["Path"] == f"oplib:/{path}?{path}"
    assert entries["Inputs"] == {"Top": "0 to 1"}.get(table, "1 to 4")
    assert (entries["Python"], entries["Subnet"]) == (
        ("true", "false") if table == "Sop" else ("false", "true")
    )


@pytest.mark.parametrize("table", TABLES)
def test_every_section_that_is_listed_is_there_and_no_other(table: str) -> None:
    """Houdini reads what the list names: a file that it lacks would never be seen."""
    of_library = listed(library(table) / "Sections.list")
    of_asset = listed(definition(table) / "Sections.list")

    assert of_library[definition(table).name] == f"filmgate::{table}/infer::1.0"
    assert set(of_library) | {"Sections.list"} == {each.name for each in library(table).iterdir()}
    expected = {ABSENT.get(name, name) for name in of_asset} | {"Sections.list"}
    assert expected == {each.name for each in definition(table).iterdir()}


@pytest.mark.parametrize("table", TABLES)
def test_the_dialog_holds_the_fixed_parameters(table: str) -> None:
    """Those that scenes store, whatever models there are; braces are closed."""
    dialog = text_of(table, "DialogScript")

    assert set(re.findall(r'^ +name +"(\w+)"$', dialog, re.M)) == FIXED[table]
    assert re.search(rf"^    name\t{re.escape(ASSET)}$", dialog, re.M)
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", dialog)
    assert bare.count("{") == bare.count("}")


@pytest.mark.parametrize("table", ["Sop", "Cop"])
def test_the_modes_are_those_of_the_plugin(table: str, hou: Any) -> None:
    """The menu's tokens are the names that a cook compares with."""
    names = importlib.import_module("filmgate_houdini.names")

    mode = text_of(table, "DialogScript").partition('"filmgate_mode"')[2].partition("parmtag")[0]

    tokens = re.findall(r'^ +"(\w+)" +"[\w ]+"$', mode, re.M)
    assert tokens == [names.LIVE, names.ON_DEMAND, names.FROZEN]


@pytest.mark.parametrize("table", TABLES)
def test_buttons_and_menus_call_what_the_plugin_has(table: str, hou: Any) -> None:
    """Each script is one call of a function that is there."""
    called = [re.search(r'plugin\("(\w+)"\)\.(\w+)\(', line) for line in scripts(table)]

    assert len(called) > 4
    for found in called:
        assert found is not None
        module = importlib.import_module(f"filmgate_houdini.{found[1]}")
        assert callable(getattr(module, found[2])), found[0]


def test_the_sop_cooks_in_one_line() -> None:
    """All code is the plugin's."""
    assert text_of("Sop", "PythonCook").splitlines() == [
        'hou.pwd().hdaModule().plugin("sop").cook(hou.pwd())'
    ]


def test_the_snippet_of_the_cop_is_one_call() -> None:
    """It cannot reach its node: it is bound to the path of the asset, and to what changes there."""
    lines = code("Cop", "pythonsnippet1", "python").splitlines()

    assert lines == [
        "import hou",
        'return hou.node(kwargs["node"]).hdaModule().plugin("cop").cook(kwargs)',
    ]
    values = parts("Cop")["hdaroot/pythonsnippet1.parm"]
    assert 'opfullpath(\\"..\\")' in values
    assert "plugin('cop').changes(hou.pwd().parent())" in values


def test_connectors_of_the_cop_are_those_of_the_plugin(hou: Any) -> None:
    """Dialog, snippet and plugin name inputs and outputs alike, in the same order."""
    cop = importlib.import_module("filmgate_houdini.cop")
    dialog = text_of("Cop", "DialogScript")

    assert tuple(re.findall(r"^    input\t(\w+)\t", dialog, re.M)) == cop.INPUTS
    assert tuple(re.findall(r"^    output\t(\w+)\t", dialog, re.M)) == cop.OUTPUTS
    named = [code("Cop", "pythonsnippet1", f"input{place}_name") for place in range(1, 5)]
    made = [code("Cop", "pythonsnippet1", f"output{place}_name") for place in range(1, 5)]
    assert (tuple(named), tuple(made)) == (cop.INPUTS, cop.OUTPUTS)


def test_the_processor_of_the_top_is_two_calls(hou: Any) -> None:
    """Its items are made, and cooked, by the plugin; its parameters are those that it evaluates."""
    top = importlib.import_module("filmgate_houdini.top")

    for parm, call in (("generate", "generate(self, "), ("cooktask", "cook(work_item)")):
        lines = code("Top", "pythonprocessor1", parm).splitlines()
        assert lines[0] == "from filmgate_houdini import start"
        assert lines[1].startswith(f'start.load("top").{call}')
    spare = parts("Top")["hdaroot/pythonprocessor1.spareparmdef"]
    assert set(re.findall(r'name +"(\w+)"', spare)) == {top.ORDER, top.TAG, top.OUTPUT}


@pytest.mark.parametrize("table", ["Cop", "Top"])
def test_the_network_inside_is_whole(table: str) -> None:
    """Every node that a wire names is there, and the order names each once."""
    found = parts(table)
    nodes = [name[8:-5] for name in found if re.fullmatch(r"hdaroot/[^/]+\.init", name)]

    assert found["node_type"].strip() == table
    assert found["hdaroot.order"].split() == [str(len(nodes)), *nodes]
    for name in nodes:
        wires = re.search(r"^inputs\n\{\n(.*?)\}", found[f"hdaroot/{name}.def"], re.M | re.S)
        assert wires is not None
        sources = [line.split()[1] for line in wires[1].splitlines()]
        assert all(source in nodes or source.startswith("(") for source in sources)


@pytest.mark.parametrize("table", TABLES)
def test_without_the_plugin_the_node_says_what_helps(
    table: str, hou: Any, monkeypatch: Any
) -> None:
    """The asset's module guards its one import."""
    monkeypatch.setitem(__import__("sys").modules, "filmgate_houdini", None)
    scope: dict[str, Any] = {}
    exec(compile(ast.parse(text_of(table, "PythonModule")), table, "exec"), scope)  # noqa: S102

    with pytest.raises(hou.NodeError) as raised:
        scope["plugin"]("sop")

    assert "filmgate install houdini" in raised.value.instanceMessage()


@pytest.mark.parametrize("table", TABLES)
def test_sections_of_code_are_said_to_be_python(table: str) -> None:
    """Houdini would take them for its own script language."""
    options = json.loads(text_of(table, "ExtraFileOptions"))

    for name in {"PythonModule", "PythonCook"} & set(listed(definition(table) / "Sections.list")):
        assert options[f"{name}/IsPython"] == {"type": "bool", "value": True}


@pytest.mark.parametrize("table", TABLES)
def test_an_installed_asset_makes_a_node(table: str, hou: Any) -> None:
    """The stand-in reads the folder as Houdini would: parameters and network inside."""
    parents = {"Sop": "geo", "Cop": "copnet", "Top": "topnet"}
    hou.hda.installFile(str(library(table)))

    node = hou.node("/obj").createNode(parents[table]).createNode("filmgate::infer")

    assert node.type().name() == ASSET
    assert {each.name() for each in node.parms()} | {"filmgate_params"} == FIXED[table]
