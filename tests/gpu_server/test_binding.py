"""Which channels feed which input, in files of one part and of many."""

from __future__ import annotations

import numpy as np
import pytest

from fakes.frames import manifest, part, plane, rgb
from filmgate.errors import LayerError
from filmgate.image.frame import Part, Plate
from filmgate.manifest import ModelInput
from filmgate_server.worker.binding import BoundInput, bind_own_file, bind_views

INPUTS = manifest().inputs
RGB = ("R", "G", "B")


def bound(*parts: Part, **by_hand: str) -> dict[str, dict[str, BoundInput]]:
    """Bind colour and albedo; return the inputs by view."""
    views = bind_views(INPUTS, Plate(parts), by_hand)
    return {view.view: dict(view.inputs) for view in views}


def test_part_names_stand_for_layers() -> None:
    """Plain channels in parts named after layers are found, in whatever order the parts come."""
    found = bound(part(rgb(1), name="albedo"), part(rgb(5), name="N"), part(rgb(9), name="rgba"))
    assert found == {"": {"color": BoundInput(2, RGB), "albedo": BoundInput(0, RGB)}}


def test_parts_with_names_that_mean_nothing() -> None:
    """Without a name that tells, the first part with plain colours is the main one."""
    found = bound(part({"Z": plane(1)}, name="one"), part(rgb(5), name="two"))
    assert found[""]["color"] == BoundInput(1, RGB)


def test_view_is_no_part_of_a_layers_name() -> None:
    """A part named ``albedo_left`` of the view left is albedo."""
    found = bound(
        part(rgb(1), name="rgba_left", view="left"),
        part(rgb(5), name="albedo_left", view="left"),
        part(rgb(9), name="rgba.right", view="right"),
    )
    assert found["left"] == {"color": BoundInput(0, RGB), "albedo": BoundInput(1, RGB)}
    assert found["right"] == {"color": BoundInput(2, RGB)}


def test_view_without_colour_is_left_as_it_is() -> None:
    """A view that lacks the main input is not inferred; the others are."""
    found = bound(
        part({"Z": plane(1)}, name="depth", view="left"), part(rgb(5), name="rgba", view="right")
    )
    assert list(found) == ["right"]


def test_no_view_with_colour() -> None:
    """A file without the main input is an error that says what the file holds."""
    with pytest.raises(LayerError, match="Z"):
        bound(part({"Z": plane(1)}))


def test_layer_by_hand_may_be_a_part() -> None:
    """An artist names a part as they name a layer."""
    found = bound(part(rgb(1), name="rgba"), part(rgb(5), name="keylight"), color="keylight")
    assert found[""]["color"] == BoundInput(1, RGB)


def own(*parts: Part, view: str = "", chosen: str | None = None) -> BoundInput:
    """Bind albedo in a file of its own."""
    return bind_own_file(INPUTS[1], Plate(parts), view, chosen)


def test_own_file_by_the_renderers_name() -> None:
    """A file of many layers gives the one that the renderer calls albedo."""
    found = own(part({**rgb(1), **rgb(5, "albedo.")}))
    assert found == BoundInput(0, ("albedo.R", "albedo.G", "albedo.B"))


def test_own_file_with_plain_channels() -> None:
    """A file that holds nothing else is what it was given as."""
    assert own(part({**rgb(1), "A": plane(4)})) == BoundInput(0, RGB)


def test_own_file_with_one_unknown_layer() -> None:
    """The only layer of a file needs no known name."""
    found = own(part(rgb(1, "pass17.")))
    assert found == BoundInput(0, ("pass17.R", "pass17.G", "pass17.B"))


def test_own_file_of_another_view() -> None:
    """The main input's view is taken where the file has it."""
    parts = (
        part(rgb(1), name="albedo_l", view="left"),
        part(rgb(5), name="albedo_r", view="right"),
    )
    assert own(*parts, view="right").place == 1
    assert own(*parts, view="").place == 0


def test_own_file_with_a_choice_that_is_missing() -> None:
    """What was chosen by hand is never replaced by a guess."""
    with pytest.raises(LayerError):
        own(part(rgb(1)), chosen="specular")


def test_own_file_with_several_unknown_layers() -> None:
    """Which of them is meant is the artist's to say: a guess might feed the beauty as albedo."""
    with pytest.raises(LayerError):
        own(part({**rgb(1), **rgb(5, "specular.")}))


def test_own_file_without_the_channels() -> None:
    """A depth file is no albedo."""
    with pytest.raises(LayerError):
        own(part({"Z": plane(1, dtype=np.float32)}))


def test_own_file_with_a_normal_in_plain_channels() -> None:
    """A host's pipe shows its normal as red, green and blue; the file was given as the normal."""
    normal = ModelInput("normal", "normal", ("X", "Y", "Z"), optional=True)
    assert bind_own_file(normal, Plate((part(rgb(1)),)), "", None) == BoundInput(0, RGB)
