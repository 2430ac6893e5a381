"""Bakes: copies of takes for artists and farms."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from filmgate.cache import Cache
from filmgate.config import BAKE
from filmgate.errors import ConfigError, InputError, StorageError
from filmgate.host.bake import bake, expand, free_number, path_of
from filmgate.takes import Take, Takes
from filmgate.tensor import TENSOR_MEDIA
from filmgate.wire.records import PNG_MEDIA

PLACE: dict[str, Any] = {
    "script_dir": "/show/sh010/comp",
    "script": "sh010_comp_v007",
    "node": "Denoise1",
    "output": "color",
    "show": "film",
    "version": "1.2.0",
    "take": 3,
}


@pytest.fixture
def takes(tmp_path: Path) -> Takes:
    """Return a node without takes."""
    return Takes(tmp_path / "node", Cache(tmp_path / "cache", 1 << 20))


def make_take(takes: Takes, word: str = "pixels", frames: tuple[int, ...] = (1, 2, 3)) -> Take:
    """Return a take of one output."""
    with takes.start() as draft:
        for frame in frames:
            draft.add("color", frame, f"{word} {frame}".encode())
        return draft.complete({})


def place(folder: Path, number: int = 1) -> str:
    """Return where a bake of the output *color* goes."""
    return f"{folder.as_posix()}/v{number:03d}/color.%04d.exr"


def test_the_default_place_is_beside_the_script() -> None:
    """A bake is found by whoever finds the script."""
    assert expand(BAKE, **PLACE) == (
        "/show/sh010/comp/filmgate/sh010_comp_v007/Denoise1/v003/color.%04d.exr"
    )


def test_a_site_chooses_the_place() -> None:
    """Every name may be used, in any order, with views and another notation for frames."""
    template = "Z:\\{show}\\renders\\{node}_{version}_{take}\\%V\\{output}.#####.exr"
    assert expand(template, **PLACE) == "Z:/film/renders/Denoise1_1.2.0_3/%V/color.#####.exr"


def test_names_that_no_file_can_have_are_made_to_fit() -> None:
    """A node in a group, a drive letter and a percent sign stay within their folder."""
    changed = {**PLACE, "node": "../Group1:Denoise%04d", "output": "a/b"}
    assert expand("/x/{node}/{output}.%04d.exr", **changed) == "/x/_Group1_Denoise_04d/a_b.%04d.exr"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("/x/{shot}/{output}.%04d.exr", "there is no {shot}"),
        ("renders/{output}.%04d.exr", "it is no full path"),
        ("/x/{take:99999999999}/{output}.%04d.exr", "no name of a file is so long"),
        ("/x/{take.__class__}/{output}.%04d.exr", "there is no {take.__class__}"),
        ("/x/{}/{output}.%04d.exr", "there is no {}"),
        ("/x/{node/{output}.%04d.exr", "Bakes cannot go to"),
        ("/x/{node:04d}/{output}.%04d.exr", "format code"),
        ("/x/{node}/{output}.exr", "no place for the frame number"),
        ("/x/{node}.%04d/{output}.%04d.exr", "more than once"),
        ("/x/{node}/color.%04d.exr", "without {output}"),
    ],
)
def test_a_template_that_cannot_be_used_says_why(template: str, reason: str) -> None:
    """Whoever keeps the site's settings learns what is wrong, and what would be right."""
    with pytest.raises(ConfigError) as caught:
        expand(template, **PLACE)
    assert reason in caught.value.text
    assert BAKE in caught.value.remedy


@pytest.mark.parametrize("folder", ["/shows/job#2", "/shows/[old]", "/shows/$USER", "/a/50%"])
def test_a_place_that_hosts_would_evaluate_is_refused(folder: str) -> None:
    """The Reads would look elsewhere; the remedy names the setting."""
    with pytest.raises(ConfigError, match="hosts take for code") as caught:
        expand(BAKE, **{**PLACE, "script_dir": folder})
    assert "`bake`" in caught.value.remedy


