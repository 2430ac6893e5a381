"""From what a client submits to resolved work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack
import pytest

from fakes.gate import ALICE, EVE, INFO, MODEL, Clock, make_models, ref_to, store_blob
from fakes.geometry import DENSITY, HEIGHT, KEEP, write_geometry
from filmgate.digest import digest_text
from filmgate.errors import (
    BusyError,
    ColourError,
    FilmgateError,
    ImageTooLargeError,
    InputError,
    ModelError,
    ParameterError,
    ProtocolError,
    UnknownBlobError,
    UnknownModelError,
    UnsupportedError,
    UnsupportedFieldError,
)
from filmgate.wire.records import EXR_MEDIA, OCIOZ_MEDIA, BlobRef, ColourSpec, Wish, WorkSpec
from filmgate_server.jobs.intake import EXR_GUESS, INPUTS_MAX, Intake
from filmgate_server.jobs.table import Owner
from filmgate_server.pool.port import WorkerInfo
from filmgate_server.registry.local import LocalRegistry
from filmgate_server.store.content import Store
from filmgate_server.store.uploads import LOOSE_BYTES_MAX

FRAME_MAX = 1000
MAIN = ref_to(b"main")
ALBEDO = ref_to(b"albedo", "albedo")


@pytest.fixture
def store() -> Store:
    """Return an empty store."""
    return Store(8 << 20, Clock(), lambda _: None)


@pytest.fixture
def make(tmp_path: Path, store: Store) -> Callable[[WorkerInfo | None], Intake]:
    """Return a maker of intakes."""
    make_models(tmp_path)
    registry = LocalRegistry([tmp_path / "models"])
    return lambda info: Intake(registry, store, FRAME_MAX, lambda: info)


@pytest.fixture
def intake(make: Callable[[WorkerInfo | None], Intake]) -> Intake:
    """Return an intake in front of a CPU worker."""
    return make(INFO)


def spec(**changes: Any) -> WorkSpec:
    """Return sound work, with changes."""
    return replace(WorkSpec("negate", inputs=(MAIN,)), **changes)


def test_everything_is_resolved(intake: Intake) -> None:
    """The package is exact, every parameter has its value and type, the numerics are named."""
    given = spec(params={"gain": 2}, layers={"albedo": "Diffuse"}, wish=Wish(mode="merged"))
    work = intake.resolve(ALICE, given)
    assert work.package.reference == "negate@1.0.0"
    assert work.params == {"gain": 2.0}
    assert type(work.params["gain"]) is float
    assert work.show == "film"
    assert work.layers == {"albedo": "Diffuse"}
    assert work.numerics == "array-2.4.6/float32/cpu/whole/batch-1"


def test_models_are_found_by_each_name(intake: Intake) -> None:
    """Name, version and digest lead to the same work."""
    digest = intake.resolve(ALICE, spec()).package.digest.hex()
    names = ["negate", "negate@1.0.0", f"negate@blake3:{digest}"]
    keys = {intake.resolve(ALICE, spec(model=name)).key() for name in names}
    assert len(keys) == 1


def test_a_config_comes_along_beside_the_inputs(intake: Intake) -> None:
    """An OCIO archive is no input of the model, is waited for like one, and is never the first."""
    config = replace(ref_to(b"archive", "ocio"), media=OCIOZ_MEDIA)
    named = ColourSpec("ACEScg", config=digest_text(config.digest))
    work = intake.resolve(ALICE, spec(inputs=(MAIN, config), colour=named))
    assert work.inputs == (MAIN, config)
    assert work.colour.config == named.config
    with pytest.raises(InputError, match="first input"):
        intake.resolve(ALICE, spec(inputs=(config, MAIN), colour=named))
    with pytest.raises(ColourError, match="does not name"):
        intake.resolve(ALICE, spec(inputs=(MAIN, config)))


def other(**changes: Any) -> BlobRef:
    """Return the main input with changes."""
    return replace(MAIN, **changes)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"model": "negat"}, UnknownModelError),
        ({"model": "negate@9.9.9"}, UnknownModelError),
        ({"params": {"gian": 1.0}}, ParameterError),
        ({"params": {"gain": 9.0}}, ParameterError),
        ({"inputs": ()}, InputError),
        ({"inputs": (ALBEDO,)}, InputError),
        ({"inputs": (ALBEDO, MAIN)}, InputError),
        ({"inputs": (MAIN, other(name="beauty"))}, InputError),
        ({"inputs": (other(size=0),)}, InputError),
        ({"inputs": (other(size=FRAME_MAX + 1),)}, ImageTooLargeError),
        ({"inputs": (other(media="image/jpeg"),)}, UnsupportedError),
        ({"inputs": (MAIN,) * (INPUTS_MAX + 1)}, InputError),
        ({"layers": {"beauty": "x"}}, InputError),
        ({"inputs_blob": b"x" * 32}, UnknownBlobError),
        ({"params_blob": b"x" * 32}, UnknownBlobError),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(
    intake: Intake, changes: dict[str, Any], error: type[FilmgateError]
) -> None:
    """Each mistake has its own error, which trying again does not mend."""
    with pytest.raises(error) as caught:
        intake.resolve(ALICE, spec(**changes))
    assert not caught.value.retryable


@pytest.fixture
def moving(tmp_path: Path) -> None:
    """Offer a model of a frame and its two neighbours, and one of a whole clip."""
    for name, kind in (
        ("mean", 'kind = "window"\nbefore = 1\nafter = 1'),
        ("clip", 'kind = "clip"'),
    ):
        manifest = MODEL.replace('"negate"', f'"{name}"')
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        (folder / "model.toml").write_text(f"{manifest}\n[temporal]\n{kind}\n", encoding="utf-8")
        (folder / "negate.py").write_text("class Negate: ...\n", encoding="utf-8")


def exr(*times: float, **changes: Any) -> tuple[BlobRef, ...]:
    """Return the main input at *times*."""
    return tuple(other(media="image/x-exr", time=time, **changes) for time in times)


def test_a_time_is_resolved(moving: None, intake: Intake) -> None:
    """The result's time is the one asked for, or that of the first input."""
    window = exr(1002.0, 1001.0, 1003.0)
    assert intake.resolve(ALICE, spec(model="mean", inputs=window)).time == 1002.0
    asked = spec(model="mean", inputs=window[::-1], time=1002.0)
    assert intake.resolve(ALICE, asked).time == 1002.0


