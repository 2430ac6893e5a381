"""What a model of several frames gets, and what becomes of the frame in their middle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from fakes.frames import FunctionRuntime, Room, Steps, blob, exr, manifest, order, part, plane, rgb
from filmgate.digest import digest_text
from filmgate.errors import CancelledError, InputError, LayerError
from filmgate.image.container import Limits
from filmgate.image.frame import Part, Plate
from filmgate.image.provenance import read_provenance
from filmgate.image.window import Window
from filmgate.wire.records import Wish
from filmgate_server.worker.decoded import DecodedFrames
from filmgate_server.worker.execution import InputBlob, Produced
from filmgate_server.worker.image_task import ImageTask
from filmgate_server.worker.task import find_footage

MERGED = Wish(mode="merged")
WINDOW = {"kind": "window", "before": 1, "after": 1}


class Params(FunctionRuntime):
    """Remembers the parameters, too."""

    def infer(
        self,
        inputs: Mapping[str, Any],
        params: Mapping[str, Any],
        step: Any,
        *others: Any,
        **named: Any,
    ) -> Any:
        """Run the function."""
        self.params = dict(params)
        return super().infer(inputs, params, step, *others, **named)


def mean(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mean over time."""
    return {"color": inputs["color"].mean(axis=0)}


@dataclass
class Run:
    """One result, from blobs to what was written."""

    blobs: Sequence[InputBlob]
    time: float = 3.0
    temporal: Mapping[str, Any] = field(default_factory=lambda: WINDOW)
    function: Any = mean
    wish: Wish = MERGED
    decoded: DecodedFrames = field(default_factory=DecodedFrames)

    def __post_init__(self) -> None:
        model = manifest(temporal=self.temporal)
        self.runtime, self.room = Params(self.function), Room()
        sent = replace(order(self.blobs, wish=self.wish), time=self.time)
        footage = find_footage(model, self.blobs, self.time)
        task = ImageTask(model, sent, footage, Limits(), self.decoded)
        task.decode(Steps())
        task.infer(self.runtime, Steps(), self.room)
        self.produced: list[Produced] = task.encode(self.room)
        self.warnings = task.warnings

    @property
    def plate(self) -> Plate:
        """The file that was written."""
        return self.room.plate(self.produced[0])

    def given(self, name: str = "color", call: int = 0) -> Any:
        """Return what the model got."""
        return self.runtime.seen[call][name]


def frame(time: int, name: str = "color") -> InputBlob:
    """Return an RGBA frame that is a function of its number."""
    channels = {**rgb(10 * time), "A": plane(10 * time + 5)}
    return blob(exr(part(channels, owner=f"frame {time}")), name, time=time)


def stacked(time: int) -> Any:
    """Return the colour of `frame`, (H, W, 3)."""
    return np.stack([plane(10 * time + place).astype(np.float32) for place in range(3)], axis=-1)


def written(plate: Plate, place: int = 0) -> Any:
    """Return the colour of a result, (H, W, 3)."""
    return plate.parts[place].stacked(("R", "G", "B"))


@pytest.mark.parametrize(
    ("edges", "present", "planned"),
    [
        ("clamp", (2, 3, 4), (2, 3, 4)),
        ("clamp", (3, 4), (3, 3, 4)),
        ("mirror", (3, 4), (4, 3, 4)),
        ("drop", (3, 4), (3, 4)),
        ("clamp", (3,), (3, 3, 3)),
    ],
)
def test_a_model_gets_the_planned_frames(
    edges: str, present: tuple[int, ...], planned: tuple[int, ...]
) -> None:
    """They come in order, repeated where the policy repeats them, and the mean is their mean."""
    run = Run([frame(time) for time in present], temporal={**WINDOW, "edges": edges})
    truth = np.stack([stacked(time) for time in planned])
    assert np.array_equal(run.given(), truth)
    assert np.array_equal(written(run.plate), truth.mean(axis=0).astype(np.float16))


def test_the_result_is_the_middle_frame() -> None:
    """Header and other channels are those of the frame at its time, whatever came first."""
    run = Run([frame(4), frame(2), frame(3)])
    (result,) = run.plate.parts
    assert result.header.text("owner") == "frame 3"
    assert np.array_equal(result.channels["A"], plane(35))
    assert run.produced[0].time == 3.0


def test_only_the_models_channels() -> None:
    """The wish ``model`` answers with the mean alone."""
    run = Run([frame(2), frame(3), frame(4)], wish=Wish())
    truth = np.stack([stacked(time) for time in (2, 3, 4)]).mean(axis=0)
    assert list(run.plate.parts[0].channels) == ["B", "G", "R"]
    assert np.array_equal(written(run.plate), truth.astype(np.float16))


def test_between_two_frames() -> None:
    """The model is told where it stands; the file is the frame before, and says the time."""
    blend = {"kind": "between"}
    run = Run([frame(3), frame(4)], 3.25, blend, lambda inputs: {"color": inputs["color"][1]})
    assert run.runtime.params == {"gain": 2.0, "fraction": 0.25}
    assert np.array_equal(written(run.plate), stacked(4).astype(np.float16))
    provenance = read_provenance(run.plate.parts[0].header)
    assert provenance is not None
    assert provenance.time == "3.25"
    assert provenance.inputs == {
        f"color@{time}": digest_text(frame(time).entry.digest) for time in (3, 4)
    }
    assert run.produced[0].time == 3.25


