"""The worker as a process: stages that overlap, failures that stay where they are, real files."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from fakes.frames import exr, part, plane, rgb
from fakes.pool import NEGATIVE, FakeBroker, make_package, tensor_blob, tensor_bytes
from filmgate.errors import (
    DamagedImageError,
    InputError,
    ManifestError,
    ModelError,
    StorageError,
    UnsupportedError,
)
from filmgate.image.exr import parse_exr
from filmgate.wire.records import EXR_MEDIA, Wish
from filmgate_server.pool.port import AssignedInput
from filmgate_server.worker.process import POISONED_EXIT_CODE, failure

SHAPE = (2, 3, 3)
PIXELS = np.linspace(-1, 1, 18, dtype=np.float32).reshape(SHAPE)

HELD = """
import pathlib, signal
class Model:
    frames = 0
    def infer(self, inputs, params, step):
        step(0, 2)
        self.frames += 1
        release = pathlib.Path(__file__).with_name(f".go{self.frames}")
        while not release.exists():
            signal.sigtimedwait([], 0.005)
        return {"color": -inputs["color"]}
"""


def raising(statement: str) -> str:
    """Return a model that fails its first frame and works from then on."""
    return f"""
class Model:
    frames = 0
    def infer(self, inputs, params, step):
        step(0, 1)
        self.frames += 1
        if self.frames == 1:
            {statement}
        return {{"color": -inputs["color"]}}
"""


@pytest.fixture(scope="module")
def lasting() -> Iterator[FakeBroker]:
    """Return a broker whose worker serves every test of this file."""
    with FakeBroker() as broker:
        yield broker


@pytest.fixture
def broker(lasting: FakeBroker) -> Iterator[FakeBroker]:
    """Return a broker with one running worker, as new."""
    yield lasting
    lasting.forget()


@pytest.fixture
def mortal() -> Iterator[FakeBroker]:
    """Return a broker whose only worker may be killed."""
    with FakeBroker() as broker:
        yield broker


def tensor(broker: FakeBroker, **entry: str) -> AssignedInput:
    """Return an input that needs no file format."""
    return broker.blob(tensor_blob(PIXELS.tobytes(), SHAPE), **entry)


def image(broker: FakeBroker, content: bytes, name: str = "color") -> AssignedInput:
    """Return an EXR as an input."""
    return broker.blob(content, name, media=EXR_MEDIA)


def ran(broker: FakeBroker, execution: int, package: Path, *inputs: AssignedInput) -> None:
    """Run one frame to its end."""
    broker.run(execution, package, *inputs or (tensor(broker),))
    broker.until(lambda: broker.ended(execution))


def test_stages_of_three_frames_overlap(tmp_path: Path) -> None:
    """While a first frame waits to be written and a second is in the model, a third is decoded.

    Nothing here depends on time: each stage is held until the next has been seen to work.
    """
    package = make_package(tmp_path, HELD)
    sources = {number: rgb(10 * number) for number in (1, 2, 3)}
    with FakeBroker(granting=False) as broker:
        (package / ".go1").touch()
        broker.run(1, package, image(broker, exr(part(sources[1]))))
        broker.until(lambda: 1 in broker.asked)
        broker.run(2, package, image(broker, exr(part(sources[2]))))
        broker.until(lambda: broker.stages.count((2, "infer")) >= 2)
        broker.run(3, package, image(broker, exr(part(sources[3]))))
        broker.until(lambda: (3, "decode") in broker.finished)
        assert not any(broker.ended(number) for number in sources)
        broker.granting = True
        broker.pool.grant(1, broker.asked[1])
        for number in (2, 3):
            (package / f".go{number}").touch()
        broker.until(lambda: all(broker.ended(number) for number in sources))
        for number, source in sources.items():
            (output,) = broker.outputs[number]
            (written,) = parse_exr(output.segment.view[: output.size_bytes]).parts
            assert np.array_equal(written.channels["G"], -source["G"])


def test_exr_comes_back_merged(broker: FakeBroker, tmp_path: Path) -> None:
    """A file's other channels return bit for bit from the other process."""
    source = {**rgb(1), "Z": plane(9, dtype=np.float32)}
    broker.run(
        1,
        make_package(tmp_path, NEGATIVE),
        image(broker, exr(part(source))),
        wish=Wish(mode="merged"),
    )
    broker.until(lambda: broker.ended(1))
    (output,) = broker.outputs[1]
    (written,) = parse_exr(output.segment.view[: output.size_bytes]).parts
    assert written.channels["Z"].tobytes() == source["Z"].tobytes()
    assert np.array_equal(written.channels["R"], -source["R"])


def test_every_stage_is_timed(broker: FakeBroker, tmp_path: Path) -> None:
    """The result says how long each stage has taken, and what went into loading the model."""
    package = make_package(tmp_path, NEGATIVE, "timed")
    ran(broker, 1, package)
    ran(broker, 2, package)
    assert set(broker.timings[1]) == {"decode", "load", "infer", "encode"}
    assert set(broker.timings[2]) == {"decode", "infer", "encode"}
    assert all(seconds >= 0 for seconds in broker.timings[1].values())


def test_scrubbed_pixels_are_reported(broker: FakeBroker, tmp_path: Path) -> None:
    """Counts of NaN and Inf arrive with the result."""
    source = rgb(1)
    source["R"][0, :2] = np.nan
    ran(broker, 1, make_package(tmp_path, NEGATIVE), image(broker, exr(part(source))))
    assert any("2 NaN" in warning for warning in broker.warnings[1])