@pytest.mark.parametrize(
    ("model", "times", "time", "word"),
    [
        ("negate", (1001.0, 1002.0), None, "frames 1001 and 1002"),
        ("mean", (1001.0, 1003.0), 1002.0, "Frame 1002 is missing"),
        ("mean", (1001.0, 1001.0), None, "twice for frame 1001"),
        ("mean", (1001.0, 1002.5), None, "1002.5 is no frame"),
        ("mean", (1001.0, 1002.0), 1009.0, "1009 lies beyond"),
        ("clip", (1.0, 2.0, 4.0), None, "Frame 3 is missing"),
        ("clip", tuple(map(float, range(INPUTS_MAX + 1))), None, f"{INPUTS_MAX} are taken"),
    ],
)
def test_frames_that_do_not_fit_are_named(
    moving: None,
    intake: Intake,
    model: str,
    times: tuple[float, ...],
    time: float | None,
    word: str,
) -> None:
    """A hole, a frame too many or a time of none is told before anything is uploaded."""
    with pytest.raises(InputError, match=word):
        intake.resolve(ALICE, spec(model=model, inputs=exr(*times), time=time))


def test_a_server_without_workers_is_busy(make: Callable[[WorkerInfo | None], Intake]) -> None:
    """Before the first worker is ready nobody knows what the pixels would be."""
    with pytest.raises(BusyError):
        make(None).resolve(ALICE, spec())


