"""Manifests: what a package may say, and how it travels."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from filmgate.errors import ManifestError
from filmgate.manifest import parse_manifest, parse_manifest_json, to_manifest_json

DOCUMENT: dict[str, Any] = {
    "model": {"name": "denoise", "version": "1.2.3", "task": "denoise", "summary": "Less noise."},
    "licence": {"code": "Apache-2.0", "weights": "CC-BY-4.0"},
    "inputs": [
        {"name": "color", "role": "color", "channels": ["R", "G", "B"]},
        {"name": "albedo", "role": "albedo", "optional": True, "layers": ["*Diffuse*"]},
    ],
    "outputs": [{"name": "color", "replaces": "color"}],
    "geometry": {"multiple_of": 8, "scale": 2},
    "tiling": {"max_tile_px": 2048, "halo_px": 96},
    "temporal": {"kind": "window", "before": 1, "after": 1, "edges": "mirror"},
    "runtime": {"engine": "torch", "entry": "net.py:Net", "precision": "float16"},
    "params": [
        {"name": "strength", "type": "float", "default": 1, "low": 0, "high": 2.5, "unit": "EV"},
        {"name": "tint", "type": "colour", "default": [1, 1, 1, 1]},
        {"name": "quality", "type": "choice", "default": "high", "choices": ["fast", "high"]},
    ],
    "weights": [{"file": "net.safetensors", "sha256": "ab" * 32}],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the document with one value changed, or removed if it is None."""
    document = copy.deepcopy(DOCUMENT)
    *parents, last = path.split(".")
    place: Any = document
    for key in parents:
        place = place[int(key)] if key.isdigit() else place[key]
    key: Any = int(last) if last.isdigit() else last
    if value is None:
        del place[key]
    else:
        place[key] = value
    return document


def test_every_field_is_read() -> None:
    """Each value of the document is where the attributes say."""
    manifest = parse_manifest(DOCUMENT)
    assert (manifest.name, manifest.version) == ("denoise", "1.2.3")
    assert manifest.main_input.channels == ("R", "G", "B")
    assert manifest.input("albedo").optional
    assert manifest.input("albedo").layers == ("*Diffuse*",)
    assert (manifest.geometry.scale, manifest.tiling.halo_px) == (2, 96)
    assert (manifest.temporal.before, manifest.temporal.edges) == (1, "mirror")
    assert manifest.params[0].default == 1.0
    assert manifest.params[1].default == (1.0, 1.0, 1.0, 1.0)
    assert manifest.weights[0].file == "net.safetensors"


def test_manifests_survive_the_wire() -> None:
    """What a client reads is equal to what the server has."""
    manifest = parse_manifest(DOCUMENT)
    assert parse_manifest_json(to_manifest_json(manifest)) == manifest


def test_small_manifests_have_defaults() -> None:
    """Only the head, the licence, inputs, outputs and the engine have to be given."""
    names = ("model", "licence", "inputs", "outputs")
    small = {name: DOCUMENT[name] for name in names}
    manifest = parse_manifest({**small, "runtime": {"engine": "oidn"}})
    assert (manifest.temporal.kind, manifest.geometry.multiple_of) == ("frame", 1)
    assert manifest.params == ()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("model", None),
        ("model.name", "Denoise!"),
        ("model.name", "../evil"),
        ("model.version", "1.0"),
        ("model.summary", ""),
        ("model.author", "me"),
        ("licence", {}),
        ("inputs", []),
        ("inputs", {"name": "color"}),
        ("inputs.0.name", None),
        ("inputs.0.optional", True),
        ("inputs.1.name", ""),
        ("outputs.0.name", "é" * 33),
        ("inputs.1.name", "color"),
        ("inputs.0.channels", "RGB"),
        ("inputs.0.channels", [1]),
        ("inputs.0.kind", "movie"),
        ("inputs.0.colour", "red"),
        ("outputs", []),
        ("outputs.0.replaces", "colour"),
        ("geometry.multiple_of", 0),
        ("geometry.multiple_of", "8"),
        ("geometry.scale", 9),
        ("geometry.scale", True),
        ("tiling.max_tile_px", 100),
        ("tiling.halo_px", -1),
        ("temporal.kind", "always"),
        ("temporal.before", 65),
        ("runtime.engine", "pickle"),
        ("runtime.engine", "oidn"),
        ("runtime.precision", "int8"),
        ("runtime.engine", None),
        ("params.0.default", 3),
        ("params.0.default", 10**400),
        ("params.0.type", "double"),
        ("params.0.low", "0"),
        ("params.2.choices", []),
        ("weights.0.sha256", "ab"),
        ("weights.0.sha256", None),
        ("colour", {}),
    ],
)
def test_wrong_manifests_are_refused(path: str, value: Any) -> None:
    """Whatever is missing, unknown, of the wrong type or out of range is a typed error."""
    with pytest.raises(ManifestError):
        parse_manifest(changed(path, value))


