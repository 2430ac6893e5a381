"""Tensors: bound by name, never copied, answered in place."""

from __future__ import annotations

import dataclasses
import struct
from typing import Any

import numpy as np
import pytest

from fakes.frames import FunctionRuntime, Room, Steps, blob, manifest, order
from fakes.geometry import HEIGHT, from_blob, geometry_manifest, to_blob
from filmgate.errors import InputError, UnsupportedError
from filmgate.tensor import TENSOR_MEDIA, TensorSpec, parse_tensor_blob, to_tensor_blob
from filmgate.wire.records import Wish
from filmgate_server.worker.execution import InputBlob
from filmgate_server.worker.tensor_task import TensorTask

SPEC = TensorSpec("F32", (1, 2, 3), ("y", "x", "c"))
NUMBERS = struct.pack("<6f", *range(6))


def tensors(view: str = "", **named: bytes) -> InputBlob:
    """Return a blob of tensors; the input is the main one."""
    content = to_tensor_blob({name: (SPEC, data) for name, data in named.items()})
    return blob(content, view=view, media=TENSOR_MEDIA)


def run(*groups: dict[str, InputBlob], **work: Any) -> tuple[TensorTask, Room, Steps]:
    """Run a model that turns its bytes around."""
    task = TensorTask(manifest(), order(**work), groups)
    runtime, room, steps = (
        FunctionRuntime(lambda inputs: {"color": inputs["color"][::-1]}),
        Room(),
        Steps(),
    )
    task.decode(Steps())
    task.infer(runtime, steps, room)
    return task, room, steps


def answer(room: Room, place: int = 0) -> bytes:
    """Return the numbers of an output."""
    return bytes(parse_tensor_blob(room.memory[place])["color"].data)


def test_only_tensor_is_the_input_whatever_its_name() -> None:
    """A blob of one tensor needs no agreement on names."""
    _, room, _ = run({"color": tensors(anything=NUMBERS)})
    assert answer(room) == NUMBERS[::-1]


def test_several_tensors_are_bound_by_name() -> None:
    """A blob of many tensors gives those that the model knows."""
    _, room, _ = run({"color": tensors(color=NUMBERS, other=bytes(24))})
    assert answer(room) == NUMBERS[::-1]


def test_tensors_without_a_known_name() -> None:
    """Several tensors of which none is an input cannot be bound."""
    with pytest.raises(InputError, match="color"):
        run({"color": tensors(a=NUMBERS, b=NUMBERS)})


def test_an_input_that_comes_twice_is_refused() -> None:
    """Neither of two tensors of one name is silently taken."""
    with pytest.raises(InputError, match="Two tensors were sent for 'color'"):
        run({"color": tensors(color=NUMBERS), "other": tensors(color=bytes(24), more=NUMBERS)})


def test_output_is_written_where_the_gateway_reads() -> None:
    """The memory granted holds the whole answer, header and numbers, and exactly that."""
    task, room, _ = run({"color": tensors(color=NUMBERS)})
    (output,) = task.encode(room)
    assert output.size_bytes == len(room.memory[0])
    assert (output.name, output.time, output.media) == ("color", 3.0, TENSOR_MEDIA)
    assert len(room.asked) == 1