def test_where_the_window_is_cut_the_model_is_told_the_middle() -> None:
    """With ``drop`` and for a clip the place of the result's frame is not always the same."""
    cut = Run([frame(3), frame(4)], temporal={**WINDOW, "edges": "drop"})
    clip = Run([frame(time) for time in (1, 2, 3, 4)], temporal={"kind": "clip"})
    assert (cut.runtime.params["center"], clip.runtime.params["center"]) == (0, 2)
    assert clip.given().shape[0] == 4


def test_neighbours_are_fitted_to_the_middle_frames_window() -> None:
    """Every pixel stays where it is in the picture; what a neighbour lacks is black."""
    display, large, small = Window(0, 0, 7, 4), Window(0, 0, 7, 4), Window(2, 1, 5, 3)
    blobs = [
        blob(exr(part(rgb(time, window=window), window, display)), time=time)
        for time, window in ((2, small), (3, large), (4, large))
    ]
    given = Run(blobs).given()
    neighbour = np.zeros(large.shape, np.float32)
    neighbour[1:4, 2:6] = plane(2, small)
    assert np.array_equal(given[0, ..., 0], neighbour)
    assert np.array_equal(given[1, ..., 0], plane(3, large).astype(np.float32))


def test_a_neighbour_of_another_resolution_is_named() -> None:
    """What cannot be brought together is an error that says which frame it is."""
    other = Window(0, 0, 3, 3)
    odd = blob(exr(part(rgb(2, window=other), other)), time=2)
    with pytest.raises(InputError, match="color, frame 2"):
        Run([odd, frame(3), frame(4)])


def test_a_neighbour_of_other_channels_is_named() -> None:
    """No other layer is taken in place of the one that the middle frame has."""
    odd = blob(exr(part(rgb(4, "beauty."))), time=4)
    with pytest.raises(LayerError, match="frame 4"):
        Run([frame(2), frame(3), odd])


def test_each_frame_is_scrubbed_once() -> None:
    """A warning names the frame, once, though the policy repeats it."""
    channels = rgb(3)
    channels["G"][0, 0] = np.nan
    run = Run([blob(exr(part(channels)), time=3), frame(4)])
    assert [text for text in run.warnings if "NaN" in text] == [
        "color, frame 3: 1 NaN and 0 infinite samples were replaced for the model."
    ]
    assert np.array_equal(run.given()[:2, 0, 0, 1], [0, 0])


def test_stereo_runs_each_view_through_time() -> None:
    """Each view's mean is written into its part."""

    def eye(time: int, view: str, seed: int) -> Part:
        return part(rgb(10 * time + seed), name=f"rgb.{view}", view=view)

    times = (2, 3, 4)
    blobs = [blob(exr(eye(time, "left", 0), eye(time, "right", 100)), time=time) for time in times]
    run = Run(blobs)
    for place, seed in enumerate((0, 100)):
        truth = np.stack([plane(10 * time + seed).astype(np.float32) for time in times])
        assert np.array_equal(
            run.plate.parts[place].channels["R"], truth.mean(axis=0).astype(np.float16)
        )


def test_views_in_files_of_their_own_run_each_through_time() -> None:
    """Each eye has its own frames."""
    blobs = [
        blob(exr(part(rgb(10 * time + seed))), view=view, time=time)
        for view, seed in (("left", 0), ("right", 100))
        for time in (2, 3, 4)
    ]
    run = Run(blobs)
    assert [output.view for output in run.produced] == ["left", "right"]
    assert np.array_equal(run.given(call=1)[2, ..., 0], plane(140).astype(np.float32))


def test_an_input_moves_or_stands_still() -> None:
    """What is given for every frame has a time axis, what is given once has none."""
    colors = [frame(time) for time in (2, 3, 4)]
    moving = Run([*colors, *(frame(time, "albedo") for time in (2, 3, 4))])
    assert np.array_equal(moving.given("albedo"), moving.given("color"))
    still = Run([*colors, frame(9, "albedo")])
    assert np.array_equal(still.given("albedo"), stacked(9))


def test_each_frame_of_a_sequence_is_decoded_once() -> None:
    """Four results of a window of three take six decodes, not twelve."""
    decoded = DecodedFrames()
    for time in (2, 3, 4, 5):
        Run([frame(time + offset) for offset in (-1, 0, 1)], time, decoded=decoded)
    assert decoded.decodes == 4 + 3 - 1


def test_a_cancel_is_heard_between_two_frames() -> None:
    """A long clip that nobody wants any more is not decoded to its end."""
    blobs = [frame(time) for time in range(1, 9)]
    model, decoded = manifest(temporal={"kind": "clip"}), DecodedFrames()
    footage = find_footage(model, blobs, 1.0)
    task = ImageTask(model, order(blobs), footage, Limits(), decoded)

    def step(done: int, total: int) -> None:
        assert total == len(blobs)
        if done == 3:
            raise CancelledError("The job was cancelled.")

    with pytest.raises(CancelledError):
        task.decode(step)
    assert decoded.decodes == 3


def test_models_of_one_frame_keep_nothing() -> None:
    """Their frames are never asked for again."""
    run = Run([frame(3)], temporal={}, function=lambda inputs: {"color": -inputs["color"]})
    assert run.decoded.kept_bytes == 0
