"""Knobs and scripts of the stand-in: animation, expressions, saving in Nuke's syntax, copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tkinter", reason="real Tcl is what parses the scripts")

from fakes.nkscript import parse_script

TEXTS = (
    "plain", "two words", "", "a [b] $c", '"quoted"', "{", "}", "a\\b", "line\nline", "#hash",
    "ü ✓",
    "-5", 'print("{}".format(1))\nif x:\n    pass', "C:/shots/a.%04d.exr", "tab\there", "[",
)  # fmt: skip


def save(nuke: Any, folder: Path) -> Path:
    """Save the script and return where."""
    path = folder / "script.nk"
    nuke.scriptSaveAs(path.as_posix(), overwrite=True)
    return path


@pytest.fixture
def group(nuke: Any) -> Any:
    """Return a Group with a merge of its input and a Read inside."""
    made = nuke.createNode("Group", inpanel=False)
    with made:
        read = nuke.nodes.Read(file="/shots/a.%04d.exr", first=1, last=10)
        source = nuke.nodes.Input(name="plate")
        merge = nuke.nodes.Merge2(inputs=[source, read], operation="plus")
        nuke.nodes.Output(inputs=[merge])
    return made


# ---- knobs ----------------------------------------------------------------------------------


def test_knobs_have_the_defaults_of_nuke(nuke: Any) -> None:
    """What plugins trip over when they leave a knob alone."""
    write, read = nuke.nodes.Write(file_type="exr"), nuke.nodes.Read()
    assert write["channels"].value() == "rgb"
    assert write["datatype"].value() == "16 bit half"
    assert write["metadata"].value() == "default metadata"
    assert (read["before"].value(), read["after"].value()) == ("hold", "hold")
    assert (read["first"].value(), read["last"].value()) == (1, 1)
    assert read["on_error"].value() == "error"


def test_a_write_has_the_knobs_of_its_file_type(nuke: Any) -> None:
    """Compression, datatype and metadata are EXR's: before the type is chosen they are missing."""
    write = nuke.nodes.Write()
    with pytest.raises(NameError, match="datatype"):
        write["datatype"].setValue("32 bit float")
    assert "metadata" not in write.knobs()
    write["file_type"].setValue("exr")
    write["datatype"].setValue("32 bit float")
    assert nuke.nodes.Write(file="/a/b.exr").knob("metadata") is not None


def test_unknown_knobs_are_name_errors(nuke: Any) -> None:
    """A node has no knob of that name: by brackets an error, by `knob` None."""
    node = nuke.nodes.NoOp()
    assert node.knob("nothing") is None
    with pytest.raises(NameError, match="nothing"):
        node["nothing"]


def test_animation_needs_to_be_asked_for(nuke: Any) -> None:
    """SetValueAt makes keys only where the knob is animated; else it is the value for all time."""
    mix = nuke.nodes.Grade()["mix"]
    mix.setValueAt(0.5, 10)
    assert (mix.isAnimated(), mix.value()) == (False, 0.5)
    mix.setAnimated()
    mix.setValueAt(1.0, 11)
    assert [mix.getValueAt(frame) for frame in (1, 6, 11, 20)] == [0.5, 0.75, 1.0, 1.0]
    assert mix.getKeyList() == [1.0, 11.0]
    nuke.frame(6)
    assert mix.value() == 0.75


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("frame", 5), ("frame * 2 + 1", 11), ("frame > 3 ? 10 : 20", 10), ("max(frame, 7)", 7),
        ("Constant1.color.r", 0.25), ("root.first_frame", 1), ("parent.Constant1.last + 1", 2),
        ("Constant1.first_frame", 3), ("Constant1.last_frame", 1),
    ],
)  # fmt: skip
def test_expressions_are_evaluated(nuke: Any, expression: str, value: float) -> None:
    """Frame, arithmetic, conditions, other nodes' knobs and their ranges."""
    nuke.nodes.Constant(color=[0.25, 0, 0, 0], first=3)
    nuke.frame(5)
    knob = nuke.nodes.Grade()["mix"]
    knob.setExpression(expression)
    assert knob.value() == value


