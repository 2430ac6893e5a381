"""What lies above a node: every pipe, every expression, and a mark that edits change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def chain(nuke: Any) -> list[Any]:
    """Return a constant, a grade and a merge with another constant."""
    first, second = nuke.nodes.Constant(), nuke.nodes.Constant()
    grade = nuke.nodes.Grade(inputs=[first])
    merge = nuke.nodes.Merge2(inputs=[grade, second])
    return [first, second, grade, merge]


def mark(*ends: Any) -> str:
    """Return the mark of what is above *ends*."""
    from filmgate_nuke.upstream import edit_mark  # noqa: PLC0415 - found once the fixture ran

    return edit_mark(ends)


def test_every_node_above_is_found_once(chain: list[Any]) -> None:
    """A node that feeds two others is one node."""
    from filmgate_nuke.upstream import nodes_above  # noqa: PLC0415

    chain[3].setInput(1, chain[2])

    assert {node.name() for node in nodes_above([chain[3]])} == {
        chain[place].name() for place in (0, 2, 3)
    }


def test_edit_anywhere_above_changes_the_mark(chain: list[Any]) -> None:
    """A grade two nodes up counts as much as the last one."""
    before = mark(chain[3])

    chain[0]["color"].setValue([1, 2, 3, 4])

    assert mark(chain[3]) != before


def test_mark_is_the_same_at_every_frame(chain: list[Any], nuke: Any) -> None:
    """Going along the time line edits nothing: a range stays fresh."""
    chain[2]["multiply"].setAnimated()
    chain[2]["multiply"].setValueAt(1.0, 1)
    chain[2]["multiply"].setValueAt(2.0, 10)
    before = mark(chain[3])

    nuke.frame(7)

    assert mark(chain[3]) == before


def test_new_key_changes_the_mark(chain: list[Any]) -> None:
    """Animation is an edit."""
    before = mark(chain[3])

    chain[2]["multiply"].setAnimated()
    chain[2]["multiply"].setValueAt(2.0, 10)

    assert mark(chain[3]) != before


@pytest.mark.parametrize("knob", ["xpos", "tile_color", "note_font_size", "label"])
def test_looks_do_not_change_the_mark(chain: list[Any], knob: str) -> None:
    """Tidying the node graph renders nothing anew."""
    before = mark(chain[3])

    chain[2][knob].setValue("tidy" if knob == "label" else 77)

    assert mark(chain[3]) == before


def test_rename_does_not_change_the_mark(chain: list[Any]) -> None:
    """A name is no pixel."""
    before = mark(chain[3])

    chain[2].setName("Balance")

    assert mark(chain[3]) == before


def test_swapped_inputs_change_the_mark(chain: list[Any]) -> None:
    """The same nodes otherwise connected give other pixels."""
    before = mark(chain[3])

    chain[3].setInput(0, chain[1])
    chain[3].setInput(1, chain[2])

    assert mark(chain[3]) != before


def test_edit_inside_a_group_changes_the_mark(chain: list[Any], nuke: Any) -> None:
    """Gizmos and Groups above are looked into."""
    group = nuke.nodes.Group(inputs=[chain[3]])
    with group:
        grade = nuke.nodes.Grade(inputs=[nuke.nodes.Input()])
        nuke.nodes.Output(inputs=[grade])
    before = mark(group)

    grade["multiply"].setValue(2)

    assert mark(group) != before


def test_edit_elsewhere_leaves_the_mark(chain: list[Any], nuke: Any) -> None:
    """Another branch of the script is no concern."""
    other = nuke.nodes.Grade()
    before = mark(chain[3])

    other["multiply"].setValue(2)

    assert mark(chain[3]) == before


def in_group(nuke: Any, *pipes: Any) -> tuple[Any, Any]:
    """Return a Group that is connected to *pipes*, and a grade of the last one inside it."""
    group = nuke.nodes.Group()
    with group:
        inputs = [nuke.nodes.Input() for _ in pipes]
        grade = nuke.nodes.Grade(inputs=[inputs[-1]])
        nuke.nodes.Output(inputs=[grade])
    for place, pipe in enumerate(pipes):
        group.setInput(place, pipe)
    return group, grade


def test_mark_leaves_groups_through_their_inputs(chain: list[Any], nuke: Any) -> None:
    """A node inside a Group, inside another one, is fed by what feeds the outer one."""
    outer = nuke.nodes.Group()
    with outer:
        _, grade = in_group(nuke, nuke.nodes.Input())
    outer.setInput(0, chain[2])
    before = mark(grade)

    chain[0]["color"].setValue([1, 2, 3, 4])

    assert mark(grade) != before


def test_only_the_pipe_that_an_input_stands_for_counts(chain: list[Any], nuke: Any) -> None:
    """The other pipes of the Group feed other nodes."""
    _, grade = in_group(nuke, chain[1], chain[2])
    before = mark(grade)

    chain[1]["color"].setValue([1, 2, 3, 4])
    assert mark(grade) == before
    chain[0]["color"].setValue([1, 2, 3, 4])
    assert mark(grade) != before


@pytest.mark.parametrize("knob", ["format", "colorManagement"])
def test_settings_of_the_script_change_the_mark(chain: list[Any], nuke: Any, knob: str) -> None:
    """They change pixels, and no node above is edited."""
    before = mark(chain[3])

    value = nuke.addFormat("8 4 0 0 8 4 1 tiny") if knob == "format" else "OCIO"
    nuke.root()[knob].setValue(value)

    assert mark(chain[3]) != before


def test_file_that_was_written_anew_changes_the_mark_of_its_frame(
    nuke: Any, tmp_path: Path
) -> None:
    """It is looked at once for each run: other frames and idle moments cost nothing."""
    from filmgate_nuke import upstream  # noqa: PLC0415

    for frame in (1, 2):
        (tmp_path / f"plate.{frame:04d}.exr").write_bytes(b"pixels")
    read = nuke.nodes.Read(file=(tmp_path / "plate.%04d.exr").as_posix())
    before = [upstream.file_mark([read], frame) for frame in (1, 2)]

    (tmp_path / "plate.0001.exr").write_bytes(b"other pixels")

    assert upstream.file_mark([read], 1) == before[0]
    upstream.forget_files()
    assert upstream.file_mark([read], 1) != before[0]
    assert upstream.file_mark([read], 2) == before[1]


def test_each_node_is_read_once_while_nobody_edits(
    chain: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two nodes below the same thousand cost one walk over their knobs."""
    from filmgate_nuke import upstream  # noqa: PLC0415

    read: list[str] = []
    knobs = upstream._knobs
    monkeypatch.setattr(upstream, "_knobs", lambda node: [read.append(node.name()), knobs(node)][1])
    upstream.keep()

    assert upstream.edit_mark([chain[3]]) == upstream.edit_mark([chain[3]])
    upstream.edit_mark([chain[2]])
    upstream.drop()

    assert sorted(read) == sorted(node.name() for node in chain)


def test_what_a_write_wrote_is_no_source(nuke: Any, tmp_path: Path) -> None:
    """Only files that are read count: a Write above has made its own from the same pixels."""
    from filmgate_nuke.upstream import file_mark, forget_files  # noqa: PLC0415

    plate, written = tmp_path / "plate.exr", tmp_path / "out.exr"
    source = nuke.nodes.Read(file=plate.as_posix())
    write = nuke.nodes.Write(inputs=[source], file=written.as_posix())
    plate.write_bytes(b"a")
    before = file_mark([write], 1)

    written.write_bytes(b"a")
    forget_files()
    assert file_mark([write], 1) == before
    plate.write_bytes(b"ab")
    forget_files()
    assert file_mark([write], 1) != before


def test_node_that_an_expression_reads_counts(nuke: Any) -> None:
    """A grade that takes its gain from elsewhere is another one when that changes."""
    slider = nuke.nodes.Constant(name="Slider")
    grade = nuke.nodes.Grade(inputs=[nuke.nodes.Constant()])
    grade["mix"].setExpression("Slider.color.r")
    before = mark(grade)

    slider["color"].setValue([0.25, 0, 0, 0])

    assert mark(grade) != before
