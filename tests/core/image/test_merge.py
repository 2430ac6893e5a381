"""A merged file is the source but for the model's channels; a model's file is placed like it."""

from __future__ import annotations

import numpy as np
import OpenEXR
import pytest

from filmgate.errors import InputError, UnsupportedImageError
from filmgate.image.exr import encode_exr, parse_exr
from filmgate.image.frame import Plate
from filmgate.image.header import Attribute, text_attribute
from filmgate.image.merge import merged, model_only
from filmgate.image.provenance import Provenance, provenance_attributes, read_provenance
from filmgate.image.window import Window

COMBINED = tuple(f"ViewLayer.Combined.{end}" for end in "RGB")
PROVENANCE = Provenance(
    model="denoise@1.2.0",
    model_digest="blake3:00ff",
    params={"strength": 0.5, "name": "größer"},
    inputs={"color": "blake3:11"},
    numerics="oidn-f32-cuda-0",
    version="0.1.0",
)


def written(result):
    """Encode and decode a result."""
    return parse_exr(encode_exr(result.plate))


def doubled(part, names):
    """Return the channels *names* as float32, twice as bright."""
    return {name: part.channels[name].astype(np.float32) * 2 for name in names}


def test_everything_but_the_models_channels_is_untouched(render):
    """Other channels and attributes keep every bit; only provenance is added."""
    source = parse_exr(render)
    before = source.parts[0]
    result = merged(source, 0, doubled(before, COMBINED), provenance=PROVENANCE)
    after = written(result).parts[0]
    others = [name for name in before.channels if name not in COMBINED]
    assert len(others) == 20
    assert all(before.channels[n].tobytes() == after.channels[n].tobytes() for n in others)
    assert all(np.array_equal(after.channels[n], before.channels[n] * 2) for n in COMBINED)
    assert dict(after.attributes) == {**before.attributes, **provenance_attributes(PROVENANCE)}
    assert result.warnings == ()


def test_provenance_can_be_read_back(render):
    """Model, digests, parameters, numerics and version come back as they were given."""
    source = parse_exr(render)
    result = merged(source, 0, {}, provenance=PROVENANCE)
    assert read_provenance(written(result).parts[0].header) == PROVENANCE
    assert read_provenance(source.parts[0].header) is None


def test_cut_provenance_is_no_error(make_part):
    """A text that another program cut short reads as empty tables."""
    attributes = {**provenance_attributes(PROVENANCE), "filmgate/params": text_attribute('{"stre')}
    part = make_part({"R": np.zeros((2, 2), np.float16)}, **attributes)
    found = read_provenance(part.header)
    assert found is not None
    assert (found.params, found.inputs) == ({}, PROVENANCE.inputs)


@pytest.mark.parametrize(
    ("depth", "dtypes"),
    [(None, (np.float16, np.float32)), ("half", (np.float16,) * 2), ("float", (np.float32,) * 2)],
)
def test_replaced_channels_keep_their_type_unless_asked(depth, dtypes, make_part):
    """Half stays half and float stays float; --depth changes the model's channels alone."""
    planes = {"H": np.ones((3, 4), np.float16), "F": np.ones((3, 4), np.float32)}
    planes["other"] = np.ones((3, 4), np.float16)
    new = {name: np.full((3, 4), 0.1, np.float32) for name in "HF"}
    result = written(merged(Plate((make_part(planes),)), 0, new, depth=depth)).parts[0]
    assert tuple(result.channels[name].dtype for name in "HF") == dtypes
    assert result.channels["other"].dtype == np.float16


def test_values_that_half_cannot_hold_are_held_and_reported(make_part):
    """Finite overflow becomes ±65504 with a warning; NaN and infinities pass as they are."""
    plate = Plate((make_part({"R": np.zeros((1, 6), np.float16)}),))
    values = np.array([[65519, 65520, -1e9, np.inf, np.nan, -np.inf]], np.float32)
    result = merged(plate, 0, {"R": values})
    assert result.warnings == ("R: 3 samples above 65504 were held there; half has no more.",)
    found = written(result).parts[0].channels["R"]
    assert np.array_equal(
        found, np.array([[65504, 65504, -65504, np.inf, np.nan, -np.inf]], "f2"), equal_nan=True
    )


def test_halves_from_the_model_are_taken_as_they_are(make_part):
    """A result that is half already is not converted twice."""
    plate = Plate((make_part({"R": np.zeros((2, 2), np.float16)}),))
    values = np.array([[1, np.inf], [np.nan, 3]], np.float16)
    assert merged(plate, 0, {"R": values}).plate.parts[0].channels["R"] is values