def test_broken_expressions_are_errors(nuke: Any) -> None:
    """What cannot be evaluated raises; nothing is guessed."""
    knob = nuke.nodes.Grade()["mix"]
    knob.setExpression("nothing.there")
    with pytest.raises(RuntimeError, match="nothing"):
        knob.value()


def test_colours_are_single_until_they_are_split(nuke: Any) -> None:
    """A colour knob gives one number while all are set as one, else a list."""
    knob = nuke.nodes.Grade()["multiply"]
    knob.setValue(2)
    assert knob.value() == 2
    knob.setValue(3, 1)
    assert knob.value() == [2, 3, 2, 2]


def test_enumerations_refuse_what_they_lack(nuke: Any) -> None:
    """A text that is no entry raises; a new list keeps what was chosen where it can."""
    knob = nuke.CascadingEnumeration_Knob("mode", "Mode", ["a/x", "a/y\tshown"])
    assert knob.values() == ["a/x", "a/y\tshown"]
    knob.setValue("a/y")
    with pytest.raises(TypeError, match="b/z"):
        knob.setValue("b/z")
    knob.setValues(["new", "a/y"])
    assert (knob.value(), knob.getValue()) == ("a/y", 1)


def test_numbers_refuse_text(nuke: Any) -> None:
    """Types are checked, as Nuke's own binding does."""
    node = nuke.nodes.Grade()
    with pytest.raises(TypeError):
        node["mix"].setValue("0.5")
    with pytest.raises(TypeError):
        node["label"].setValue(3)


def test_links_lead_to_their_knob(nuke: Any, group: Any) -> None:
    """`node[name]` of a link is the knob that it leads to; `knobs` holds the link itself."""
    link = nuke.Link_Knob("mix", "Mix")
    link.makeLink("Merge1", "mix")
    group.addKnob(link)
    group["mix"].setValue(0.5)
    assert group.node("Merge1")["mix"].value() == 0.5
    assert group.knobs()["mix"].getLinkedKnob().name() == "mix"


def test_file_knobs_take_ranges_from_user_text_alone(nuke: Any) -> None:
    """FromUserText sets first and last; setValue keeps the text as it is."""
    read = nuke.nodes.Read()
    read["file"].fromUserText("/a/b.%04d.exr 5-9")
    assert (read["file"].value(), read["first"].value()) == ("/a/b.%04d.exr", 5)
    read["file"].setValue("/a/c.%04d.exr 1-2")
    assert read["file"].value() == "/a/c.%04d.exr 1-2"


# ---- scripts --------------------------------------------------------------------------------


def test_tcl_parses_what_is_saved(nuke: Any, group: Any, tmp_path: Path) -> None:
    """Groups, connections and user knobs are found by real Tcl as they are."""
    plate = nuke.nodes.Constant()
    group.setInput(0, plate)
    knob = nuke.Double_Knob("amount", "Amount")
    knob.setRange(0, 2)
    group.addKnob(knob)
    knob.setAnimated()
    knob.setValueAt(2, 10)
    script = parse_script(save(nuke, tmp_path).read_text("utf-8"))
    found = script.find("Group1")
    assert [node.name for node in script.children] == ["Constant1", "Group1"]
    assert found.inputs == [script.find("Constant1")]
    merge = found.find("Merge1")
    assert [node.name for node in merge.inputs if node] == ["plate", "Read1"]
    assert found.user_knobs()["amount"] == ["7", "amount", "l", "Amount", "R", "0", "2"]
    assert found.knob("amount") == "{curve x1 0 x10 2}"
    assert found.find("Read1").knob("file") == "/shots/a.%04d.exr"