def test_damaged_files_never_end_the_worker(broker: FakeBroker, tmp_path: Path) -> None:
    """Each broken file is answered, with a result or a typed error, and the worker goes on."""
    package = make_package(tmp_path, NEGATIVE)
    whole = exr(part(rgb(1)), part(rgb(5), name="second", view="right"))
    dice = random.Random(7)  # noqa: S311 - a fixed sequence, no secret
    for number in range(1, 61):
        content = bytearray(whole[: dice.randrange(len(whole))] if number % 3 == 0 else whole)
        for _ in range(min(4, len(content))):
            content[dice.randrange(len(content))] = dice.randrange(256)
        ran(broker, number, package, image(broker, bytes(content)))
    ran(broker, 100, package, image(broker, exr(part(rgb(1)))))
    assert 100 in broker.outputs
    assert broker.losses == []
    assert any(isinstance(error, DamagedImageError) for error in broker.errors.values())


@pytest.mark.parametrize(
    ("statement", "kind", "words"),
    [
        ("raise ValueError('odd size')", ModelError, "ValueError: odd size"),
        ("raise SystemExit(3)", ModelError, "SystemExit"),
        ("raise MemoryError", StorageError, "memory"),
        ("return {}", ModelError, "color"),
        ("return {'color': inputs['color'][1:]}", ModelError, "shape"),
    ],
)
def test_models_failure_ends_its_frame_alone(
    statement: str, kind: type, words: str, broker: FakeBroker, tmp_path: Path
) -> None:
    """Whatever a model does wrong is a typed error, and its next frame is right."""
    package = make_package(tmp_path, raising(statement))
    ran(broker, 1, package, image(broker, exr(part(rgb(1)))))
    assert isinstance(broker.errors[1], kind)
    assert words in broker.errors[1].text
    ran(broker, 2, package)
    assert tensor_bytes(broker.outputs[2][0]) == (-PIXELS).tobytes()
    assert broker.losses == []


def test_poisoned_device_ends_the_worker(mortal: FakeBroker, tmp_path: Path) -> None:
    """After a CUDA error every later result might be wrong: none leaves the process."""
    code = raising("raise RuntimeError('CUDA error: an illegal memory access was encountered')")
    mortal.run(1, make_package(tmp_path, code), tensor(mortal))
    mortal.until(lambda: bool(mortal.losses))
    assert mortal.losses == [(0, (1,), f"it exited with status {POISONED_EXIT_CODE}")]
    assert not mortal.ended(1)


def test_request_to_end_is_the_gateways_to_make(broker: FakeBroker, tmp_path: Path) -> None:
    """A service manager signals every process; accepted frames are finished all the same."""
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(broker.pid, number)
    ran(broker, 1, make_package(tmp_path, NEGATIVE))
    assert 1 in broker.outputs
    assert broker.losses == []


def test_crash_writes_no_pixels_to_disk(broker: FakeBroker) -> None:
    """A core file would hold what must stay in memory."""
    assert psutil.Process(broker.pid).rlimit(psutil.RLIMIT_CORE) == (0, 0)


def test_package_that_was_changed_on_disk(broker: FakeBroker, tmp_path: Path) -> None:
    """A result is never made with another model than the one its key names."""
    package = make_package(tmp_path, NEGATIVE)
    broker.run(1, package, tensor(broker), package_digest=bytes(32))
    broker.until(lambda: broker.ended(1))
    assert isinstance(broker.errors[1], ManifestError)


def test_unknown_media(broker: FakeBroker, tmp_path: Path) -> None:
    """An input of a kind that no model takes is refused with its name."""
    ran(broker, 1, make_package(tmp_path, NEGATIVE), tensor(broker, media="text/plain"))
    assert isinstance(broker.errors[1], UnsupportedError)
    assert "text/plain" in broker.errors[1].text


def test_mixed_media(broker: FakeBroker, tmp_path: Path) -> None:
    """A tensor and a file do not make one frame."""
    blobs = (tensor(broker), image(broker, exr(part(rgb(1))), "albedo"))
    ran(broker, 1, make_package(tmp_path, NEGATIVE), *blobs)
    assert isinstance(broker.errors[1], InputError)


def test_unknown_input(broker: FakeBroker, tmp_path: Path) -> None:
    """An input that the model does not have is refused and not ignored."""
    ran(broker, 1, make_package(tmp_path, NEGATIVE), tensor(broker), tensor(broker, name="matte"))
    assert "matte" in broker.errors[1].text


def test_worker_imports_no_torch(broker: FakeBroker, tmp_path: Path) -> None:
    """Half a gigabyte and a second per worker are paid for by models that need them."""
    code = raising("import sys; raise ValueError('torch' in sys.modules)")
    ran(broker, 1, make_package(tmp_path, code))
    assert "ValueError: False" in broker.errors[1].text


def test_failure_fits_into_a_message() -> None:
    """However long an error's texts are, they travel, cut."""
    error = ModelError("é" * 50_000, "x" * 50_000, {"shape": (1, 2), "n": 3, "text": "y" * 9000})
    message = failure(7, error, {})
    assert message.text == "é" * len(message.text)
    assert len(message.text.encode()) <= 4096
    assert message.detail["shape"] == (1, 2)
    assert message.detail["n"] == 3
