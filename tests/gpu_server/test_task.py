"""Which inputs make a frame."""

from __future__ import annotations

import pytest

from fakes.frames import blob, manifest
from filmgate.errors import InputError
from filmgate_server.execution import InputBlob
from filmgate_server.task import common_media, group_by_view, step_of_view


def names(*blobs: InputBlob) -> list[dict[str, str]]:
    """Return each group's inputs with their views."""
    groups = group_by_view(manifest(), blobs)
    return [{name: each.entry.view for name, each in group.items()} for group in groups]


def test_input_without_a_view_serves_every_view() -> None:
    """One albedo for both eyes; an eye's own wins."""
    left, right = (blob(b"", view=view) for view in ("left", "right"))
    shared, own = blob(b"", "albedo"), blob(b"", "albedo", "right")
    assert names(left, right, own, shared) == [
        {"color": "left", "albedo": ""},
        {"color": "right", "albedo": "right"},
    ]


@pytest.mark.parametrize(
    ("blobs", "word"),
    [
        ([blob(b"", "matte")], "matte"),
        ([blob(b"", "albedo")], "needs"),
        ([blob(b""), blob(b"")], "one frame at a time"),
        ([blob(b""), blob(b"", "albedo"), blob(b"", "albedo")], "twice"),
    ],
)
def test_inputs_that_make_no_frame(blobs: list[InputBlob], word: str) -> None:
    """An input that is unknown, missing or given twice is an error that says so."""
    with pytest.raises(InputError, match=word):
        names(*blobs)


def test_media_of_a_group() -> None:
    """All inputs of a frame are of one media type."""
    files = {"color": blob(b"", media="a/b"), "albedo": blob(b"", "albedo", media="a/b")}
    assert common_media(files) == "a/b"
    with pytest.raises(InputError, match="c/d"):
        common_media({**files, "albedo": blob(b"", "albedo", media="c/d")})


def test_progress_over_views() -> None:
    """The tiles of all views count as one row."""
    seen: list[tuple[int, int]] = []
    for place in range(2):
        for done in range(4):
            step_of_view(lambda *step: seen.append(step), place, 2, done, 3)
    assert seen == [(0, 6), (1, 6), (2, 6), (3, 6), (3, 6), (4, 6), (5, 6), (6, 6)]