@pytest.mark.parametrize("text", TEXTS)
def test_texts_survive_saving(nuke: Any, tmp_path: Path, text: str) -> None:
    """Whatever a knob holds comes back, through the stand-in and through Tcl."""
    node = nuke.nodes.NoOp()
    knob = nuke.Multiline_Eval_String_Knob("text", "Text: [1] {")
    node.addKnob(knob)
    knob.setValue(text)
    path = save(nuke, tmp_path)
    nuke.scriptOpen(str(path))
    assert nuke.toNode("NoOp1")["text"].value() == text
    held = parse_script(path.read_text("utf-8")).find("NoOp1")
    assert (held.knob("text") or "") == text
    assert held.user_knobs()["text"][3] == "Text: [1] {"


def test_saving_what_was_opened_changes_nothing(nuke: Any, group: Any, tmp_path: Path) -> None:
    """A script with every kind of knob is the same text when it is saved again."""
    for knob in _every_knob(nuke):
        group.addKnob(knob)
    group["far"].setExpression("frame * 2")
    group["hidden"].setVisible(False)
    nuke.Layer("matte", ["matte.hair", "matte.skin"])
    nuke.addView("right")
    path = save(nuke, tmp_path)
    text = path.read_text("utf-8")
    nuke.scriptClear()
    nuke.scriptOpen(str(path))
    opened = nuke.toNode("Group1")
    assert save(nuke, tmp_path).read_text("utf-8") == text
    assert [type(knob).__name__ for name, knob in opened.knobs().items() if name in USER] == [
        {"String_Knob": "EvalString_Knob"}.get(type(knob).__name__, type(knob).__name__)
        for knob in _every_knob(nuke)
    ]
    assert not opened["hidden"].visible()
    assert (opened["spot"].value(), nuke.views()) == ([3, 4], ["main", "right"])


def _every_knob(nuke: Any) -> list[Any]:
    knobs = [
        nuke.Tab_Knob("tab", "Filmgate"), nuke.Tab_Knob("more", "More", nuke.TABBEGINGROUP),
        nuke.Double_Knob("far", "Far"), nuke.Int_Knob("count"), nuke.Boolean_Knob("on"),
        nuke.Enumeration_Knob("mode", "Mode", ["a", "b c", "d\te"]), nuke.String_Knob("hidden"),
        nuke.File_Knob("path"), nuke.XY_Knob("spot"), nuke.BBox_Knob("box"),
        nuke.Color_Knob("tint"), nuke.AColor_Knob("paint"), nuke.PyScript_Knob("go", "Go", "1 + 1"),
        nuke.Text_Knob("note", "", "a [b]"), nuke.Channel_Knob("layer"),
        nuke.ChannelMask_Knob("mask", "Mask", 1), nuke.Multiline_Eval_String_Knob("lines"),
    ]  # fmt: skip
    for knob, value in ((knobs[3], 7), (knobs[5], "b c"), (knobs[6], "x"), (knobs[8], [3, 4])):
        knob.setValue(value)
    knobs[14].setValue("depth")
    return knobs


USER = (
    "tab", "more", "far", "count", "on", "mode", "hidden", "path", "spot", "box", "tint", "paint",
    "go", "note", "layer", "mask", "lines",
)  # fmt: skip


def test_clearing_and_opening_start_clean(
    nuke: Any, group: Any, world: Any, tmp_path: Path
) -> None:
    """An opened script is not modified, has nothing to undo and knows its path."""
    path = save(nuke, tmp_path)
    assert not nuke.modified()
    group["label"].setValue("new")
    assert nuke.modified()
    nuke.scriptOpen(str(path))
    assert (nuke.modified(), world.undo_steps()) == (False, [])
    assert nuke.scriptName() == nuke.root().name() == path.as_posix()
    nuke.scriptClear()
    assert nuke.allNodes() == []
    with pytest.raises(RuntimeError):
        nuke.scriptName()


