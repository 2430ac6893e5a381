"""The rules of Houdini that its stand-in keeps: nodes, parameters, cooking, threads, undo.

Each rule names where it is from: a docstring of types-houdini 21, or a page of SideFX's.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest


def make_code(hou: Any, text: str, above: Any = None) -> Any:
    """Return a Python SOP with a code, wired to *above*."""
    network = above.parent() if above is not None else hou.node("/obj").createNode("geo")
    node = network.createNode("python")
    node.parm("python").set(text)
    if above is not None:
        node.setInput(0, above)
    return node


def number(hou: Any, name: str, **more: Any) -> Any:
    """Return a template of one float."""
    return hou.FloatParmTemplate(name, name.title(), 1, **more)


# ---- the session -----------------------------------------------------------------------------


def test_another_thread_is_refused_and_remembered(hou: Any, world: Any) -> None:
    """The real one may crash: the stand-in raises, and remembers it where that is swallowed."""
    caught: list[BaseException] = []

    def call() -> None:
        try:
            hou.node("/obj")
        except BaseException as error:  # noqa: BLE001 - whatever it is, the thread must not die
            caught.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert [type(each).__name__ for each in caught] == ["WrongThreadError"]
    assert len(world.violations) == 1
    world.violations.clear()


def test_hython_has_no_interface(fresh: Any) -> None:
    """`hou.ui` is there in Houdini alone, and so is the loop that calls back."""
    import hou  # noqa: PLC0415 - found once the stand-in is on the path

    world = fresh("21.0", "hython")
    assert not hou.isUIAvailable()
    assert not hasattr(hou, "ui")
    assert not hasattr(hou, "qt")
    with pytest.raises(RuntimeError, match="no event loop"):
        world.run_one()
    fresh("21.0", "gui")
    assert hou.ui.eventLoopCallbacks() == ()


@pytest.mark.parametrize(
    ("version", "there", "gone"),
    [
        ("19.5", ["sopNodeTypeCategory"], ["OpNode", "ImageLayer", "copNodeTypeCategory"]),
        ("20.0", ["CopNode"], ["OpNode", "ImageLayer"]),
        ("20.5", ["OpNode", "copNodeTypeCategory"], ["ImageLayer", "imageLayerBorder"]),
        ("22.0", ["OpNode", "ImageLayer"], []),
    ],
)
def test_a_release_has_what_it_has(
    fresh: Any, version: str, there: list[str], gone: list[str]
) -> None:
    """Names of later releases are not there; types-houdini of each release says which."""
    import hou  # noqa: PLC0415 - found once the stand-in is on the path

    fresh(version)
    assert [name for name in there if not hasattr(hou, name)] == []
    assert [name for name in gone if hasattr(hou, name)] == []
    assert ".".join(map(str, hou.applicationVersion()[:2])) == version


def test_members_come_and_go_with_the_release(fresh: Any) -> None:
    """types-houdini: pointCount is in 21.0 and not in 20.5, addWarning in 20.5 and not in 19.5."""
    import hou  # noqa: PLC0415 - found once the stand-in is on the path

    fresh("20.5")
    assert not hasattr(hou.Geometry, "pointCount")
    assert hou.Geometry().intrinsicValue("pointcount") == 0
    assert hasattr(hou.SopNode, "addWarning")
    fresh("19.5")
    assert not hasattr(hou.SopNode, "addWarning")
    fresh("21.0")
    assert hou.Geometry().pointCount() == 0


def test_the_event_loop_calls_until_told_not_to(hou: Any, world: Any) -> None:
    """ui.addEventLoopCallback: at every idle turn; what is posted is called once."""
    calls: list[str] = []

    def turn() -> None:
        calls.append("turn")

    hou.ui.addEventLoopCallback(turn)
    hou.ui.postEventCallback(lambda: calls.append("once"))
    world.run_events(2)
    hou.ui.removeEventLoopCallback(turn)
    world.run_events(2)
    assert calls == ["once", "turn", "turn"]
    with pytest.raises(hou.OperationFailed):
        hou.ui.removeEventLoopCallback(turn)


def test_a_callback_that_raises_is_dropped(hou: Any, world: Any) -> None:
    """It would raise at every turn: it is printed and gone. The harsher reading; nothing says."""
    hou.ui.addEventLoopCallback(lambda: 1 / 0)
    world.run_one()
    assert hou.ui.eventLoopCallbacks() == ()
    assert "ZeroDivisionError" in world.printed[0]


# ---- nodes -----------------------------------------------------------------------------------


def test_names_are_made_free(hou: Any) -> None:
    """Node.createNode: a name that is taken gets a number."""
    network = hou.node("/obj").createNode("geo")
    names = [network.createNode("null").name() for _ in range(2)]
    assert names == ["null1", "null2"]
    assert network.createNode("null", "null1").name() == "null3"
    assert hou.node("/obj/geo1/null2").path() == "/obj/geo1/null2"
    with pytest.raises(hou.OperationFailed):
        network.createNode("null", "a b")


def test_a_type_that_is_not_there_is_refused(hou: Any) -> None:
    """Node.createNode: OperationFailed for an unknown type and for a node without a network."""
    network = hou.node("/obj").createNode("geo")
    with pytest.raises(hou.OperationFailed):
        network.createNode("no_such_type")
    with pytest.raises(hou.OperationFailed):
        network.createNode("null").createNode("null")


def test_what_is_deleted_answers_nothing(hou: Any) -> None:
    """A handle of a deleted node raises ObjectWasDeleted; its readers lose their wire."""
    above = make_code(hou, "")
    below = make_code(hou, "", above)
    parm = above.parm("python")
    above.destroy()
    assert below.inputs() == ()
    for call in (above.path, above.errors, parm.eval):
        with pytest.raises(hou.ObjectWasDeleted):
            call()


def test_connections_name_the_end_that_is_not_meant(hou: Any) -> None:
    """NodeConnection: inputNode and inputName are of the node that the wire comes from."""
    above = make_code(hou, "")
    below = make_code(hou, "")
    made = above.parent().createNode("merge")
    made.setInput(1, above)
    (wire,) = made.inputConnections()
    assert (wire.inputNode(), wire.outputNode()) == (above, made)
    assert (wire.inputIndex(), wire.outputIndex()) == (1, 0)
    assert (wire.inputName(), wire.outputName()) == ("output1", "input2")
    assert made.inputs() == (None, above)
    with pytest.raises(hou.InvalidInput):
        made.setInput(0, below)  # of another network


def test_event_callbacks_are_told_by_keyword(hou: Any) -> None:
    """OpNode.addEventCallback: node, event_type and what belongs to the event; once for one."""
    node = make_code(hou, "")
    told: list[Any] = []

    def call(node: Any, event_type: Any, **more: Any) -> None:
        told.append((node.name(), event_type.name(), sorted(more)))

    for _ in range(2):
        node.addEventCallback((hou.nodeEventType.ParmTupleChanged,), call)
    node.addEventCallback((hou.nodeEventType.NameChanged, hou.nodeEventType.BeingDeleted), call)
    node.parm("python").set("x = 1")
    node.setName("other")
    node.destroy()
    assert told == [
        ("python1", "ParmTupleChanged", ["parm_tuple"]),
        ("other", "NameChanged", []),
        ("other", "BeingDeleted", []),
    ]


def test_user_data_is_text_and_recooks_nothing(hou: Any) -> None:
    """Node.setUserData takes strings; setCachedUserData takes anything, for the session."""
    node = make_code(hou, "")
    node.cook()
    node.setUserData("state", "{}")
    node.setCachedUserData("seen", [1, 2])
    assert node.userData("state") == "{}"
    assert node.userData("other") is None
    assert not node.needsToCook()
    with pytest.raises(TypeError):
        node.setUserData("state", 3)


# ---- parameters ------------------------------------------------------------------------------


def test_templates_come_as_copies(hou: Any) -> None:
    """ParmTemplateGroup.find and findFolder: changing what they return changes no group."""
    node = make_code(hou, "")
    group = node.parmTemplateGroup()
    group.append(hou.FolderParmTemplate("box", "Box", folder_type=hou.folderType.Simple))
    folder = group.findFolder("Box")
    folder.addParmTemplate(number(hou, "inside"))
    assert group.find("inside") is None
    group.appendToFolder("Box", number(hou, "inside"))
    assert group.find("inside") is not None
    assert node.parm("inside") is None
    with pytest.raises(hou.OperationFailed):
        group.appendToFolder("box", number(hou, "other"))  # a folder goes by its label


def test_fixed_parameters_stay(hou: Any) -> None:
    """setParmTemplateGroup: those of the type come back, hidden; only hiding them changes them."""
    node = make_code(hou, "x = 1")
    changed = node.parmTemplateGroup()
    changed.replace("python", hou.StringParmTemplate("python", "Other", 1))
    node.setParmTemplateGroup(changed)
    assert node.parm("python").description() == "Python Code"
    node.setParmTemplateGroup(hou.ParmTemplateGroup([number(hou, "alone")]))
    assert node.parm("python").isHidden()
    assert node.parm("python").eval() == "x = 1"
    assert [each.name() for each in node.spareParms()] == ["alone"]


def test_values_of_spare_parameters_stay(hou: Any) -> None:
    """A group that is set anew keeps the values of what it still has; old handles are gone."""
    node = make_code(hou, "")
    group = node.parmTemplateGroup()
    group.append(number(hou, "amount", default_value=[0.5]))
    node.setParmTemplateGroup(group)
    held = node.parm("amount")
    held.set(0.75)
    group.append(number(hou, "other"))
    node.setParmTemplateGroup(group)
    assert node.evalParm("amount") == 0.75
    with pytest.raises(hou.ObjectWasDeleted):
        held.eval()
    node.removeSpareParms()
    assert node.parm("amount") is None


def test_two_parameters_of_one_name_are_refused(hou: Any) -> None:
    """HDADefinition.setParmTemplateGroup's text: OperationFailed, or renamed where asked."""
    node = make_code(hou, "")
    group = node.parmTemplateGroup()
    group.append(number(hou, "amount"))
    group.append(number(hou, "amount"))
    with pytest.raises(hou.OperationFailed):
        node.setParmTemplateGroup(group)
    node.setParmTemplateGroup(group, rename_conflicting_parms=True)
    assert node.parm("amount2") is not None


