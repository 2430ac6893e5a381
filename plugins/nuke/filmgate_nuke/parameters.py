"""A model's parameters as knobs: made from their declarations, read at a moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable, cast

import nuke

from filmgate.errors import ParameterError
from filmgate.host.label import parameter_help, parameter_label
from filmgate.host.port import Moment
from filmgate.params import Parameter
from filmgate_nuke import layout, stored


def make_all(params: Sequence[Parameter]) -> Iterator[nuke.Knob]:
    """Make the knobs of a model's parameters, set to their defaults."""
    if params:
        yield nuke.Text_Knob("filmgate_settings", "Settings", "")
    for parameter in params:
        yield make(parameter)


def make(parameter: Parameter) -> nuke.Knob:
    """Make the knob of one parameter, set to its default."""
    made = _MAKERS[parameter.type]
    label = stored.shown(parameter_label(parameter))
    knob = made(layout.parameter_knob(parameter.name), label, parameter)
    knob.setTooltip(tooltip(parameter))
    if not parameter.animatable:
        knob.setFlag(nuke.NO_ANIMATION)
    return knob


def tooltip(parameter: Parameter) -> str:
    """Return the help with what fits, which a slider's ends do not enforce."""
    return stored.shown(parameter_help(parameter))


def values(group: nuke.Group, params: Sequence[Parameter], moment: Moment) -> dict[str, Any]:
    """Return every parameter's value at *moment*, of the declared type.

    Raises:
        ParameterError: a value does not fit; the text says what would.
    """
    return {each.name: each.convert(value(group, each, moment)) for each in params}


def value(group: nuke.Group, parameter: Parameter, moment: Moment) -> Any:
    """Return one knob's value at *moment* as the parameter's type takes it."""
    knob = group.knob(layout.parameter_knob(parameter.name))
    if knob is None:  # a script from before the parameter existed
        return parameter.default
    return _READERS[parameter.type](knob, parameter, moment, group)


def number_at(knob: nuke.Knob, moment: Moment, index: int = 0) -> float:
    """Return component *index* of a numeric knob at *moment*.

    Raises:
        ParameterError: it has an expression that Nuke cannot evaluate.
    """
    try:
        if moment.view:
            return float(knob.getValueAt(moment.time, index, moment.view))
        return float(knob.getValueAt(moment.time, index))
    except RuntimeError as error:
        raise ParameterError(
            f"The expression of {knob.label() or knob.name()} means nothing here: {error}.",
            "Correct the expression, or set a number.",
        ) from error


def put(knob: nuke.Knob, parameter: Parameter, setting: Any, height_px: float) -> None:
    """Set a knob to a parameter's value.

    Args:
        knob: the parameter's.
        parameter: its declaration.
        setting: a value of the declared type; points and boxes are counted from the top.
        height_px: of the format that the model sees.
    """
    if parameter.type in _VECTORS:
        for index, number in enumerate(_flipped(parameter, setting, height_px)):
            knob.setValue(number, index)
    elif parameter.type == "choice":
        knob.setValue(stored.shown(setting))
    else:
        knob.setValue(setting)


def reset(knob: nuke.Knob, parameter: Parameter) -> None:
    """Set a knob to its parameter's default."""
    knob.clearAnimated()
    put(knob, parameter, _default(parameter), _format_height_px())


_Maker = Callable[[str, str, Parameter], nuke.Knob]
_Reader = Callable[[nuke.Knob, Parameter, Moment, nuke.Group], Any]
_VECTORS = ("colour", "point", "box")
_SLIDER = 0x2
"""The NDK's Knob::SLIDER, which Nuke's Python has no name for."""


def _make_float(name: str, label: str, parameter: Parameter) -> nuke.Knob:
    return _as_number(nuke.Double_Knob(name, label), parameter)


def _make_int(name: str, label: str, parameter: Parameter) -> nuke.Knob:
    return _as_number(nuke.Int_Knob(name, label), parameter)