def test_existing_scripts_are_not_overwritten(nuke: Any, tmp_path: Path) -> None:
    """Saving under a name that is taken needs to be told to."""
    path = save(nuke, tmp_path)
    with pytest.raises(RuntimeError, match="already exists"):
        nuke.scriptSaveAs(str(path))


def test_copies_get_names_of_their_own(nuke: Any, group: Any, world: Any) -> None:
    """A pasted node has another name and the same knobs, and pasting is one step to undo."""
    group["label"].setValue("one")
    group.selectOnly()
    nuke.nodeCopy("%clipboard%")
    count = len(world.undo_steps())
    copy = nuke.nodePaste("%clipboard%")
    assert (copy.name(), copy["label"].value()) == ("Group2", "one")
    assert copy.node("Merge1").input(1).name() == "Read1"
    assert len(world.undo_steps()) == count + 1
    nuke.undo()
    assert nuke.toNode("Group2") is None


def test_expressions_follow_a_new_name(nuke: Any) -> None:
    """Renaming a node renames it where others refer to it."""
    source, node = nuke.nodes.Constant(last=8), nuke.nodes.Grade()
    node["mix"].setExpression("Constant1.last / 16")
    source.setName("sky")
    assert node["mix"].value() == 0.5


def test_load_callbacks_run_when_all_nodes_are_there(nuke: Any, group: Any, tmp_path: Path) -> None:
    """OnScriptLoad comes after the last node; the script stays unmodified for the artist."""
    path = save(nuke, tmp_path)
    seen: list[int] = []
    nuke.addOnScriptLoad(lambda: seen.append(len(nuke.allNodes(recurseGroups=True))))
    nuke.scriptOpen(str(path))
    assert seen == [5]


def test_broken_scripts_are_told(nuke: Any) -> None:
    """A knob or a class that Nuke does not know, and a group without an end, are errors."""
    for text in ("Grade {\n nothing 1\n}", "Nothing {\n name a\n}", "Group {\n name a\n}\n"):
        with pytest.raises(RuntimeError):
            nuke.scriptReadText(text)


# ---- the graph --------------------------------------------------------------------------------


def test_create_node_connects_and_selects(nuke: Any) -> None:
    """CreateNode acts as the menu does, nuke.nodes does not."""
    first = nuke.createNode("Constant")
    second = nuke.createNode("Grade", "mix 0.5", inpanel=False)
    third = nuke.nodes.Grade()
    assert second.input(0).name() == "Constant1"
    assert (second["mix"].value(), first.shown(), second.shown()) == (0.5, True, False)
    assert (third.input(0), nuke.selectedNode().name()) == (None, "Grade1")


def test_groups_are_places(nuke: Any, group: Any) -> None:
    """Inside `with group` nodes are made and found there; outside by their whole name."""
    assert group.node("Read1").fullName() == "Group1.Read1"
    assert nuke.toNode("Group1.Read1").name() == "Read1"
    assert nuke.toNode("Read1") is None
    with group:
        assert nuke.toNode("Read1").name() == "Read1"
        assert nuke.thisGroup().name() == "Group1"
    assert len(nuke.allNodes("Read", recurseGroups=True)) == 1
    assert group.maxInputs() == 1


def test_loops_cannot_be_connected(nuke: Any) -> None:
    """A node cannot be its own input, not even by way of others."""
    first, second = nuke.nodes.Grade(), nuke.nodes.Grade()
    assert second.setInput(0, first)
    assert not first.setInput(0, second)


@pytest.mark.parametrize("choice", ["{", "}", "{a}", "plain"])
def test_choices_survive_saving(nuke: Any, tmp_path: Path, choice: str) -> None:
    """Braces in a choice's text are no expression."""
    node = nuke.nodes.NoOp()
    node.addKnob(nuke.Enumeration_Knob("kind", "Kind", ["other", choice]))
    node["kind"].setValue(choice)

    nuke.scriptOpen(str(save(nuke, tmp_path)))

    assert nuke.toNode("NoOp1")["kind"].value() == choice
