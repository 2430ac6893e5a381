"""The rules of Unreal that bite plugins, as the stand-in keeps them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

OFF_THREAD = "Attempted to access Unreal API from outside the main game thread"


def in_thread(call: Callable[[], Any]) -> list[Any]:
    """Return what *call* returns or raises on another thread."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(call())
        except RuntimeError as error:
            found.append(error)

    thread = threading.Thread(target=run, name="worker", daemon=True)
    thread.start()
    thread.join()
    return found


# ---- threads and ticks ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "touch",
    [
        lambda unreal: unreal.EditorUtilityLibrary.get_selected_assets(),
        lambda unreal: unreal.load_asset("/Game/A"),
        lambda unreal: unreal.log("a"),
        lambda unreal: unreal.Texture2D(),
        lambda unreal: unreal.Name("a"),
        lambda unreal: unreal.ToolMenus.get(),
        lambda unreal: unreal.register_slate_post_tick_callback(print),
        lambda unreal: unreal.Paths.project_saved_dir(),
        lambda unreal: unreal.ScopedEditorTransaction("a"),
    ],
)
def test_only_the_game_thread_may_touch_unreal(unreal: Any, session: Any, touch: Any) -> None:
    """A call from another thread is refused, and remembered should the refusal be swallowed."""
    found = in_thread(lambda: touch(unreal))
    assert OFF_THREAD in str(found[0])
    assert len(session.violations) == 1
    session.violations.clear()


def test_objects_refuse_other_threads_too(unreal: Any, session: Any) -> None:
    """Methods, attributes and editor properties of what a thread was handed are as forbidden."""
    texture = unreal.Texture2D()
    for touch in (
        texture.get_name,
        lambda: texture.srgb,
        lambda: setattr(texture, "srgb", False),
        lambda: texture.get_editor_property("srgb"),
    ):
        assert OFF_THREAD in str(in_thread(touch)[0])
    assert texture.srgb
    session.violations.clear()


def test_ticks_call_back_until_unregistered(unreal: Any, session: Any) -> None:
    """Every frame calls back after Slate with the seconds that have passed."""
    seconds: list[float] = []
    handle = unreal.register_slate_post_tick_callback(seconds.append)
    session.tick(2, seconds=0.5)
    unreal.unregister_slate_post_tick_callback(handle)
    session.tick()
    assert seconds == [0.5, 0.5]


def test_what_a_tick_raises_goes_to_the_log_alone(unreal: Any, session: Any) -> None:
    """The callback stays, the others run, and only the output log says anything."""
    calls: list[float] = []

    def broken(seconds: float) -> None:
        raise ValueError("broken tick")

    unreal.register_slate_post_tick_callback(broken)
    unreal.register_slate_post_tick_callback(calls.append)
    session.tick(2)
    assert len(calls) == 2
    assert ["broken tick" in text for text in session.errors()] == [True, True]


def test_a_commandlet_never_ticks(fresh: Any) -> None:
    """With -run=pythonscript there is no Slate: a plugin has to pump itself."""
    session = fresh(mode="commandlet")
    with pytest.raises(RuntimeError, match="never ticks"):
        session.tick()


# ---- classes made in Python -----------------------------------------------------------------


def test_several_results_come_in_reverse_order(unreal: Any) -> None:
    """A Blueprint's first output is the last value of the tuple."""
    from unreal import _reflection  # noqa: PLC0415 - found once the stand-in is on the path

    @unreal.uclass()
    class Library(unreal.BlueprintFunctionLibrary):
        @unreal.ufunction(static=True, params=[str], ret=(str, float))
        def state(name: str) -> Any:  # noqa: N805
            return 0.5, name

    assert _reflection.called_by_blueprint(Library, "state", "a") == ("a", 0.5)


def test_a_result_of_a_wrong_type_is_dropped_in_silence(unreal: Any, session: Any) -> None:
    """The Blueprint gets the type's zero, and nobody hears of it."""
    from unreal import _reflection  # noqa: PLC0415 - found once the stand-in is on the path

    @unreal.uclass()
    class Library(unreal.BlueprintFunctionLibrary):
        @unreal.ufunction(static=True, ret=str)
        def number() -> Any:  # type: ignore[misc]
            return 3

        @unreal.ufunction(static=True, ret=unreal.Array(str))
        def names() -> Any:  # type: ignore[misc]
            return [1, 2]

    assert _reflection.called_by_blueprint(Library, "number") == ("",)
    assert _reflection.called_by_blueprint(Library, "names") == ([],)
    assert session.errors() == []


