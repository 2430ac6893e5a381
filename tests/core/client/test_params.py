"""Parameters: declared, converted, refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.digest import canonical
from filmgate.errors import ManifestError, ParameterError
from filmgate.params import TEXT_BYTES_MAX, Parameter, resolve_parameters

STRENGTH = Parameter("strength", "float", 1.0, low=0.0, high=4.0)
SEED = Parameter("seed", "int", 7, low=0, high=100)
ALPHA = Parameter("alpha", "bool", False)
QUALITY = Parameter("quality", "choice", "high", choices=("fast", "high"))
NOTE = Parameter("note", "text", "")
TINT = Parameter("tint", "colour", (1, 1, 1, 1))
SPOT = Parameter("spot", "point", (0, 0))
CROP = Parameter("crop", "box", (0, 0, 10, 10))
ALL = (STRENGTH, SEED, ALPHA, QUALITY, NOTE, TINT, SPOT, CROP)


@pytest.mark.parametrize(
    ("parameter", "given_value", "converted"),
    [
        (STRENGTH, 2, 2.0),
        (STRENGTH, 0.5, 0.5),
        (SEED, 3.0, 3),
        (ALPHA, True, True),
        (QUALITY, "fast", "fast"),
        (NOTE, "é", "é"),
        (TINT, [1, 0.5, 0, 1], (1.0, 0.5, 0.0, 1.0)),
        (SPOT, (3, 4), (3.0, 4.0)),
    ],
)
def test_values_are_brought_to_their_type(
    parameter: Parameter, given_value: Any, converted: Any
) -> None:
    """A value that means the same becomes the same, of the declared type."""
    value = parameter.convert(given_value)
    assert value == converted
    assert type(value) is type(converted)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (STRENGTH, "1"),
        (STRENGTH, True),
        (STRENGTH, None),
        (STRENGTH, -0.1),
        (STRENGTH, 4.1),
        (STRENGTH, math.nan),
        (STRENGTH, math.inf),
        (STRENGTH, 10**400),
        (SEED, 1.5),
        (SEED, 101),
        (SEED, False),
        (ALPHA, 1),
        (ALPHA, "true"),
        (QUALITY, "best"),
        (QUALITY, ["high"]),
        (NOTE, 3),
        (NOTE, "é" * (TEXT_BYTES_MAX // 2 + 1)),
        (TINT, [1, 1, 1]),
        (TINT, 1.0),
        (TINT, [1, 1, 1, "1"]),
        (SPOT, [math.nan, 0]),
    ],
    ids=lambda value: value.name if isinstance(value, Parameter) else repr(value)[:12],
)
def test_values_that_do_not_fit_are_refused(parameter: Parameter, value: Any) -> None:
    """The error names the parameter and says what would fit."""
    with pytest.raises(ParameterError, match=parameter.name) as caught:
        parameter.convert(value)
    assert parameter.expectation() in caught.value.text


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, "it is a number from 0 to 1"),
        (0.0, None, "it is a number of at least 0"),
        (None, 1.0, "it is a number of at most 1"),
        (None, None, "it is a number"),
    ],
)
def test_a_range_is_said_in_words(low: float | None, high: float | None, expected: str) -> None:
    """What would fit is a sentence, whichever end is open."""
    amount = Parameter("amount", "float", 0.5, low, high)
    assert amount.expectation() == expected
    assert str(amount.misfit(7.0)).startswith(f"amount = 7.0 does not fit: {expected}.")


@given(st.integers(0, 4))
def test_whole_and_real_are_the_same_work(number: int) -> None:
    """1 and 1.0 for a float, and 1.0 and 1 for an int, give the same canonical bytes."""
    for parameter in (STRENGTH, SEED):
        assert canonical(parameter.convert(number)) == canonical(parameter.convert(float(number)))


def test_minus_zero_is_the_same_work_as_zero() -> None:
    """A slider that stops at -0 does not make another result."""
    assert canonical(STRENGTH.convert(-0.0)) == canonical(STRENGTH.convert(0))


@given(st.floats(0, 4))
def test_command_lines_keep_every_bit(value: float) -> None:
    """A float that was printed and read again is the same float."""
    assert STRENGTH.parse(repr(value)) == value


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (SEED, "12", 12),
        (ALPHA, "Yes", True),
        (ALPHA, "off", False),
        (QUALITY, "fast", "fast"),
        (NOTE, "1,2", "1,2"),
        (TINT, "1,.5,0,1", (1.0, 0.5, 0.0, 1.0)),
        (SPOT, "-3,4", (-3.0, 4.0)),
    ],
)
def test_command_lines_are_read(parameter: Parameter, text: str, value: Any) -> None:
    """Each type has its form on a command line."""
    assert parameter.parse(text) == value


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (STRENGTH, "much"),
        (STRENGTH, "0.5,2"),
        (STRENGTH, "nan"),
        (SEED, "1.5"),
        (ALPHA, "maybe"),
        (TINT, "1,2"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_command_lines_that_do_not_fit_are_refused(parameter: Parameter, text: str) -> None:
    """A text that is not of the type is an error, never a guess."""
    with pytest.raises(ParameterError):
        parameter.parse(text)


def test_defaults_fill_what_is_not_given() -> None:
    """Every declared parameter has a value afterwards, in the declared order."""
    values = resolve_parameters(ALL, {"seed": 3.0, "quality": "fast"})
    assert list(values) == [parameter.name for parameter in ALL]
    assert (values["seed"], values["quality"], values["strength"]) == (3, "fast", 1.0)
    assert values["tint"] == (1.0, 1.0, 1.0, 1.0)


def test_unknown_names_are_refused() -> None:
    """A misspelt parameter is an error that lists the right names."""
    with pytest.raises(ParameterError, match=r"strenght.*strength"):
        resolve_parameters(ALL, {"strenght": 1.0})


@pytest.mark.parametrize(
    "declaration",
    [
        {"type": "double", "default": 1.0},
        {"type": "float", "default": "x"},
        {"type": "float", "default": 5.0, "high": 4.0},
        {"type": "choice", "default": "a", "choices": ("b",)},
        {"type": "colour", "default": (1, 1, 1)},
        {"type": "text", "default": "", "hint": "slider"},
        {"type": "bool", "default": True, "hint": "field"},
    ],
    ids=str,
)
def test_wrong_declarations_are_refused(declaration: dict[str, Any]) -> None:
    """A parameter of an unknown type, or whose default does not fit it, cannot be declared."""
    with pytest.raises(ManifestError):
        Parameter("x", **declaration)


def test_a_hint_fits_its_type() -> None:
    """Numbers may be sliders or fields, texts one line or several."""
    assert Parameter("x", "float", 1.0, hint="field").hint == "field"
    assert Parameter("x", "text", "", hint="multiline").hint == "multiline"