def test_each_view_is_answered() -> None:
    """Views are inferred one after the other, and progress covers all of them."""
    task, room, steps = run(
        {"color": tensors("left", color=NUMBERS)}, {"color": tensors("right", color=bytes(24))}
    )
    assert [each.view for each in task.encode(room)] == ["left", "right"]
    assert answer(room, 1) == bytes(24)
    assert steps.seen == [(0, 2), (1, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize("wish", [Wish(compression="zip"), Wish(depth="half"), Wish(preview=True)])
def test_wishes_for_files_are_refused(wish: Wish) -> None:
    """A wish that cannot be fulfilled is an error and never ignored."""
    with pytest.raises(UnsupportedError):
        run({"color": tensors(color=NUMBERS)}, wish=wish)


class Told(FunctionRuntime):
    """Remembers the parameters that it was told."""

    def __init__(self) -> None:
        super().__init__(lambda inputs: {"color": inputs["color"]})
        self.params: dict[str, Any] = {}

    def infer_tensors(self, inputs: Any, outputs: Any, params: Any, step: Any) -> None:
        """Note the parameters."""
        self.params = dict(params)
        super().infer_tensors(inputs, outputs, params, step)


def told(kind: str, time: float) -> dict[str, Any]:
    """Run a model of *kind* at *time* on the frames 3 and 4, which are one tensor."""
    clip = TensorSpec("F32", (2, 1, 1, 3), ("t", "y", "x", "c"))
    content = to_tensor_blob({"color": (clip, NUMBERS)})
    group = {"color": blob(content, media=TENSOR_MEDIA, time=3.0)}
    work = dataclasses.replace(order(list(group.values())), time=time)
    task, runtime = TensorTask(manifest(temporal={"kind": kind}), work, [group]), Told()
    task.decode(Steps())
    task.infer(runtime, Steps(), Room())
    return runtime.params


def test_a_clip_in_a_tensor_is_told_where_the_result_lies() -> None:
    """A time between its frames is a fraction; one in a clip is a place in it."""
    assert told("between", 3.25) == {"gain": 2.0, "fraction": 0.25}
    assert told("clip", 4) == {"gain": 2.0, "center": 1}
    assert told("window", 3) == {"gain": 2.0}


def test_a_result_beyond_a_tensors_frames_is_refused() -> None:
    """There is no fifth frame in a tensor of frames 3 and 4."""
    with pytest.raises(InputError, match="at 5 lies beyond"):
        told("clip", 5)


def geometry(content: bytes, policy: str = "refuse", **named: Any) -> tuple[TensorTask, Room]:
    """Run a model that gives a heightfield back, or *named*, its bytes."""
    inputs = HEIGHT.replace('name = "height"\n', f'name = "height"\nnonfinite = "{policy}"\n', 1)
    model = geometry_manifest(inputs)
    task = TensorTask(model, order(), [{"height": blob(content, "height", media=TENSOR_MEDIA)}])
    room = Room()
    task.decode(Steps())
    task.infer(Given(named), Steps(), room)
    return task, room


class Given(FunctionRuntime):
    """Returns the heightfield that it is given, or other bytes."""

    def __init__(self, named: Any) -> None:
        super().__init__(lambda inputs: inputs)
        self._named = named

    def output_specs(self, inputs: Any, params: Any) -> Any:
        """Answer in the type and shape of the height."""
        return {"height": inputs["height"]}

    def infer_tensors(self, inputs: Any, outputs: Any, params: Any, step: Any) -> None:
        """Copy."""
        outputs["height"].data[:] = self._named.get("returned", bytes(inputs["height"].data))


HOLES = np.array([[1, np.nan, 3], [np.inf, 5, -np.inf]], np.float32)[..., None]


def test_nan_in_geometry_is_counted_and_refused() -> None:
    """Before any device is asked for it."""
    with pytest.raises(InputError, match="'height' holds 3 values of NaN or infinity") as caught:
        geometry(to_blob("y x c", height=HOLES))
    assert caught.value.detail == {"input": "height", "count": 3}


def test_nan_in_geometry_is_replaced_where_the_model_says_so() -> None:
    """By what images are scrubbed to, with a warning; what came is not changed."""
    content = to_blob("y x c", height=HOLES)
    task, room = geometry(content, "scrub")
    found = from_blob(room.memory[0], "height")[..., 0]
    np.testing.assert_array_equal(found, [[1, 0, 3], [5, 5, 1]])
    assert task.warnings == ["height: 1 NaN and 2 infinite samples were replaced for the model."]
    assert content == to_blob("y x c", height=HOLES)


def test_results_of_geometry_that_are_not_finite_are_told() -> None:
    """They are delivered as they are."""
    flat = np.zeros((2, 3, 1), np.float32)
    task, room = geometry(to_blob("y x c", height=flat), returned=HOLES.tobytes())
    assert from_blob(room.memory[0], "height").tobytes() == HOLES.tobytes()
    assert task.warnings == ["The model returned 3 values of NaN or infinity in 'height'."]


def test_wrong_axes_are_refused_when_they_are_read() -> None:
    """Nothing is asked of the gateway for such a job."""
    with pytest.raises(InputError, match="must have the axes y x c, not x y c"):
        geometry(to_blob("x y c", height=np.zeros((2, 3, 1), np.float32)))