def test_lists_need_unreals_own_array(unreal: Any) -> None:
    """A property or a result of type `list` is refused where the class is made."""
    for kind in (list, dict, list[str]):
        with pytest.raises(Exception, match="not a valid property type"):

            @unreal.uclass()
            class _Panel(unreal.Object):
                names = unreal.uproperty(kind)


def test_arguments_are_counted_where_the_class_is_made(unreal: Any) -> None:
    """`params` has to name every argument."""
    with pytest.raises(Exception, match="Incorrect number of arguments"):

        @unreal.uclass()
        class _Library(unreal.BlueprintFunctionLibrary):
            @unreal.ufunction(static=True, params=[str])
            def run(name: str, more: str) -> None:  # noqa: N805
                pass


def test_only_events_can_be_overridden(unreal: Any) -> None:
    """An override needs a function of the parent that is an event, with as many arguments."""
    for name in ("set_task_notification_text", "no_such_function"):
        body = {name: unreal.ufunction(override=True)(lambda self, text: None)}
        with pytest.raises(Exception, match=r"no event|Failed to find parent function"):
            unreal.uclass()(type("Task", (unreal.EditorUtilityTask,), body))
    body = {"receive_begin_execution": unreal.ufunction(override=True)(lambda self, more: None)}
    with pytest.raises(Exception, match="takes 2 arguments"):
        unreal.uclass()(type("Task", (unreal.EditorUtilityTask,), body))


def test_a_class_starts_in_post_init(unreal: Any) -> None:
    """The engine makes the objects: `__init__` cannot be defined."""

    @unreal.uclass()
    class Panel(unreal.Object):
        title = unreal.uproperty(str)

        def _post_init(self) -> None:
            self.title = "ready"

    assert unreal.new_object(Panel).get_editor_property("title") == "ready"
    with pytest.raises(Exception, match="_post_init"):
        unreal.uclass()(type("Other", (unreal.Object,), {"__init__": lambda self: None}))


def test_numbers_of_a_property_have_32_bits(unreal: Any) -> None:
    """What is read back of a float has lost digits; a vector's have not."""

    @unreal.uclass()
    class Panel(unreal.Object):
        amount = unreal.uproperty(float)

    panel = unreal.new_object(Panel)
    panel.set_editor_property("amount", 0.1)
    assert panel.amount != 0.1
    assert panel.amount == pytest.approx(0.1)
    assert unreal.Vector2D(0.1, 0.2).x == 0.1


# ---- properties -----------------------------------------------------------------------------


def test_unknown_properties_are_refused(unreal: Any) -> None:
    """In the engine's words."""
    texture = unreal.Texture2D()
    with pytest.raises(Exception, match="Failed to find property 'typo' for attribute 'typo'"):
        texture.set_editor_property("typo", 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("srgb", "yes"), ("compression_settings", 3), ("lod_bias", 1.5), ("lod_group", "WORLD")],
)
def test_values_of_a_wrong_type_are_refused(unreal: Any, name: str, value: Any) -> None:
    """Nothing is guessed."""
    with pytest.raises(TypeError, match="Failed to convert"):
        unreal.Texture2D().set_editor_property(name, value)


def test_texts_become_names_and_lists_arrays(unreal: Any) -> None:
    """What the engine coerces: a text for a Name, any iterable for an Array."""
    entry = unreal.ToolMenuEntry(name="A")
    assert isinstance(entry.name, unreal.Name)
    assert entry.name == "a"  # names have no case
    assert unreal.EditorAssetLibrary.save_loaded_assets([])
    with pytest.raises(TypeError, match="Failed to convert"):
        unreal.EditorAssetLibrary.save_loaded_assets(["a"])


def test_arrays_hold_one_type(unreal: Any) -> None:
    """An Array takes its own type alone, and compares with lists."""
    names = unreal.Array(str)
    names.append("a")
    names.extend(["b"])
    assert (names, len(names), names[-1]) == (["a", "b"], 2, "b")
    with pytest.raises(TypeError):
        names.append(3)


