"""From a selection to an accepted asset: what menus and buttons do, with a server that answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.echo import EchoServer
from fakes.editor_desk import EditorDesk, answer, plain_result
from filmgate.errors import ModelError

ROCK, LEAF, SKY = "/Game/Rocks/T_Rock", "/Game/Rocks/T_Leaf", "/Game/Rocks/T_Sky"
CODES = [0, 1, 40, 64, 128, 200, 254, 255]
MENU = "LevelEditor.MainMenu.Tools.Filmgate"
CONTEXT = "ContentBrowser.AssetContextMenu.Texture2D.Filmgate"


@pytest.fixture
def server() -> Iterator[EchoServer]:
    """Return a server whose answers the editor can import."""
    with EchoServer() as echo:
        answer(echo, plain_result())
        yield echo


@pytest.fixture
def desk(
    server: EchoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EditorDesk]:
    """Return an editor with three textures, that knows the server's models."""
    made = EditorDesk(tmp_path, monkeypatch, server=server.address)
    for place, path in enumerate((ROCK, LEAF, SKY)):
        codes = [(code + place) % 256 for code in CODES]
        made.texture(path, dict.fromkeys("RGB", codes), 4, srgb=True)
    made.list_models()
    yield made
    made.close()


def click(menu: str, name: str) -> None:
    """Click an entry of a menu."""
    from unreal import _menus  # noqa: PLC0415 - found once the stand-in is on the path

    _menus.click(menu, name)


def waiting() -> list[str]:
    """Return the assets whose results wait."""
    from filmgate_unreal import preview  # noqa: PLC0415

    return [each.work.target for each in preview.waiting()]


def exists(desk: EditorDesk, path: str) -> bool:
    """Say whether there is an asset."""
    return bool(desk.unreal.EditorAssetLibrary.does_asset_exist(path))


def told(desk: EditorDesk) -> list[str]:
    """Return the texts of the dialogs that were shown."""
    return [text for _, text in desk.editor.dialogs if text != "details"]


def test_a_right_click_makes_a_preview_and_accept_an_asset(desk: EditorDesk) -> None:
    """Select, click, set a parameter, look, accept; one undo step, and tags to make it again."""
    desk.editor.select(ROCK)
    desk.editor.answers.append(lambda form: form.set_editor_property("p_strength", 2.0))
    click(CONTEXT, "Filmgate_echo")
    desk.until(lambda: bool(waiting()), "the result waits")

    assert waiting() == [f"{ROCK}_echo"]
    assert not exists(desk, f"{ROCK}_echo")
    ((shown,),) = desk.editor.opened
    assert shown.blueprint_get_size_x() == 4
    assert not desk.editor.dirty

    click(MENU, "FilmgateAccept")
    made = desk.unreal.load_asset(f"{ROCK}_echo")
    assert (made.srgb, waiting(), desk.editor.opened) == (True, [], [])
    tags = desk.editor.metadata[made.get_path_name()]
    assert tags["filmgate_source"] == ROCK
    assert json.loads(tags["filmgate_params"]) == {"strength": 2.0}
    assert tags["filmgate_model"].startswith("echo@blake3:")
    assert [*json.loads(tags["filmgate_inputs"])] == ["color@1"]
    assert told(desk) == []


def test_nothing_is_changed_before_accept(desk: EditorDesk) -> None:
    """A preview marks no package, and a discard leaves the project as it was."""
    before = dict(desk.editor.assets)
    desk.make("echo", ROCK)
    assert (desk.editor.assets, desk.editor.dirty) == (before, set())
    click(MENU, "FilmgateDiscard")
    assert (waiting(), desk.editor.assets, desk.editor.opened) == ([], before, [])
    desk.make("echo", ROCK)
    assert waiting() == [f"{ROCK}_echo"]


def test_a_selection_is_one_batch_and_one_undo_step(desk: EditorDesk, server: EchoServer) -> None:
    """Many textures: nobody looks at a hundred tabs; one Accept, one step of undo."""
    desk.editor.select(ROCK, LEAF, SKY)
    desk.editor.answers.append(True)
    click(CONTEXT, "Filmgate_echo")
    desk.until(lambda: len(waiting()) == 3, "three results wait")
    assert desk.editor.opened == []
    steps = len(desk.editor.undo_stack.titles)
    click(MENU, "FilmgateAccept")
    assert len(desk.editor.undo_stack.titles) == steps + 1
    assert all(exists(desk, f"{path}_echo") for path in (ROCK, LEAF, SKY))
    assert len(server.submitted) == 3


