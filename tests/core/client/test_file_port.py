"""Files as a host's node: what a session asks of a task, and what it is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from filmgate.errors import InputError, StorageError
from filmgate.host.file_port import FilePort, Task
from filmgate.host.port import Moment, Settings
from filmgate.host.state import Problem

FIRST = Moment(1.0)


def make_port(folder: Path, **inputs: str) -> FilePort:
    """Return a port with one task; each input has a file of that name."""
    for name in inputs.values():
        (folder / name).write_bytes(b"pixels of " + name.encode())
    paths = {key.replace("main", ""): folder / name for key, name in inputs.items()}
    task = Task(paths, Settings(params={"gain": 2.0}))
    return FilePort("farm", {1: task, 4: task}, lambda: "color")


def test_the_main_file_goes_by_the_name_that_the_model_gives_it(tmp_path: Path) -> None:
    """It is not known before the server has said which model is meant."""
    port = make_port(tmp_path, main="a.exr", albedo="b.exr")

    found = port.capture("color", FIRST)

    assert found is not None
    assert (found.name, bytes(found.data), found.media) == (
        "color",
        b"pixels of a.exr",
        "image/x-exr",
    )
    assert port.capture("albedo", FIRST) is not None
    assert port.capture("normal", FIRST) is None


@pytest.mark.parametrize("name", ["a.tensor", "a.safetensors"])
def test_tensors_are_said_to_be_tensors(tmp_path: Path, name: str) -> None:
    """By their suffix."""
    found = make_port(tmp_path, main=name).capture("color", FIRST)

    assert found is not None
    assert found.media == "application/x-tensor"


def test_a_file_that_no_model_takes_is_refused(tmp_path: Path) -> None:
    """The text names it, and the kinds that would do."""
    with pytest.raises(InputError, match=r"a\.png"):
        make_port(tmp_path, main="a.png").capture("color", FIRST)


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    """Its fingerprint is unknown then: nothing counts as unchanged."""
    port = make_port(tmp_path, main="a.exr")
    (tmp_path / "a.exr").unlink()

    assert port.fingerprint(FIRST) == ""
    with pytest.raises(StorageError, match=r"a\.exr"):
        port.capture("color", FIRST)


def test_the_fingerprint_changes_with_the_file(tmp_path: Path) -> None:
    """Written again or grown: either counts."""
    port = make_port(tmp_path, main="a.exr")
    before = port.fingerprint(FIRST)
    os.utime(tmp_path / "a.exr", ns=(1, 1))

    assert before != port.fingerprint(FIRST) != ""


def test_it_keeps_what_the_session_tells_it(tmp_path: Path) -> None:
    """State and problems, by frame; a moment that is no task has nothing set."""
    port = make_port(tmp_path, main="a.exr")
    port.store_state("state")
    port.report(Problem("model", "It fails.", frame=4))

    assert (port.label(), port.span(), port.load_state()) == ("farm", (1, 4), "state")
    assert port.problems[4].text == "It fails."
    assert port.settings(FIRST).params == {"gain": 2.0}
    assert port.settings(Moment(9.0)) == Settings()