@pytest.mark.parametrize("compression", ["DWAA", "DWAB", "B44", "B44A"])
def test_lossy_sources_are_written_losslessly_and_reported(
    compression, openexr_file, smooth_planes
):
    """Channels of a DWA source that the model did not touch keep every bit."""
    number = getattr(OpenEXR, f"{compression}_COMPRESSION")
    source = parse_exr(openexr_file(smooth_planes((64, 64)), compression=number))
    result = merged(source, 0, {"R": np.zeros((64, 64), np.float32)})
    after = written(result).parts[0]
    assert after.header.compression == "zip"
    assert compression.lower() in result.warnings[0]
    for name in "ABG":
        assert after.channels[name].tobytes() == source.parts[0].channels[name].tobytes()


def test_a_lossy_compression_cannot_be_asked_for(make_part, random_planes):
    """A merged file that would change other channels is refused."""
    plate = Plate((make_part(random_planes((4, 4))),))
    with pytest.raises(UnsupportedImageError, match="did not touch"):
        merged(plate, 0, {}, compression="dwaa")
    with pytest.raises(UnsupportedImageError, match="no EXR compression"):
        merged(plate, 0, {}, compression="zipp")


FINE = np.float32(1) + np.float32(2**-23)
"""The float after 1: of 24 bits only 1 is left."""


def fine_planes():
    """Return planes of every type whose last bits matter."""
    planes = {name: np.full((16, 16), FINE, np.float16) for name in "BGR"}
    planes["id"] = np.full((16, 16), 0xFEDCBA98, np.uint32)
    return planes


def test_pxr24_is_refused_where_it_would_shorten_floats(make_part):
    """Depth keeps its last bit: the error names the channel and a lossless compression."""
    part = make_part({**fine_planes(), "Z": np.full((16, 16), FINE)})
    with pytest.raises(UnsupportedImageError, match=r"24 bits.*Z") as caught:
        merged(Plate((part,)), 0, {}, compression="pxr24")
    assert "zip" in caught.value.remedy
    halves = Plate((make_part(fine_planes()),))
    result = {"R": np.full((16, 16), FINE)}
    with pytest.raises(UnsupportedImageError, match=r"24 bits.*R"):
        merged(halves, 0, result, depth="float", compression="pxr24")


def test_pxr24_is_taken_where_it_loses_nothing(make_part, same_bits):
    """Half and whole numbers keep every bit."""
    part = make_part(fine_planes())
    after = written(merged(Plate((part,)), 0, {}, compression="pxr24")).parts[0]
    assert after.header.compression == "pxr24"
    assert same_bits(part, after)


@pytest.mark.parametrize(("depth", "kept"), [("float", "zip"), (None, "pxr24")])
@pytest.mark.parametrize("alone", [True, False])
def test_float_results_of_a_pxr24_source_keep_every_bit(depth, kept, alone, make_part):
    """They are written with zip and a warning; halves stay in pxr24."""
    source = make_part(fine_planes(), compression="pxr24")
    new = {"R": np.full((16, 16), FINE)}
    plate = Plate((source,))
    result = model_only(source, new, depth=depth) if alone else merged(plate, 0, new, depth=depth)
    after = written(result).parts[0]
    assert after.header.compression == kept
    assert (after.channels["R"] == (FINE if depth else 1)).all()
    assert [kept in warning for warning in result.warnings] == ([True] if depth else [])


@pytest.mark.parametrize("compression", ["pxr24", "dwaa"])
def test_a_models_file_takes_a_lossy_compression_with_a_warning(compression, make_part):
    """It was asked for and touches nothing else; the warning says that it loses."""
    source = make_part({"Y": np.full((16, 16), 1, np.float32)})
    result = model_only(source, {"Y": np.full((16, 16), FINE)}, compression=compression)
    assert compression in result.warnings[0]
    after = written(result).parts[0]
    assert after.header.compression == compression
    halves = model_only(source, {"Y": np.full((16, 16), 1.0)}, depth="half", compression="pxr24")
    assert halves.warnings == ()


def test_another_lossless_compression_can_be_asked_for(make_part, random_planes, same_bits):
    """The compression is the one attribute that then differs."""
    part = make_part(random_planes((40, 40)))
    after = written(merged(Plate((part,)), 0, {}, compression="piz")).parts[0]
    changed = {n for n in after.attributes if after.attributes[n] != part.attributes.get(n)}
    assert changed == {"compression", "channels"}  # the part was built with an empty list
    assert same_bits(part, after)


