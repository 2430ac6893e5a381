"""One frame of an input as an EXR: the bound channels, every bit, and no trace in the script."""

from __future__ import annotations

import gc
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from filmgate.errors import BusyError, CancelledError, ConfigError, InputError, StorageError
from filmgate.host.port import Moment

COLOUR = [-0.5, 2.0, 0.18, 1.0]
SETTINGS = {
    "channels": "all",
    "raw": True,
    "datatype": "32 bit float",
    "compression": "none",
    "metadata": "no metadata",
    "autocrop": False,
    "disable": True,
}


class Bench:
    """A constant behind a Remove and a Write, as inside a node."""

    def __init__(self, nuke: Any) -> None:
        from filmgate_nuke.capture import capture  # noqa: PLC0415 - found once the fixture ran
        from filmgate_nuke.graph import CaptureNodes  # noqa: PLC0415
        from filmgate_nuke.script import untouched  # noqa: PLC0415

        self._capture, self._untouched = capture, untouched
        self.source = nuke.nodes.Constant(color=COLOUR)
        remove = nuke.nodes.Remove(operation="keep", channels="rgb")
        remove.setInput(0, self.source)
        write = nuke.nodes.Write(file_type="exr")
        for name, value in SETTINGS.items():
            write[name].setValue(value)
        write.setInput(0, remove)
        self.nodes = CaptureNodes(remove, write)
        nuke.root()["format"].setValue(nuke.addFormat("8 4 0 0 8 4 1 tiny"))
        nuke.root().setModified(False)

    def capture(self, frame: int = 1, view: str = "") -> Any:
        """Capture a frame as a session does."""
        with self._untouched():
            return self._capture(self.nodes, "color", Moment(frame, view))


@pytest.fixture
def bench(nuke: Any) -> Iterator[Bench]:
    """Return the bench, in a fresh session."""
    return Bench(nuke)


def test_equal_pixels_give_equal_bytes(bench: Bench) -> None:
    """Two captures of the same frame are one content, whatever file they went through."""
    first, second = bench.capture(), bench.capture()

    assert bytes(first.data) == bytes(second.data)
    assert first.digested == second.digested


def test_a_folder_that_nuke_would_evaluate_is_refused(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Write would put its file elsewhere; the remedy names what to set."""
    from filmgate_nuke import capture  # noqa: PLC0415

    monkeypatch.setattr(capture, "_folder", None)
    monkeypatch.setenv("NUKE_TEMP_DIR", str(tmp_path / "a[b]"))
    with pytest.raises(ConfigError, match="code") as caught:
        bench.capture()
    assert "NUKE_TEMP_DIR" in caught.value.remedy


def test_a_missing_folder_for_captures_is_told(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is named, and the variable that says which it is."""
    from filmgate_nuke import capture  # noqa: PLC0415

    monkeypatch.setattr(capture, "_folder", None)
    monkeypatch.setenv("NUKE_TEMP_DIR", (tmp_path / "gone").as_posix())
    with pytest.raises(StorageError, match="gone") as caught:
        bench.capture()
    assert "NUKE_TEMP_DIR" in caught.value.remedy


def test_another_frame_of_a_still_is_the_same_content(bench: Bench) -> None:
    """Nothing of the frame number gets into the file: a held frame crosses the wire once."""
    assert bytes(bench.capture(1).data) == bytes(bench.capture(7).data)


def test_payload_says_which_frame_and_view_it_is(bench: Bench, nuke: Any) -> None:
    """The session tells inputs of a window apart by their times."""
    nuke.addView("right")

    payload = bench.capture(5, "right")

    assert (payload.name, payload.time, payload.view) == ("color", 5.0, "right")


def test_capture_holds_only_the_channels_kept(bench: Bench) -> None:
    """The alpha that nobody bound is not captured, and every value is bit for bit the plate's."""
    exr = pytest.importorskip("OpenEXR", reason="the reader of EXR files is not installed")
    content = bytes(bench.capture().data)

    channels = exr.File(io.BytesIO(content), separate_channels=True).channels()

    assert sorted(channels) == ["B", "G", "R"]
    assert [float(channels[name].pixels[0, 0]) for name in "RG"] == COLOUR[:2]
    assert channels["R"].pixels.dtype.name == "float32"


def test_capture_leaves_no_undo_step_and_no_change_to_save(
    bench: Bench, nuke: Any, world: Any
) -> None:
    """The script is as it was, knobs of the Write included."""
    before = world.undo_steps()

    bench.capture()

    assert world.undo_steps() == before
    assert not nuke.root().modified()
    assert not bench.nodes.write["file"].value()
    assert bench.nodes.write["disable"].value()


def test_capture_of_a_changed_script_leaves_it_changed(bench: Bench, nuke: Any) -> None:
    """What the artist has not saved yet stays to be saved."""
    nuke.root().setModified(True)

    bench.capture()

    assert nuke.root().modified()


def test_capture_is_full_size_in_proxy_mode(bench: Bench, nuke: Any) -> None:
    """The proxy is left for the capture and is on again afterwards."""
    full = bytes(bench.capture().data)
    proxy = nuke.root()["proxy"]
    proxy.setValue(True)

    captured = bytes(bench.capture().data)

    assert captured == full
    assert proxy.value()


def test_proxy_is_restored_after_a_failure(bench: Bench, nuke: Any) -> None:
    """A plate that cannot be read leaves the artist's proxy mode alone."""
    nuke.root()["proxy"].setValue(True)
    missing = nuke.nodes.Read(file="/nowhere/plate.%04d.exr", first=1, last=9, on_error="error")
    bench.nodes.remove.setInput(0, missing)

    with pytest.raises(InputError, match="color at frame 3"):
        bench.capture(3)

    assert nuke.root()["proxy"].value()
    assert bench.nodes.write["disable"].value()


def test_capture_inside_a_callback_asks_to_come_back_later(
    bench: Bench, nuke: Any, world: Any
) -> None:
    """Where Nuke executes something already the capture is put off, not failed."""
    with world.handling(), pytest.raises(BusyError):
        bench.capture()


def test_cancel_of_nukes_own_progress_is_a_cancel(bench: Bench, nuke: Any, world: Any) -> None:
    """The artist who presses Cancel in Nuke's window ends the run."""
    nuke.addRenderProgress(world.press_cancel)

    with pytest.raises(CancelledError):
        bench.capture()


def test_captured_file_is_gone_from_the_disk(bench: Bench) -> None:
    """What is mapped needs no name, and what is not used any more takes no room."""
    from filmgate_nuke import capture  # noqa: PLC0415

    payload = bench.capture()
    assert len(payload.data)
    del payload
    gc.collect()

    assert capture._folder is not None
    assert not list(capture._folder.iterdir())


def test_untouched_keeps_the_change_of_what_is_inside_to_itself(nuke: Any, world: Any) -> None:
    """Nested uses, as a delivery within a capture, restore the flag and the undo stack as well."""
    from filmgate_nuke.script import untouched  # noqa: PLC0415

    node = nuke.nodes.Grade()
    nuke.root().setModified(False)
    steps = world.undo_steps()

    with untouched(), untouched():
        node["multiply"].setValue(2)

    assert world.undo_steps() == steps
    assert not nuke.root().modified()
    node["multiply"].setValue(3)
    assert world.undo_steps() != steps
