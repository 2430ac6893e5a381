"""One frame of an input out of Nuke's graph, as the bytes of an EXR file."""

from __future__ import annotations

import atexit
import mmap
import os
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Optional

import nuke

from filmgate.errors import BusyError, CancelledError, InputError, StorageError
from filmgate.host.bake import check_plain
from filmgate.host.port import Moment
from filmgate.job import Payload
from filmgate_nuke import graph

_PLACE = "NUKE_TEMP_DIR"
_ALREADY = "already executing"
_CANCELLED = "cancel"

_folder: Optional[Path] = None


def capture(nodes: graph.CaptureNodes, name: str, moment: Moment) -> Payload:
    """Render the input *name* at full size and return its file, mapped and not copied.

    Call it inside `script.untouched`; the proxy mode is as it was.

    Args:
        nodes: what renders the input.
        name: of the input.
        moment: a whole frame; its scale is of no concern.

    Raises:
        BusyError: Nuke is executing something else; try again in a later slice.
        CancelledError: the artist stopped Nuke's own progress bar.
        ConfigError: the folder for captures has a name that Nuke would evaluate.
        InputError: Nuke could not render it; the text is Nuke's own.
        StorageError: there is no folder or no room for the file.
    """
    frame = round(moment.time)
    path = _new_path()
    try:
        with _full_size(), _armed(nodes.write, path):
            _execute(nodes.write, frame, moment.view)
        return Payload(name, _map(path), time=float(frame), view=moment.view)
    except RuntimeError as error:
        raise _explained(error, name, frame) from error
    except OSError as error:
        raise StorageError(f"{path.as_posix()}: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            path.unlink()


def _execute(write: nuke.Node, frame: int, view: str) -> None:
    if view:
        nuke.execute(write, frame, frame, 1, [view])
    else:
        nuke.execute(write, frame, frame, 1)


@contextmanager
def _full_size() -> Generator[None]:
    """Leave the proxy mode, in which a Write renders small pictures, until the end."""
    proxy = nuke.root()["proxy"]
    before = bool(proxy.value())
    if before:
        proxy.setValue(False)
    try:
        yield
    finally:
        if before:
            proxy.setValue(True)


@contextmanager
def _armed(write: nuke.Node, path: Path) -> Generator[None]:
    """Let the Write, which lies disabled lest a farm ships or renders it, write to *path*."""
    before = write["file"].value(), write["disable"].value()
    write["file"].setValue(path.as_posix())
    write["disable"].setValue(False)
    try:
        yield
    finally:
        write["file"].setValue(before[0])
        write["disable"].setValue(before[1])


def _map(path: Path) -> memoryview:
    """Map a file read-only; it is gone from the disk when nobody uses the mapping any more."""
    with path.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        path.unlink()
    except PermissionError:  # Windows keeps what is mapped
        weakref.finalize(mapping, _remove_later, path)
    return memoryview(mapping)


def _remove_later(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _new_path() -> Path:
    """Return a path that is used for nothing else, in a folder that ends with this process.

    Raises:
        ConfigError: Nuke would read a part of the path as code or as the frame's number.
        StorageError: there is no place for the folder, or it is full.
    """
    global _folder  # noqa: PLW0603 - one for the process
    if _folder is None or not _folder.is_dir():
        given = os.environ.get(_PLACE) or tempfile.gettempdir()
        place = Path(given).as_posix()
        check_plain(place, _PLACE)
        try:
            _folder = Path(tempfile.mkdtemp(prefix="filmgate-capture-", dir=given))
        except OSError as error:
            raise StorageError(
                f"No folder for captures can be made in {place}: {error.strerror}.",
                f"Make room there, or set {_PLACE} to a folder that can be written to.",
                {"path": place},
            ) from error
        atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    return _folder / f"{uuid.uuid4().hex}.exr"


def _explained(error: RuntimeError, name: str, frame: int) -> Exception:
    said = str(error).strip()
    if _ALREADY in said:
        return BusyError("Nuke is executing something else.", "The frame is captured after that.")
    if _CANCELLED in said.lower():
        return CancelledError(f"The capture of {name} at frame {frame} was stopped.")
    return InputError(
        f"Nuke could not render {name} at frame {frame}: {said or 'it gave no reason'}",
        "Look at the input in the Viewer, correct it and run again.",
        {"frame": frame},
    )
