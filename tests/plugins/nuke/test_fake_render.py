"""What the stand-in for Nuke writes and reads, by the rules of Nuke's own EXR writer."""

from __future__ import annotations

import sys
from array import array
from pathlib import Path
from typing import Any, NamedTuple

import pytest

SIZE = (8, 4)
FORMAT = "8 4 0 0 8 4 1 little"


class Pixels(NamedTuple):
    """A file that was read back."""

    data: tuple[int, int, int, int]
    display: tuple[int, int, int, int]
    channels: dict[str, list[float]]
    kinds: dict[str, int]
    text: dict[str, Any]


def load(path: Path) -> Pixels:
    """Read a file with the stand-in's own reader."""
    from nuke import _exr  # noqa: PLC0415 - found once the stand-in is on the path

    file = _exr.parse_header(path.read_bytes(), str(path))
    planes = file.planes(file.names)
    return Pixels(
        tuple(file.data),  # type: ignore[arg-type]
        tuple(file.display),  # type: ignore[arg-type]
        {name: list(plane) for name, plane in planes.items()},
        dict(file.kinds),
        dict(file.text),
    )


def save(path: Path, channels: dict[str, list[float]], **header: Any) -> None:
    """Write a small file: rows from the top, 8 × 4 pixels unless the header says otherwise."""
    from nuke import _boxes, _exr  # noqa: PLC0415 - found once the stand-in is on the path

    data = _boxes.Area(*header.get("data", (0, 0, *SIZE)))
    display = _boxes.Area(*header.get("display", (0, 0, *SIZE)))
    planes = {name: array("f", values) for name, values in channels.items()}
    path.write_bytes(_exr.to_bytes([_exr.Part(data, display, planes, text=header.get("text", {}))]))


def ramp(first: float = 0.0) -> list[float]:
    """Return pixels of which each is another: 8 × 4."""
    return [first + index for index in range(SIZE[0] * SIZE[1])]


def write(nuke: Any, source: Any, path: Path, **knobs: Any) -> Any:
    """Make a Write as a capture does."""
    exact = {
        "file_type": "exr", "raw": True, "datatype": "32 bit float", "channels": "all",
        "compression": "none", "metadata": "no metadata",
    }  # fmt: skip
    return nuke.nodes.Write(inputs=[source], file=str(path), **{**exact, **knobs})


@pytest.fixture
def plate(nuke: Any, tmp_path: Path) -> Any:
    """Return a Read of one frame with colours far outside 0 to 1, depth and motion."""
    nuke.addFormat(FORMAT)
    bright = [-1.5, 65504.0, 1e38, float("inf"), *ramp()[4:]]
    names = {"R": bright, "G": ramp(100), "Z": ramp(200), "forward.u": ramp(300)}
    save(tmp_path / "plate.0001.exr", names)
    return nuke.nodes.Read(file=str(tmp_path / "plate.%04d.exr"), raw=True)


def test_pixels_survive_bit_for_bit(nuke: Any, plate: Any, tmp_path: Path) -> None:
    """Raw float keeps negatives, infinities and every bit; names are Nuke's own."""
    nuke.execute(write(nuke, plate, tmp_path / "out.%04d.exr"), 1, 1)
    before, after = load(tmp_path / "plate.0001.exr"), load(tmp_path / "out.0001.exr")
    assert sorted(after.channels) == ["G", "R", "depth.Z", "forward.u"]
    assert after.channels["R"] == before.channels["R"]
    assert after.channels["depth.Z"] == before.channels["Z"]


@pytest.mark.parametrize("compression", ["none", "Zip (1 scanline)", "Zip (16 scanlines)"])
def test_compression_loses_nothing(nuke: Any, plate: Any, tmp_path: Path, compression: str) -> None:
    """Zip is undone exactly, by the stand-in's own reader too."""
    path = tmp_path / "out.exr"
    nuke.execute(write(nuke, plate, path, compression=compression), 1, 1)
    assert load(path).channels["G"] == ramp(100)