def test_a_hidden_share_is_a_plain_place() -> None:
    """A dollar that begins no variable stands for itself."""
    path = expand(BAKE, **{**PLACE, "script_dir": "//fs/jobs$/comp", "node": "a$b[1]"})
    assert path.startswith("//fs/jobs$/comp/")
    assert "/a_b_1_/" in path


def test_a_script_that_was_never_saved_has_no_place_for_bakes() -> None:
    """Nothing is written to wherever the host happens to have been started."""
    with pytest.raises(InputError, match="script dir"):
        expand(BAKE, **{**PLACE, "script_dir": ""})


def test_a_bake_holds_the_same_bytes(takes: Takes, tmp_path: Path) -> None:
    """Files of the artist's own: no link that an edit would carry into the store."""
    take = make_take(takes)
    seen: list[tuple[int, int]] = []
    baked = bake(take, lambda _: place(tmp_path), [3, 1], lambda *done: seen.append(done))
    assert (baked.patterns, baked.frames) == ({"color": place(tmp_path)}, (1, 3))
    assert seen == [(1, 2), (2, 2)]
    for frame in (1, 3):
        target = path_of(baked.patterns["color"], frame)
        assert target.read_bytes() == f"pixels {frame}".encode()
        assert not target.samefile(take.path("color", frame))
        assert os.access(target, os.W_OK)
    assert sorted(path.name for path in (tmp_path / "v001").iterdir()) == [
        "color.0001.exr",
        "color.0003.exr",
    ]


def test_views_tensors_and_previews(takes: Takes, tmp_path: Path) -> None:
    """Views get their place in the name, tensors their ending; previews are for panels only."""
    with takes.start() as draft:
        for view in ("left", "right"):
            draft.add("color", 1, view.encode(), view)
            draft.add("points", 1, view.encode(), view, TENSOR_MEDIA)
            draft.add("preview", 1, view.encode(), view, PNG_MEDIA)
        take = draft.complete({})
    baked = bake(take, lambda output: f"{tmp_path.as_posix()}/b/{output}_%04d.exr", [1])
    assert baked.patterns == {
        "color": f"{tmp_path.as_posix()}/b/color_%V.%04d.exr",
        "points": f"{tmp_path.as_posix()}/b/points_%V.%04d.tensor",
    }
    assert path_of(baked.patterns["points"], 1, "right").read_bytes() == b"right"
    assert path_of(baked.patterns["color"], 1, "left").read_bytes() == b"left"


def test_a_folder_for_each_view_needs_no_view_in_the_name(takes: Takes, tmp_path: Path) -> None:
    """A template that has its place for views keeps it."""
    with takes.start() as draft:
        draft.add("color", 7, b"left", "left")
        take = draft.complete({})
    pattern = f"{tmp_path.as_posix()}/%V/color.%04d.exr"
    assert bake(take, lambda _: pattern, [7]).patterns == {"color": pattern}
    assert (tmp_path / "left" / "color.0007.exr").read_bytes() == b"left"


def test_a_missing_frame_is_named_and_nothing_is_copied(takes: Takes, tmp_path: Path) -> None:
    """A bake is whole or is not begun."""
    with pytest.raises(InputError, match="Frame 4 of color has no result") as caught:
        bake(make_take(takes), lambda _: place(tmp_path), [1, 4])
    assert caught.value.detail == {"frame": 4}
    assert not (tmp_path / "v001").exists()


def test_no_frames_are_no_bake(takes: Takes, tmp_path: Path) -> None:
    """An empty list is a mistake and no success."""
    with pytest.raises(InputError, match="nothing to bake"):
        bake(make_take(takes), lambda _: place(tmp_path), [])


