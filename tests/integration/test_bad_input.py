"""Whatever is wrong with a frame or a request, the answer is a result or an error that says why."""

from __future__ import annotations

import struct
from random import Random

import numpy as np
import OpenEXR
import pytest

from fakes.ledger import Ledger
from fakes.loads import load
from fakes.plates import (
    COLOR,
    MERGED,
    exr_bytes,
    exr_planes,
    negate_exr,
    random_planes,
    random_tensor,
    tensor_payload,
)
from fakes.service import Service
from filmgate.client import Client
from filmgate.errors import (
    DamagedImageError,
    FilmgateError,
    ImageError,
    ImageTooLargeError,
    InputError,
    LayerError,
    ParameterError,
    ProtocolError,
    UnknownModelError,
    UnsupportedError,
    UnsupportedImageError,
)
from filmgate.image.exr import parse_exr
from filmgate.image.scrub import scrub
from filmgate.job import Payload, Work
from filmgate.tensor import TENSOR_MEDIA
from filmgate.wire.records import Wish

HALF_MAX = 65504.0


def refusal(client: Client, ledger: Ledger, work: Work) -> FilmgateError:
    """Submit *work*, which must not give a result, and return its error."""
    entry = ledger.submit(client, work)
    ledger.settle()
    assert entry.error is not None
    return entry.error


def exr_work(content: bytes, model: str = "negate", **given) -> Work:
    """Return the work of running *model* on one file, merged unless *given* says otherwise."""
    return Work(model, (Payload("color", content),), **{"wish": MERGED, **given})


def mutated(source: bytes, chance: Random) -> bytes:
    """Return *source* with some bytes changed, mostly near its header, or cut off."""
    content = bytearray(source)
    reach = chance.choice((600, len(content)))
    for _ in range(chance.choice((1, 3, 12))):
        content[chance.randrange(min(reach, len(content)))] = chance.randrange(256)
    if chance.random() < 0.2:
        del content[chance.randrange(1, len(content)) :]
    return bytes(content)


def same_as_read(content: bytes):
    """Return the check that a result holds the negative of what *content* decodes to."""

    def check(result):
        source = parse_exr(content).parts[0]
        found = parse_exr(result.output("color").data).parts[0]
        expected, _ = scrub(source.stacked(COLOR))
        for place, name in enumerate(COLOR):
            plane = (-expected[..., place]).astype(source.channels[name].dtype)
            assert found.channels[name].tobytes() == plane.tobytes()

    return check


@load("mutations", usual=600, nightly=10_000)
def test_mutated_files_are_answered_each(
    server: Service, client: Client, ledger: Ledger, mutations: int
):
    """Of many damaged files each gives the right pixels or a typed error, and no process dies."""
    chance = Random(7)  # noqa: S311 - the same mutations each time
    kinds = (
        OpenEXR.NO_COMPRESSION,
        OpenEXR.RLE_COMPRESSION,
        OpenEXR.ZIP_COMPRESSION,
        OpenEXR.PIZ_COMPRESSION,
        OpenEXR.PXR24_COMPRESSION,
        OpenEXR.B44_COMPRESSION,
    )
    planes = random_planes(100, (9, 13))
    sources = [exr_bytes(planes, compression=kind) for kind in kinds]
    workers = [worker.pid for worker in server.workers]
    for _ in range(mutations):
        content = mutated(chance.choice(sources), chance)
        ledger.submit(client, exr_work(content), same_as_read(content))
        ledger.retire(keep=500)
    outcomes = ledger.settle()
    assert sum(outcomes.values()) == mutations
    assert outcomes["error"] > mutations // 10
    assert outcomes["result"] > mutations // 10
    assert [worker.pid for worker in server.workers] == workers
    for ended in (*ledger.retired, *ledger.entries):
        assert ended.error is None or isinstance(ended.error, (ImageError, InputError))