def test_only_set_editor_property_is_noticed(unreal: Any, texture: Any, session: Any) -> None:
    """An attribute that is set changes in silence: no build, no star, no undo."""
    made = texture("/Game/T_A", {"R": [0.5]}, 1)
    builds = made._builds
    with unreal.ScopedEditorTransaction("silent"):
        made.lod_bias = 1
    assert (made._builds, session.dirty, session.undo()) == (builds, set(), False)
    with unreal.ScopedEditorTransaction("noticed"):
        made.set_editor_property("lod_bias", 2)
    assert made._builds == builds + 1
    assert session.dirty == {"/Game/T_A"}
    assert session.undo()
    assert made.lod_bias == 1


# ---- undo -----------------------------------------------------------------------------------


def test_transactions_inside_another_are_one_step(unreal: Any, texture: Any, session: Any) -> None:
    """The outer transaction is the step; redo takes it again."""
    first, second = (texture(f"/Game/T_{name}", {"R": [0.5]}, 1) for name in "AB")
    with unreal.ScopedEditorTransaction("outer"):
        first.set_editor_property("lod_bias", 1)
        with unreal.ScopedEditorTransaction("inner"):
            second.set_editor_property("lod_bias", 2)
    assert session.undo_stack.titles == ["outer"]
    session.undo()
    assert (first.lod_bias, second.lod_bias) == (0, 0)
    session.redo()
    assert (first.lod_bias, second.lod_bias) == (1, 2)


def test_an_exception_takes_nothing_back(unreal: Any, texture: Any, session: Any) -> None:
    """The transaction ends as it stands; one that is cancelled is not even a step of undo."""
    made = texture("/Game/T_A", {"R": [0.5]}, 1)
    with pytest.raises(ValueError, match="broken"), unreal.ScopedEditorTransaction("a"):
        made.set_editor_property("lod_bias", 1)
        raise ValueError("broken")
    assert (made.lod_bias, session.undo_stack.titles) == (1, ["a"])
    with unreal.ScopedEditorTransaction("b") as transaction:
        made.set_editor_property("lod_bias", 2)
        transaction.cancel()
    assert (made.lod_bias, session.undo_stack.titles) == (2, ["a"])


def test_metadata_survives_undo(unreal: Any, texture: Any, session: Any) -> None:
    """Tags belong to the package, which no transaction records."""
    made = texture("/Game/T_A", {"R": [0.5]}, 1)
    with unreal.ScopedEditorTransaction("tags"):
        unreal.EditorAssetLibrary.set_metadata_tag(made, "digest", "b3")
    session.undo()
    assert unreal.EditorAssetLibrary.get_metadata_tag(made, "digest") == "b3"


# ---- assets ---------------------------------------------------------------------------------


def test_what_is_missing_is_none_and_a_line_in_the_log(unreal: Any, session: Any) -> None:
    """No exception comes where an asset is not there."""
    assert unreal.load_asset("/Game/None") is None
    assert unreal.EditorAssetLibrary.load_asset("/Game/None") is None
    assert len(session.errors()) == 1
    assert not unreal.EditorAssetLibrary.does_asset_exist("/Game/None")


def test_a_deleted_asset_cannot_be_touched(unreal: Any, texture: Any) -> None:
    """Python's object outlives it, and every use of it raises."""
    made = texture("/Game/T_A", {"R": [0.5]}, 1)
    assert unreal.EditorAssetLibrary.delete_asset("/Game/T_A")
    with pytest.raises(Exception, match="ObjectInstance is null"):
        made.get_path_name()
    assert not unreal.SystemLibrary.is_valid(made)


def test_assets_are_found_by_package_and_by_object(unreal: Any, texture: Any) -> None:
    """`/Game/A` and `/Game/A.A` are the same asset, the same object."""
    made = texture("/Game/Rocks/T_A", {"R": [0.5]}, 1)
    assert unreal.load_asset("/Game/Rocks/T_A") is unreal.load_asset("/Game/Rocks/T_A.T_A") is made
    assert unreal.EditorAssetLibrary.list_assets("/Game") == ["/Game/Rocks/T_A.T_A"]
    data = unreal.EditorAssetLibrary.find_asset_data("/Game/Rocks/T_A")
    assert (data.package_name, data.asset_name) == ("/Game/Rocks/T_A", "T_A")
    assert data.asset_class_path.asset_name == "Texture2D"


