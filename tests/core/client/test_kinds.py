"""Manifests of volumes and attributes: what they mean, and what does not fit together."""

from __future__ import annotations

import copy
from typing import Any, Optional

import pytest

from filmgate.errors import ManifestError
from filmgate.manifest import Manifest, parse_manifest, parse_manifest_json, to_manifest_json
from filmgate.manifest.lines import find_line

FIELD: dict[str, Any] = {"name": "height", "kind": "volume", "axes": ["y", "x", "c"]}
POINTS: dict[str, Any] = {"name": "P", "kind": "attribute", "channels": ["x", "y", "z"]}
SPACING = {"name": "spacing", "kind": "attribute", "axes": ["axis"], "optional": True}


def document(*inputs: dict[str, Any], **tables: Any) -> dict[str, Any]:
    """Return a manifest's mapping; the output is like the main input."""
    output = {key: inputs[0][key] for key in ("name", "kind", "axes") if key in inputs[0]}
    plain = {
        "model": {"name": "toy", "version": "1.0.0", "task": "t", "summary": "s"},
        "licence": {"code": "Apache-2.0", "weights": "none"},
        "inputs": [dict(each) for each in inputs],
        "outputs": [output],
        "runtime": {"engine": "torch", "entry": "net.py:Net"},
    }
    return copy.deepcopy({**plain, **tables})


def parse(*inputs: dict[str, Any], **tables: Any) -> Manifest:
    """Read such a manifest."""
    return parse_manifest(document(*inputs, **tables))


def test_axes_follow_from_the_kind() -> None:
    """Where a manifest names none, everybody reads the same ones."""
    volume = parse({"name": "density", "kind": "volume"}).main_input
    assert (volume.axes, volume.is_heightfield) == (("z", "y", "x", "c"), False)
    points = parse(POINTS)
    assert (points.main_input.axes, points.outputs[0].axes) == (("n", "c"), ("n", "c"))
    color = {"name": "color", "role": "color"}
    image = parse(color, outputs=[{"name": "color"}])
    assert (image.main_input.axes, image.takes_tensors) == (("y", "x", "c"), False)


def test_a_heightfield_is_a_volume_of_two_axes() -> None:
    """Its layers are the channels; facts of its geometry come beside it."""
    manifest = parse({**FIELD, "channels": ["height", "mask"]}, SPACING, geometry={"scale": 2})
    assert manifest.takes_tensors
    assert manifest.main_input.is_heightfield
    assert manifest.input("spacing").axes == ("axis",)


def test_numbers_follow_from_the_kind() -> None:
    """Geometry is F32 and refuses NaN; images are scrubbed and may be of any type."""
    height = parse(FIELD).main_input
    assert (height.dtype, height.nonfinite) == ("F32", "refuse")
    assert parse({**FIELD, "nonfinite": "scrub"}).main_input.nonfinite == "scrub"
    image = parse({"name": "color"}, outputs=[{"name": "color"}]).main_input
    assert (image.dtype, image.nonfinite) == ("", "scrub")


def test_geometry_survives_the_wire() -> None:
    """What a client reads is equal to what the server has."""
    manifest = parse(FIELD, SPACING)
    assert parse_manifest_json(to_manifest_json(manifest)) == manifest


LATENT = {"name": "latent", "kind": "attribute"}
NAMED = {"name": "P", "kind": "attribute"}


