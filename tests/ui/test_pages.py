"""Jobs, queue, result and log, as artists use them."""

from __future__ import annotations

from typing import Any

import pytest

from filmgate.host.board import ERROR, INFO, WARNING, Comparison
from filmgate.host.state import Problem, State
from filmgate.ui.artists import QueuePage, shares, work
from filmgate.ui.figures import duration, memory, ordinal, queue_place, to_go
from filmgate.ui.jobs import JobsPage, RunPainter, cancel_place, outcome, progress
from filmgate.ui.log import LogPage
from filmgate.ui.pictures import SIDE_PX_MAX, parse_picture
from filmgate.ui.qt import QtCore, QtGui, QtWidgets
from filmgate.wire.records import UserStatus

PROBLEM = Problem("model", "It broke.", "Mend it.", "model 7f3a", 12)
Qt = QtCore.Qt


@pytest.fixture
def jobs(qtbot: Any) -> Any:
    """Return the page of jobs."""
    made = JobsPage()
    qtbot.addWidget(made)
    made.resize(400, 500)
    made.show()
    return made


@pytest.fixture
def log(qtbot: Any) -> Any:
    """Return the page of the log."""
    made = LogPage()
    qtbot.addWidget(made)
    made.resize(400, 500)
    made.show()
    return made


def png(width: int = 8, height: int = 4, kind: str = "PNG") -> bytes:
    """Return a picture as a file."""
    image = QtGui.QImage(width, height, QtGui.QImage.Format.Format_RGB32)
    image.fill(QtGui.QColor("red"))
    content = QtCore.QByteArray()
    buffer = QtCore.QBuffer(content)
    buffer.open(QtCore.QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, kind)
    return bytes(content.data())


def test_a_run_says_how_far_it_is(kit: Any) -> None:
    """Frames, place in the queue and time to go; once ended, how long it took."""
    run = kit.run("a", done=3, total=10, eta_s=75.0, text="Denoising")
    assert progress(run) == "3 of 10 frames, 1 min 15 s left"
    assert outcome(run) == "Denoising"
    assert progress(kit.run("a", total=10, place=2)) == "3rd in the queue"
    assert progress(kit.run("a", total=4, done=4, ended_s=107.0)) == "4 of 4 frames in 7 s"
    assert progress(kit.run("a", total=1, done=1, ended_s=107.0)) == "took 7 s"
    assert outcome(kit.run("a", problem=PROBLEM)) == "Frame 12: It broke."


def test_an_empty_page_says_what_to_do(jobs: Any, log: Any) -> None:
    """Neither is a list of nothing."""
    assert "Run frame" in jobs.list.empty.text
    assert jobs.list.currentIndex() == 0
    assert "kept here" in log.empty.text


@pytest.mark.parametrize("by", ["button", "delete", "cross"])
def test_a_job_is_cancelled(jobs: Any, qtbot: Any, kit: Any, by: str) -> None:
    """By the button, by Delete or by the cross in its row; and no other job."""
    cancelled: list[str] = []
    jobs.tell([kit.run(name, cancel=lambda name=name: cancelled.append(name)) for name in "abc"])
    jobs.list.choose(1)
    view = jobs.list.view
    if by == "button":
        jobs._cancel.click()
    elif by == "delete":
        qtbot.keyClick(view, Qt.Key.Key_Delete)
    else:
        place = QtCore.QRectF(view.visualRect(jobs.list.model.index(1)))
        spot = cancel_place(place).center().toPoint()
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert cancelled == ["b"]


def test_what_has_ended_cannot_be_cancelled(jobs: Any, qtbot: Any, kit: Any) -> None:
    """The button says so, and the place of the cross is an ordinary part of the row."""
    cancelled: list[str] = []
    jobs.tell([kit.run("a", ended_s=120.0, cancel=lambda: cancelled.append("a"))])
    jobs.list.choose(0)
    assert not jobs._cancel.isEnabled()
    qtbot.keyClick(jobs.list.view, Qt.Key.Key_Delete)
    assert cancelled == []


def test_an_error_is_shown_in_full_and_copied(jobs: Any, kit: Any) -> None:
    """Text, remedy and id, without a click when it is the only thing of interest."""
    jobs.tell([kit.run("a", state=State.ERROR, problem=PROBLEM, ended_s=110.0)])
    assert jobs.details.isVisible()
    jobs.details.copy.click()
    copied = QtWidgets.QApplication.clipboard().text()
    assert copied == "Node_a, Frame 12: It broke.\nMend it.\nid: model 7f3a"


def test_the_chosen_job_stays_chosen(jobs: Any, kit: Any) -> None:
    """Though newer ones come above it, and its own figures change."""
    jobs.tell([kit.run("a"), kit.run("b")])
    jobs.list.choose(1)
    jobs.tell([kit.run("c"), kit.run("a"), kit.run("b", warnings=("12 pixels were NaN.",))])
    assert jobs.list.current.id == "b"
    assert "NaN" in jobs.details.quotation


def test_only_rows_in_sight_are_painted(jobs: Any, qtbot: Any, kit: Any) -> None:
    """So that thousands of jobs are as quick as ten."""
    painted: list[str] = []

    class Counting(RunPainter):
        def paint_row(self, painter: Any, place: Any, row: Any, hovered: bool) -> None:
            painted.append(row.id)
            super().paint_row(painter, place, row, hovered)

    jobs.list.view.setItemDelegate(Counting(jobs.list.view))
    jobs.tell([kit.run(f"{at}") for at in range(3000)])
    jobs.grab()
    assert 0 < len(set(painted)) < 20


