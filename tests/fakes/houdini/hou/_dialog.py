"""DialogScript: the text in which an asset keeps its parameters.

Sources: "Dialog scripts" and "Parameter types" of SideFX's documentation, assets in public
repositories. A word that is not known here is refused, where Houdini would say something in its
shell and go on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Union

from hou._constants import (
    fileType,
    folderType,
    menuType,
    parmCondType,
    parmLook,
    scriptLanguage,
    stringParmType,
)
from hou._errors import OperationFailed
from hou._lists import (
    MenuParmTemplate,
    StringParmTemplate,
)
from hou._numbers import (
    FloatParmTemplate,
    IntParmTemplate,
    ToggleParmTemplate,
)
from hou._templates import (
    ButtonParmTemplate,
    FolderParmTemplate,
    LabelParmTemplate,
    ParmTemplate,
    SeparatorParmTemplate,
)

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\{|\}|\n|#[^\n]*|[^\s{}"]+', re.S)
FOLDERS = {
    "group": folderType.Tabs,
    "groupsimple": folderType.Simple,
    "groupcollapsible": folderType.Collapsible,
    "groupradio": folderType.RadioButtons,
}
WORDS = frozenset(
    [
        "name",
        "label",
        "type",
        "size",
        "default",
        "range",
        "menu",
        "menureplace",
        "menutoggle",
        "parmtag",
        "help",
        "disablewhen",
        "hidewhen",
        "invisible",
        "nolabel",
        "joinnext",
        "export",
        "cppname",
        "grouptag",
        "units",
    ]
)
FILES = {"file": fileType.Any, "image": fileType.Image, "geometry": fileType.Geometry,
         "directory": fileType.Directory}  # fmt: skip

Word = Union[str, "Block"]


@dataclass
class Block:
    """What stands between braces: lines of words and of further blocks."""

    lines: list[list[Any]] = field(default_factory=list)

    def words(self) -> list[str]:
        """Return all words, whatever line they stand in."""
        return [_plain(word) for line in self.lines for word in line if isinstance(word, str)]


@dataclass
class Dialog:
    """What a script says."""

    name: str = ""
    label: str = ""
    templates: list[ParmTemplate] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)


def parse_dialog(text: str) -> Dialog:
    """Return what *text* says of an asset's interface.

    Raises:
        OperationFailed: it is no dialog script.
    """
    tokens = _tokens(text)
    lines = list(_lines(tokens, 0))
    blocks = [word for line in lines for word in line if isinstance(word, Block)]
    if len(blocks) != 1:
        raise OperationFailed("A dialog script is one block in braces")
    dialog = Dialog()
    for line in blocks[0].lines:
        _read_line(line, dialog)
    return dialog


def parse_spare(text: str) -> list[ParmTemplate]:
    """Return the parameters in a text that has nothing else."""
    return parse_dialog(f"{{\n{text}\n}}").templates


def _read_line(line: list[Any], dialog: Dialog) -> None:
    word = line[0]
    if word in ("inputlabel", "input"):
        dialog.labels.append(_plain(line[2]))
        if word == "input":
            dialog.inputs.append(_plain(line[1]))
    elif word == "output":
        dialog.outputs.append(_plain(line[1]))
    elif word in ("name", "label"):
        setattr(dialog, word, _plain(line[1]))
    elif word == "parm" or word in FOLDERS:
        dialog.templates.append(_template(word, line[1]))
    elif word not in ("script", "help", "outputlabel", "signature"):
        raise OperationFailed(f"A dialog script does not know {word!r}")


def _tokens(text: str) -> list[str]:
    gaps = TOKEN.sub("", text).strip()
    if gaps:
        raise OperationFailed(f"A dialog script cannot hold {gaps[:20]!r}")
    return [each for each in TOKEN.findall(text) if not each.startswith("#")]


def _lines(tokens: list[str], depth: int) -> Iterator[list[Any]]:
    line: list[Any] = []
    while tokens:
        token = tokens.pop(0)
        if token == "{":
            line.append(Block(list(_lines(tokens, depth + 1))))
            continue
        if token in ("\n", "}") and line:
            yield line
            line = []
        if token == "}":
            if not depth:
                raise OperationFailed("A brace is closed that was not opened")
            return
        if token != "\n":
            line.append(token)
    if depth:
        raise OperationFailed("A brace is not closed")
    if line:
        yield line


def _plain(word: str) -> str:
    if not word.startswith('"'):
        return word
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), word[1:-1])


# ---- parameters -----------------------------------------------------------------------------


def _template(word: str, block: Any) -> ParmTemplate:
    if not isinstance(block, Block):
        raise OperationFailed(f"{word} needs a block")
    if word in FOLDERS:
        return _folder(FOLDERS[word], block)
    says = _says(block)
    made = _made(says)
    _dress(made, says)
    return made


def _says(block: Block) -> dict[str, Any]:
    """Return what a parameter's lines say; tags together."""
    says: dict[str, Any] = {"tags": {}}
    for line in block.lines:
        word = line[0]
        if word not in WORDS:
            raise OperationFailed(f"A parameter does not know {word!r}")
        if word in ("parmtag", "grouptag"):
            key, value = line[1].words()
            says["tags"][key] = value
        elif word in ("disablewhen", "hidewhen") and isinstance(line[1], str):
            says[word] = _plain(line[1])
        else:
            says[word] = line[1] if len(line) > 1 else True
    if "name" not in says:
        raise OperationFailed("A parameter has no name")
    says["name"], says["label"] = _plain(says["name"]), _plain(says.get("label", ""))
    return says