def test_components_are_named_by_their_scheme(hou: Any) -> None:
    """A parameter of three is a tuple, with parms named by the scheme."""
    node = make_code(hou, "")
    group = node.parmTemplateGroup()
    schemes = hou.parmNamingScheme
    group.append(hou.FloatParmTemplate("c", "C", 3, naming_scheme=schemes.RGBA))
    group.append(hou.FloatParmTemplate("n", "N", 3, naming_scheme=schemes.Base1))
    node.setParmTemplateGroup(group)
    node.parmTuple("c").set((1, 2, 3))
    assert [each.name() for each in node.parmTuple("c")] == ["cr", "cg", "cb"]
    assert [each.name() for each in node.parmTuple("n")] == ["n1", "n2", "n3"]
    assert node.evalParm("cg") == 2.0
    assert node.parm("c") is None


def test_strict_ranges_hold(hou: Any) -> None:
    """A range that is strict limits what is set; one that is not only draws the slider."""
    node = make_code(hou, "")
    group = node.parmTemplateGroup()
    group.append(number(hou, "held", min=0, max=1, min_is_strict=True, max_is_strict=True))
    group.append(number(hou, "free", min=0, max=1))
    node.setParmTemplateGroup(group)
    node.setParms({"held": 3.0, "free": 3.0})
    assert (node.evalParm("held"), node.evalParm("free")) == (1.0, 3.0)