def test_saving_says_false_where_a_file_is_read_only(
    unreal: Any, texture: Any, session: Any
) -> None:
    """As under source control: no exception, a line in the log."""
    made = texture("/Game/T_A", {"R": [0.5]}, 1)
    made.set_editor_property("lod_bias", 1)
    session.read_only.add("/Game/T_A")
    assert not unreal.EditorAssetLibrary.save_loaded_asset(made)
    session.read_only.clear()
    assert unreal.EditorAssetLibrary.save_loaded_asset(made)
    assert (session.saved, session.dirty) == (["/Game/T_A"], set())


def test_the_library_refuses_while_the_editor_plays(
    unreal: Any, texture: Any, session: Any
) -> None:
    """Without an exception: nothing is found, saved, copied or deleted."""
    made = texture("/Game/T_A", {"R": [0.5]}, 1)
    session.playing = True
    library = unreal.EditorAssetLibrary
    assert not library.does_asset_exist("/Game/T_A")
    assert library.load_asset("/Game/T_A") is None
    assert not library.save_loaded_asset(made, False)
    assert library.duplicate_asset("/Game/T_A", "/Game/T_B") is None
    assert not library.delete_loaded_asset(made)
    assert set(session.errors()) == {"The Editor is currently in a play mode."}
    assert unreal.load_asset("/Game/T_A") is made


def test_a_copy_has_the_tags_of_its_original(unreal: Any, texture: Any) -> None:
    """Metadata is copied with the asset, so that a tag alone does not say which asset it is of."""
    made = texture("/Game/T_A", {"R": [0.5]}, 1, lod_bias=3)
    unreal.EditorAssetLibrary.set_metadata_tag(made, "model", "denoise")
    copy = unreal.EditorAssetLibrary.duplicate_asset("/Game/T_A", "/Game/T_B")
    assert copy is not made
    assert copy.lod_bias == 3
    assert unreal.EditorAssetLibrary.get_metadata_tag(copy, "model") == "denoise"


# ---- menus ----------------------------------------------------------------------------------


def entry_of(unreal: Any, name: str, code: str) -> Any:
    """Return an entry that runs Python."""
    entry = unreal.ToolMenuEntry(name=name, type=unreal.MultiBlockType.MENU_ENTRY)
    entry.set_label(name)
    entry.set_string_command(unreal.ToolMenuStringCommandType.PYTHON, "", code)
    return entry


def test_what_an_entry_raises_goes_to_the_log_alone(unreal: Any, session: Any) -> None:
    """The user who clicked sees nothing: a plugin shows its errors itself."""
    from unreal import _menus  # noqa: PLC0415 - found once the stand-in is on the path

    tools = "LevelEditor.MainMenu.Tools"
    menu = unreal.ToolMenus.get().find_menu(tools)
    menu.add_menu_entry("Filmgate", entry_of(unreal, "Broken", "1 / 0"))
    assert _menus.entries(tools) == {"Broken": "Broken"}
    _menus.click(tools, "Broken")
    assert "ZeroDivisionError" in session.errors()[0]
    assert session.dialogs == []


def test_menus_come_and_go(unreal: Any) -> None:
    """An unknown menu is None until it is extended; entries go one by one."""
    from unreal import _menus  # noqa: PLC0415 - found once the stand-in is on the path

    menus = unreal.ToolMenus.get()
    assert menus.find_menu("My.Menu") is None
    menu = menus.extend_menu("My.Menu").add_sub_menu("Me", "Section", "Sub", "Label")
    assert str(menu.menu_name) == "My.Menu.Sub"
    menu.add_menu_entry("Section", entry_of(unreal, "A", "pass"))
    menus.remove_entry("My.Menu.Sub", "Section", "A")
    assert _menus.entries("My.Menu.Sub") == {}