def _folder(kind: Any, block: Block) -> FolderParmTemplate:
    held: list[ParmTemplate] = []
    own = Block()
    for line in block.lines:
        if line[0] == "parm" or line[0] in FOLDERS:
            held.append(_template(line[0], line[1]))
        else:
            own.lines.append(line)
    says = _says(own)
    made = FolderParmTemplate(says["name"], says["label"], held, kind)
    _dress(made, says)
    return made


def _made(says: dict[str, Any]) -> ParmTemplate:
    kind = _plain(says.get("type", "float"))
    name, label = says["name"], says["label"]
    size = int(says.get("size", 1))
    default = says["default"].words() if "default" in says else []
    if kind in ("float", "log", "color", "vector"):
        return _number(FloatParmTemplate, float, says, default, size)
    if kind in ("integer", "int"):
        return _number(IntParmTemplate, int, says, default, size)
    if kind in ("string", "oppath", *FILES):
        return _string(kind, says, default, size)
    if kind == "ordinal":
        return _ordinal(says, default)
    if kind == "toggle":
        return ToggleParmTemplate(name, label, bool(default) and default[0] in ("1", "on"))
    if kind == "button":
        return ButtonParmTemplate(name, label)
    if kind == "label":
        return LabelParmTemplate(name, label, default)
    if kind == "separator":
        return SeparatorParmTemplate(name)
    raise OperationFailed(f"A parameter is of no type {kind!r}")


def _number(
    make: Any, convert: Any, says: dict[str, Any], default: list[str], size: int
) -> ParmTemplate:
    made = make(says["name"], says["label"], size, [convert(float(each)) for each in default])
    if "range" in says:
        least, most = says["range"].words()
        made._limit(
            convert(float(least.rstrip("!"))), convert(float(most.rstrip("!"))),
            least.endswith("!"), most.endswith("!"),
        )  # fmt: skip
    if _plain(says.get("type", "")) == "color":
        made.setLook(parmLook.ColorSquare)
    return made


def _string(kind: str, says: dict[str, Any], default: list[str], size: int) -> ParmTemplate:
    made = StringParmTemplate(says["name"], says["label"], size, default)
    if kind in FILES:
        made.setStringType(stringParmType.FileReference)
        made.setFileType(FILES[kind])
    elif kind == "oppath":
        made.setStringType(stringParmType.NodeReference)
    for word, how in (("menu", "Normal"), ("menureplace", "StringReplace"),
                      ("menutoggle", "StringToggle")):  # fmt: skip
        if word in says:
            _offer(made, says[word])
            made.setMenuType(getattr(menuType, how))
    return made


def _ordinal(says: dict[str, Any], default: list[str]) -> ParmTemplate:
    made = MenuParmTemplate(says["name"], says["label"], ())
    if "menu" not in says:
        raise OperationFailed(f"{says['name']} is a menu without items")
    _offer(made, says["menu"])
    token = default[0] if default else "0"
    items = made.menuItems()
    if token not in items and not token.isdigit():
        raise OperationFailed(f"{says['name']} has the default {token!r}, which is no item")
    made.setDefaultValue(items.index(token) if token in items else int(token))
    return made


def _offer(made: Any, block: Block) -> None:
    """Read a menu: pairs of token and label, or lines of a script in brackets."""
    words = [word for line in block.lines for word in line]
    if "[" in words:
        text = [_plain(word) for word in words if isinstance(word, str) and word.startswith('"')]
        made.setItemGeneratorScript("\n".join(text))
        python = "language" in words and words[words.index("language") + 1] == "python"
        made.setItemGeneratorScriptLanguage(
            scriptLanguage.Python if python else scriptLanguage.Hscript
        )
        return
    plain = block.words()
    if len(plain) % 2:
        raise OperationFailed("A menu has a token without a label")
    made.setMenuItems(plain[::2])
    made.setMenuLabels(plain[1::2])


def _dress(made: ParmTemplate, says: dict[str, Any]) -> None:
    """Give a parameter what every kind can have."""
    tags = dict(says["tags"])
    made.setScriptCallback(tags.pop("script_callback", ""))
    language = tags.pop("script_callback_language", "hscript")
    made.setScriptCallbackLanguage(
        scriptLanguage.Python if language == "python" else scriptLanguage.Hscript
    )
    made.setTags(tags)
    if "help" in says:
        made.setHelp(_plain(says["help"]) if isinstance(says["help"], str) else "")
    made.hide("invisible" in says)
    made.hideLabel("nolabel" in says)
    made.setJoinWithNext("joinnext" in says)
    for word, kind in (("disablewhen", parmCondType.DisableWhen),
                       ("hidewhen", parmCondType.HideWhen)):  # fmt: skip
        if word in says:
            made.setConditional(kind, says[word])
