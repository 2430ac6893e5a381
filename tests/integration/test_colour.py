"""Colour from a client to a worker and back, over a real server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from fakes.frames import exr, part
from fakes.models import MANIFEST, write_model
from fakes.ocio import TABLED, archive
from fakes.plates import tensor_payload
from fakes.service import Service
from filmgate.client import Client
from filmgate.digest import digest_bytes, digest_text
from filmgate.errors import ColourError, UnsupportedError
from filmgate.image.colour import builtin_config
from filmgate.image.exr import parse_exr
from filmgate.image.frame import Part
from filmgate.image.provenance import read_provenance
from filmgate.image.window import Window
from filmgate.job import Payload, Result, Work
from filmgate.tensor import TENSOR_MEDIA
from filmgate.wire.records import OCIOZ_MEDIA, ColourSpec, Wish

LOGC3 = "ARRI LogC3 (EI800)"
SIZE = Window(0, 0, 31, 17)
LIT = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        return {{"color": inputs["color"] * 2}}
"""
"""Doubles the light: a stop more, in whatever space it works."""

RED = LIT.replace("* 2", "* [1, 0, 0]")
"""Keeps what is red in its own space."""

SPACED = MANIFEST.replace('role = "color"', 'role = "color"\nspace = "{space}"')


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server that has one config and one show's, and whose $OCIO leads nowhere."""
    folder = tmp_path_factory.mktemp("colour")
    models = folder / "models"
    for name, space in (("aces", "ACES2065-1"), ("rec709", "Linear Rec.709 (sRGB)")):
        write_model(models, name, LIT)
        toml = models / name / "model.toml"
        toml.write_text(SPACED.format(name=name, space=space))
    write_model(models, "red", RED)
    rec709 = SPACED.format(name="red", space="Linear Rec.709 (sRGB)")
    (models / "red" / "model.toml").write_text(rec709)
    (folder / "studio.ocioz").write_bytes(archive())
    before = os.environ.get("OCIO")
    os.environ["OCIO"] = str(folder / "none.ocio")
    settings: dict[str, Any] = {
        "models": [str(models)],
        "ocio_configs": {"studio": str(folder / "studio.ocioz")},
        "show_configs": {"hydra": "studio"},
        "show_spaces": {"hydra": TABLED},
    }
    try:
        with Service(folder, **settings) as service:
            yield service
    finally:
        os.environ.pop("OCIO")
        if before is not None:
            os.environ["OCIO"] = before


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    """Connect."""
    with service.client() as client:
        yield client


def codes(low: float = 0.2, high: float = 0.6) -> Any:
    """Return (H, W, 3) values as a camera's log or a table has them."""
    values = np.random.default_rng(1).uniform(low, high, (*SIZE.shape, 3))
    return values.astype(np.float32)


def frame(values: Any, **texts: str) -> Payload:
    """Return a file of *values*, and alpha."""
    channels = {name: np.ascontiguousarray(values[..., at]) for at, name in enumerate("RGB")}
    alpha = np.ones(SIZE.shape, np.float32)
    return Payload("color", exr(part({**channels, "A": alpha}, SIZE, **texts)))


def work(model: str, payload: Payload, *more: Payload, **colour: str) -> Work:
    """Return a job on one frame."""
    return Work(model, (payload, *more), wish=Wish(mode="merged"), colour=ColourSpec(**colour))


def written(result: Result) -> Part:
    """Return the result's only part."""
    return parse_exr(bytes(result.output("color").data)).parts[0]


def colours(result: Result) -> Any:
    """Return R, G and B of a result."""
    channels = written(result).channels
    return np.stack([channels[name] for name in "RGB"], axis=-1)


def told(result: Result) -> Any:
    """Return what the header says of the colours."""
    provenance = read_provenance(written(result).header)
    assert provenance is not None
    return provenance.colour


def one_stop_more(values: Any, space: str) -> Any:
    """Return what LogC3 codes become when their light is doubled."""
    config = builtin_config()
    light = config.processor(space, "ACES2065-1").apply(values)
    return config.processor("ACES2065-1", space).apply(light * 2)


def test_a_camera_log_gains_a_stop_in_light(client: Client) -> None:
    """The model doubles light, not codes; the result is LogC3 again, and alpha is what it was."""
    payload = frame(codes())
    result = client.run(work("aces", payload, space=LOGC3))
    assert np.allclose(colours(result), one_stop_more(codes(), LOGC3), rtol=0, atol=2e-5)
    source = parse_exr(bytes(payload.data)).parts[0].channels["A"]
    assert written(result).channels["A"].tobytes() == source.tobytes()
    assert result.warnings == ()
    assert told(result)["asked"] == {"space": LOGC3}
    assert told(result)["inputs"]["color"]["space"] == LOGC3


