"""The input blobs of a result."""

from __future__ import annotations

from fakes.frames import blob, manifest
from filmgate_server.worker.task import find_footage, step_of_view

MOVING = manifest(temporal={"kind": "window", "before": 1, "after": 1})


def test_each_view_has_its_footage() -> None:
    """The main blob is that of the view, further inputs are found beside it."""
    left, right = (blob(view.encode(), view=view) for view in ("left", "right"))
    albedo = blob(b"shared", "albedo")
    one, other = find_footage(manifest(), [left, right, albedo], 3.0)
    assert (one.main, other.main) == (left, right)
    assert one.at_main == {"color": left, "albedo": albedo}
    assert one.plan is None


def test_the_main_frame_is_the_one_at_the_results_time() -> None:
    """Whatever comes first, header and windows come from the frame that is asked for."""
    color = [blob(bytes([frame]), time=frame) for frame in (4, 3, 5)]
    albedo = [blob(bytes([frame, 1]), "albedo", time=frame) for frame in (3, 4, 5)]
    (footage,) = find_footage(MOVING, [*color, *albedo], 4.0)
    assert footage.main is color[0]
    assert footage.at_main == {"color": color[0], "albedo": albedo[1]}
    assert footage.files["color"][5] is color[2]
    assert footage.plan is not None
    assert footage.plan.frames == (3, 4, 5)


def test_a_still_is_the_same_at_every_frame() -> None:
    """An input given once is found at the main frame, though its time is another."""
    color = [blob(bytes([frame]), time=frame) for frame in (3, 4, 5)]
    still = blob(b"still", "albedo", time=0)
    (footage,) = find_footage(MOVING, [*color, still], 4.0)
    assert footage.at_main["albedo"] is still


def test_progress_over_views() -> None:
    """The tiles of all views count as one row."""
    seen: list[tuple[int, int]] = []
    for place in range(2):
        for done in range(4):
            step_of_view(lambda *step: seen.append(step), place, 2, done, 3)
    assert seen == [(0, 6), (1, 6), (2, 6), (3, 6), (3, 6), (4, 6), (5, 6), (6, 6)]
