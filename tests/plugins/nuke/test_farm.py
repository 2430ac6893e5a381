"""The bake script's command line, and what it says before it works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.secluded import make_manifest, seclude
from filmgate.errors import RequestError


@pytest.fixture
def batch(fresh: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return the module, in a session without an interface."""
    seclude(tmp_path, monkeypatch)
    fresh(mode="-t")
    from filmgate_nuke import farm, sessions  # noqa: PLC0415 - found once the fixture ran

    yield farm
    sessions.close_hubs()


def saved(nuke: Any, path: Path, *names: str) -> str:
    """Save a script with a chain of nodes of these names; return its path."""
    from filmgate_nuke import node  # noqa: PLC0415

    source = nuke.nodes.Constant()
    for name in names:
        group = node.create(make_manifest(), "grade")
        group.setName(name)
        group.setInput(0, source)
        source = group
    nuke.scriptSaveAs(str(path))
    return str(path)


def test_order_is_read(batch: Any) -> None:
    """Every option has its place."""
    order = batch.parse_order(
        [
            *("shot.nk", "--node", "A", "--node", "B", "--frames=1-3,7"),
            *("--server", "tcp://gate:5700", "--version", "2", "--patience=5", "--save"),
        ]
    )

    expected = batch.Order("shot.nk", ("A", "B"), (1, 2, 3, 7), "tcp://gate:5700", True, 2, 5.0)
    assert order == expected


@pytest.mark.parametrize(
    ("option", "right"),
    [
        ("--frames", "--frames=1-100"),
        ("--version", "--version=2"),
        ("--patience", "--patience=600"),
    ],
)
def test_value_that_nuke_removed_is_told(batch: Any, option: str, right: str) -> None:
    """A number or a range at the end is lost: the text says how to write it."""
    with pytest.raises(RequestError, match="Nuke takes a number or a frame range") as raised:
        batch.parse_order(["shot.nk", "--node", "A", option])

    assert right in raised.value.remedy


@pytest.mark.parametrize(
    "arguments", [[], ["shot.nk", "--what"], ["shot.nk", "--frames=x"], ["shot.nk", "--version=x"]]
)
def test_wrong_command_ends_with_2(batch: Any, arguments: list[str], capsys: Any) -> None:
    """The line says what is wrong."""
    assert batch.main(arguments) == 2
    assert "[filmgate] error:" in capsys.readouterr().out


def test_script_that_is_not_there_ends_with_2(batch: Any, capsys: Any) -> None:
    """A farm that has not copied the script yet is told which path it was."""
    assert batch.main(["/nowhere/shot.nk"]) == 2
    assert "/nowhere/shot.nk" in capsys.readouterr().out


def test_node_that_is_not_there_is_told_with_those_that_are(
    batch: Any, tmp_path: Path, capsys: Any
) -> None:
    """A renamed node costs one look at the log."""
    import nuke  # noqa: PLC0415 - found once the fixture ran

    path = saved(nuke, tmp_path / "shot.nk", "Beauty")

    assert batch.main([path, "--node", "Denoise1"]) == 2
    assert "It has: Beauty." in capsys.readouterr().out


def test_nodes_that_feed_others_come_first(batch: Any, tmp_path: Path) -> None:
    """Whatever order they are named in, a node is baked before those below it."""
    import nuke  # noqa: PLC0415

    saved(nuke, tmp_path / "shot.nk", "First", "Second", "Third")

    for names in ((), ("Third", "First", "Second")):
        assert [each.name() for each in batch._groups(names)] == ["First", "Second", "Third"]


def test_disabled_nodes_are_left_out(batch: Any, tmp_path: Path) -> None:
    """Unless they are named."""
    import nuke  # noqa: PLC0415

    saved(nuke, tmp_path / "shot.nk", "First", "Second")
    nuke.toNode("First")["disable"].setValue(True)

    assert [each.name() for each in batch._groups(())] == ["Second"]
    assert [each.name() for each in batch._groups(("First",))] == ["First"]


def test_version_stands_for_the_take(batch: Any) -> None:
    """Whatever takes a machine has made, all of a job's frames go into one folder."""
    template = "{script_dir}/{node}/v{take:03d}/{output}.%04d.exr"

    assert batch._numbered(template, 7) == "{script_dir}/{node}/v007/{output}.%04d.exr"


def test_frames_that_the_plate_does_not_have_are_no_mistake_in_the_command(
    batch: Any, tmp_path: Path, capsys: Any
) -> None:
    """A farm that retries mistakes in a command differently learns that it is the input."""
    import nuke  # noqa: PLC0415

    path = saved(nuke, tmp_path / "shot.nk", "First")

    assert batch.main([path, "--frames=900-901"]) == 65
    said = capsys.readouterr().out
    assert "First: 0 of 2 frames baked" in said
    assert "First: failed 900-901: The input has no frame 900-901" in said