def test_scripts_say_what_an_entry_shows(unreal: Any, session: Any, texture: Any) -> None:
    """An entry that is an object of Python decides by what is selected."""
    from unreal import _menus  # noqa: PLC0415 - found once the stand-in is on the path

    @unreal.uclass()
    class Entry(unreal.ToolMenuEntryScript):
        @unreal.ufunction(override=True)
        def can_execute(self, context: Any) -> bool:
            found = context.find_by_class(unreal.ContentBrowserAssetContextMenuContext)
            return len(found.get_selected_objects()) > 0

        @unreal.ufunction(override=True)
        def execute(self, context: Any) -> None:
            unreal.log("executed")

    entry = unreal.new_object(Entry)
    menu = "ContentBrowser.AssetContextMenu.Texture2D"
    entry.init_entry("Me", menu, "Section", "Run", "Run it")
    entry.register_menu_entry()
    with pytest.raises(LookupError, match="greyed out"):
        _menus.click(menu, "Run")
    texture("/Game/T_A", {"R": [0.5]}, 1)
    session.select("/Game/T_A")
    _menus.click(menu, "Run")
    assert ("Display", "executed") in session.log


# ---- dialogs --------------------------------------------------------------------------------


def test_dialogs_answer_themselves_when_nobody_is_there(fresh: Any) -> None:
    """Unattended, a message gives its default and a details view False."""
    session = fresh(mode="unattended")
    import unreal  # noqa: PLC0415 - found once the stand-in is on the path

    kinds = unreal.AppMsgType.YES_NO, unreal.AppReturnType.YES
    answer = unreal.EditorDialog.show_message("a", "b", *kinds)
    assert answer is unreal.AppReturnType.YES
    assert not unreal.EditorDialog.show_object_details_view("a", unreal.Texture2D())
    assert unreal.SystemLibrary.is_unattended()
    assert (len(session.dialogs), len(session.unseen)) == (0, 2)


def test_a_user_answers_dialogs(unreal: Any, session: Any) -> None:
    """A button, or properties that are set in a details view."""
    texture = unreal.Texture2D()
    session.answers += [
        unreal.AppReturnType.CANCEL,
        lambda shown: shown.set_editor_property("lod_bias", 2),
        False,
    ]
    kind = unreal.AppMsgType.OK_CANCEL
    assert unreal.EditorDialog.show_message("a", "b", kind) is unreal.AppReturnType.CANCEL
    assert unreal.EditorDialog.show_object_details_view("a", texture)
    assert texture.lod_bias == 2
    assert not unreal.EditorDialog.show_object_details_view("a", texture)
    with pytest.raises(LookupError, match="waits for an answer"):
        unreal.EditorDialog.show_object_details_view("a", texture)


def test_the_editor_ticks_while_a_dialog_is_open(unreal: Any, session: Any) -> None:
    """What a tick does can come in the middle of what opened the dialog."""
    ticked: list[float] = []
    unreal.register_slate_post_tick_callback(ticked.append)
    unreal.EditorDialog.show_message("a", "b", unreal.AppMsgType.OK)
    assert len(ticked) == 1
    session.answers.append(True)
    unreal.EditorDialog.show_object_details_view("a", unreal.Texture2D())
    assert len(ticked) == 2


# ---- tasks ----------------------------------------------------------------------------------


def test_tasks_run_one_after_the_other(unreal: Any, session: Any) -> None:
    """A second notification does not appear before the first has finished; a child's does."""
    tasks = unreal.get_editor_subsystem(unreal.EditorUtilitySubsystem)
    first, child, second = (unreal.EditorUtilityTask() for _ in range(3))
    tasks.register_and_execute_task(first)
    first.set_task_notification_text("too early")
    assert session.notices == []
    session.tick()
    tasks.register_and_execute_task(second)
    tasks.register_and_execute_task(child, first)
    session.tick()
    assert session.notices == [first, child]
    assert first._text != "too early"
    child.finish_executing_task(True)
    first.finish_executing_task(False)
    session.tick()
    assert session.notices[-1] is second


def test_nobody_is_asked_while_a_task_runs(unreal: Any, session: Any) -> None:
    """The engine counts as scripted: dialogs are not seen, though the user sits there."""
    task = unreal.EditorUtilityTask()
    unreal.get_editor_subsystem(unreal.EditorUtilitySubsystem).register_and_execute_task(task)
    session.tick()
    kind, asked = unreal.AppMsgType.YES_NO, unreal.EditorDialog
    assert asked.show_message("a", "b", kind) is unreal.AppReturnType.NO
    assert not asked.show_object_details_view("a", unreal.Texture2D())
    assert not unreal.SystemLibrary.is_unattended()
    assert (session.dialogs, len(session.unseen)) == ([], 2)
    task.finish_executing_task()
    session.answers.append(True)
    assert asked.show_object_details_view("a", unreal.Texture2D())