def test_menus_go_by_number_and_token(hou: Any, world: Any) -> None:
    """A menu's value is a number; evalAsString gives the token; its script runs when opened."""
    node = make_code(hou, "")
    group = node.parmTemplateGroup()
    group.append(hou.MenuParmTemplate("mode", "Mode", ("live", "frozen"), ("Live", "Frozen")))
    script = "import hou\nreturn ['a', 'A ' + kwargs['node'].name(), 'b', 'B']"
    group.append(hou.StringParmTemplate("model", "Model", 1, item_generator_script=script))
    node.setParmTemplateGroup(group)
    node.parm("mode").set("frozen")
    assert (node.evalParm("mode"), node.parm("mode").evalAsString()) == (1, "frozen")
    assert world.menu_of(node, "model") == [("a", "A python1"), ("b", "B")]
    with pytest.raises(TypeError):
        node.parm("mode").set("never")


def test_callbacks_run_for_the_user_alone(hou: Any, world: Any) -> None:
    """Parm.set runs no callback; the user's edit and pressButton do, with kwargs, in one step."""
    node = make_code(hou, "")
    group = node.parmTemplateGroup()
    script = "kwargs['node'].setUserData('said', kwargs['script_value']); hou.pwd().setName('b')"
    python = hou.scriptLanguage.Python
    group.append(number(hou, "amount", script_callback=script, script_callback_language=python))
    node.setParmTemplateGroup(group)
    node.parm("amount").set(0.25)
    assert node.userData("said") is None
    world.edit(node, "amount", 0.5)
    assert (node.userData("said"), node.name()) == ("0.5", "b")
    assert world.undo_labels()[0] == "Button amount"
    hou.undos.performUndo()
    assert (node.userData("said"), node.name()) == (None, "python1")


