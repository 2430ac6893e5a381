"""Frames go through the gate and come back right, and nothing is sent or computed twice."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from fakes.ledger import Ledger
from fakes.plates import (
    COLOR,
    MERGED,
    exr_bytes,
    exr_header,
    exr_planes,
    negate_exr,
    negate_tensor,
    negated,
    random_planes,
    random_tensor,
    same_planes,
    tensor_payload,
    tensor_pixels,
)
from fakes.service import counters
from filmgate.client import Client
from filmgate.image.compare import compare
from filmgate.image.exr import load_exr, parse_exr
from filmgate.job import Payload, Work
from filmgate.wire.records import EXR_MEDIA, PNG_MEDIA, Wish


def test_merged_replaces_the_models_channels_and_keeps_all_others(client: Client, ledger: Ledger):
    """`negate`, merged: red, green and blue change their sign, every other bit stays."""
    ledger.submit(client, *negate_exr(seed=1))


def test_identity_gives_the_file_back(client: Client, ledger: Ledger):
    """Through `identity` every bit of every channel comes back, in the source's types."""
    planes = random_planes(2)
    work = Work("identity", (Payload("color", exr_bytes(planes)),), wish=MERGED)
    ledger.submit(
        client, work, lambda result: same_planes(exr_planes(result.output("color").data), planes)
    )


