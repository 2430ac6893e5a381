"""What the three stages do with one execution, whatever its inputs' media."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from filmgate.errors import InputError
from filmgate.manifest import Manifest
from filmgate_server.execution import InputBlob, Produced

if TYPE_CHECKING:
    from filmgate_server.runtime.port import Runtime, Step

Room = Callable[[Sequence[int]], list[memoryview]]
"""Ask the gateway for memory: the most bytes each output can take gives a writable view for each.
It may wait; it raises what `Execution.ask_for_room` does."""


class Task(Protocol):
    """The work of one execution in three steps, each called once and by another thread."""

    def decode(self) -> None:
        """Turn blobs into what the model takes."""
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


def group_by_view(manifest: Manifest, blobs: Sequence[InputBlob]) -> list[dict[str, InputBlob]]:
    """Return the inputs of each view by name; an input without a view serves every view.

    Raises:
        InputError: an input is unknown or given twice, or a view lacks the main input.
    """
    for blob in blobs:
        if blob.entry.name not in {known.name for known in manifest.inputs}:
            raise InputError(f"{manifest.name} has no input {blob.entry.name!r}.")
    main = [blob for blob in blobs if blob.entry.name == manifest.main_input.name]
    if not main:
        raise InputError(f"{manifest.name} needs the input {manifest.main_input.name!r}.")
    if len({blob.entry.view for blob in main}) != len(main):
        raise InputError(f"{manifest.name} takes one frame at a time, not {len(main)}.")
    return [_of_view(blob.entry.view, blobs) for blob in main]


def _of_view(view: str, blobs: Sequence[InputBlob]) -> dict[str, InputBlob]:
    chosen: dict[str, InputBlob] = {}
    for blob in sorted(blobs, key=lambda blob: blob.entry.view == view):  # its own view's win
        name = blob.entry.name
        if blob.entry.view not in (view, ""):
            continue
        if name in chosen and chosen[name].entry.view == blob.entry.view:
            raise InputError(f"The input {name!r} is given twice.")
        chosen[name] = blob
    return chosen


def common_media(group: Mapping[str, InputBlob]) -> str:
    """Return the media type of all inputs.

    Raises:
        InputError: they differ.
    """
    media = {blob.entry.media for blob in group.values()}
    if len(media) > 1:
        raise InputError(f"The inputs are of different media: {', '.join(sorted(media))}.")
    return media.pop()


def step_of_view(step: Step, place: int, count: int, done: int, total: int) -> None:
    """Report the tiles of one of *count* views as a part of all views' tiles."""
    step(place * total + done, count * total)
