"""Landscapes: 16 bits to metres and back, none of them lost."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.editor_desk import EditorDesk
from fakes.secluded import make_manifest
from filmgate.errors import InputError
from filmgate.host.port import Moment
from filmgate.tensor import TensorSpec, parse_tensor_blob, to_tensor_blob

WIDTH, HEIGHT = 5, 4
NUMBERS = [0, 1, 255, 256, 257, 32767, 32768, 32769, 40000, 65534, 65535, *range(30000, 30009)]
NOW = Moment(1.0)
MANIFEST = make_manifest(
    inputs=[
        {"name": "height", "kind": "volume", "axes": ["y", "x", "c"], "channels": ["height"]},
        {"name": "spacing", "kind": "attribute", "axes": ["axis"], "optional": True},
    ],
    outputs=[{"name": "height", "kind": "volume", "axes": ["y", "x", "c"], "channels": ["height"]}],
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EditorDesk]:
    """Return an editor with no server."""
    made = EditorDesk(tmp_path, monkeypatch)
    yield made
    made.close()


def source_of(actor: Any) -> Any:
    """Return what a model gets of a landscape."""
    from filmgate_unreal.landscape import LandscapeSource  # noqa: PLC0415

    return LandscapeSource(actor)


def tensor(source: Any, name: str) -> tuple[TensorSpec, list[float]]:
    """Return an input that is sent."""
    payload = source.capture(MANIFEST, name, NOW)
    (found,) = parse_tensor_blob(payload.data).values()
    return found.spec, array("f", bytes(found.data)).tolist()


def write(path: Path, metres: Any, width: int, height: int) -> Path:
    """Write a result as a server answers it."""
    spec = TensorSpec("F32", (height, width, 1), ("y", "x", "c"))
    path.write_bytes(to_tensor_blob({"height": (spec, array("f", metres).tobytes())}))
    return path


def test_heights_are_metres_by_the_engines_formula(desk: EditorDesk) -> None:
    """Cm = (number - 32768) / 128 x scale z; the lowest y first, x fastest."""
    source = source_of(desk.landscape(NUMBERS, WIDTH, (200.0, 300.0, 50.0)))
    spec, metres = tensor(source, "height")
    assert (spec.dtype, spec.shape, spec.axes) == ("F32", (HEIGHT, WIDTH, 1), ("y", "x", "c"))
    expected = array("f", ((number - 32768) / 128 * 50.0 / 100 for number in NUMBERS))
    assert metres == pytest.approx(expected.tolist(), rel=1e-6)


def test_grass_that_leans_over_the_edge_is_no_height(desk: EditorDesk) -> None:
    """The actor's bounds are larger then; heights that are not there would be sent as a cliff."""
    actor = desk.landscape(NUMBERS, WIDTH)
    actor._add(desk.unreal.PrimitiveComponent(), (-0.7, 0.0, WIDTH + 2.0, HEIGHT + 1.0))
    assert tensor(source_of(actor), "height")[0].shape == (HEIGHT, WIDTH, 1)


def test_all_parts_of_all_proxies_count(desk: EditorDesk) -> None:
    """A world partition keeps the parts of a landscape in actors of their own."""
    actor = desk.landscape(NUMBERS, WIDTH, (200.0, 300.0, 50.0))
    proxy = desk.unreal.LandscapeProxy()
    proxy._whole, proxy._scale, proxy._place = actor, actor._scale, actor._place
    desk.editor.actors.append(proxy)
    (whole,) = actor._components
    whole._box = (0.0, 0.0, 2.0, HEIGHT - 1.0)
    proxy._add(desk.unreal.LandscapeComponent(), (2.0, 0.0, WIDTH - 1.0, HEIGHT - 1.0))
    assert tensor(source_of(proxy), "height")[0].shape == (HEIGHT, WIDTH, 1)


