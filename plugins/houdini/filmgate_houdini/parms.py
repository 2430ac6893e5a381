"""A model's parameters as spare parameters: made from their declarations, read at a moment.

A text of the server's is nobody's program: Houdini expands ``$`` and back quotes in texts, so
neither gets into a parameter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable

import hou

from filmgate.errors import ParameterError
from filmgate.host.label import parameter_help, parameter_label
from filmgate.host.port import Moment
from filmgate.manifest import Manifest, ModelInput
from filmgate.params import Parameter
from filmgate_houdini import names

_HARMLESS = str.maketrans({"`": "'", "$": ""})
_UNBOUND = (0.0, 10.0)
"""The slider of a number that has no bounds."""
_COUNTS = {"colour": 4, "point": 2, "box": 4}


def harmless(text: str) -> str:
    """Return *text* without what Houdini would expand."""
    return text.translate(_HARMLESS)


def rebuild(node: hou.OpNode, manifest: Manifest) -> tuple[str, ...]:
    """Give a node the parameters of a model; those that stay keep their values.

    Returns:
        Which values did not fit any more and have become defaults, in sentences.
    """
    group = node.parmTemplateGroup()
    folder = hou.FolderParmTemplate(
        names.FOLDER,
        names.FOLDER_LABEL,
        parm_templates=tuple(templates(manifest)),
        folder_type=hou.folderType.Simple,
    )
    found = group.find(names.FOLDER) or group.findFolder(names.FOLDER_LABEL)
    if found is None:
        group.append(folder)
    else:
        group.replace(found.name(), folder)
    node.setParmTemplateGroup(group)
    return tuple(_fitted(node, manifest))


def templates(manifest: Manifest) -> Iterator[hou.ParmTemplate]:
    """Make the parameters of a model: which data each input is, then its settings."""
    for entry in manifest.inputs:
        if entry.kind != "image" and "axis" not in entry.axes:
            yield _make_binding(entry)
    for parameter in manifest.params:
        yield make(parameter)


def make(parameter: Parameter) -> hou.ParmTemplate:
    """Make the parameter of one setting, with its default, range, unit and help."""
    template = _MAKERS[parameter.type](
        names.parameter(parameter.name), harmless(parameter_label(parameter)), parameter
    )
    template.setHelp(harmless(parameter_help(parameter)))
    return template


def values(node: hou.OpNode, params: Sequence[Parameter], moment: Moment) -> dict[str, Any]:
    """Return every setting's value at *moment*, of the declared type.

    Raises:
        ParameterError: a value does not fit, or its expression means nothing; the text says what
            would.
    """
    return {each.name: value(node, each, moment) for each in params}


def value(node: hou.OpNode, parameter: Parameter, moment: Moment) -> Any:
    """Return one setting's value at *moment*; the default where the node lacks it."""
    parm = node.parmTuple(names.parameter(parameter.name))
    if parm is None:  # the node is being rebuilt, or runs where nobody has rebuilt it
        return parameter.default
    try:
        found = _READERS[parameter.type](parm, parameter, moment.time)
    except hou.OperationFailed as error:
        raise ParameterError(
            f"The expression of {parm.description()} means nothing here: {error}.",
            "Correct the expression, or set a value.",
        ) from error
    return parameter.convert(found)


def are_timed(node: hou.OpNode) -> bool:
    """Say whether a setting of the model depends on time."""
    start = names.parameter("")
    return any(each.isTimeDependent() for each in node.parms() if each.name().startswith(start))


def bound_names(node: hou.OpNode, entry: ModelInput) -> tuple[str, ...]:
    """Return which attribute or layers an artist has chosen for an input; else its own names."""
    parm = node.parm(names.binding(entry.name))
    chosen = () if parm is None else tuple(parm.evalAsString().split())
    return chosen or own_names(entry)


def own_names(entry: ModelInput) -> tuple[str, ...]:
    """Return the attribute, or the layers, that an input has by itself."""
    layers = entry.channels if entry.kind == "volume" else ()
    return layers or (entry.name,)


def _make_binding(entry: ModelInput) -> hou.ParmTemplate:
    what = "The names of the volumes" if entry.kind == "volume" else "The point attribute"
    optional = " It may be missing." if entry.optional else ""
    own = harmless(" ".join(own_names(entry)))
    return hou.StringParmTemplate(
        names.binding(entry.name),
        f"Input {harmless(entry.name)}",
        1,
        default_value=(own,),
        help=f"{what} that the model gets as {harmless(entry.name)}; by default {own}.{optional}",
    )


