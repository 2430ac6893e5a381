"""What the three stages do with one execution, whatever its inputs' media."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from filmgate.manifest import Manifest
from filmgate.temporal import FramePlan
from filmgate_server.jobs.groups import (
    common_media,
    group_by_view,
    plan_group,
    stands_still,
)
from filmgate_server.runtime.colour import AS_IS, Colour
from filmgate_server.worker.execution import InputBlob, Produced

if TYPE_CHECKING:
    from filmgate_server.runtime.port import Images, Runtime, Step

Room = Callable[[Sequence[int]], list[memoryview]]
"""Ask the gateway for memory: the most bytes each output can take gives a writable view for each.
It may wait; it raises what `Execution.ask_for_room` does."""


@dataclass(frozen=True)
class Frame:
    """What a model gets for one result.

    Attributes:
        inputs: images by input name.
        params: every parameter.
        colour: how the colours get to the model's space.
    """

    inputs: Images
    params: Mapping[str, Any]
    colour: Colour = AS_IS


class Task(Protocol):
    """The work of one execution in three steps, each called once and by another thread."""

    def decode(self, step: Step) -> None:
        """Turn blobs into what the model takes; *step* counts frames."""
        ...

    def infer(self, runtime: Runtime, step: Step, room: Room) -> None:
        """Run the model; its inputs are let go of."""
        ...

    def encode(self, room: Room) -> list[Produced]:
        """Write the outputs into the memory that was asked for, in its order."""
        ...

    @property
    def warnings(self) -> list[str]:
        """What the artist should know of this frame."""
        ...

    @property
    def frame(self) -> Frame | None:
        """What the model will get, once decoded; None where that is not exactly one picture."""
        ...


@dataclass(frozen=True)
class Footage:
    """The input blobs of one view's result.

    Attributes:
        files: by the manifest's input name and by time; the main input is among them.
        plan: which of them the model gets; None where it takes one of each input.
        main: the main input, or the one of its frames that the result is a version of.
        media: the media type of all.
    """

    files: Mapping[str, Mapping[float, InputBlob]]
    plan: FramePlan | None
    main: InputBlob
    media: str

    def stands_still(self, name: str) -> bool:
        """Tell whether the input *name* is one picture beside several frames of the main one."""
        return stands_still(self.files[name], self.files[self.main.entry.name])

    @property
    def at_main(self) -> dict[str, InputBlob]:
        """Each input at the main frame, by name; one that stands still is always the same."""
        return {
            name: next(iter(frames.values())) if len(frames) == 1 else frames[self.main.entry.time]
            for name, frames in self.files.items()
        }


def find_footage(manifest: Manifest, blobs: Sequence[InputBlob], time: float) -> list[Footage]:
    """Return the inputs of each view for the result at *time*, in frames.

    Raises:
        InputError: inputs are unknown, given twice, missing or of different media.
    """
    of_entry = {blob.entry: blob for blob in blobs}
    found: list[Footage] = []
    for group in group_by_view(manifest, [blob.entry for blob in blobs]):
        plan = plan_group(manifest, time, group)
        frames = group[manifest.main_input.name]
        main = next(iter(frames.values())) if plan is None else frames[plan.main]
        files = {
            name: {at: of_entry[entry] for at, entry in entries.items()}
            for name, entries in group.items()
        }
        found.append(Footage(files, plan, of_entry[main], common_media(group)))
    return found


def step_of_view(step: Step, place: int, count: int, done: int, total: int) -> None:
    """Report the tiles of one of *count* views as a part of all views' tiles."""
    step(place * total + done, count * total)