def test_file_cut_at_every_place_is_refused(client: Client, ledger: Ledger):
    """A file that ends anywhere before its end is damaged, wherever that is."""
    content = exr_bytes(random_planes(101, (6, 7)))
    for size in range(1, len(content), 37):
        ledger.submit(client, exr_work(content[:size]))
    ledger.settle()
    assert all(isinstance(entry.error, ImageError) for entry in ledger.entries)


@pytest.mark.parametrize("corner", [100_000, 20_000_000, 2**31 - 1])
def test_header_that_claims_a_huge_size_is_refused(client: Client, ledger: Ledger, corner: int):
    """A window of more pixels than the limits, or than the file can hold, is not decoded."""
    content = exr_bytes(random_planes(102))
    name = b"dataWindow\0box2i\0" + struct.pack("<I", 16)
    place = content.index(name) + len(name)
    window = struct.pack("<4i", 0, 0, corner, corner)
    error = refusal(client, ledger, exr_work(content[:place] + window + content[place + 16 :]))
    assert isinstance(error, ImageError)


def test_frame_beyond_the_servers_limit_is_refused_unseen(make_service, ledger: Ledger):
    """A file larger than the largest frame is refused before a byte of it is sent."""
    service = make_service(max_frame_bytes=1 << 20)
    with service.client() as client:
        large = tensor_payload(random_tensor(1, (400, 300, 3)))
        error = refusal(client, ledger, Work("negate", (large,)))
        assert isinstance(error, ImageTooLargeError)
        assert client.status().counters["uploaded_bytes"] == 0
    ledger.audit(service)


def test_nan_and_infinity_are_replaced_and_reported(client: Client, ledger: Ledger):
    """The model gets finite numbers; the artist is told; the neighbours keep every bit."""
    planes = random_planes(103)
    planes["R"][2, 3], planes["G"][4, 5], planes["B"][6, 7] = np.nan, np.inf, -np.inf
    source = {name: plane.copy() for name, plane in planes.items()}

    def check(result):
        found = exr_planes(result.output("color").data)
        finite = np.isfinite(source["R"]) & np.isfinite(source["G"]) & np.isfinite(source["B"])
        for name in COLOR:
            assert (found[name][finite] == -source[name][finite]).all()
            assert np.isfinite(found[name]).all()
        assert found["R"][2, 3] == 0
        assert found["G"][4, 5] == -source["G"][np.isfinite(source["G"])].max()
        assert found["B"][6, 7] == -source["B"][np.isfinite(source["B"])].min()
        assert "1 NaN and 2 infinite" in " ".join(result.warnings)

    ledger.submit(client, exr_work(exr_bytes(planes)), check)
    ledger.settle()


def test_frame_of_nothing_but_nan_is_answered(client: Client, ledger: Ledger):
    """Even where no sample is finite there is a result, of zeros, and a warning."""
    planes = {name: np.full((8, 8), np.nan, np.float32) for name in COLOR}

    def check(result):
        assert all((plane == 0).all() for plane in exr_planes(result.output("color").data).values())
        assert result.warnings

    ledger.submit(client, exr_work(exr_bytes(planes)), check)
    ledger.settle()


def test_extreme_values_are_not_clamped(client: Client, ledger: Ledger):
    """Negative and gigantic floats pass a model of floats bit for bit."""
    values = np.array([[-1e30, 1e30, -0.0, 1e38], [1e-30, -5.0, 65504.0, 7e4]], np.float32)
    planes = {name: values * np.float32(place + 1) / 3 for place, name in enumerate(COLOR)}

    def check(result):
        found = exr_planes(result.output("color").data)
        for name in COLOR:
            np.testing.assert_array_equal(found[name], -planes[name])

    ledger.submit(client, exr_work(exr_bytes(planes)), check)
    ledger.settle()