def _as_number(knob: nuke.Array_Knob, parameter: Parameter) -> nuke.Knob:
    if parameter.hint == "field":
        knob.clearFlag(_SLIDER)
    elif parameter.low is not None and parameter.high is not None:
        knob.setRange(parameter.low, parameter.high)
    knob.setValue(parameter.default)
    return knob


def _make_bool(name: str, label: str, parameter: Parameter) -> nuke.Knob:
    knob = nuke.Boolean_Knob(name, label, parameter.default)
    knob.setFlag(nuke.STARTLINE)
    return knob


def _make_choice(name: str, label: str, parameter: Parameter) -> nuke.Knob:
    knob = nuke.Enumeration_Knob(name, label, [stored.shown(each) for each in parameter.choices])
    knob.setValue(stored.shown(parameter.default))
    return knob


def _make_text(name: str, label: str, parameter: Parameter) -> nuke.Knob:
    several = parameter.hint == "multiline"
    kind = nuke.Multiline_Eval_String_Knob if several else nuke.EvalString_Knob
    return kind(name, label, _default(parameter))


def _default(parameter: Parameter) -> Any:
    """Return the default as a knob takes it: a text of the server's is never evaluated."""
    if parameter.type in ("text", "file"):
        return stored.harmless(parameter.default)
    return parameter.default


def _make_file(name: str, label: str, parameter: Parameter) -> nuke.Knob:
    knob = nuke.File_Knob(name, label)
    knob.setValue(_default(parameter))
    return knob


def _make_vector(name: str, label: str, parameter: Parameter) -> nuke.Knob:
    kinds = {"colour": nuke.AColor_Knob, "point": nuke.XY_Knob, "box": nuke.BBox_Knob}
    knob = kinds[parameter.type](name, label)
    put(knob, parameter, parameter.default, _format_height_px())
    return knob


_MAKERS: Mapping[str, _Maker] = {
    "float": _make_float,
    "int": _make_int,
    "bool": _make_bool,
    "choice": _make_choice,
    "text": _make_text,
    "file": _make_file,
    "colour": _make_vector,
    "point": _make_vector,
    "box": _make_vector,
}


def _read_float(knob: nuke.Knob, _: Parameter, moment: Moment, __: nuke.Group) -> float:
    return number_at(knob, moment)


def _read_int(knob: nuke.Knob, _: Parameter, moment: Moment, __: nuke.Group) -> int:
    return round(number_at(knob, moment))


def _read_bool(knob: nuke.Knob, _: Parameter, moment: Moment, __: nuke.Group) -> bool:
    return bool(number_at(knob, moment))


def _read_choice(knob: nuke.Knob, parameter: Parameter, moment: Moment, _: nuke.Group) -> str:
    """Return the choice whose text is shown; an animated list gives the entry's number."""
    names: list[str] = cast("nuke.Enumeration_Knob", knob).values()
    text = names[int(number_at(knob, moment))] if knob.isAnimated() else str(knob.value())
    return {stored.shown(each): each for each in parameter.choices}.get(text, text)


def _read_text(knob: nuke.Knob, _: Parameter, __: Moment, ___: nuke.Group) -> str:
    return str(knob.value())


def _read_vector(
    knob: nuke.Knob, parameter: Parameter, moment: Moment, group: nuke.Group
) -> tuple[float, ...]:
    count = len(parameter.default)
    numbers = [number_at(knob, moment, index) for index in range(count)]
    return _flipped(parameter, numbers, _height_px(group))


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


def _flipped(parameter: Parameter, numbers: Sequence[float], height_px: float) -> tuple[float, ...]:
    """Turn a point or a box upside down: Nuke counts from the bottom, files from the top."""
    if parameter.type == "point":
        return (numbers[0], height_px - numbers[1])
    if parameter.type == "box":
        left, low, right, high = numbers
        return (left, height_px - high, right, height_px - low)
    return tuple(numbers)


def _height_px(group: nuke.Group) -> float:
    source = group.input(0)
    return _format_height_px() if source is None else float(source.format().height())


def _format_height_px() -> float:
    """Return the height of the script's format, which new nodes go by."""
    form: nuke.Format = nuke.root()["format"].value()
    return float(form.height())