@pytest.mark.parametrize(
    ("temporal", "taken"),
    [
        ({"kind": "between"}, "fraction"),
        ({"kind": "clip"}, "center"),
        ({"kind": "window", "edges": "drop"}, "center"),
        ({"kind": "window"}, ""),
        ({}, ""),
    ],
)
def test_what_the_server_tells_a_model_is_no_parameter(
    temporal: dict[str, str], taken: str
) -> None:
    """A name that the server fills in is refused in exactly the manifests where it does so."""
    for name in ("fraction", "center"):
        params = [{"name": name, "type": "float", "default": 0.5}]
        document = {**DOCUMENT, "temporal": temporal, "params": params}
        if name == taken:
            with pytest.raises(ManifestError, match=name):
                parse_manifest(document)
        else:
            assert parse_manifest(document).params[0].name == name


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff", b"{}", b'{"model": 3}'])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    """Any other bytes from a server are a typed error."""
    with pytest.raises(ManifestError):
        parse_manifest_json(content)


def test_json_is_sorted() -> None:
    """The same manifest has the same bytes, so that its digest is stable."""
    manifest = parse_manifest(DOCUMENT)
    document = json.loads(to_manifest_json(manifest))
    assert list(document) == sorted(document)
    assert to_manifest_json(parse_manifest(document)) == to_manifest_json(manifest)


def test_unknown_input_is_an_error() -> None:
    """Asking for an input that the model does not have is an error."""
    with pytest.raises(ManifestError):
        parse_manifest(DOCUMENT).input("depth")


@pytest.mark.parametrize(
    ("path", "value", "place", "mend"),
    [
        ("inputs.0.hdr", "lgo", '[[inputs]] "color": hdr = "lgo"', 'Did you mean "log"?'),
        ("inputs.0.encoding", "gamma", '[[inputs]] "color": encoding', "linear, srgb"),
        ("inputs.0.alpha", "none", '[[inputs]] "color": alpha', "premultiplied, straight"),
        ("inputs.0.nonfinite", "keep", '[[inputs]] "color": nonfinite', "scrub, refuse"),
        ("inputs.0.negatives", "abs", '[[inputs]] "color": negatives', "keep, clip, split"),
        ("inputs.0.range", [1, 0], '[[inputs]] "color": range', "the lower first"),
        ("inputs.0.range", [0], '[[inputs]] "color": range', "two numbers"),
        ("inputs.0.range", [0, "1"], '[[inputs]] "color": range', "list of numbers"),
        ("inputs.0.dtype", "float", '[[inputs]] "color": dtype', "F32"),
        ("inputs.0.hdr", "ratio", '[[inputs]] "color": hdr', "larger than the input"),
        ("inputs.1.colour", "red", '[[inputs]] "albedo": colour', "is no field"),
        ("inputs.1.optonal", True, '[[inputs]] "albedo": optonal', 'Did you mean "optional"?'),
        ("inputs.0.name", None, "[[inputs]] number 1", "lacks the field 'name'"),
        ("outputs.0.role", "shadow", '[[outputs]] "color": role', "albedo"),
        ("outputs.0.replaces", "colour", '[[outputs]] "color": replaces', 'Did you mean "color"?'),
        ("geometry.scale", "2", '[geometry] scale = "2"', "a whole number"),
        ("geometry.min_px", 0, "[geometry] min_px = 0", "1 to 65536"),
        ("geometry.max_px", -1, "[geometry] max_px = -1", "1 to 65536"),
        ("geometry.data_window", "all", "[geometry] data_window", "data, display"),
        ("tiling.max_tile_px", 100, "[tiling] max_tile_px = 100", "at least 208"),
        ("tiling.blend_px", 193, "[tiling] blend_px = 193", "0 to 192"),
        ("tiling.grid_px", 0, "[tiling] grid_px = 0", "1 to 1024"),
        ("warmup", {"side_px": -1}, "[warmup] side_px = -1", "0 to 65536"),
        ("warmup", {"side": 8}, "[warmup] side", 'Did you mean "side_px"?'),
        ("licence.weights", None, "[licence] weights", "name the licence"),
        ("licence.code", 3, "[licence] code = 3", "must be a text"),
        ("lineage", {"paper": 3}, "[lineage] paper = 3", "must be a text"),
        ("weights.0.bytes", -1, '[[weights]] "net.safetensors": bytes', "not be negative"),
        ("params.0.default", 3, '[[params]] "strength": default', "from 0 to 2.5"),
        ("params.0.type", "real", '[[params]] "strength": type = "real"', "float, int"),
        ("model.version", "1", "[model] version", "1.0.0"),
        ("modle", {}, "[modle] is no table", 'Did you mean "model"?'),
    ],
)
def test_errors_say_where_and_what_would_fit(path: str, value: Any, place: str, mend: str) -> None:
    """The text names the table as the file writes it, the field, and the mend."""
    document = changed(path, value)
    with pytest.raises(ManifestError) as raised:
        parse_manifest(document)
    assert raised.value.text.startswith(place)
    assert mend in raised.value.text


@pytest.mark.parametrize(
    ("path", "value", "remedy"),
    [
        ("licence", {}, 'Add [licence] with code = "…" and weights = "…"'),
        ("licence.code", None, 'code = "Apache-2.0"'),
        ("model", {}, 'Add [model] with name = "my-model"'),
        ("model.name", "My Net!", 'Call it "my-net"'),
        ("model.name", "", 'Write name = "…".'),
        ("inputs", [], 'Add [[inputs]] with name = "color"'),
        ("weights.0.sha256", None, "Add sha256 = …, a text in quotes."),
    ],
)
def test_remedies_say_what_to_write(path: str, value: Any, remedy: str) -> None:
    """What is missing can be copied out of the remedy."""
    with pytest.raises(ManifestError) as raised:
        parse_manifest(changed(path, value))
    assert remedy in raised.value.remedy


def test_data_has_no_colour_space() -> None:
    """What converts colours is refused for depth or motion."""
    for key, value in (("space", "ACEScg"), ("encoding", "srgb"), ("hdr", "log")):
        entry = {"name": "z", "role": "depth", key: value}
        with pytest.raises(ManifestError, match="is for colours"):
            parse_manifest({**DOCUMENT, "inputs": [*DOCUMENT["inputs"], entry]})


TEST: dict[str, Any] = {
    "inputs": {"color": "tests/in.exr"},
    "golden": "tests/out.exr",
    "metric": "psnr",
    "threshold": 60,
}


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ({"metric": "ssim"}, "psnr_tm, psnr, max_error, flip"),
        ({"inputs": {}}, 'lacks the main input "color"'),
        ({"inputs": {"colour": "a.exr"}}, 'Did you mean "color"?'),
        ({"output": "matte"}, "none of color"),
        ({"threshold": "high"}, "must be a number"),
        ({"inputs": "a.exr"}, "must be a table of texts"),
    ],
)
def test_golden_tests_are_checked(change: dict[str, Any], mend: str) -> None:
    """A test names inputs and outputs that there are, and a metric that is known."""
    assert parse_manifest({**DOCUMENT, "tests": [TEST]}).tests[0].threshold == 60
    with pytest.raises(ManifestError) as raised:
        parse_manifest({**DOCUMENT, "tests": [TEST, {**TEST, **change}]})
    assert raised.value.text.startswith("[[tests]] number 2")
    assert mend in raised.value.text


@pytest.mark.parametrize("names", [("a-b", "a_b"), ("a b", "a-b"), ("same", "same")])
def test_names_that_a_host_cannot_tell_apart_are_refused(names: tuple[str, str]) -> None:
    """Two parameters must not end in one knob."""
    params = [{"name": name, "type": "float", "default": 1.0} for name in names]
    with pytest.raises(ManifestError, match=r"twice|to a host"):
        parse_manifest(changed("params", params))
