"""Parameters as properties: every type, with its limits, there and back."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.secluded import make_manifest
from filmgate.errors import ParameterError

ROWS: list[dict[str, Any]] = [
    {"name": "gain", "type": "float", "default": 1.5, "low": 0.0, "high": 8.0, "unit": "EV"},
    {"name": "count", "type": "int", "default": 3, "low": 1, "high": 9, "step": 2},
    {"name": "soft", "type": "bool", "default": True},
    {"name": "mode", "type": "choice", "default": "fast", "choices": ["fast", "fine"]},
    {"name": "note", "type": "text", "default": "hello", "hint": "multiline"},
    {"name": "tint", "type": "colour", "default": [0.25, 0.5, 1.0, 1.0]},
    {"name": "lut", "type": "file", "default": ""},
    {"name": "centre", "type": "point", "default": [10.0, 20.0]},
    {"name": "region", "type": "box", "default": [0.0, 0.0, 64.0, 32.0]},
]
OTHER = {
    "gain": 2.0,
    "count": 5,
    "soft": False,
    "mode": "fine",
    "note": "no",
    "tint": (1.0, 0.0, 0.5, 0.25),
    "lut": "D:/show/look.cube",
    "centre": (1.0, 2.0),
    "region": (1.0, 2.0, 3.0, 4.0),
}


@pytest.fixture
def manifest() -> Any:
    """Return a model with a parameter of every type."""
    return make_manifest(params=ROWS)


def test_a_form_begins_with_the_defaults(unreal: Any, manifest: Any) -> None:
    """What nobody has touched is what the model's maker meant."""
    from filmgate_unreal import parameters  # noqa: PLC0415

    expected = {each.name: each.default for each in manifest.params}
    assert parameters.values(parameters.make(manifest), manifest) == expected


def test_every_type_is_set_and_read(unreal: Any, manifest: Any) -> None:
    """What an artist sets is what the server is sent."""
    from filmgate_unreal import parameters  # noqa: PLC0415

    form = parameters.make(manifest)
    parameters.put(form, manifest, OTHER)
    assert parameters.values(form, manifest) == OTHER


def test_what_the_model_lacks_is_left_out(unreal: Any, manifest: Any) -> None:
    """Tags of another version may name parameters that are gone."""
    from filmgate_unreal import parameters  # noqa: PLC0415

    form = parameters.make(manifest)
    parameters.put(form, manifest, {"gone": 1, "count": 7})
    assert parameters.values(form, manifest)["count"] == 7


def test_limits_hold_although_the_editor_does_not(unreal: Any, manifest: Any) -> None:
    """A slider's ends are hints; a script may set anything, and is told."""
    from filmgate_unreal import parameters  # noqa: PLC0415

    form = parameters.make(manifest)
    form.set_editor_property("p_gain", 9.0)
    with pytest.raises(ParameterError, match="from 0 to 8"):
        parameters.values(form, manifest)


def test_a_class_is_made_once_for_a_manifest(unreal: Any, manifest: Any) -> None:
    """The engine never forgets a class; another version of a model has another one."""
    from filmgate_unreal import parameters  # noqa: PLC0415

    assert parameters.class_of(manifest) is parameters.class_of(make_manifest(params=ROWS))
    other = make_manifest(version="1.0.1", params=ROWS)
    assert parameters.class_of(manifest) is not parameters.class_of(other)
    assert not parameters.fits(parameters.make(manifest), other)


def test_a_choice_offers_its_values(unreal: Any, manifest: Any) -> None:
    """The details view asks a function of the object for what can be chosen."""
    from filmgate_unreal import parameters  # noqa: PLC0415

    form: Any = parameters.make(manifest)
    assert list(form.options_of_mode()) == ["fast", "fine"]
