"""Which inputs make a result together."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.frames import manifest
from filmgate.errors import InputError
from filmgate.tensor import TENSOR_MEDIA
from filmgate.wire.records import BlobRef
from filmgate_server.jobs.groups import common_media, group_by_view, plan_group

MOVING = {"kind": "window", "before": 1, "after": 1}


def ref(name: str = "color", time: float = 1.0, view: str = "", **changes: Any) -> BlobRef:
    """Return an input."""
    return BlobRef(name, bytes(32), 10, time=time, view=view, **changes)


def frames(name: str, *times: float) -> list[BlobRef]:
    """Return an input at several times."""
    return [ref(name, time) for time in times]


def views(*refs: BlobRef) -> list[dict[str, str]]:
    """Return each group's inputs with their views."""
    return [
        {name: entry.view for name, times in group.items() for entry in times.values()}
        for group in group_by_view(manifest(), refs)
    ]


def plan(refs: list[BlobRef], time: float = 2.0, **temporal: Any) -> Any:
    """Plan the only group."""
    model = manifest(temporal=temporal) if temporal else manifest()
    (group,) = group_by_view(model, refs)
    return plan_group(model, time, group)


def test_input_without_a_view_serves_every_view() -> None:
    """One albedo for both eyes; an eye's own wins."""
    shared, own = ref("albedo"), ref("albedo", view="right")
    assert views(ref(view="left"), ref(view="right"), own, shared) == [
        {"color": "left", "albedo": ""},
        {"color": "right", "albedo": "right"},
    ]


@pytest.mark.parametrize(
    ("refs", "word"),
    [
        ([ref("matte")], "matte"),
        ([ref("albedo")], "needs"),
        ([ref(), ref()], "twice for frame 1"),
        ([ref(), ref("albedo"), ref("albedo")], "twice"),
    ],
)
def test_inputs_that_make_no_result(refs: list[BlobRef], word: str) -> None:
    """An input that is unknown, missing or given twice is an error that says so."""
    with pytest.raises(InputError, match=word):
        views(*refs)


def test_media_of_a_group() -> None:
    """All inputs of a result are of one media type."""
    assert common_media({"color": {1.0: ref(), 2.0: ref(time=2.0)}}) == "image/x-exr"
    with pytest.raises(InputError, match="c/d"):
        common_media({"color": {1.0: ref()}, "albedo": {1.0: ref("albedo", media="c/d")}})


def test_a_model_of_one_frame_takes_one() -> None:
    """A second frame of an input is an error that names both; another input's time may differ."""
    assert plan([ref(), ref("albedo", 7.0)]) is None
    with pytest.raises(InputError, match="frames 1 and 2"):
        plan(frames("color", 2, 1))


def test_a_model_of_several_frames_gets_its_window() -> None:
    """All its inputs are there at the frames that are planned."""
    found = plan([*frames("color", 1, 2, 3), *frames("albedo", 3, 2, 1)], **MOVING)
    assert (found.frames, found.main) == ((1, 2, 3), 2)


def test_a_picture_that_stands_still_serves_every_frame() -> None:
    """An input that is given once, whatever its time, needs no neighbours."""
    assert plan([*frames("color", 1, 2, 3), ref("albedo", 0.0)], **MOVING).frames == (1, 2, 3)


def test_a_neighbour_that_is_missing_is_named() -> None:
    """Input and frame stand in the error."""
    with pytest.raises(InputError, match="Frame 1 of albedo is missing"):
        plan([*frames("color", 1, 2, 3), *frames("albedo", 2, 3)], **MOVING)


def test_a_tensor_holds_its_time_axis_itself() -> None:
    """A model of several frames takes one tensor of each input."""
    assert plan([ref(media=TENSOR_MEDIA)], **MOVING) is None
    several = [ref(time=time, media=TENSOR_MEDIA) for time in (1.0, 2.0)]
    with pytest.raises(InputError, match="frames 1 and 2"):
        plan(several, **MOVING)