def test_a_callback_that_raises_fails_the_press(hou: Any) -> None:
    """Parm.pressButton: OperationFailed where the script could not be run."""
    node = make_code(hou, "")
    group = node.parmTemplateGroup()
    group.append(
        hou.ButtonParmTemplate(
            "go", "Go", script_callback="1 / 0", script_callback_language=hou.scriptLanguage.Python
        )
    )
    node.setParmTemplateGroup(group)
    with pytest.raises(hou.OperationFailed, match="ZeroDivisionError"):
        node.parm("go").pressButton()


def test_strings_expand_and_keep_their_text(hou: Any, tmp_path: Path) -> None:
    """An evaluation replaces variables and backticks; unexpandedString does not."""
    node = make_code(hou, "")
    hou.hipFile.setName(f"{tmp_path.as_posix()}/shot.hip")
    node.parm("python").set("$HIP/$HIPNAME.`1+1`.$F4.exr")
    hou.setFrame(7)
    assert node.parm("python").evalAsString() == f"{tmp_path.as_posix()}/shot.2.0007.exr"
    assert node.parm("python").unexpandedString() == "$HIP/$HIPNAME.`1+1`.$F4.exr"
    assert hou.text.expandStringAtFrame("$F", 9.0) == "9"
    assert node.parm("python").isTimeDependent()


def test_expressions_follow_time_and_other_parameters(hou: Any) -> None:
    """$F and ch() in Hscript, hou.frame() in Python; setting a value ends the expression."""
    node = make_code(hou, "")
    group = node.parmTemplateGroup()
    for name in ("one", "two", "three"):
        group.append(number(hou, name))
    node.setParmTemplateGroup(group)
    node.parm("one").setExpression("$F * 2")
    node.parm("two").setExpression('ch("one")')
    node.parm("three").setExpression("hou.frame() + 1", hou.exprLanguage.Python)
    assert [node.parm(name).evalAtFrame(3.0) for name in ("one", "two", "three")] == [6, 6, 4]
    node.parm("one").set(1.0)
    with pytest.raises(hou.OperationFailed):
        node.parm("one").expression()


def test_conditions_disable_and_hide(hou: Any) -> None:
    """A brace is an or, what is in it an and; a condition that is none is refused."""
    node = make_code(hou, "x")
    group = node.parmTemplateGroup()
    group.append(number(hou, "amount", disable_when='{ python == "x" } { python == y }'))
    hidden = number(hou, "other")
    hidden.setConditional(hou.parmCondType.HideWhen, '{ python != "x" amount == 0 }')
    group.append(hidden)
    node.setParmTemplateGroup(group)
    assert node.parm("amount").isDisabled()
    assert not node.parm("other").isHidden()
    node.parm("python").set("z")
    assert not node.parm("amount").isDisabled()
    assert node.parm("other").isHidden()
    with pytest.raises(hou.OperationFailed):
        number(hou, "bad", disable_when="python == x")


# ---- cooking ---------------------------------------------------------------------------------