@pytest.mark.parametrize(
    ("inputs", "tables", "place", "words"),
    [
        ([{**FIELD, "axes": ["x", "y", "c"]}], {}, ("inputs", 0, "axes"), '["y", "x", "c"] or'),
        ([{**FIELD, "kind": "image", "axes": ["c", "y", "x"]}], {}, ("inputs", 0, "axes"), "image"),
        ([{**POINTS, "axes": ["n", "n"]}], {}, ("inputs", 0, "axes"), "1 to 8 names"),
        ([{**POINTS, "axes": ["N", "c"]}], {}, ("inputs", 0, "axes"), "lower-case"),
        ([{**POINTS, "axes": ["c", "n"]}], {}, ("inputs", 0, "axes"), 'have "c" as the last'),
        ([{**POINTS, "axes": ["n"]}], {}, ("inputs", 0, "axes"), "there are channels"),
        ([FIELD, {**LATENT, "axes": ["y"]}], {}, ("inputs", 1, "axes"), "must not hold y"),
        ([{**FIELD, "dtype": "I32"}], {}, ("inputs", 0, "dtype"), "F16 or F32"),
        ([{**NAMED, "dtype": "BF16"}], {}, ("inputs", 0, "dtype"), "BF16"),
        ([{"name": "color"}, {**LATENT}], {}, ("inputs", 1, "kind"), 'main input of the kind "im'),
        ([FIELD, {"name": "color"}], {}, ("inputs", 1, "kind"), '"volume"'),
        ([FIELD], {"outputs": [{"name": "h"}]}, ("outputs", 0, "kind"), '"image" beside'),
        ([FIELD], {"outputs": [LATENT]}, ("outputs", 0, "kind"), "how large it is"),
        ([{"name": "d", "kind": "volume"}], {"outputs": [FIELD]}, ("outputs", 0, "axes"), "Write"),
        ([FIELD, {"name": "d", "kind": "volume"}], {}, ("inputs", 1, "axes"), "among those"),
        ([{**LATENT, "axes": ["axis"]}], {}, ("inputs", 0, "axes"), 'the axis "n"'),
        (
            [{**NAMED, "axes": ["n"]}],
            {"outputs": [{**NAMED, "axes": ["n", "c"]}]},
            ("outputs", 0, "channels"),
            "none to count",
        ),
        (
            [POINTS],
            {"outputs": [{**NAMED, "axes": ["axis"]}]},
            ("outputs", 0, "axes"),
            "the main input's axes",
        ),
        ([POINTS, SPACING], {"outputs": [{**NAMED, "replaces": "Q"}]}, None, "replaces"),
        ([{**POINTS, "nonfinite": "scrub"}], {}, ("inputs", 0, "nonfinite"), "no neighbours"),
        ([FIELD], {"runtime": {"engine": "onnx"}}, ("runtime", "engine"), "torch or array"),
        ([FIELD], {"temporal": {"kind": "clip"}}, ("temporal", "kind"), '"frame"'),
        ([FIELD], {"batch": {"max": 2}}, ("batch", "max"), "one by one"),
        ([FIELD], {"geometry": {"data_window": "display"}}, ("geometry", "data_window"), "window"),
        ([POINTS], {"geometry": {"scale": 2}}, ("geometry",), "neither cut nor scaled"),
        ([POINTS], {"tiling": {"max_tile_px": 64}}, ("tiling",), "neither cut nor scaled"),
        ([{**FIELD, "space": "ACEScg"}], {}, ("inputs", 0, "space"), "is for colours"),
    ],
)
def test_what_does_not_fit_is_named(
    inputs: list[dict[str, Any]],
    tables: dict[str, Any],
    place: Optional[tuple[Any, ...]],
    words: str,
) -> None:
    """The place, so that the line is found, what would fit, and how to mend it."""
    with pytest.raises(ManifestError) as caught:
        parse(*inputs, **tables)
    error, detail = caught.value, caught.value.detail
    assert words in str(error)
    if place is not None:
        found = tuple(
            detail[key] for key in ("table", "row", "key") if detail[key] not in ("", None)
        )
        assert found == place


def test_goldens_of_geometry_have_metrics_of_their_own() -> None:
    """Nothing is tone-mapped, and nobody looks at it on a screen."""
    test = {"inputs": {"height": "a.safetensors"}, "golden": "b.safetensors", "threshold": 1.0}
    parse(FIELD, tests=[{**test, "metric": "max_error"}])
    with pytest.raises(ManifestError, match="psnr or max_error"):
        parse(FIELD, tests=[{**test, "metric": "flip"}])


def test_images_may_have_optional_attributes_beside_them() -> None:
    """A host that cannot give them leaves them out."""
    manifest = parse({"name": "color"}, {**LATENT, "optional": True})
    assert not manifest.takes_tensors


def test_a_wrong_axis_is_found_in_the_file() -> None:
    """The error's detail leads to the line."""
    text = '[[inputs]]\nname = "height"\nkind = "volume"\naxes = ["x", "y", "c"]\n'
    assert find_line(text, ("inputs", 0, "axes")) == 4