def test_files_are_openexr(nuke: Any, plate: Any, tmp_path: Path) -> None:
    """OpenEXR's own library reads the same pixels, and the stand-in reads what that compresses."""
    library = pytest.importorskip("OpenEXR")
    path = tmp_path / "out.exr"
    nuke.execute(write(nuke, plate, path, compression="Zip (16 scanlines)"), 1, 1)
    with library.File(str(path), separate_channels=True) as file:
        assert file.channels()["G"].pixels.ravel().tolist() == ramp(100)
        file.header()["compression"] = library.PIZ_COMPRESSION
        file.write(str(tmp_path / "piz.exr"))
    assert load(tmp_path / "piz.exr").channels["G"] == ramp(100)


def test_defaults_lose_what_artists_do_not_expect(nuke: Any, plate: Any, tmp_path: Path) -> None:
    """A new Write makes half by a plain cast, red, green and blue alone, and names the graph."""
    node = nuke.nodes.Write(inputs=[plate], file=str(tmp_path / "out.exr"))
    nuke.execute(node, 1, 1)
    found = load(tmp_path / "out.exr")
    assert sorted(found.channels) == ["G", "R"]
    assert set(found.kinds.values()) == {1}
    assert found.channels["R"][1:4] == [65504.0, float("inf"), float("inf")]
    assert found.text["nuke/node_hash"]