def test_values_too_large_for_half_are_held_and_reported(client: Client, ledger: Ledger):
    """Where half is wished for, 1e30 becomes the largest half and not infinity, and it is said."""
    planes = {name: np.full((4, 4), 1e30, np.float32) for name in COLOR}
    wish = Wish(mode="merged", depth="half")

    def check(result):
        found = exr_planes(result.output("color").data)
        assert all((found[name] == -HALF_MAX).all() for name in COLOR)
        assert result.warnings

    ledger.submit(client, exr_work(exr_bytes(planes), wish=wish), check)
    ledger.settle()


def test_denoise_survives_broken_pixels(client: Client, ledger: Ledger):
    """NaN, infinity, negatives and fireflies give a finite result, and no NaN spreads."""
    planes = random_planes(104, (48, 64))
    color = {name: np.abs(planes[name]).astype(np.float32) for name in COLOR}
    color["R"][3, 3], color["G"][9, 9], color["B"][20, 20] = np.nan, np.inf, 1e30
    color["R"][30, 30] = -1e30

    def check(result):
        found = exr_planes(result.output("color").data)
        assert all(np.isfinite(plane).all() for plane in found.values())
        assert result.warnings

    ledger.submit(client, exr_work(exr_bytes(color), "denoise"), check)
    assert ledger.settle() == {"result": 1}


@pytest.mark.parametrize("model", ["nothing", "negate@9.9.9", "negate@blake3:00", "", "../negate"])
def test_unknown_model_is_refused(client: Client, ledger: Ledger, model: str):
    """A name, version or digest that nobody has published is refused by that name."""
    error = refusal(client, ledger, exr_work(exr_bytes(random_planes(105)), model))
    assert isinstance(error, (UnknownModelError, ProtocolError))


def test_names_as_long_as_the_wire_allows_are_answered(client: Client, ledger: Ledger):
    """An error that quotes a very long name still reaches the client."""
    long, content = "x" * 4000, exr_bytes(random_planes(106))
    works = [
        exr_work(content, long),
        exr_work(content, "negate@" + long),
        exr_work(content, params={long: True}),
        exr_work(content, "denoise", params={"quality": long}),
        exr_work(content, layers={long: "R"}),
        exr_work(content, layers={"color": long}),
        exr_work(content, wish=Wish(compression=long)),
        Work("negate", (Payload(long, content),)),
        Work("negate", (Payload("color", content, media=long),)),
    ]
    for work in works:
        ledger.submit(client, work)
    assert ledger.settle() == {"error": len(works)}


@pytest.mark.parametrize(
    ("model", "params"),
    [
        ("negate", {"beta": True}),
        ("negate", {"alpha": 1}),
        ("negate", {"alpha": "true"}),
        ("negate", {"alpha": None}),
        ("negate", {"alpha": [1.0, 2.0]}),
        ("denoise", {"quality": "best"}),
        ("denoise", {"quality": 3}),
        ("smooth", {"amount": 1.5}),
        ("smooth", {"amount": -1.0}),
    ],
)
def test_wrong_parameter_is_refused(client: Client, ledger: Ledger, model: str, params: dict):
    """A parameter of a wrong name, type or range is refused before anything is sent."""
    work = exr_work(exr_bytes(random_planes(107)), model, params=params)
    assert isinstance(refusal(client, ledger, work), ParameterError)


def test_missing_layer_is_named(client: Client, ledger: Ledger):
    """A file without colour, and a layer that is not there, give an error with the names."""
    depth = {"Z": np.ones((5, 5), np.float32)}
    assert isinstance(refusal(client, ledger, exr_work(exr_bytes(depth))), LayerError)
    work = exr_work(exr_bytes(random_planes(108)), layers={"color": "beauty"})
    error = refusal(client, ledger, work)
    assert isinstance(error, LayerError)
    assert "beauty" in error.text


def test_wrong_media_type_is_refused(client: Client, ledger: Ledger):
    """A picture in another format is refused by its media type."""
    work = Work("negate", (Payload("color", b"\x89PNG\r\n\x1a\n", media="image/png"),))
    assert isinstance(refusal(client, ledger, work), UnsupportedError)