def test_a_missing_engine_is_told(make: Callable[[WorkerInfo | None], Intake]) -> None:
    """A model whose engine is not installed there is an error that says how to install it."""
    with pytest.raises(ModelError, match="array"):
        make(replace(INFO, engines={})).resolve(ALICE, spec())


def test_long_lists_come_as_blobs(intake: Intake, store: Store) -> None:
    """Inputs and parameters from blobs make the same work as those in the message."""
    inputs = [{**MAIN.__dict__}, {**ALBEDO.__dict__}]
    inputs_blob = store_blob(store, msgpack.packb(inputs)).digest
    params_blob = store_blob(store, msgpack.packb({"gain": 3})).digest
    blobs = spec(inputs=(), inputs_blob=inputs_blob, params_blob=params_blob)
    plain = spec(inputs=(MAIN, ALBEDO), params={"gain": 3.0})
    assert intake.resolve(ALICE, blobs) == intake.resolve(ALICE, plain)


def test_blobs_of_other_shows_are_not_read(intake: Intake, store: Store) -> None:
    """A list that another show has put is unknown here."""
    digest = store_blob(store, msgpack.packb([{**MAIN.__dict__}]), "film").digest
    with pytest.raises(UnknownBlobError):
        intake.resolve(EVE, spec(inputs=(), inputs_blob=digest))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\xc1", ProtocolError),
        (b"\x91" * 100_000, ProtocolError),
        (msgpack.packb({"not": "a list"}), ProtocolError),
        (msgpack.packb([3]), ProtocolError),
        (msgpack.packb([{"name": "color"}]), ProtocolError),
        (msgpack.packb([{**MAIN.__dict__, "sharper": True}]), UnsupportedFieldError),
        (b"\xdd\xff\xff\xff\xff", ProtocolError),
        (b"\x91" + msgpack.packb("x" * (LOOSE_BYTES_MAX + 1)), ProtocolError),
    ],
    ids=range(8),
)
def test_unsound_lists_are_refused(
    intake: Intake, store: Store, content: bytes, error: type[FilmgateError]
) -> None:
    """A blob that is no list of inputs is a typed error, and unknown fields are not ignored."""
    digest = store_blob(store, content).digest
    with pytest.raises(error):
        intake.resolve(ALICE, spec(inputs=(), inputs_blob=digest))


def test_outputs_are_guessed_generously(intake: Intake) -> None:
    """A tensor's result is as large as its input, a compressed file's may be larger."""
    tensor = intake.resolve(Owner(b"s" * 16, "alice", "film"), spec())
    exr = intake.resolve(ALICE, spec(inputs=(other(media="image/x-exr"),)))
    assert intake.output_bytes(tensor) == MAIN.size
    assert intake.output_bytes(exr) == EXR_GUESS * MAIN.size


def test_geometry_is_no_image(tmp_path: Path, store: Store) -> None:
    """An image is refused before it is sent; results grow along every axis that is scaled."""
    for name, tables in (("field", HEIGHT), ("cloud", DENSITY)):
        write_geometry(tmp_path / "models" / name, tables, KEEP, scale=2)
    intake = Intake(LocalRegistry([tmp_path / "models"]), store, FRAME_MAX, lambda: INFO)
    field, cloud = ref_to(b"metres", "height"), ref_to(b"voxels", "density")
    with pytest.raises(InputError, match="must be a tensor, not an image"):
        intake.resolve(ALICE, spec(model="field", inputs=(replace(field, media=EXR_MEDIA),)))
    work = intake.resolve(ALICE, spec(model="field", inputs=(field,)))
    assert intake.output_bytes(work) == 4 * field.size
    work = intake.resolve(ALICE, spec(model="cloud", inputs=(cloud,)))
    assert intake.output_bytes(work) == 8 * cloud.size