def test_a_cancelled_task_goes_on_until_it_finishes(unreal: Any, session: Any) -> None:
    """The button only asks."""
    from unreal import _tasks  # noqa: PLC0415 - found once the stand-in is on the path

    heard: list[str] = []

    @unreal.uclass()
    class Task(unreal.EditorUtilityTask):
        @unreal.ufunction(override=True)
        def receive_cancel_requested(self) -> None:
            heard.append("cancel")

    task = unreal.new_object(Task)
    unreal.get_editor_subsystem(unreal.EditorUtilitySubsystem).register_and_execute_task(task)
    with pytest.raises(LookupError):
        _tasks.press_cancel(task)
    session.tick()
    assert not task.was_cancel_requested()
    _tasks.press_cancel(task)
    assert (task.was_cancel_requested(), heard) == (True, [])
    session.tick(2)
    assert (task._finished, heard) == (None, ["cancel"])


def test_slow_tasks_hear_a_cancel_only_with_a_dialog(unreal: Any, session: Any) -> None:
    """Without one there is no button to press."""
    session.cancel_slow_task = True
    with unreal.ScopedSlowTask(3, "a") as task:
        assert not task.should_cancel()
        task.make_dialog(True)
        task.enter_progress_frame(1)
        assert task.should_cancel()
    assert session.slow_tasks == []


# ---- releases and modes ---------------------------------------------------------------------


def test_releases_differ(fresh: Any) -> None:
    """5.6 brought widgets from Python, 5.4 the scripts of Movie Render Graph."""
    import unreal  # noqa: PLC0415 - found once the stand-in is on the path

    for version, widgets, graphs in (
        ("5.3", False, False),
        ("5.4", False, True),
        ("5.5", False, True),
        ("5.6", True, True),
    ):
        session = fresh(version)
        assert hasattr(unreal.EditorUtilityLibrary, "add_source_widget") == widgets
        assert hasattr(unreal, "MovieGraphScriptBase") == graphs
        assert unreal.SystemLibrary.get_engine_version().startswith(session.profile.version)


def test_widgets_show_what_was_compiled(unreal: Any) -> None:
    """A widget that was added after the last compilation is not in the tab."""
    path, kind = "/Temp", unreal.EditorUtilityWidgetBlueprint
    tools = unreal.AssetToolsHelpers.get_asset_tools()
    factory = unreal.EditorUtilityWidgetBlueprintFactory()
    made = tools.create_asset("EUW_A", path, kind, factory)
    add = unreal.EditorUtilityLibrary.add_source_widget
    assert add(made, unreal.TextBlock, "Early", "Root") is None
    assert add(made, unreal.VerticalBox, "Root", "None") is not None
    assert add(made, unreal.TextBlock, "Line", "Root") is not None
    unreal.BlueprintEditorLibrary.compile_blueprint(made)
    assert add(made, unreal.TextBlock, "Late", "Root") is not None
    tabs = unreal.get_editor_subsystem(unreal.EditorUtilitySubsystem)
    tab = tabs.spawn_and_register_tab(made)
    tab.find_child_widget_by_name("Line").set_text("hello")
    assert tab.find_child_widget_by_name("Line").get_text() == "hello"
    assert tab.find_child_widget_by_name("Late") is None
    assert tabs.spawn_and_register_tab(made) is tab


def test_delegates_swallow_what_listeners_raise(unreal: Any, session: Any) -> None:
    """A button's listener that raises is a line in the log."""
    button = unreal.Button()
    heard: list[str] = []
    button.on_clicked.add_callable(lambda: 1 / 0)
    button.on_clicked.add_callable(lambda: heard.append("clicked"))
    button.on_clicked.broadcast()
    assert heard == ["clicked"]
    assert "ZeroDivisionError" in session.errors()[0]


def test_the_fake_needs_nothing_but_the_standard_library() -> None:
    """Hosts' interpreters have no numpy, and neither has the one that tests run on there."""
    folder = Path(__file__).resolve().parents[2] / "fakes" / "unreal" / "unreal"
    words = {
        line.split()[1].partition(".")[0]
        for path in folder.glob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if line.startswith(("import ", "from "))
    }
    known = set(getattr(sys, "stdlib_module_names", words))
    assert words <= known | {"unreal"}
