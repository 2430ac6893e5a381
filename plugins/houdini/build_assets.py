"""Build the assets with Houdini's own hands: ``hython build_assets.py FOLDER``.

Houdini reads the assets as they lie in ``otls``, as text. Where a version does not, this makes the
same assets as files that it wrote itself: from the same text, with the networks inside built node
by node. Put the folder on ``HOUDINI_OTLSCAN_PATH`` before the plugin's. Nothing is sent anywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import hou

api: Any = hou
"""The same, where something is used that the plugin itself does not."""

OTLS = Path(__file__).resolve().parent / "otls"
NAME = "filmgate::infer::1.0"
LABEL = "Filmgate"
SECTIONS = ("DialogScript", "PythonModule", "Help", "Tools.shelf", "IconSVG")
CONNECTORS = 4
CODE_NAMES = ("python", "pythoncode", "code")

COP_CODE = """import hou
return hou.node(kwargs["node"]).hdaModule().plugin("cop").cook(kwargs)"""
COP_BINDINGS = {
    "node": '`opfullpath("..")`',
    "changes": "`pythonexprs(\"hou.pwd().parent().hdaModule().plugin('cop')"
    '.changes(hou.pwd().parent())")`',
}
TOP_CODE = {
    "generate": """from filmgate_houdini import start
start.load("top").generate(self, item_holder, upstream_items)""",
    "cooktask": """from filmgate_houdini import start
start.load("top").cook(work_item)""",
}
TOP_VALUES = {
    "filmgate_order": "`pythonexprs(\"hou.pwd().parent().hdaModule().plugin('top')"
    '.order(hou.pwd().parent())")`',
    "filmgate_tag": '`chs("../filmgate_tag")`',
    "filmgate_output": '`chs("../filmgate_output")`',
}


class BuildError(Exception):
    """This Houdini has not what an asset needs; the text says what."""


def text_of(table: str, section: str) -> str:
    """Return a section of an asset as it lies in the plugin."""
    folder = OTLS / f"filmgate_{table.lower()}_infer.1.0.hda"
    path = folder / f"filmgate_8_8{table}_1infer_8_81.0" / section
    return path.read_text(encoding="utf-8")


def build_sop(path: str) -> None:
    """Make the SOP: a type of its own whose cook is Python."""
    kind = api.sopNodeTypeCategory().createDigitalAsset(NAME, path, LABEL)
    definition = _definition(kind)
    _fill(definition, "Sop", (1, CONNECTORS))
    definition.addSection("PythonCook", text_of("Sop", "PythonCook"))
    definition.setExtraFileOption("PythonCook/IsPython", True)
    definition.save(path)


def build_cop(path: str) -> None:
    """Make the Copernicus node: a subnet with a Python Snippet between its inputs and outputs."""
    subnet = api.node("/obj").createNode("copnet").createNode("subnet")
    for each in subnet.children():
        each.destroy()
    inside = {kind: subnet.createNode(kind) for kind in ("input", "pythonsnippet", "output")}
    snippet = inside["pythonsnippet"]
    names = (f"layer{place}" for place in range(1, CONNECTORS + 1))
    _list(snippet, "input", [{"name": name, "type": "floatn"} for name in names])
    names = (f"result{place}" for place in range(1, CONNECTORS + 1))
    _list(snippet, "output", [{"name": name, "type": "float4"} for name in names])
    texts = [{"name": name, "type": "string", "sval": text} for name, text in COP_BINDINGS.items()]
    _list(snippet, "bindings", texts)
    snippet.parm(_code_parm(snippet)).set(COP_CODE)
    for place in range(CONNECTORS):
        snippet.setInput(place, inside["input"], place)
        inside["output"].setInput(place, snippet, place)
    _save(subnet, "Cop", path, (1, CONNECTORS))


def build_top(path: str) -> None:
    """Make the TOP node: a subnet with a Python Processor."""
    subnet = api.node("/obj").createNode("topnet").createNode("subnet")
    processor = subnet.createNode("pythonprocessor")
    group = processor.parmTemplateGroup()
    for name in TOP_VALUES:
        group.append(hou.StringParmTemplate(name, name, 1))
    processor.setParmTemplateGroup(group)
    for name, text in {**TOP_CODE, **TOP_VALUES}.items():
        processor.parm(name).set(text)
    processor.setInput(0, subnet.indirectInputs()[0])
    output = next((each for each in subnet.children() if each.type().name() == "output"), None)
    (output or subnet.createNode("output")).setInput(0, processor)
    _save(subnet, "Top", path, (0, 1))


BUILDERS = {"Sop": build_sop, "Cop": build_cop, "Top": build_top}


def _save(subnet: Any, table: str, path: str, inputs: tuple[int, int]) -> None:
    node = subnet.createDigitalAsset(NAME, path, LABEL, *inputs)
    definition = _definition(node.type())
    _fill(definition, table, inputs)  # what the subnet has is discarded when the asset is made
    definition.save(path)


def _definition(kind: Any) -> Any:
    definition = kind.definition()
    if definition is None:
        raise BuildError(f"{kind.name()} has no definition.")
    return definition


def _fill(definition: Any, table: str, inputs: tuple[int, int]) -> None:
    """Give a definition the text that all ways of making the asset share."""
    for section in SECTIONS:
        definition.addSection(section, text_of(table, section))
    definition.setExtraFileOption("PythonModule/IsPython", True)
    definition.setMinNumInputs(inputs[0])
    definition.setMaxNumInputs(inputs[1])


def _list(node: Any, what: str, rows: Sequence[dict[str, str]]) -> None:
    """Fill a list of parameters, whatever its counter is called."""
    counter = next((each for each in (what, f"{what}s") if node.parm(each) is not None), "")
    if not counter:
        raise BuildError(f"{node.type().name()} has no list of {what}: {_parm_names(node)}.")
    node.parm(counter).set(len(rows))
    for place, row in enumerate(rows, 1):
        for name, value in row.items():
            node.parm(f"{what}{place}_{name}").set(value)


def _code_parm(node: Any) -> str:
    """Return the parameter that holds a snippet's code: by its name, or a text with an editor."""
    texts = [
        each
        for each in _templates(node.parmTemplateGroup().entries())
        if each.type() == hou.parmTemplateType.String
    ]
    named = [each.name() for each in texts if each.name() in CODE_NAMES]
    found = named or [each.name() for each in texts if each.tags().get("editor")]
    if not found:
        raise BuildError(f"{node.type().name()} has no text for its code: {_parm_names(node)}.")
    return found[0]


def _templates(entries: Sequence[Any]) -> Iterator[Any]:
    for each in entries:
        if each.type() == hou.parmTemplateType.Folder:
            yield from _templates(each.parmTemplates())
        else:
            yield each


def _parm_names(node: Any) -> str:
    return ", ".join(sorted(each.name() for each in node.parms()))


def main(arguments: Sequence[str]) -> int:
    """Build the assets into the folder given; return 0 when all were built."""
    if len(arguments) != 1:
        sys.stdout.write("Usage: hython build_assets.py FOLDER\n")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for table, build in BUILDERS.items():
        path = folder / f"filmgate_{table.lower()}_infer.1.0.hda"
        try:
            build(path.as_posix())
        except (BuildError, hou.OperationFailed) as error:
            failed += 1
            sys.stdout.write(f"FAILED  {table}: {error}\n")
        else:
            sys.stdout.write(f"ok      {path}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
