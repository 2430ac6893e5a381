"""Whether tensors fit a model of geometry: judged by their specs alone."""

from __future__ import annotations

from typing import Any

import pytest

from filmgate.errors import InputError
from filmgate.manifest import Manifest, parse_manifest
from filmgate.tensor import TensorSpec, check_tensors, result_specs

Y_X_C, N_C = ("y", "x", "c"), ("n", "c")
FIELD: dict[str, Any] = {
    "name": "height",
    "kind": "volume",
    "axes": list(Y_X_C),
    "channels": ["height"],
}
MASK = {**FIELD, "name": "mask", "channels": [], "optional": True}
SPACING = {"name": "spacing", "kind": "attribute", "axes": ["axis"], "optional": True}
POINTS: dict[str, Any] = {"name": "P", "kind": "attribute", "channels": ["x", "y", "z"]}
IDS = {"name": "id", "kind": "attribute", "axes": ["n"], "dtype": "I64", "optional": True}


def model(*inputs: dict[str, Any], outputs: Any = None, **tables: Any) -> Manifest:
    """Return a manifest; the output is like the main input."""
    output = {key: inputs[0][key] for key in ("name", "kind", "axes") if key in inputs[0]}
    return parse_manifest(
        {
            "model": {"name": "toy", "version": "1.0.0", "task": "t", "summary": "s"},
            "licence": {"code": "Apache-2.0", "weights": "none"},
            "inputs": [dict(each) for each in inputs],
            "outputs": outputs or [output],
            "runtime": {"engine": "torch", "entry": "net.py:Net"},
            **tables,
        }
    )


def field(*shape: int, dtype: str = "F32", axes: tuple[str, ...] = Y_X_C) -> TensorSpec:
    """Return a tensor's spec."""
    return TensorSpec(dtype, shape, axes)


def test_results_of_a_heightfield_are_scaled() -> None:
    """Along y and x; layers as declared, else as many as came."""
    outputs = [
        {"name": "height", "kind": "volume", "axes": list(Y_X_C), "channels": ["height"]},
        {"name": "flow", "kind": "volume", "axes": list(Y_X_C), "channels": ["u", "v"]},
    ]
    manifest = model(FIELD, MASK, outputs=outputs, geometry={"scale": 2})
    specs = result_specs(manifest, {"height": field(5, 7, 1), "mask": field(5, 7, 3)})
    assert specs == {"height": field(10, 14, 1), "flow": field(10, 14, 2)}


def test_results_of_a_volume_are_scaled() -> None:
    """Along three axes."""
    axes = ("z", "y", "x", "c")
    manifest = model({"name": "d", "kind": "volume"}, geometry={"scale": 3})
    given = {"d": field(2, 3, 4, 5, axes=axes)}
    assert result_specs(manifest, given) == {"d": field(6, 9, 12, 5, axes=axes)}


def test_results_of_points_are_as_many() -> None:
    """In the types that are declared."""
    outputs = [
        {"name": "P", "kind": "attribute"},
        {"name": "keep", "kind": "attribute", "axes": ["n"], "dtype": "BOOL"},
    ]
    specs = result_specs(model(POINTS, outputs=outputs), {"P": field(9, 3, axes=N_C)})
    assert specs["P"] == field(9, 3, axes=N_C)
    assert specs["keep"] == field(9, dtype="BOOL", axes=("n",))


@pytest.mark.parametrize(
    ("given", "words", "detail"),
    [
        ({}, "needs the input 'height'", {"input": "height"}),
        (
            {"height": field(5, 7, 1, dtype="F64")},
            "must be a tensor of F32, not F64. Convert it to F32.",
            {"expected": "F32", "found": "F64"},
        ),
        (
            {"height": field(5, 7, 1, axes=("x", "y", "c"))},
            "must have the axes y x c, not x y c.",
            {"expected": "y x c", "found": "x y c"},
        ),
        (
            {"height": field(5, 7, axes=("y", "x"))},
            "must have the axes y x c, not y x.",
            {"expected": "y x c"},
        ),
        (
            {"height": field(5, 7, 2)},
            "as many channels as 1 (height), not 2. Send height, in that order",
            {"expected": "1 (height)", "found": "2"},
        ),
        ({"height": field(0, 7, 1)}, "must not be empty", {"found": "y 0 × x 7 × c 1"}),
        (
            {"height": field(5, 7, 1), "mask": field(5, 8, 1)},
            "Input 'mask' must be as large as 'height' along x: 7, not 8.",
            {"input": "mask", "expected": "7", "found": "8"},
        ),
        (
            {"height": field(5, 65, 1)},
            "no side longer than 64, not y 5 × x 65 × c 1. Cut it",
            {"input": "height"},
        ),
    ],
)
def test_what_does_not_fit_is_named(
    given: dict[str, TensorSpec], words: str, detail: dict[str, str]
) -> None:
    """What was expected and what came, in words and for programs."""
    manifest = model(FIELD, MASK, SPACING, geometry={"max_px": 64})
    with pytest.raises(InputError) as caught:
        check_tensors(manifest, given)
    assert words in str(caught.value)
    assert detail.items() <= caught.value.detail.items()


def test_attributes_share_the_points() -> None:
    """An id less than there are points is an error; facts may have any size."""
    manifest = model(POINTS, IDS, SPACING)
    good = {"P": field(9, 3, axes=N_C), "spacing": field(2, axes=("axis",))}
    check_tensors(manifest, {**good, "id": field(9, dtype="I64", axes=("n",))})
    with pytest.raises(InputError, match="as large as 'P' along n: 9, not 8"):
        check_tensors(manifest, {**good, "id": field(8, dtype="I64", axes=("n",))})


def test_channels_of_attributes_are_their_own() -> None:
    """Colours beside positions may have four components."""
    colours = {"name": "Cd", "kind": "attribute"}
    manifest = model(POINTS, colours)
    check_tensors(manifest, {"P": field(9, 3, axes=N_C), "Cd": field(9, 4, axes=N_C)})