def test_artists_are_listed_by_their_work() -> None:
    """The busiest first; whoever sits here is marked; device time is shared out."""
    users = (
        UserStatus("ayo", "hydra", 0, 0, 0, 10),
        UserStatus("farm", "hydra", 90, 4, 94, 60),
        UserStatus("mira", "hydra", 2, 1, 0, 30),
    )
    rows = shares(users, "mira")
    assert [row.user.user for row in rows] == ["farm", "mira", "ayo"]
    assert [row.is_me for row in rows] == [False, True, False]
    assert sum(row.share for row in rows) == pytest.approx(1.0)
    assert [work(row.user) for row in rows] == [
        "4 running, 90 waiting (batch)",
        "1 running, 2 waiting",
        "nothing queued",
    ]


def test_no_answer_and_no_artists_are_two_things(qtbot: Any) -> None:
    """The empty page says which it is."""
    page = QueuePage("mira")
    qtbot.addWidget(page)
    page.tell(None)
    assert "come by a server" in page.empty.text
    page.tell(())
    assert "Nobody" in page.empty.text
    page.tell((UserStatus("ayo", "hydra", 1, 0),))
    assert page.list.model.rowCount() == 1


def test_the_last_result_is_compared(panel: Any, desk: Any, qtbot: Any) -> None:
    """As soon as the board has one; a broken one is said to be so."""
    assert "Run a frame" in panel.result.empty.text
    desk.board.show_result(Comparison("denoise, frame 7", png(), png(16, 8)))
    qtbot.waitUntil(lambda: panel.result.title == "denoise, frame 7")
    assert panel.result.wipe.has_picture
    desk.board.show_result(Comparison("broken", png()[:40], b"nothing"))
    qtbot.waitUntil(lambda: "cannot be read" in panel.result.empty.text)


def test_pictures_are_png_or_jpeg_of_a_sane_size() -> None:
    """Qt's other formats are not tried on what a stranger has published."""
    assert parse_picture(png()).size() == QtCore.QSize(8, 4)
    assert parse_picture(png(kind="JPG")).size() == QtCore.QSize(8, 4)
    assert parse_picture(png(SIDE_PX_MAX + 1, 1)) is None
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'
    for content in (b"", b"\x89PNG\r\n\x1a\n", svg, png(kind="BMP"), png()[:-30] + b"x" * 30):
        assert parse_picture(content) is None or content.startswith(b"\x89PNG")


def test_the_log_shows_its_end_and_filters(log: Any, desk: Any) -> None:
    """New lines come at the bottom, which stays in sight; problems can be shown alone."""
    for at in range(300):
        desk.board.note(WARNING if at % 100 == 0 else INFO, f"line {at}")
    log.tell(desk.board.log())
    bar = log.list.view.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0
    bar.setValue(0)
    desk.board.note(ERROR, "the end", "Mend it.", "id 1")
    log.tell(desk.board.log())
    assert bar.value() == 0  # somebody reads there
    log.problems.click()
    assert [line.text for line in log.list.model.rows] == [
        "line 0",
        "line 100",
        "line 200",
        "the end",
    ]


def test_the_log_is_copied_with_remedies_and_ids(log: Any, desk: Any) -> None:
    """As text for a mail or a ticket."""
    desk.board.note(INFO, "Hello.")
    desk.board.note(ERROR, "It broke.", "Mend it.", "model 7f3a")
    log.tell(desk.board.log())
    log.copy.click()
    lines = QtWidgets.QApplication.clipboard().text().splitlines()
    assert [line.split(" ", 1)[1] for line in lines[:2]] == ["info: Hello.", "error: It broke."]
    assert lines[2:] == ["  what to do: Mend it.", "  id: model 7f3a"]


def test_the_log_says_of_which_node_it_speaks(log: Any, desk: Any) -> None:
    """In the row, in full below it and in what is copied; without an id there is no word of one."""
    desk.board.note(ERROR, "It broke.", "Mend it.", node="Filmgate_denoise1")
    log.tell(desk.board.log())
    log.list.choose(0)
    assert log.details.quotation == "Filmgate_denoise1: It broke.\nMend it."
    log.copy.click()
    lines = QtWidgets.QApplication.clipboard().text().splitlines()
    assert lines[0].endswith(" error: Filmgate_denoise1: It broke.")
    assert len(lines) == 2


def test_a_line_is_copied_by_the_usual_keys_and_told_by_its_tip(
    log: Any, qtbot: Any, desk: Any
) -> None:
    """Whole, though the row shows as much as there is room for; markup in it is only text."""
    desk.board.note(ERROR, "It <b>broke</b>.", "Mend it.", "model 7f3a")
    log.tell(desk.board.log())
    log.list.choose(0)
    qtbot.keyClick(log.list.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QtWidgets.QApplication.clipboard().text().endswith("  id: model 7f3a")
    tip = log.list.model.data(log.list.model.index(0), int(Qt.ItemDataRole.ToolTipRole))
    assert "It &lt;b&gt;broke&lt;/b&gt;." in tip


def test_figures_read_as_people_say_them() -> None:
    """Durations, places and memory."""
    assert [duration(s) for s in (0, 59.6, 3605, 273_000)] == ["0 s", "1 min", "1 h 5 s", "3 d 3 h"]
    assert [ordinal(n) for n in (1, 2, 3, 11, 12, 21, 103)] == [
        "1st",
        "2nd",
        "3rd",
        "11th",
        "12th",
        "21st",
        "103rd",
    ]
    assert (queue_place(0), to_go(0), to_go(0.4)) == ("", "", "nearly done")
    assert memory(3 << 30, 24 << 30) == "3.0 of 24.0 GiB"
    assert memory(512 << 20, 0) == "512 MiB"