def test_one_view_of_stereo_can_be_replaced(make_part, random_planes, same_bits):
    """The other parts of a file keep every bit."""
    views = [
        make_part(
            random_planes((8, 8), seed),
            name=text_attribute(name),
            type=text_attribute("scanlineimage"),
        )
        for seed, name in enumerate(("left", "right"))
    ]
    result = merged(Plate(tuple(views)), 1, {"R": np.full((8, 8), 2, np.float32)})
    left, right = written(result).parts
    assert same_bits(left, views[0])
    assert (right.channels["R"] == 2).all()
    assert right.channels["G"].tobytes() == views[1].channels["G"].tobytes()


def test_channels_that_the_source_lacks_are_added(make_part, random_planes):
    """A matte joins the file's own channels, as half."""
    plate = Plate((make_part(random_planes((4, 4))),))
    after = written(merged(plate, 0, {"matte.A": np.ones((4, 4), np.float32)})).parts[0]
    assert after.channels["matte.A"].dtype == np.float16
    assert len(after.channels) == 7


def test_results_of_the_wrong_size_or_for_ids_are_refused(make_part, random_planes):
    """A plane must fill the data window, and whole-number channels cannot be replaced."""
    plate = Plate((make_part(random_planes((4, 4))),))
    with pytest.raises(InputError, match="data window"):
        merged(plate, 0, {"R": np.zeros((8, 8), np.float32)})
    with pytest.raises(InputError, match="whole numbers"):
        merged(plate, 0, {"id": np.zeros((4, 4), np.float32)})


def test_a_larger_result_is_placed_by_the_windows_rule(make_part):
    """Windows with negative origins scale with the picture, and the pixel aspect stays."""
    aspect = Attribute("float", np.float32(2.0).tobytes())
    source = make_part(
        {name: np.zeros((20, 30), np.float16) for name in "RGBA"},
        origin=(-4, -6),
        display=Window(0, 0, 21, 9),
        pixelAspectRatio=aspect,
    )
    outputs = {name: np.full((40, 60), 0.5, np.float32) for name in "RGB"}
    (part,) = written(model_only(source, outputs, scale=2)).parts
    assert list(part.channels) == ["B", "G", "R"]
    assert part.data_window == Window(-8, -12, 51, 27)
    assert part.display_window == Window(0, 0, 43, 19)
    assert part.pixel_aspect == 2.0


def test_a_models_file_has_only_its_own_attributes(render):
    """Cryptomatte's tables stay behind with their channels; what describes the shot stays."""
    source = parse_exr(render).parts[0]
    (part,) = written(model_only(source, doubled(source, COMBINED), provenance=PROVENANCE)).parts
    assert set(part.channels) == set(COMBINED)
    assert not any(name.startswith("cryptomatte/") for name in part.attributes)
    assert part.attributes["Camera"] == source.attributes["Camera"]
    assert (part.data_window, part.channels[COMBINED[0]].dtype) == (source.data_window, np.float16)


def test_only_the_preview_itself_is_left_out(make_part):
    """An attribute whose name begins likewise stays."""
    kept = {"preview": text_attribute("small"), "previewNotes": text_attribute("mine")}
    source = make_part({"R": np.zeros((2, 2), np.float16)}, **kept)
    found = model_only(source, {"R": np.zeros((2, 2), np.float32)}).plate.parts[0].attributes
    assert "preview" not in found
    assert found["previewNotes"] == kept["previewNotes"]


def test_a_frame_between_two_has_no_time_code(make_part):
    """A result at another time does not claim the source's."""
    code = Attribute("timecode", bytes(8))
    source = make_part({"R": np.zeros((2, 2), np.float16)}, timeCode=code)
    outputs = {"R": np.zeros((2, 2), np.float32)}
    assert "timeCode" in model_only(source, outputs).plate.parts[0].attributes
    assert "timeCode" not in model_only(source, outputs, retimed=True).plate.parts[0].attributes


def test_stacked_channels_are_exact_floats_in_order(make_part, random_planes):
    """Half and float planes become one float32 array without any change of value."""
    part = make_part(random_planes((5, 6)))
    stack = part.stacked(["B", "crypto00.r"])
    assert np.array_equal(stack[..., 0], part.channels["B"].astype("f4"), equal_nan=True)
    assert np.array_equal(stack[..., 1], part.channels["crypto00.r"], equal_nan=True)