def test_media_that_is_not_what_it_says_is_refused(client: Client, ledger: Ledger):
    """A tensor under EXR's media type is a damaged image; an EXR as a tensor is a bad input."""
    exr, tensor = exr_bytes(random_planes(109)), tensor_payload(random_tensor(1)).data
    error = refusal(client, ledger, exr_work(bytes(tensor)))
    assert isinstance(error, (DamagedImageError, UnsupportedImageError))
    work = Work("negate", (Payload("color", exr, media=TENSOR_MEDIA),))
    assert isinstance(refusal(client, ledger, work), InputError)


def test_empty_input_is_refused(client: Client, ledger: Ledger):
    """No bytes are no frame; no inputs are no work."""
    assert isinstance(refusal(client, ledger, exr_work(b"")), InputError)
    assert isinstance(refusal(client, ledger, Work("negate", ())), InputError)


def test_unknown_and_doubled_inputs_are_refused(client: Client, ledger: Ledger):
    """An input that the model does not have, and the same one twice, are refused."""
    content = exr_bytes(random_planes(110))
    unknown = Work("negate", (Payload("color", content), Payload("depth", content)))
    twice = Work("negate", (Payload("color", content), Payload("color", content)))
    assert isinstance(refusal(client, ledger, unknown), InputError)
    assert isinstance(refusal(client, ledger, twice), InputError)


def test_inputs_of_differing_resolution_are_refused(client: Client, ledger: Ledger):
    """Albedo of another format than the colour cannot be meant."""
    color, albedo = exr_bytes(random_planes(111)), exr_bytes(random_planes(112, (12, 16)))
    work = Work("denoise", (Payload("color", color), Payload("albedo", albedo)))
    assert isinstance(refusal(client, ledger, work), InputError)


def test_unknown_compression_is_refused(client: Client, ledger: Ledger):
    """A compression that no EXR has is an error, not another compression."""
    work = exr_work(exr_bytes(random_planes(113)), wish=Wish(compression="middle-out"))
    assert refusal(client, ledger, work).code != "internal"


@pytest.mark.parametrize("shape", [(0, 4, 3), (4, 4), (1 << 39, 1, 1)])
def test_tensor_of_impossible_shape_is_refused(client: Client, ledger: Ledger, shape: tuple):
    """A tensor whose header promises other bytes than it holds, or no image, is no input."""
    header = (
        b'{"__metadata__":{"pixels":"y x c"},"pixels":{"data_offsets":[0,48],"dtype":"F32",'
        b'"shape":' + str(list(shape)).encode() + b"}}"
    )
    blob = struct.pack("<Q", len(header)) + header + bytes(48)
    work = Work("negate", (Payload("color", blob, media=TENSOR_MEDIA),))
    assert isinstance(refusal(client, ledger, work), InputError)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (OpenEXR.deepscanline, "deep"),
        (None, "subsampled"),
    ],
)
def test_kinds_of_files_that_no_model_takes_are_named(client, ledger, kind, word):
    """Deep and subsampled files are sound, and refused with the reason."""
    content = bytearray(exr_bytes(random_planes(114)))
    if kind is None:
        name = b"channels\0chlist\0"
        place = content.index(name) + len(name) + 4 + len(b"A\0") + 8
        content[place : place + 8] = struct.pack("<ii", 2, 2)
    else:
        content[4:8] = struct.pack("<I", 2 | 0x800)
    error = refusal(client, ledger, exr_work(bytes(content)))
    assert isinstance(error, ImageError)
    assert word in str(error).lower() or isinstance(error, DamagedImageError)


def test_good_frames_between_bad_ones_are_unharmed(client: Client, ledger: Ledger):
    """In a mixture of good and broken files each good one comes back right."""
    good = exr_bytes(random_planes(115))
    for seed in range(200, 230):
        ledger.submit(client, *negate_exr(seed))
        ledger.submit(client, exr_work(good[: seed * 3]))
    assert ledger.settle() == {"result": 30, "error": 30}