def test_a_part_that_is_not_loaded_is_refused(desk: EditorDesk) -> None:
    """What is missing would be 256 m deep."""
    actor = desk.landscape(NUMBERS, WIDTH)
    (whole,) = actor._components
    whole._box = (0.0, 0.0, 2.0, HEIGHT - 1.0)
    actor._add(desk.unreal.LandscapeComponent(), (2.0, 0.0, WIDTH - 1.0, 2.0))
    with pytest.raises(InputError, match="not loaded as a whole"):
        tensor(source_of(actor), "height")


def test_a_turned_landscape_is_refused(desk: EditorDesk, tmp_path: Path) -> None:
    """Bounds lie along the world's axes: they say nothing of how many samples there are."""
    actor = desk.landscape(NUMBERS, WIDTH)
    actor._turn = desk.unreal.Rotator(yaw=30.0)
    result = write(tmp_path / "height.0001.tensor", [0.0] * len(NUMBERS), WIDTH, HEIGHT)
    with pytest.raises(InputError, match="is turned"):
        tensor(source_of(actor), "height")
    with pytest.raises(InputError, match="is turned"):
        source_of(actor).accept({1: result}, "")
    assert actor._heights.tolist() == NUMBERS


def test_a_landscape_of_another_level_is_an_error_with_a_name(desk: EditorDesk) -> None:
    """The artist opened another level: the label is still known, the heights are not."""
    actor = desk.landscape(NUMBERS, WIDTH)
    source = source_of(actor)
    desk.editor.actors.remove(actor)
    actor._alive = False
    assert source.label()
    with pytest.raises(InputError, match="not in the level that is open"):
        source.prepare(MANIFEST, NOW)


def test_no_actor_goes_to_another_thread(desk: EditorDesk) -> None:
    """The last reference to an object of the engine may be let go on the game thread alone."""
    source = source_of(desk.landscape(NUMBERS, WIDTH))
    assert engine_objects(source) == engine_objects(source.prepare(MANIFEST, NOW)) == []


def engine_objects(held: Any) -> list[Any]:
    """Return every object of the engine that something holds, through closures and attributes."""
    import unreal  # noqa: PLC0415 - found once the stand-in is on the path

    found: list[Any] = []
    waiting, seen = [held], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type):
            continue
        seen.add(id(each))
        found += [each] if isinstance(each, unreal.Object) else []
        waiting += list(getattr(each, "__dict__", {}).values())
        waiting += [cell.cell_contents for cell in getattr(each, "__closure__", None) or ()]
        waiting += list(each) if isinstance(each, (list, tuple)) else []
    return found


def test_what_was_prepared_is_sent_once(desk: EditorDesk) -> None:
    """The editor writes the heights, another thread reads them; the next capture is anew."""
    actor = desk.landscape(NUMBERS, WIDTH)
    source = source_of(actor)
    expected = tensor(source, "height")
    rest = source.prepare(MANIFEST, NOW)
    thread = threading.Thread(target=rest)
    thread.start()
    thread.join()
    actor._heights = array("H", NUMBERS[::-1])
    assert tensor(source, "height") == expected
    assert tensor(source, "height")[1] == expected[1][::-1]


def test_the_metres_between_samples_are_sent(desk: EditorDesk) -> None:
    """A model that asks for the spacing gets x before y."""
    source = source_of(desk.landscape(NUMBERS, WIDTH, (200.0, 300.0, 50.0)))
    spec, steps = tensor(source, "spacing")
    assert (spec.axes, steps) == (("axis",), [2.0, 3.0])
    assert source.capture(MANIFEST, "mask", NOW) is None


@pytest.mark.parametrize("scale_z", [1.0, 50.0, 100.0, 373.5])
def test_every_number_survives_the_way_there_and_back(scale_z: float, desk: EditorDesk) -> None:
    """65536 numbers become metres as 32-bit floats, and the same numbers again."""
    from filmgate_unreal.landscape import to_metres, to_numbers  # noqa: PLC0415

    numbers = array("H", range(65536))
    assert to_numbers(to_metres(numbers, scale_z), scale_z) == numbers