def test_equal_pixels_need_no_metadata_to_be_equal_bytes(
    nuke: Any, plate: Any, tmp_path: Path
) -> None:
    """The hash of the graph is in the header unless it is told to hold no metadata."""
    same = nuke.nodes.Grade(inputs=[plate], black_clamp=False, mix=0)
    for policy in ("no metadata", "default metadata"):
        for name, source in (("a", plate), ("b", same)):
            nuke.execute(write(nuke, source, tmp_path / f"{name}.exr", metadata=policy), 1, 1)
        equal = (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()
        assert equal is (policy == "no metadata")


def test_data_window_is_the_bounding_box(nuke: Any, tmp_path: Path) -> None:
    """Overscan survives, and y is counted from the format's top as files do."""
    data = (-2, 1, 4, 9)
    save(tmp_path / "a.exr", {"R": [float(i) for i in range(48)]}, data=data)
    read = nuke.nodes.Read(file=str(tmp_path / "a.exr"), raw=True)
    box = read.bbox()
    assert (box.x(), box.y(), box.w(), box.h()) == (-2, -5, 6, 8)
    nuke.execute(write(nuke, read, tmp_path / "b.exr"), 1, 1)
    found = load(tmp_path / "b.exr")
    assert (found.data, found.display) == (data, (0, 0, *SIZE))
    assert found.channels["R"] == [float(i) for i in range(48)]


def test_the_lowest_row_is_row_zero(nuke: Any, plate: Any) -> None:
    """Nuke's y grows upwards: the last line of a file is its row 0."""
    assert plate.sample("rgba.green", 0, 0) == 124
    assert plate.sample("rgba.green", 0, 3) == 100


def test_only_the_channels_kept_are_written(nuke: Any, plate: Any, tmp_path: Path) -> None:
    """A Remove that keeps some lets only those through."""
    kept = nuke.nodes.Remove(inputs=[plate], operation="keep", channels="depth forward")
    nuke.execute(write(nuke, kept, tmp_path / "out.exr"), 1, 1)
    assert sorted(load(tmp_path / "out.exr").channels) == ["depth.Z", "forward.u"]


def test_interleave_channels_strips_the_layers(nuke: Any, plate: Any, tmp_path: Path) -> None:
    """Each layer becomes a part, in which its channels lose its name."""
    library = pytest.importorskip("OpenEXR")
    path = tmp_path / "out.exr"
    nuke.execute(write(nuke, plate, path, interleave="channels"), 1, 1)
    with library.File(str(path), separate_channels=True) as file:
        parts = {part.name(): sorted(part.channels) for part in file.parts}
    assert parts == {"rgba": ["G", "R"], "depth": ["Z"], "forward": ["u"]}


def test_a_write_renders_at_the_scale_of_the_proxy(nuke: Any, plate: Any, tmp_path: Path) -> None:
    """With the proxy on, what is written is small."""
    nuke.root()["proxy"].setValue(True)
    nuke.execute(write(nuke, plate, tmp_path / "out.exr"), 1, 1)
    assert load(tmp_path / "out.exr").display == (0, 0, 4, 2)


def test_a_curve_touches_red_green_and_blue_alone(nuke: Any, plate: Any, tmp_path: Path) -> None:
    """Without raw a colourspace changes colours; depth stays."""
    node = write(nuke, plate, tmp_path / "out.exr", raw=False, colorspace="sRGB")
    nuke.execute(node, 1, 1)
    found = load(tmp_path / "out.exr")
    assert found.channels["depth.Z"] == ramp(200)
    assert found.channels["G"] != ramp(100)


def test_a_missing_frame_is_an_error(nuke: Any, plate: Any, tmp_path: Path) -> None:
    """Inside the range a file that is not there stops the render and is named."""
    plate["last"].setValue(5)
    with pytest.raises(RuntimeError, match=r"Read1: .*plate\.0003\.exr: No such file"):
        nuke.execute(write(nuke, plate, tmp_path / "out.exr"), 3, 3)
    plate["on_error"].setValue("black")
    nuke.execute(write(nuke, plate, tmp_path / "out.exr", channels="rgba"), 3, 3)
    assert set(load(tmp_path / "out.exr").channels["R"]) == {0.0}


def test_outside_its_range_a_read_holds(nuke: Any, plate: Any, tmp_path: Path) -> None:
    """By default the neighbour is shown as if it were the frame; `black` can be asked for."""
    nuke.execute(write(nuke, plate, tmp_path / "out.exr"), 50, 50)
    assert load(tmp_path / "out.exr").channels["G"] == ramp(100)
    plate["after"].setValue("black")
    nuke.execute(write(nuke, plate, tmp_path / "out.exr"), 50, 50)
    assert set(load(tmp_path / "out.exr").channels["G"]) == {0.0}


def test_paths_follow_frame_and_view(nuke: Any, tmp_path: Path) -> None:
    """%04d is the frame that is asked for, through time nodes too, and %V the view."""
    nuke.addView("right")
    for view, base in (("main", 0), ("right", 1000)):
        for frame in (1, 2):
            save(tmp_path / f"a.{view}.{frame:04d}.exr", {"R": ramp(base + 100 * frame)})
    read = nuke.nodes.Read(file=str(tmp_path / "a.%V.%04d.exr"), raw=True, last=2)
    later = nuke.nodes.TimeOffset(inputs=[read], time_offset=-1)
    nuke.execute(write(nuke, later, tmp_path / "o.%V.%04d.exr"), 1, 1, 1, ["main", "right"])
    assert load(tmp_path / "o.main.0001.exr").channels["R"] == ramp(200)
    assert load(tmp_path / "o.right.0001.exr").channels["R"] == ramp(1200)


def test_views_share_a_file_that_does_not_name_them(nuke: Any, tmp_path: Path) -> None:
    """Without %V one file holds every view; those after the first have names before channels."""
    nuke.addView("right")
    save(tmp_path / "a.exr", {"R": ramp()})
    read = nuke.nodes.Read(file=str(tmp_path / "a.exr"), raw=True)
    nuke.execute(write(nuke, read, tmp_path / "o.exr"), 1, 1)
    assert sorted(load(tmp_path / "o.exr").channels) == ["R", "right.R"]


def test_only_an_enabled_write_renders(nuke: Any, plate: Any, tmp_path: Path) -> None:
    """A disabled Write, or a node that is none, writes nothing and says so."""
    node = write(nuke, plate, tmp_path / "out.exr", disable=True)
    with pytest.raises(RuntimeError, match="Write1"):
        nuke.execute(node, 1, 1)
    with pytest.raises(RuntimeError, match="cannot be executed"):
        nuke.execute(plate, 1, 1)
    assert not (tmp_path / "out.exr").exists()


def test_folders_are_not_made_unasked(nuke: Any, plate: Any, tmp_path: Path) -> None:
    """A folder that is not there is an error unless the Write is to make it."""
    node = write(nuke, plate, tmp_path / "new" / "out.exr")
    with pytest.raises(RuntimeError, match=r"out\.exr"):
        nuke.execute(node, 1, 1)
    node["create_directories"].setValue(True)
    nuke.execute(node, 1, 1)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out.exr"]


def test_groups_render_their_inside(nuke: Any, plate: Any) -> None:
    """A Group's image is its Output's; disabled it lets its first input through."""
    group = nuke.nodes.Group(inputs=[])
    with group:
        gain = nuke.nodes.Multiply(inputs=[nuke.nodes.Input()], value=2)
        nuke.nodes.Output(inputs=[gain])
    group.setInput(0, plate)
    assert group.sample("rgba.green", 0, 3) == 200
    group["disable"].setValue(True)
    assert group.sample("rgba.green", 0, 3) == 100


def test_merging_leaves_other_channels_alone(nuke: Any, plate: Any) -> None:
    """Copied channels come from A, everything else from B, whichever layers there are."""
    new = nuke.nodes.Constant(channels="rgb", color=[7, 8, 9, 1], format="little")
    both = nuke.nodes.Copy(inputs=[plate, new], from0="rgba.red", to0="matte.a")
    assert "matte.a" in both.channels()
    assert (both.sample("matte.a", 0, 0), both.sample("depth.Z", 0, 3)) == (7, 200)
    keyed = nuke.nodes.Keymix(inputs=[plate, new, plate], maskChannel="depth.Z", mix=0)
    assert keyed.sample("rgba.green", 0, 3) == 100


def test_over_is_a_plus_b_where_a_lets_through(nuke: Any, plate: Any) -> None:
    """The default of a merge is over, by A's alpha."""
    above = nuke.nodes.Constant(channels="rgba", color=[1, 1, 1, 0.5], format="little")
    merged = nuke.nodes.Merge2(inputs=[plate, above])
    assert merged.sample("rgba.green", 0, 3) == 1 + 0.5 * 100


def test_reformat_repeats_pixels(nuke: Any, plate: Any) -> None:
    """Twice the format shows every pixel four times."""
    twice = nuke.nodes.Reformat(inputs=[plate], type="scale", scale=2)
    assert (twice.width(), twice.height()) == (16, 8)
    assert {twice.sample("rgba.green", x, y) for x in (2, 3) for y in (6, 7)} == {101}


def test_blur_takes_neighbours_in(nuke: Any, plate: Any) -> None:
    """A pixel of the blur depends on those beside it."""
    assert nuke.nodes.Blur(inputs=[plate], size=1).sample("rgba.green", 1, 1) == 117


@pytest.mark.parametrize("mode", ["gui", "-t", "-x"])
def test_every_kind_of_session_renders(fresh: Any, tmp_path: Path, mode: str) -> None:
    """Farms render as artists do."""
    fresh(mode=mode)
    import nuke  # noqa: PLC0415 - found once the stand-in is on the path

    source = nuke.nodes.Constant(color=[0.25, 0.5, 0.75, 1], format="square_256")
    nuke.execute(write(nuke, source, tmp_path / "out.exr"), 1, 1)
    assert set(load(tmp_path / "out.exr").channels["G"]) == {0.5}


def test_the_reader_is_the_librarys_equal(nuke: Any, examples: Path) -> None:
    """A plate's pixels are the same by the stand-in's Read and by OpenEXR's own library."""
    library = pytest.importorskip("OpenEXR")
    path = examples / "noisy_0001.exr"
    read = nuke.nodes.Read(file=str(path), raw=True)
    with library.File(str(path), separate_channels=True) as file:
        pixels = file.channels()["ViewLayer.Combined.R"].pixels
    height = read.height()
    for x, y in ((0, 0), (3, 5), (pixels.shape[1] - 1, height - 1)):
        assert read.sample("ViewLayer_Combined.red", x, height - 1 - y) == float(pixels[y, x])


def test_no_library_is_needed_to_read_plain_files(
    nuke: Any, plate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without numpy and OpenEXR the stand-in reads what it writes."""
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert plate.sample("rgba.green", 1, 3) == 101