def test_errors_and_warnings_are_the_nodes(hou: Any) -> None:
    """hou.NodeError fails the node with its text; hou.NodeWarning leaves what was made."""
    failed = make_code(hou, "raise hou.NodeError('No model. Choose one.')")
    warned = make_code(hou, "hou.pwd().geometry().createPoint()\nraise hou.NodeWarning('Old.')")
    with pytest.raises(hou.OperationFailed, match="No model"):
        failed.cook()
    assert failed.errors() == ("No model. Choose one.",)
    assert warned.geometry().pointCount() == 1
    assert (warned.errors(), warned.warnings()) == ((), ("Old.",))
    below = make_code(hou, "", failed)
    assert below.geometry() is None
    assert below.errors() == (f"Invalid source {failed.path()}.",)


def test_other_exceptions_show_a_traceback(hou: Any, world: Any) -> None:
    """What is no NodeError is an error with the traceback, which no artist wants to read."""
    node = make_code(hou, "1 / 0")
    node.geometry()
    assert "Traceback" in node.errors()[0]
    assert "ZeroDivisionError" in world.printed[0]


def test_only_the_cooking_node_can_say_something(hou: Any) -> None:
    """OpNode.addWarning: only on the currently cooking node within a cook."""
    other = make_code(hou, "")
    with pytest.raises(hou.OperationFailed):
        other.addWarning("from outside")
    text = "hou.pwd().addWarning('old')\nhou.pwd().addMessage('made')"
    node = make_code(hou, text, other)
    node.cook()
    assert (node.warnings(), node.messages()) == (("old",), ("made",))
    wrong = make_code(hou, f"hou.node('{other.path()}').addWarning('mine')", other)
    wrong.geometry()
    assert "of itself" in wrong.errors()[0]


def test_nodes_cook_where_that_is_needed(hou: Any) -> None:
    """A change above, a parameter or a forced cook: otherwise what there is stays."""
    above = make_code(hou, "")
    below = make_code(hou, "", above)
    below.cook()
    below.cook()
    assert (above.cookCount(), below.cookCount()) == (1, 1)
    above.parm("python").set("# changed")
    assert below.needsToCook()
    below.cook()
    below.cook(force=True)
    assert (above.cookCount(), below.cookCount()) == (2, 3)
    above.invalidateOutput()
    assert below.needsToCook()


def test_time_recooks_what_depends_on_it(hou: Any) -> None:
    """A parameter with $F makes a node, and all below it, depend on time; code does not."""
    still = make_code(hou, "hou.frame()")
    moving = make_code(hou, "# $F")
    below = make_code(hou, "", moving)
    for node in (still, below):
        node.cook()
    hou.setFrame(2)
    assert (still.isTimeDependent(), below.isTimeDependent()) == (False, True)
    below.cook(frame_range=(2, 4))
    assert (still.cookCount(), moving.cookCount()) == (1, 4)


def test_a_viewer_cooks_what_it_shows(hou: Any, world: Any) -> None:
    """What is shown cooks in the event loop after a change, and raises to nobody."""
    node = make_code(hou, "raise hou.NodeError('No.')")
    world.shown.append(node)
    world.run_events(3)
    assert node.cookCount() == 1
    node.parm("python").set("")
    world.run_one()
    assert node.errors() == ()


def test_a_parameter_set_in_a_cook_asks_for_another(hou: Any, world: Any) -> None:
    """A cook that sets parameters of its node never ends: it is out of date as soon as it is."""
    node = make_code(hou, "hou.pwd().setComment('x'); hou.pwd().parm('python').set('')")
    world.shown.append(node)
    world.run_one()
    assert node.needsToCook()


# ---- interruption ----------------------------------------------------------------------------

LOOP = """
with hou.InterruptableOperation("Waiting", timeout_ms={timeout}) as operation:
    for step in range(10):
        hou.pwd().geometry().createPoint()
        operation.updateProgress(step / 10)
"""


def test_escape_is_seen_in_update_progress_alone(hou: Any, world: Any) -> None:
    """InterruptableOperation: the key is looked at when updateProgress is called, nowhere else."""
    node = make_code(hou, LOOP.format(timeout=0))
    world.press_escape(after=3)
    geometry = node.geometry()
    assert node.errors() == ("Cooking was interrupted",)
    assert geometry.pointCount() == 3
    assert [step for _, step in world.progress] == [0.0, 0.1, 0.2]
    node.cook(force=True)
    assert node.errors() == ()