def test_light_goes_by_matrix_and_comes_back(client: Client) -> None:
    """Linear to linear: doubled light in any primaries is doubled light in the file's."""
    values = codes(-0.5, 40.0)
    result = client.run(work("rec709", frame(values), working="ACEScg"))
    assert np.allclose(colours(result), values * 2, rtol=1e-5, atol=1e-4)
    assert told(result)["inputs"]["color"]["model"] == "Linear Rec.709 (sRGB)"


def test_the_net_works_in_its_own_primaries(client: Client) -> None:
    """What is red alone in Rec.709 is known in ACEScg: three columns of two known matrices."""
    values = codes(-0.5, 40.0)
    result = client.run(work("red", frame(values), working="ACEScg"))
    there = np.array(builtin_config().linear_matrix("ACEScg", "Linear Rec.709 (sRGB)"))
    truth = values @ (np.linalg.inv(there) @ np.diag([1, 0, 0]) @ there).T
    assert np.allclose(colours(result), truth, rtol=1e-5, atol=2e-4)


def test_a_client_brings_its_config(client: Client) -> None:
    """The archive is uploaded like an input; its table says what the codes mean."""
    content = archive(middle=0.25)
    config = Payload("ocio", content, OCIOZ_MEDIA)
    reference = digest_text(digest_bytes(content))
    values = codes(0.01, 0.12)
    result = client.run(work("aces", frame(values), config, space=TABLED, config=reference))
    assert np.allclose(colours(result), values * 2, rtol=0, atol=1e-5)
    provenance = read_provenance(written(result).header)
    assert provenance is not None
    assert set(provenance.inputs) == {"color"}
    assert told(result)["inputs"]["color"]["config"] == reference


def test_another_config_is_another_work(client: Client) -> None:
    """Configs whose tables differ give different keys and different pixels, by the same names."""
    results: dict[float, Result] = {}
    for middle in (0.25, 0.45):
        content = archive(middle=middle)
        config = Payload("ocio", content, OCIOZ_MEDIA)
        reference = digest_text(digest_bytes(content))
        given = work("aces", frame(codes(0.2, 0.24)), config, space=TABLED, config=reference)
        results[middle] = client.run(given)
    assert results[0.25].work_key != results[0.45].work_key
    assert not np.allclose(colours(results[0.25]), colours(results[0.45]), atol=1e-3)


def test_a_show_has_its_own_config_and_space(service: Service) -> None:
    """Nothing is said: the show's settings count, and nobody is warned."""
    values = codes(0.01, 0.12)
    with service.client(show="hydra") as client:
        result = client.run(work("aces", frame(values)))
    assert np.allclose(colours(result), values * 2, rtol=0, atol=1e-5)
    assert result.warnings == ()
    assert told(result)["inputs"]["color"]["by"] == "show"


def test_unknown_colours_are_warned_of(client: Client) -> None:
    """A file that says nothing, in a show without a default: as it is, with a warning."""
    result = client.run(work("aces", frame(codes())))
    assert np.array_equal(colours(result), codes() * 2)
    assert any("Name the colour space" in warning for warning in result.warnings)


def test_what_a_job_says_beats_what_the_file_says(client: Client) -> None:
    """An explicit space counts before an attribute, and the attribute before a warning."""
    payload = frame(codes(), **{"oiio:ColorSpace": LOGC3})
    by_file = client.run(work("aces", payload))
    assert np.allclose(colours(by_file), one_stop_more(codes(), LOGC3), rtol=0, atol=2e-5)
    by_job = client.run(work("aces", payload, space="ACEScg"))
    assert np.allclose(colours(by_job), codes() * 2, rtol=1e-5)


@pytest.mark.parametrize(
    ("colour", "word"),
    [
        ({"space": "ACESgc"}, "ACESgc"),
        ({"config": "nowhere"}, "nowhere"),
        ({"config": digest_text(bytes(32))}, "not here"),
    ],
    ids=str,
)
def test_wrong_names_are_told(client: Client, colour: dict[str, str], word: str) -> None:
    """The artist hears which name is wrong and what there is."""
    with pytest.raises(ColourError, match=word):
        client.run(work("aces", frame(codes()), **colour))


@pytest.mark.parametrize(
    "content", [b"no zip at all", archive()[:-30], b"PK" + bytes(1000)], ids=range(3)
)
def test_hostile_archives_fail_their_job_alone(client: Client, content: bytes) -> None:
    """What is no config is an error of that job; the next frame is computed as ever."""
    config = Payload("ocio", content, OCIOZ_MEDIA)
    reference = digest_text(digest_bytes(content))
    with pytest.raises(ColourError):
        client.run(work("aces", frame(codes()), config, space=TABLED, config=reference))
    assert client.run(work("aces", frame(codes()), space=LOGC3)).warnings == ()


def test_tensors_have_no_colour_space(client: Client) -> None:
    """A tensor is taken as it is; a space that is named for it is an error, not ignored."""
    given = tensor_payload(codes())
    assert given.media == TENSOR_MEDIA
    with pytest.raises(UnsupportedError, match="no colour space"):
        client.run(Work("aces", (given,), colour=ColourSpec(space="ACEScg")))
