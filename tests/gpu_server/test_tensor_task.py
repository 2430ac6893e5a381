"""Tensors: bound by name, never copied, answered in place."""

from __future__ import annotations

import dataclasses
import struct
from typing import Any

import pytest

from fakes.frames import FunctionRuntime, Room, Steps, blob, manifest, order
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