def test_source_art_is_converted_away_from_the_game_thread(
    desk: EditorDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The editor only exports; a 4K texture would hold it up for two seconds otherwise."""
    from filmgate_unreal import source_art  # noqa: PLC0415

    threads: list[int] = []
    convert = source_art._converted

    def watched(content: bytes, curved: bool) -> bytes:
        threads.append(threading.get_ident())
        return convert(content, curved)

    monkeypatch.setattr(source_art, "_converted", watched)
    for seed in (1.0, 2.0):  # the second time with other objects for the same texture
        desk.unreal.load_asset(ROCK)._source.planes["R"][0] = seed
        desk.unreal.load_asset(ROCK).set_editor_property("srgb", seed < 2)
        assert len(desk.make("echo", ROCK).finished) == 1
    assert len(threads) == 2
    assert desk.editor.game_thread not in threads


def test_a_cancelled_parameter_dialog_starts_nothing(desk: EditorDesk, server: EchoServer) -> None:
    """Cancel means cancel."""
    desk.editor.select(ROCK)
    desk.editor.answers.append(False)
    click(CONTEXT, "Filmgate_echo")
    desk.editor.tick(5)
    assert (server.submitted, waiting(), told(desk)) == ([], [], [])


def test_a_cancelled_parameter_dialog_leaves_no_settings(desk: EditorDesk) -> None:
    """What was set before Cancel is not the start of the next dialog."""
    seen: list[float] = []

    def touch(form: Any, answer: bool, strength: float) -> bool:
        seen.append(form.get_editor_property("p_strength"))
        form.set_editor_property("p_strength", strength)
        desk.editor.tick(5)
        return answer

    desk.editor.select(ROCK)
    for answer_, strength in ((True, 2.0), (False, 5.0), (False, 6.0)):
        desk.editor.answers.append(lambda form, a=answer_, s=strength: touch(form, a, s))
        click(CONTEXT, "Filmgate_echo")
        desk.until(lambda: bool(waiting()), "the result waits")
    assert seen == [1.0, 2.0, 2.0]


def test_nothing_selected_is_a_dialog_with_a_remedy(desk: EditorDesk) -> None:
    """What a menu's command raises would be seen in the log alone."""
    desk.editor.select()
    click(CONTEXT, "Filmgate_echo")
    (text,) = told(desk)
    assert "Select textures in the content browser" in text


def test_an_error_is_one_dialog_with_its_remedy(desk: EditorDesk, server: EchoServer) -> None:
    """The batch goes on; at its end the artist reads what failed, of what, and what helps."""
    server.fail(ModelError("The model stumbled.", "Take a smaller texture."))
    batch = desk.make("echo", ROCK, LEAF)
    assert len(batch.problems) == 2
    (text,) = told(desk)
    assert "T_Rock: The model stumbled. Take a smaller texture." in text
    assert "T_Leaf" in text
    assert waiting() == []


def test_a_texture_that_cannot_be_read_does_not_stop_the_others(desk: EditorDesk) -> None:
    """One bad asset in a hundred costs one line."""
    desk.unreal.load_asset(ROCK)._source = None
    batch = desk.make("echo", ROCK, LEAF)
    assert waiting() == [f"{LEAF}_echo"]
    assert [*batch.problems] == [f"{ROCK}_echo"]
    assert "source art of T_Rock" in told(desk)[0]


def test_the_notification_cancels(desk: EditorDesk, server: EchoServer) -> None:
    """The editor goes on, the notification says what is done, and its button is heard."""
    from unreal import _tasks  # noqa: PLC0415

    server.allow(0)
    batch = desk.begin("echo", ROCK, LEAF)
    desk.until(lambda: len(server.submitted) == 2, "both are at the server")
    (task,) = desk.editor.notices
    desk.until(lambda: "T_Rock" in str(task._text), "the notification tells")
    _tasks.press_cancel(task)
    desk.until(lambda: not batch.busy and task._finished is not None, "it has ended")
    desk.until(lambda: server.ended.count("cancelled") == 2, "the server has heard")
    assert (waiting(), told(desk), batch.cancelled) == ([], [], True)


def test_regenerate_makes_the_same_again(desk: EditorDesk, server: EchoServer) -> None:
    """The asset's tags are enough: model, version and parameters, in another session too."""
    from filmgate_unreal import actions  # noqa: PLC0415

    work = actions.works_on(_sources(ROCK), "echo")[0]
    actions.set_params(work, {"strength": 3.0})
    batch = actions.start([work])
    desk.until(lambda: not batch.busy, "the end")
    actions.accept()
    desk.open()
    answer(server, plain_result(value=0.5))

    desk.editor.select(f"{ROCK}_echo")
    click(MENU, "FilmgateRegenerate")
    desk.until(lambda: bool(waiting()), "the result waits")
    actions.accept()

    assert [each.params["strength"] for each in server.submitted] == [3.0, 3.0]
    made = desk.unreal.load_asset(f"{ROCK}_echo")
    assert set(made._source.planes["R"]) == {0.5}
    assert not exists(desk, f"{ROCK}_echo_echo")


def _sources(path: str) -> Any:
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    return [TextureSource.of(path)]


def test_an_asset_of_other_hands_is_not_regenerated(desk: EditorDesk) -> None:
    """A texture without our tags is named."""
    desk.editor.select(ROCK)
    click(MENU, "FilmgateRegenerate")
    assert f"{ROCK} does not say how it was made" in told(desk)[0]


def test_a_dead_server_blocks_nothing(desk: EditorDesk, server: EchoServer) -> None:
    """The editor draws on; at the end there is a dialog with a remedy, and Accept has nothing."""
    server.stop()
    batch = desk.begin("echo", ROCK)
    longest = [0]

    def tick() -> bool:
        longest[0] += 1
        return not batch.busy

    desk.until(tick, "it gave up")
    assert longest[0] > 10
    assert batch.problems
    assert told(desk)
    click(MENU, "FilmgateAccept")
    assert "No result waits" in told(desk)[-1]


def test_a_result_of_before_the_editor_ended_is_still_there(
    desk: EditorDesk, server: EchoServer
) -> None:
    """The project's Saved folder remembers; the next session asks the server nothing."""
    desk.make("echo", ROCK)
    desk.open()
    server.stop()
    desk.make("echo", ROCK)
    assert waiting() == [f"{ROCK}_echo"]
    assert told(desk) == []


def test_accept_takes_the_selected_results_first(desk: EditorDesk) -> None:
    """Of three that wait the selected one is accepted; with nothing selected, the rest."""
    desk.make("echo", ROCK, LEAF, SKY)
    desk.editor.select(LEAF)
    click(MENU, "FilmgateAccept")
    assert waiting() == [f"{ROCK}_echo", f"{SKY}_echo"]
    desk.editor.select()
    click(MENU, "FilmgateAccept")
    assert (waiting(), exists(desk, f"{SKY}_echo")) == ([], True)


def test_a_failed_accept_leaves_no_undo_step(desk: EditorDesk) -> None:
    """Nothing was changed, and the result still waits."""
    desk.make("echo", ROCK)
    steps = len(desk.editor.undo_stack.titles)
    desk.editor.import_fails = True
    click(MENU, "FilmgateAccept")
    assert "did not import" in told(desk)[0]
    assert len(desk.editor.undo_stack.titles) == steps
    assert waiting() == [f"{ROCK}_echo"]


def import_all_but(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Let the editor refuse to import one asset, after it has begun to overwrite it."""
    from filmgate.errors import InputError  # noqa: PLC0415
    from filmgate_unreal import textures  # noqa: PLC0415

    real = textures.import_exr

    def picky(file: Path, target: str, like: Any) -> Any:
        made = real(file, target, like)
        if target == path:
            raise InputError("The editor did not import it.", "Its log says why.")
        return made

    monkeypatch.setattr(textures, "import_exr", picky)


def test_one_result_that_cannot_be_written_costs_no_other(
    desk: EditorDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are assets and wait no more; the failed one is named, and waits."""
    desk.make("echo", ROCK, LEAF, SKY)
    import_all_but(monkeypatch, f"{LEAF}_echo")
    click(MENU, "FilmgateAccept")
    (text,) = told(desk)
    assert "1 of 3 results were not accepted" in text
    assert "T_Leaf: The editor did not import it." in text
    assert waiting() == [f"{LEAF}_echo"]
    tagged = [path for path in (ROCK, LEAF, SKY) if said_of(desk, f"{path}_echo")]
    assert tagged == [ROCK, SKY]


def test_a_failed_accept_can_be_undone(desk: EditorDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the editor has overwritten before it failed comes back with Ctrl+Z."""
    desk.make("echo", ROCK)
    click(MENU, "FilmgateAccept")
    made = desk.unreal.load_asset(f"{ROCK}_echo")
    made._source.planes["R"][0] = 0.75
    desk.make("echo", ROCK)
    import_all_but(monkeypatch, f"{ROCK}_echo")
    click(MENU, "FilmgateAccept")
    assert made._source.planes["R"][0] == 0.25
    desk.editor.undo()
    assert made._source.planes["R"][0] == 0.75


def said_of(desk: EditorDesk, path: str) -> dict[str, str]:
    """Return the tags of an asset."""
    asset = desk.unreal.load_asset(path)
    return dict(desk.editor.metadata.get(asset.get_path_name(), {})) if asset else {}


def test_a_result_of_other_settings_is_not_accepted(desk: EditorDesk, server: EchoServer) -> None:
    """Its metadata would say what the form says now, and not what it was made with."""
    desk.editor.select(ROCK)
    desk.editor.answers.append(lambda form: form.set_editor_property("p_strength", 2.0))
    click(CONTEXT, "Filmgate_echo")
    desk.until(lambda: bool(waiting()), "the result waits")
    server.fail(ModelError("The model stumbled.", "Take a smaller texture."))
    desk.editor.answers.append(lambda form: form.set_editor_property("p_strength", 5.0))
    click(CONTEXT, "Filmgate_echo")
    desk.until(lambda: any("stumbled" in text for text in told(desk)), "it failed")
    click(MENU, "FilmgateAccept")
    assert "T_Rock is of other settings" in told(desk)[-1]
    assert (exists(desk, f"{ROCK}_echo"), waiting()) == (False, [f"{ROCK}_echo"])


def test_a_result_of_another_source_is_not_accepted(desk: EditorDesk) -> None:
    """The texture was changed after the run; when it is run again, it is accepted."""
    desk.make("echo", ROCK)
    desk.unreal.load_asset(ROCK).set_editor_property("srgb", False)
    click(MENU, "FilmgateAccept")
    assert "of another source than now" in told(desk)[-1]
    desk.make("echo", ROCK)
    click(MENU, "FilmgateAccept")
    assert exists(desk, f"{ROCK}_echo")


def test_an_asset_of_other_hands_is_not_overwritten(desk: EditorDesk) -> None:
    """It has the name that a result would get, and was not made by this model of this source."""
    desk.texture(f"{ROCK}_echo", dict.fromkeys("RGB", [9] * 8), 4, srgb=True)
    desk.make("echo", ROCK)
    click(MENU, "FilmgateAccept")
    assert f"{ROCK}_echo exists" in told(desk)[0]
    assert set(desk.unreal.load_asset(f"{ROCK}_echo")._source.planes["R"]) == {9}
    assert waiting() == [f"{ROCK}_echo"]


@pytest.mark.parametrize(("tag", "value"), [("model", "e-cho@1"), ("source", LEAF)])
def test_what_another_model_or_source_became_is_not_overwritten(
    desk: EditorDesk, tag: str, value: str
) -> None:
    """Two models' names may give one name of an asset."""
    desk.make("echo", ROCK)
    click(MENU, "FilmgateAccept")
    made = desk.unreal.load_asset(f"{ROCK}_echo")
    desk.unreal.EditorAssetLibrary.set_metadata_tag(made, f"filmgate_{tag}", value)
    desk.make("echo", ROCK)
    click(MENU, "FilmgateAccept")
    assert "is not what echo made of T_Rock" in told(desk)[0]


def test_a_source_that_is_gone_blocks_no_other(desk: EditorDesk) -> None:
    """The result of a deleted texture is named; the others are accepted."""
    desk.make("echo", ROCK, LEAF)
    desk.unreal.EditorAssetLibrary.delete_asset(ROCK)
    desk.editor.select()
    click(MENU, "FilmgateAccept")
    assert "T_Rock" in told(desk)[0]
    assert (waiting(), exists(desk, f"{LEAF}_echo")) == ([f"{ROCK}_echo"], True)
    click(MENU, "FilmgateDiscard")
    assert waiting() == []


def test_a_selection_without_a_result_means_no_other(desk: EditorDesk) -> None:
    """Whoever selects a leaf does not mean the rock."""
    desk.make("echo", ROCK)
    desk.editor.select(LEAF)
    for name in ("FilmgateAccept", "FilmgateDiscard", "FilmgateShow"):
        click(MENU, name)
        assert "Nothing that is selected has a result" in told(desk)[-1]
    assert (waiting(), exists(desk, f"{ROCK}_echo")) == ([f"{ROCK}_echo"], False)


def test_results_of_a_batch_are_shown_when_asked_for(desk: EditorDesk, server: EchoServer) -> None:
    """The notification says that they wait; those of the selected textures open, each in a tab."""
    server.allow(0)
    desk.begin("echo", ROCK, LEAF, SKY)
    desk.until(lambda: bool(desk.editor.notices), "the notification is there")
    server.allow(None)
    (task,) = desk.editor.notices
    desk.until(lambda: task._finished is True, "it has ended")
    assert str(task._text).startswith("3 waiting.")
    desk.editor.select(ROCK, SKY)
    click(MENU, "FilmgateShow")
    assert len(desk.editor.opened) == 2
    click(MENU, "FilmgateShow")
    assert len(desk.editor.opened) == 2
    desk.editor.select()
    click(MENU, "FilmgateAccept")
    assert (desk.editor.opened, told(desk)) == ([], [])


def test_a_hundred_tabs_are_not_opened(desk: EditorDesk) -> None:
    """The artist is asked to select fewer."""
    paths = [f"/Game/T_{place}" for place in range(9)]
    for path in paths:
        desk.texture(path, dict.fromkeys("RGB", CODES), 4, srgb=True)
    desk.make("echo", *paths)
    click(MENU, "FilmgateShow")
    assert "Select up to 8" in told(desk)[0]
    assert desk.editor.opened == []


def test_a_level_that_is_left_stops_only_its_own_work(desk: EditorDesk, server: EchoServer) -> None:
    """The landscape's actor is destroyed while its work goes on: nothing of it can be asked."""
    from filmgate_unreal import actions, landscape, work  # noqa: PLC0415

    actor = desk.landscape([32768] * 12, 4)
    source = landscape.LandscapeSource(actor)
    server.allow(0)
    first = actions.start([work.Work(source, work.target_of(source, "echo"), "echo")])
    second = desk.begin("echo", ROCK)
    desk.until(lambda: len(server.submitted) == 1, "the texture is at the server")
    actor._alive = False
    server.allow(None)
    desk.until(lambda: not first.busy and not second.busy, "both have ended")
    assert second.finished
    desk.until(lambda: all(each._finished is not None for each in desk.editor.notices), "the end")


def test_regenerate_skips_what_is_not_ours(desk: EditorDesk, server: EchoServer) -> None:
    """One texture of other hands in a selection is named, and costs no other."""
    desk.make("echo", ROCK)
    click(MENU, "FilmgateAccept")
    desk.editor.select(f"{ROCK}_echo", LEAF)
    before = len(server.submitted)
    click(MENU, "FilmgateRegenerate")
    desk.until(lambda: bool(waiting()), "the result waits")
    assert waiting() == [f"{ROCK}_echo"]
    assert len(server.submitted) == before + 1
    assert f"{LEAF} does not say how it was made" in told(desk)[0]


def test_metadata_of_pixels_that_were_undone_is_noticed(
    desk: EditorDesk, server: EchoServer
) -> None:
    """Undo takes pixels back, and no tags: the log says so before it is made as they say."""
    from filmgate_unreal import actions  # noqa: PLC0415

    desk.make("echo", ROCK)
    click(MENU, "FilmgateAccept")
    desk.editor.select(f"{ROCK}_echo")
    for value in (0.5, 0.75):
        answer(server, plain_result(value=value))
        actions.regenerate()
        desk.until(lambda: bool(waiting()), "the result waits")
        assert not [text for _, text in desk.editor.log if "has changed since" in text]
        actions.accept()
    desk.editor.undo()
    actions.regenerate()
    assert [text for _, text in desk.editor.log if "has changed since" in text]


def test_undo_after_a_regenerated_accept_brings_the_pixels_back(
    desk: EditorDesk, server: EchoServer
) -> None:
    """One Ctrl+Z and the asset is what it was before the second Accept."""
    from filmgate_unreal import actions  # noqa: PLC0415

    desk.make("echo", ROCK)
    actions.accept()
    answer(server, plain_result(value=0.5))
    desk.editor.select(f"{ROCK}_echo")
    actions.regenerate()
    desk.until(lambda: bool(waiting()), "the result waits")
    actions.accept()
    made = desk.unreal.load_asset(f"{ROCK}_echo")
    assert set(made._source.planes["R"]) == {0.5}
    desk.editor.undo()
    assert set(made._source.planes["R"]) == {0.25}


def test_a_script_waits_without_ticks(
    server: EchoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a commandlet nothing ticks: the thread that waits does the work, and accepts."""
    from filmgate_unreal import accept, actions  # noqa: PLC0415

    desk = EditorDesk(tmp_path, monkeypatch, mode="commandlet", server=server.address)
    desk.texture(ROCK, dict.fromkeys("RGB", CODES), 4, srgb=True)
    batch = actions.run_and_wait(actions.works_on(_sources(ROCK), "echo"), timeout_s=30.0)
    assert [work.target for work in batch.finished] == [f"{ROCK}_echo"]
    assert accept.accept(batch.finished) == [f"{ROCK}_echo.T_Rock_echo"]
    assert threading.get_ident() == desk.editor.game_thread
    desk.close()
