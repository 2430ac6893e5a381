"""Tensors: bound by name, never copied, answered in place."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from fakes.frames import FunctionRuntime, Room, Steps, blob, manifest, order
from filmgate.errors import InputError, UnsupportedError
from filmgate.tensor import TENSOR_MEDIA, TensorSpec, parse_tensor_blob, to_tensor_blob
from filmgate.wire.records import Wish
from filmgate_server.execution import InputBlob
from filmgate_server.tensor_task import TensorTask

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
    task.decode()
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