def test_model_wish_gives_only_the_models_channels(client: Client, ledger: Ledger):
    """The wish ``model`` answers with the model's channels alone, in the source's type."""
    planes = random_planes(3)
    work = Work("negate", (Payload("color", exr_bytes(planes)),), wish=Wish(mode="model"))
    expected = {name: -planes[name] for name in COLOR}
    ledger.submit(
        client, work, lambda result: same_planes(exr_planes(result.output("color").data), expected)
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_tensor_comes_back_negated(client: Client, ledger: Ledger, dtype: type[np.floating]):
    """A tensor keeps its type and shape, and each value changes its sign."""
    pixels = random_tensor(4, (33, 17, 3)).astype(dtype)

    def check(result):
        found = tensor_pixels(result.output("color"))
        assert found.dtype == dtype
        assert found.tobytes() == (-pixels).tobytes()

    ledger.submit(client, Work("negate", (tensor_payload(pixels),)), check)


def test_blob_of_many_pieces_survives(client: Client, ledger: Ledger):
    """A frame of several chunks that ends in the middle of one comes back whole."""
    ledger.submit(client, *negate_tensor(5, (700, 601, 3)))


def test_repeated_job_needs_no_worker(client: Client, ledger: Ledger):
    """The same work again is answered from what is known: no execution and no upload."""
    work, check = negate_exr(seed=6)
    ledger.submit(client, work, check)
    ledger.settle()
    before = counters(client)
    again = ledger.submit(client, work, check)
    ledger.settle()
    after = counters(client)
    assert after["executions_run"] == before["executions_run"]
    assert after["uploaded_bytes"] == before["uploaded_bytes"]
    assert again.job.result().uploaded_bytes == 0


def test_another_parameter_uploads_nothing(client: Client, ledger: Ledger):
    """Tuning a parameter computes anew and sends no pixel again."""
    pixels = random_tensor(7, (20, 20, 4))
    work = Work("negate", (tensor_payload(pixels),), params={"alpha": True})
    tuned = Work("negate", work.inputs, params={"alpha": False})

    def check_tuned(result):
        found = tensor_pixels(result.output("color"))
        assert found[..., :3].tobytes() == (-pixels[..., :3]).tobytes()
        assert found[..., 3].tobytes() == pixels[..., 3].tobytes()

    ledger.submit(
        client,
        work,
        lambda result: np.testing.assert_array_equal(
            tensor_pixels(result.output("color")), -pixels
        ),
    )
    ledger.settle()
    before = counters(client)
    entry = ledger.submit(client, tuned, check_tuned)
    ledger.settle()
    after = counters(client)
    assert after["uploaded_bytes"] == before["uploaded_bytes"]
    assert after["executions_run"] == before["executions_run"] + 1
    assert entry.job.result().uploaded_bytes == 0


def test_jobs_on_the_same_work_share_one_execution(client: Client, ledger: Ledger):
    """Many submissions of one work at once are executed once, and each gets the result."""
    before = counters(client)["executions_run"]
    work, check = negate_tensor(8, (256, 256, 3))
    for _ in range(20):
        ledger.submit(client, work, check)
    assert ledger.settle() == {"result": 20}
    assert counters(client)["executions_run"] == before + 1


def test_each_view_comes_back_under_its_name_and_time(client: Client, ledger: Ledger):
    """Two views of a moment give two outputs that say which view and frame they are."""
    pixels = {view: random_tensor(seed) for seed, view in ((9, "left"), (10, "right"))}
    inputs = tuple(tensor_payload(array, time=1001.5, view=view) for view, array in pixels.items())

    def check(result):
        assert {(output.view, output.time) for output in result.outputs} == {
            ("left", 1001.5),
            ("right", 1001.5),
        }
        for output in result.outputs:
            assert tensor_pixels(output).tobytes() == (-pixels[output.view]).tobytes()

    ledger.submit(client, Work("negate", inputs), check)


def test_auxiliary_inputs_come_from_files_of_their_own(client: Client, ledger: Ledger):
    """Albedo in a second file changes what `denoise` makes of the colour, and nothing else."""
    planes = random_planes(11, (40, 48))
    color = Payload("color", exr_bytes(planes))
    flat = {name: np.full((40, 48), 0.5, np.float32) for name in COLOR}
    albedo = Payload("albedo", exr_bytes(flat))
    found = []

    def check(result):
        merged = exr_planes(result.output("color").data)
        same_planes(*({n: p for n, p in x.items() if n not in COLOR} for x in (merged, planes)))
        found.append(merged["R"].tobytes())

    ledger.submit(client, Work("denoise", (color,), wish=MERGED), check)
    ledger.submit(client, Work("denoise", (color, albedo), wish=MERGED), check)
    ledger.settle()
    for entry in ledger.entries:
        entry.check(entry.job.result())
    assert found[0] != found[1]


def test_preview_comes_as_a_picture_for_panels(client: Client, ledger: Ledger):
    """With the wish for a preview PNGs come beside the result: of it, and of its source."""
    planes = random_planes(12)
    wish = Wish(mode="merged", preview=True)

    def check(result):
        same_planes(exr_planes(result.output("color").data), negated(planes))
        pictures = [result.output(name) for name in ("preview", "preview_source")]
        assert [picture.media for picture in pictures] == [PNG_MEDIA] * 2
        assert [bytes(each.data[:8]) for each in pictures] == [b"\x89PNG\r\n\x1a\n"] * 2
        assert pictures[0].data != pictures[1].data

    work = Work("negate", (Payload("color", exr_bytes(planes)),), wish=wish)
    ledger.submit(client, work, check)


def test_wishes_for_depth_and_compression_are_heard(client: Client, ledger: Ledger):
    """The result is written in the type and compression that were wished for."""
    planes = random_planes(13)
    wish = Wish(mode="merged", compression="piz", depth="float")

    def check(result):
        data = result.output("color").data
        assert exr_header(data)["compression"] == OpenEXR.PIZ_COMPRESSION
        found = exr_planes(data)
        for name in COLOR:
            assert found[name].dtype == np.float32
            np.testing.assert_array_equal(found[name], -planes[name].astype(np.float32))

    ledger.submit(client, Work("negate", (Payload("color", exr_bytes(planes)),), wish=wish), check)


def test_header_says_how_the_result_was_made(client: Client, ledger: Ledger):
    """The result's header names the model and keeps the source's own attributes."""
    content = exr_bytes(random_planes(14), owner="a compositor")

    def check(result):
        header = exr_header(result.output("color").data)
        assert header["owner"] == "a compositor"
        assert header["filmgate/model"] == "negate@1.0.0"

    ledger.submit(client, Work("negate", (Payload("color", content),), wish=MERGED), check)


def test_outputs_of_two_shows_do_not_mix(server, ledger: Ledger):
    """A show starts with nothing: what another show has uploaded is uploaded again."""
    work, check = negate_tensor(15)
    for show in ("one", "two"):
        with server.client(show=show) as client:
            entry = ledger.submit(client, work, check)
            ledger.settle()
            assert entry.job.result().uploaded_bytes == len(work.inputs[0].data)


def test_manifest_and_list_of_models_arrive(client: Client):
    """A client can see what there is before it sends anything."""
    assert {"denoise", "identity", "negate"} <= {model.name for model in client.models()}
    manifest = client.manifest("negate")
    assert (manifest.name, manifest.main_input.name) == ("negate", "color")


def test_sequence_of_renders_comes_back_clean(client: Client, ledger: Ledger, examples: Path):
    """Denoising the example renders brings each more than 8 dB closer to its reference."""
    gains = []

    def check(frame):
        source = load_exr(examples / f"noisy_{frame}.exr").parts[0]
        reference = load_exr(examples / f"reference_{frame}.exr").parts[0]
        before = compare(source, reference).psnr_tm_db

        def run(result):
            found = parse_exr(result.output("color").data).parts[0]
            gains.append(compare(found, reference).psnr_tm_db - before)
            assert gains[-1] > 8

        return run

    for place, frame in enumerate(("0001", "0003", "0005")):
        content = (examples / f"noisy_{frame}.exr").read_bytes()
        payload = Payload("color", content, media=EXR_MEDIA, time=float(2 * place + 1))
        ledger.submit(client, Work("denoise", (payload,), wish=MERGED), check(frame))
    assert ledger.settle() == {"result": 3}


def test_data_window_that_hangs_over_stays(client: Client, ledger: Ledger):
    """A data window with a negative origin, larger than the format, comes back in place."""
    planes = random_planes(16, (20, 30))
    window = (np.array([-5, -3], np.int32), np.array([24, 16], np.int32))
    shown = (np.array([0, 0], np.int32), np.array([19, 9], np.int32))
    content = exr_bytes(planes, dataWindow=window, displayWindow=shown)

    def check(result):
        data = result.output("color").data
        same_planes(exr_planes(data), negated(planes))
        header = exr_header(data)
        assert [corner.tolist() for corner in header["dataWindow"]] == [[-5, -3], [24, 16]]
        assert [corner.tolist() for corner in header["displayWindow"]] == [[0, 0], [19, 9]]

    ledger.submit(client, Work("negate", (Payload("color", content),), wish=MERGED), check)


def test_stereo_file_keeps_both_parts(client: Client, ledger: Ledger):
    """Both views of a multipart file are worked on and stay in one file."""
    views = {view: random_planes(seed) for seed, view in ((17, "left"), (18, "right"))}
    parts = [
        OpenEXR.Part(
            {
                "type": OpenEXR.scanlineimage,
                "compression": OpenEXR.ZIPS_COMPRESSION,
                "name": view,
                "view": view,
            },
            {name: OpenEXR.Channel(plane) for name, plane in planes.items()},
        )
        for view, planes in views.items()
    ]
    out = io.BytesIO()
    OpenEXR.File(parts).write(out)

    def check(result):
        found = OpenEXR.File(io.BytesIO(bytes(result.output("color").data)), separate_channels=True)
        for part in found.parts:
            planes = {name: channel.pixels for name, channel in part.channels.items()}
            same_planes(planes, negated(views[part.header["view"]]))
        assert len(found.parts) == 2

    ledger.submit(client, Work("negate", (Payload("color", out.getvalue()),), wish=MERGED), check)
