"""Model parameters: what an artist may set, checked and brought to declared types."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, Optional

from filmgate.errors import ManifestError, ParameterError

TEXT_BYTES_MAX = 4096

HINTS = {
    "float": ("slider", "field"),
    "int": ("slider", "field"),
    "text": ("line", "multiline"),
}
"""The ways in which a parameter of each type may be shown."""


@dataclass(frozen=True)
class Parameter:
    """One setting of a model.

    Attributes:
        name: the stable name; scripts and scenes store it.
        type: one of ``float int bool choice text colour file point box``.
        default: the value when nothing is given, already of the declared type.
        low: smallest value of a float or int; None when open.
        high: largest value of a float or int; None when open.
        step: the increment a slider should use; a hint only.
        unit: for example ``px`` or ``EV``; a hint only.
        choices: the values of a choice.
        label: what the user interface writes beside it.
        help: a sentence for the tooltip.
        hint: how the user interface shows it, one of `HINTS` for its type; empty leaves it to the
            host.
        animatable: whether it may change from frame to frame.
    """

    name: str
    type: str
    default: Any
    low: Optional[float] = None
    high: Optional[float] = None
    step: Optional[float] = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    label: str = ""
    help: str = ""
    hint: str = ""
    animatable: bool = False

    def __post_init__(self) -> None:
        """Check the declaration itself, its default included.

        Raises:
            ManifestError: the type is unknown or the default does not fit.
        """
        if self.type not in PARAMETER_TYPES:
            known = ", ".join(PARAMETER_TYPES)
            text = f'= "{self.type}" is none of {known}.'
            raise ManifestError(text, detail={"key": "type"})
        if self.hint and self.hint not in HINTS.get(self.type, ()):
            known = ", ".join(HINTS.get(self.type, ())) or "no hint at all"
            text = f'= "{self.hint}" does not fit: a {self.type} takes {known}.'
            raise ManifestError(text, detail={"key": "hint"})
        try:
            object.__setattr__(self, "default", self.convert(self.default))
        except ParameterError as error:
            text = f"does not fit: {self.expectation()}."
            raise ManifestError(text, detail={"key": "default"}) from error

    def convert(self, value: Any) -> Any:
        """Bring *value* to the declared type: 1 and 1.0 become the same float.

        Raises:
            ParameterError: the value does not fit; the text says what would.
        """
        converted = PARAMETER_TYPES[self.type](self, value)
        for number in _numbers(converted):
            _check_range(self, number)
        return converted

    def parse(self, text: str) -> Any:
        """Read the value as a command line writes it: ``0.5``, ``true``, ``10,20``.

        Raises:
            ParameterError: the text does not fit the type.
        """
        if self.type in ("choice", "text", "file"):
            return self.convert(text)
        if self.type == "bool":
            return self.convert(_parse_bool(self, text))
        try:
            numbers = [float(part) for part in text.split(",")]
        except ValueError:
            raise self.misfit(text) from None
        if self.type in _VECTOR_SIZES:
            return self.convert(numbers)
        if len(numbers) > 1:
            raise self.misfit(text)
        return self.convert(numbers[0])

    def misfit(self, value: Any) -> ParameterError:
        """Return the error that says what *value* should have been."""
        return ParameterError(f"{self.name} = {value!r} does not fit: {self.expectation()}.")

    def expectation(self) -> str:
        """Say in words what fits."""
        if self.type == "choice":
            return "it is one of " + ", ".join(self.choices)
        if self.type in _VECTOR_SIZES:
            return f"it is {_VECTOR_SIZES[self.type]} numbers"
        kind = _KINDS.get(self.type, f"a {self.type}")
        if self.low is not None and self.high is not None:
            return f"it is {kind} from {self.low:g} to {self.high:g}"
        bounds = f" of at least {self.low:g}" if self.low is not None else ""
        bounds += f" of at most {self.high:g}" if self.high is not None else ""
        return f"it is {kind}{bounds}"


def resolve_parameters(declared: Sequence[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every declared parameter's value: the given one, converted, or the default.

    Raises:
        ParameterError: a name is unknown or a value does not fit.
    """
    known = {parameter.name: parameter for parameter in declared}
    for name in given:
        if name not in known:
            names = ", ".join(known) or "none"
            raise ParameterError(f"There is no parameter {name!r}; the model has {names}.")
    return {
        name: parameter.convert(given[name]) if name in given else parameter.default
        for name, parameter in known.items()
    }


_VECTOR_SIZES = {"colour": 4, "point": 2, "box": 4}
_KINDS = {"float": "a number", "int": "a whole number", "bool": "true or false"}


def _to_float(parameter: Parameter, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise parameter.misfit(value)
    try:
        number = float(value)
    except OverflowError:
        raise parameter.misfit("a number of hundreds of digits") from None
    if not math.isfinite(number):
        raise parameter.misfit(value)
    return number


def _to_int(parameter: Parameter, value: Any) -> int:
    number = _to_float(parameter, value)
    if number != int(number):
        raise parameter.misfit(value)
    return int(number)


def _to_bool(parameter: Parameter, value: Any) -> bool:
    if not isinstance(value, bool):
        raise parameter.misfit(value)
    return value


def _to_choice(parameter: Parameter, value: Any) -> str:
    if value not in parameter.choices:
        raise parameter.misfit(value)
    return str(value)


def _to_text(parameter: Parameter, value: Any) -> str:
    if not isinstance(value, str) or len(value.encode()) > TEXT_BYTES_MAX:
        raise parameter.misfit(value)
    return value


def _to_vector(parameter: Parameter, value: Any) -> tuple[float, ...]:
    if not isinstance(value, (list, tuple)):
        raise parameter.misfit(value)
    numbers = tuple(_to_float(parameter, item) for item in value)  # pyright: ignore[reportUnknownVariableType]
    if len(numbers) != _VECTOR_SIZES[parameter.type]:
        raise parameter.misfit(numbers)
    return numbers


PARAMETER_TYPES: dict[str, Callable[[Parameter, Any], Any]] = {
    "float": _to_float,
    "int": _to_int,
    "bool": _to_bool,
    "choice": _to_choice,
    "text": _to_text,
    "colour": _to_vector,
    "file": _to_text,
    "point": _to_vector,
    "box": _to_vector,
}


def _parse_bool(parameter: Parameter, text: str) -> bool:
    words = {"true": True, "on": True, "yes": True, "1": True}
    words.update({"false": False, "off": False, "no": False, "0": False})
    if text.lower() not in words:
        raise parameter.misfit(text)
    return words[text.lower()]


def _numbers(value: Any) -> tuple[float, ...]:
    return (value,) if isinstance(value, (int, float)) and not isinstance(value, bool) else ()


def _check_range(parameter: Parameter, number: float) -> None:
    too_low = parameter.low is not None and number < parameter.low
    too_high = parameter.high is not None and number > parameter.high
    if too_low or too_high:
        raise parameter.misfit(number)