def test_a_result_overwrites_the_heights_to_the_bit(desk: EditorDesk, tmp_path: Path) -> None:
    """What the model returned is what the landscape keeps, high byte and low byte."""
    actor = desk.landscape([32768] * len(NUMBERS), WIDTH)
    metres = [(number - 32768) / 128 for number in NUMBERS]
    result = write(tmp_path / "height.0001.tensor", metres, WIDTH, HEIGHT)
    assert source_of(actor).accept({1: result}, "") == []
    assert actor._heights.tolist() == NUMBERS


def test_a_larger_result_is_a_picture_for_a_new_landscape(desk: EditorDesk, tmp_path: Path) -> None:
    """A landscape keeps its resolution: it is left alone, and a dialog says what to do."""
    from filmgate_unreal.bitmaps import parse_bitmap  # noqa: PLC0415

    actor = desk.landscape(NUMBERS, WIDTH, (200.0, 300.0, 100.0))
    metres = [float(place) / 128 for place in range(4 * WIDTH * HEIGHT)]
    result = write(tmp_path / "height.0001.tensor", metres, 2 * WIDTH, 2 * HEIGHT)
    source_of(actor).accept({1: result}, "")
    assert actor._heights.tolist() == NUMBERS
    (picture,) = (desk.folder / "project").rglob("heightmaps/*.png")
    bitmap = parse_bitmap(picture.read_bytes())
    assert (bitmap.width, bitmap.height, bitmap.bits) == (2 * WIDTH, 2 * HEIGHT, 16)
    assert array("H", bitmap.planes["Y"]).tolist() == [32768 + place for place in range(80)]
    desk.editor.tick()
    ((_, text),) = desk.editor.dialogs
    assert picture.as_posix() in text
    assert "88.8889, 133.333, 100" in text


def test_heights_beyond_the_scale_are_refused(desk: EditorDesk, tmp_path: Path) -> None:
    """Nothing is cut off in silence: the error says how high the landscape reaches."""
    actor = desk.landscape(NUMBERS, WIDTH)
    result = write(tmp_path / "height.0001.tensor", [300.0] * len(NUMBERS), WIDTH, HEIGHT)
    with pytest.raises(InputError, match=r"300\.0 m high; this landscape keeps 256\.0 m"):
        source_of(actor).accept({1: result}, "")
    assert actor._heights.tolist() == NUMBERS


def test_a_result_that_is_no_heightfield_is_refused(desk: EditorDesk, tmp_path: Path) -> None:
    """Two layers are not written as if they were one."""
    actor = desk.landscape(NUMBERS, WIDTH)
    path = tmp_path / "height.0001.tensor"
    spec = TensorSpec("F32", (HEIGHT, WIDTH, 2), ("y", "x", "c"))
    path.write_bytes(to_tensor_blob({"height": (spec, bytes(8 * WIDTH * HEIGHT))}))
    with pytest.raises(InputError, match="no heightfield of one layer"):
        source_of(actor).accept({1: path}, "")


def test_a_locked_layer_is_an_error(desk: EditorDesk, tmp_path: Path) -> None:
    """The editor refuses with a line in the log; the artist is told what helps."""
    actor = desk.landscape(NUMBERS, WIDTH)
    actor._locked = True
    result = write(tmp_path / "height.0001.tensor", [0.0] * len(NUMBERS), WIDTH, HEIGHT)
    with pytest.raises(InputError, match="did not take the heights"):
        source_of(actor).accept({1: result}, "")


def test_without_a_gpu_nothing_is_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor that cannot draw hands out no heights."""
    desk = EditorDesk(tmp_path, monkeypatch, mode="unattended")
    source = source_of(desk.landscape(NUMBERS, WIDTH))
    with pytest.raises(InputError, match="does not hand out the heights"):
        source.capture(MANIFEST, "height", NOW)
    desk.close()