def test_a_full_disk_is_told_and_the_bake_goes_on_later(
    takes: Takes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finished frames stay and are not copied again; no part of a frame remains."""
    take = make_take(takes)
    copied: list[str] = []
    copy = shutil.copyfileobj

    def copy_until_full(reader: Any, writer: Any, length: int) -> None:
        if len(copied) == 1:
            writer.write(b"par")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        copied.append(reader.name)
        copy(reader, writer, length)

    monkeypatch.setattr(shutil, "copyfileobj", copy_until_full)
    with pytest.raises(StorageError, match="Free some space"):
        bake(take, lambda _: place(tmp_path), [1, 2, 3])
    folder = tmp_path / "v001"
    assert [path.name for path in folder.iterdir()] == ["color.0001.exr"]
    first = (folder / "color.0001.exr").stat()
    monkeypatch.setattr(shutil, "copyfileobj", copy)
    bake(take, lambda _: place(tmp_path), [1, 2, 3])
    assert len(list(folder.iterdir())) == 3
    assert (folder / "color.0001.exr").stat().st_ino == first.st_ino


def test_what_is_there_is_never_replaced(takes: Takes, tmp_path: Path) -> None:
    """A farm may be reading it, and nobody asked for its loss."""
    bake(make_take(takes, "first"), lambda _: place(tmp_path), [1])
    with pytest.raises(StorageError, match="holds other pixels"):
        bake(make_take(takes, "second"), lambda _: place(tmp_path), [1])
    assert (tmp_path / "v001" / "color.0001.exr").read_bytes() == b"first 1"
    assert len(list((tmp_path / "v001").iterdir())) == 1


def test_other_pixels_get_another_number(takes: Takes, tmp_path: Path) -> None:
    """What was baked is never replaced; an interrupted bake keeps its number."""
    first = make_take(takes, "first")
    bake(first, lambda _: place(tmp_path), [1])
    takes.remove(first)
    second = make_take(takes, "second")
    assert free_number(second, lambda number, _: place(tmp_path, number), [1, 2]) == 2
    bake(second, lambda _: place(tmp_path, 2), [1])
    assert free_number(second, lambda number, _: place(tmp_path, number), [1, 2]) == 2


def test_equal_pixels_keep_their_number(takes: Takes, tmp_path: Path) -> None:
    """A job that is started again makes a take of its own and goes on in the same folder."""
    bake(make_take(takes, "same"), lambda _: place(tmp_path), [1])
    again = make_take(takes, "same")
    assert again.number == 2
    assert free_number(again, lambda number, _: place(tmp_path, number), [1, 2]) == 1


def test_a_place_without_a_number_is_used_once(takes: Takes, tmp_path: Path) -> None:
    """Where every bake has the same path, the second is refused instead of tried for ever."""
    bake(make_take(takes, "first"), lambda _: place(tmp_path), [1])
    with pytest.raises(ConfigError, match="other pixels"):
        free_number(make_take(takes, "second"), lambda *_: place(tmp_path), [1])


def test_a_take_that_goes_meanwhile_is_named(takes: Takes, tmp_path: Path) -> None:
    """What is missing is the source, and the error says so."""
    take = make_take(takes)
    with pytest.raises(StorageError, match=r"take_0001/color\.0002\.exr"):
        bake(take, lambda _: place(tmp_path), [1, 2], lambda *_: takes.remove(take))


def test_a_target_that_cannot_be_written_is_named(takes: Takes, tmp_path: Path) -> None:
    """Where a folder should be there is somebody's file."""
    (tmp_path / "v001").write_bytes(b"mine")
    with pytest.raises(StorageError, match="v001"):
        bake(make_take(takes), lambda _: place(tmp_path), [1])
    assert (tmp_path / "v001").read_bytes() == b"mine"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_folder_of_others_is_named(takes: Takes, tmp_path: Path) -> None:
    """The artist learns whom to ask."""
    (tmp_path / "v001").mkdir(mode=0o555)
    with pytest.raises(StorageError, match="permission"):
        bake(make_take(takes), lambda _: place(tmp_path), [1])


def test_what_a_killed_bake_has_left_goes(takes: Takes, tmp_path: Path) -> None:
    """A temporary file that nobody can still be writing is removed; a young one is not."""
    folder = tmp_path / "v001"
    folder.mkdir()
    for name, changed_s in ((".color.0001.exr.old.part", 0), (".color.0001.exr.new.part", None)):
        (folder / name).write_bytes(b"par")
        if changed_s is not None:
            os.utime(folder / name, (changed_s, changed_s))
    bake(make_take(takes), lambda _: place(tmp_path), [1])
    assert sorted(path.name for path in folder.iterdir()) == [
        ".color.0001.exr.new.part",
        "color.0001.exr",
    ]