def test_an_operation_lives_in_a_with_statement(hou: Any) -> None:
    """InterruptableOperation: outside of a with statement it raises OperationFailed."""
    operation = hou.InterruptableOperation("Waiting")
    with pytest.raises(hou.OperationFailed):
        operation.updateProgress(0.5)


def test_progress_is_a_fraction(hou: Any) -> None:
    """updateProgress: "despite the name", 0 to 1; the stand-in refuses a percentage."""
    with hou.InterruptableOperation("Waiting") as operation:
        operation.updateProgress()
        with pytest.raises(hou.OperationFailed):
            operation.updateProgress(50)


# ---- scenes and undo -------------------------------------------------------------------------


def fill(hou: Any) -> Any:
    """Return a node with a spare parameter, a value, user data, cached data and an input."""
    node = make_code(hou, "# code", make_code(hou, ""))
    group = node.parmTemplateGroup()
    group.append(hou.FloatParmTemplate("amount", "Amount", 3, tags={"unit": "m"}, help="How much."))
    node.setParmTemplateGroup(group)
    node.parmTuple("amount").set((1, 2, 3))
    node.parm("amountx").setExpression("$F")
    node.setUserData("state", "{}")
    node.setCachedUserData("seen", object())
    return node


def test_a_scene_keeps_all_but_what_is_cached(hou: Any, world: Any, tmp_path: Path) -> None:
    """Spare parameters, values, expressions, wires and user data are saved; cached data is not."""
    path = fill(hou).path()
    told: list[str] = []
    hou.hipFile.addEventCallback(lambda event: told.append(event.name()))
    hou.hipFile.save(str(tmp_path / "shot.hip"))
    assert not hou.hipFile.hasUnsavedChanges()
    hou.hipFile.clear(suppress_save_prompt=True)
    assert hou.node(path) is None
    hou.hipFile.load(str(tmp_path / "shot.hip"))
    node = hou.node(path)
    assert node.parmTuple("amount").eval() == (1.0, 2.0, 3.0)
    assert node.parm("amountx").expression() == "$F"
    assert node.parmTuple("amount").parmTemplate().tags() == {"unit": "m"}
    assert node.userData("state") == "{}"
    assert node.cachedUserData("seen") is None
    assert [each.name() for each in node.inputs()] == ["python1"]
    assert told[:2] == ["BeforeSave", "AfterSave"]
    assert told[-2:] == ["BeforeLoad", "AfterLoad"]


def test_copies_have_the_users_data(hou: Any) -> None:
    """Copies and pastes take parameters and user data along, and no cached data."""
    node = fill(hou)
    (copy,) = hou.copyNodesTo([node], node.parent())
    hou.copyNodesToClipboard([node])
    hou.pasteNodesFromClipboard(node.parent())
    pasted = node.parent().node("python4")
    for made in (copy, pasted):
        assert made.parmTuple("amount").eval() == (1.0, 2.0, 3.0)
        assert made.userData("state") == "{}"
        assert made.cachedUserData("seen") is None
        assert made.sessionId() != node.sessionId()


def test_undo_takes_steps_back(hou: Any) -> None:
    """undos.group makes one step; undos.disabler leaves none; user data is a step of its own."""
    node = make_code(hou, "")
    hou.undos.clear()
    with hou.undos.group("Both"):
        node.parm("python").set("x")
        node.setUserData("state", "1")
    with hou.undos.disabler():
        node.setUserData("other", "2")
    assert hou.undos.undoLabels() == ("Both",)
    assert hou.undos.performUndo()
    assert (node.evalParm("python"), node.userData("state")) == ("", None)
    assert node.userData("other") == "2"
    assert hou.undos.performRedo()
    assert node.evalParm("python") == "x"


def test_deleting_and_making_can_be_undone(hou: Any) -> None:
    """Undo brings a deleted node back, with its wires, and takes a new one away."""
    node = fill(hou)
    path = node.path()
    node.destroy()
    hou.undos.performUndo()
    assert hou.node(path).inputs()[0].name() == "python1"
    made = node.parent().createNode("null")
    hou.undos.performUndo()
    with pytest.raises(hou.ObjectWasDeleted):
        made.name()
