"""Which inputs make a result together: those of one view, by name and by time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from filmgate.errors import InputError
from filmgate.manifest import Manifest
from filmgate.temporal import FramePlan, missing_frame, plan_given
from filmgate.tensor import TENSOR_MEDIA
from filmgate.wire.records import OCIOZ_MEDIA


class Entry(Protocol):
    """An input as a message names it; see `filmgate.wire.records.BlobRef`."""

    @property
    def name(self) -> str:
        """The manifest's name."""
        ...

    @property
    def time(self) -> float:
        """The frame."""
        ...

    @property
    def view(self) -> str:
        """The stereo view; empty when there is one."""
        ...

    @property
    def media(self) -> str:
        """The media type."""
        ...


E = TypeVar("E", bound=Entry)


def group_by_view(manifest: Manifest, entries: Sequence[E]) -> list[dict[str, dict[float, E]]]:
    """Return the inputs of each view, by name and time; those without a view serve every view.

    An OCIO archive that came along is none of them.

    Raises:
        InputError: an input is unknown or given twice, or the main one is not there.
    """
    entries = [entry for entry in entries if entry.media != OCIOZ_MEDIA]
    for entry in entries:
        if entry.name not in {known.name for known in manifest.inputs}:
            raise InputError(f"{manifest.name} has no input {entry.name!r}.")
    views = dict.fromkeys(entry.view for entry in entries if entry.name == manifest.main_input.name)
    if not views:
        raise InputError(f"{manifest.name} needs the input {manifest.main_input.name!r}.")
    return [_of_view(view, entries) for view in views]


def plan_group(
    manifest: Manifest, time: float, group: Mapping[str, Mapping[float, Entry]]
) -> FramePlan | None:
    """Return which frames of *group* the model gets; None where it takes one of each input.

    An input that is given once beside several frames of the main one stands still. A tensor holds
    its time axis itself, if it has one: of those, too, one of each input is taken.

    Raises:
        InputError: a frame that is needed is missing, or there are several where one is taken.
    """
    media = common_media(group)
    if manifest.temporal.kind == "frame" or media == TENSOR_MEDIA:
        for name, frames in group.items():
            _check_single(manifest, name, frames)
        return None
    main = group[manifest.main_input.name]
    plan = plan_given(manifest.temporal, time, main)
    for name, frames in group.items():
        if stands_still(frames, main):
            continue
        for frame in plan.frames:
            if frame not in frames:
                raise missing_frame(frame, time, name)
    return plan


def stands_still(frames: Mapping[float, object], main: Mapping[float, object]) -> bool:
    """Tell whether an input's *frames* are one picture beside several of the main input."""
    return len(frames) == 1 and len(main) > 1


def common_media(group: Mapping[str, Mapping[float, Entry]]) -> str:
    """Return the media type of all inputs.

    Raises:
        InputError: they differ.
    """
    media = {entry.media for frames in group.values() for entry in frames.values()}
    if len(media) > 1:
        raise InputError(f"The inputs are of different media: {', '.join(sorted(media))}.")
    return media.pop()


def _of_view(view: str, entries: Sequence[E]) -> dict[str, dict[float, E]]:
    chosen: dict[str, dict[float, E]] = {}
    for entry in sorted(entries, key=lambda entry: entry.view == view):  # its own view's win
        if entry.view not in (view, ""):
            continue
        frames = chosen.setdefault(entry.name, {})
        if entry.time in frames and frames[entry.time].view == entry.view:
            text = f"The input {entry.name!r} is given twice for frame {entry.time:.12g}."
            raise InputError(text, detail={"frame": entry.time})
        frames[entry.time] = entry
    return chosen


def _check_single(manifest: Manifest, name: str, frames: Mapping[float, Entry]) -> None:
    if len(frames) > 1:
        first, other = sorted(frames)[:2]
        text = f"{manifest.name} takes one {name!r}, not frames {first:.12g} and {other:.12g}."
        raise InputError(text, "Submit a job for each frame.", {"frame": other})