def _fitted(node: hou.OpNode, manifest: Manifest) -> Iterator[str]:
    """Give what does not fit any more its default, and say so."""
    for parameter in manifest.params:
        try:
            value(node, parameter, Moment(float(hou.frame())))
        except ParameterError as error:
            for parm in node.parmTuple(names.parameter(parameter.name)) or ():
                parm.revertToDefaults()
            yield f"{error.text} It is {parameter.default} now."


_Maker = Callable[[str, str, Parameter], hou.ParmTemplate]
_Reader = Callable[[hou.ParmTuple, Parameter, float], Any]


def _make_number(name: str, label: str, parameter: Parameter) -> hou.ParmTemplate:
    kind: Any = hou.IntParmTemplate if parameter.type == "int" else hou.FloatParmTemplate
    number = int if parameter.type == "int" else float
    low, high = _slider(parameter)
    return kind(
        name,
        label,
        1,
        default_value=(parameter.default,),
        min=number(low),
        max=number(high),
        min_is_strict=parameter.low is not None,
        max_is_strict=parameter.high is not None,
    )


def _slider(parameter: Parameter) -> tuple[float, float]:
    """Return a slider's ends: the bounds, or what includes the default where there are none."""
    low = min(_UNBOUND[0], float(parameter.default)) if parameter.low is None else parameter.low
    high = max(_UNBOUND[1], float(parameter.default)) if parameter.high is None else parameter.high
    return low, high


def _make_bool(name: str, label: str, parameter: Parameter) -> hou.ParmTemplate:
    return hou.ToggleParmTemplate(name, label, default_value=parameter.default)


def _make_choice(name: str, label: str, parameter: Parameter) -> hou.ParmTemplate:
    shown = tuple(map(harmless, parameter.choices))
    default = parameter.choices.index(parameter.default)
    return hou.MenuParmTemplate(name, label, shown, menu_labels=shown, default_value=default)


def _make_text(name: str, label: str, parameter: Parameter) -> hou.ParmTemplate:
    tags = {"editor": "1"} if parameter.hint == "multiline" else {}
    default = (harmless(parameter.default),)
    return hou.StringParmTemplate(name, label, 1, default_value=default, tags=tags)


def _make_file(name: str, label: str, parameter: Parameter) -> hou.ParmTemplate:
    return hou.StringParmTemplate(
        name,
        label,
        1,
        default_value=(harmless(parameter.default),),
        string_type=hou.stringParmType.FileReference,
    )


def _make_vector(name: str, label: str, parameter: Parameter) -> hou.ParmTemplate:
    colour = parameter.type == "colour"
    naming = hou.parmNamingScheme.RGBA if colour else hou.parmNamingScheme.Base1
    look = hou.parmLook.ColorSquare if colour else hou.parmLook.Regular
    count = _COUNTS[parameter.type]
    default = tuple(parameter.default)
    return hou.FloatParmTemplate(
        name, label, count, default_value=default, look=look, naming_scheme=naming
    )


_MAKERS: Mapping[str, _Maker] = {
    "float": _make_number,
    "int": _make_number,
    "bool": _make_bool,
    "choice": _make_choice,
    "text": _make_text,
    "file": _make_file,
    "colour": _make_vector,
    "point": _make_vector,
    "box": _make_vector,
}


def _read_float(parm: hou.ParmTuple, _: Parameter, frame: float) -> float:
    return float(parm[0].evalAsFloatAtFrame(frame))


def _read_int(parm: hou.ParmTuple, _: Parameter, frame: float) -> int:
    return int(parm[0].evalAsIntAtFrame(frame))


def _read_bool(parm: hou.ParmTuple, _: Parameter, frame: float) -> bool:
    return bool(parm[0].evalAsIntAtFrame(frame))


def _read_choice(parm: hou.ParmTuple, parameter: Parameter, frame: float) -> str:
    """Return the choice whose token is set: the node has it without what would be expanded."""
    shown = parm[0].evalAsStringAtFrame(frame)
    return {harmless(each): each for each in parameter.choices}.get(shown, shown)


def _read_text(parm: hou.ParmTuple, _: Parameter, frame: float) -> str:
    return str(parm[0].evalAsStringAtFrame(frame))


def _read_vector(parm: hou.ParmTuple, _: Parameter, frame: float) -> tuple[float, ...]:
    return tuple(float(each) for each in parm.evalAsFloatsAtFrame(frame))


_READERS: Mapping[str, _Reader] = {
    "float": _read_float,
    "int": _read_int,
    "bool": _read_bool,
    "choice": _read_choice,
    "text": _read_text,
    "file": _read_text,
    "colour": _read_vector,
    "point": _read_vector,
    "box": _read_vector,
}
