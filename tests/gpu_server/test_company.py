"""Frames that are computed together, and what one that fails means for the next ones."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from fakes.frames import order
from filmgate.errors import DeviceMemoryError, FilmgateError, ModelError
from filmgate_server.runtime.colour import AS_IS, Colour
from filmgate_server.worker.company import ALONE_AFTER_FAILURE, Company
from filmgate_server.worker.execution import Execution
from filmgate_server.worker.inboxes import Inboxes
from filmgate_server.worker.ladder import Ladder
from filmgate_server.worker.task import Frame

PACKAGE = cast(
    "Any", SimpleNamespace(digest=b"p", manifest=SimpleNamespace(batch=SimpleNamespace(max=2)))
)


class Device:
    """A ladder that counts what it computes together, and fails while it is told to."""

    def __init__(self) -> None:
        self.error: FilmgateError | None = None
        self.calls: list[int] = []

    def infer_batch(self, frames: Sequence[Any], params: Any, step: Any, colour: Any) -> list[Any]:
        """Return empty results."""
        self.calls.append(len(frames))
        if self.error is not None:
            raise self.error
        return [{} for _ in frames]


def execution(height: int = 4, colour: Colour = AS_IS) -> Execution:
    """Return an execution of one image that waits for the device."""
    made = Execution(order(), lambda message: None)
    made.package = PACKAGE
    frame = Frame({"color": np.zeros((height, 4, 3), np.float32)}, {}, colour)
    made.task = cast("Any", SimpleNamespace(frame=frame))
    return made


class Bench:
    """A company with one execution that waits, and a device."""

    def __init__(self, height: int = 4) -> None:
        self.inboxes = Inboxes(2)
        self.company, self.device = Company(self.inboxes), Device()
        self.wait(height)

    def wait(self, height: int = 4, colour: Colour = AS_IS) -> None:
        """Let one more execution wait for the device."""
        self.inboxes.put(waiting := execution(height, colour))
        self.inboxes.take(0)
        self.inboxes.pass_on(0, waiting)

    def compute(self, height: int = 4) -> Execution:
        """Compute an execution, with the one that waits if that may be."""
        made = execution(height)
        self.company.compute(made, cast("Ladder", self.device), lambda done, total: None)
        return made


@pytest.mark.parametrize("error", [ModelError("A bad frame."), DeviceMemoryError("Full.")])
def test_failure_is_remembered_for_a_while(error: FilmgateError) -> None:
    """The next frames of that shape are computed alone, later ones together again."""
    bench = Bench()
    bench.device.error = error
    assert bench.compute().computed is None
    bench.device.error = None
    for _ in range(ALONE_AFTER_FAILURE):
        assert bench.compute().computed is None
    assert bench.device.calls == [2]
    assert bench.compute().computed == {}
    assert bench.device.calls == [2, 2]


def test_failure_says_nothing_of_other_shapes() -> None:
    """A frame that is too large with another leaves small ones together."""
    bench = Bench(height=8)
    bench.device.error = DeviceMemoryError("Full.")
    bench.compute(height=8)
    bench.device.error = None
    bench.wait(height=2)
    assert bench.compute(height=2).computed == {}


def test_poisoned_device_is_not_tried_again() -> None:
    """The error goes on to who ends the process."""
    bench = Bench()
    bench.device.error = ModelError("The model failed.")
    bench.device.error.__cause__ = RuntimeError("CUDA error: an illegal memory access")
    with pytest.raises(ModelError):
        bench.compute()


def test_frames_of_other_colours_are_computed_alone() -> None:
    """What is in another space needs another matrix."""
    bench = Bench(height=8)
    bench.wait(4, Colour({"color": ((2.0, 0.0, 0.0), (0.0, 2.0, 0.0), (0.0, 0.0, 2.0))}))
    bench.compute(4)
    assert not bench.device.calls
