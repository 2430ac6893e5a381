"""The panel as a whole: it never waits, never asks unseen, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from typing import Any

from filmgate.errors import ConfigError, ConnectionLostError
from filmgate.host.connection import CONNECTING, LOST, NONE
from filmgate.ui.panel import STANDALONE, TABS, FilmgatePanel
from filmgate.ui.qt import QtCore, QtWidgets
from filmgate.wire.records import UserStatus

LOST_ERROR = ConnectionLostError("The gate is shut.", "Knock louder.")
THREADS = "filmgate-panel"


def running_threads() -> list[str]:
    """Return the panel's threads."""
    return [each.name for each in threading.enumerate() if each.name.startswith(THREADS)]


def texts(widget: Any) -> str:
    """Return everything that can be read."""
    labels = [each for each in widget.findChildren(QtWidgets.QLabel) if each.isVisible()]
    return " | ".join(label.text() for label in labels)


def test_importing_the_package_loads_no_qt() -> None:
    """A host without Qt, or in batch mode, may import everything but the panel itself."""
    code = "import sys, filmgate.ui; print([m for m in sys.modules if 'Qt' in m or 'PySide' in m])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_it_shows_where_the_server_is_and_what_it_has(panel: Any, qtbot: Any, kit: Any) -> None:
    """Address, version, devices and how full their memory is."""
    qtbot.waitUntil(lambda: "cuda:0" in texts(panel.head))
    shown = texts(panel.head)
    assert kit.address in shown
    assert "Filmgate 1.2.3" in shown
    assert "6.0 of 24.0 GiB" in shown
    assert panel.head.devices.rows[0].bar.share == 0.25


def test_many_devices_are_one_line_until_they_are_asked_for(
    panel: Any, desk: Any, qtbot: Any, kit: Any
) -> None:
    """What they do together is said; the list opens and closes by a button."""
    states = ("busy", "busy", "busy", "idle", "down")
    one = kit.page().workers[0]
    workers = tuple(replace(one, device=f"cuda:{at}", state=s) for at, s in enumerate(states))
    desk.link.page = replace(kit.page(), workers=workers)
    panel.refresh()
    devices = panel.head.devices
    qtbot.waitUntil(devices.fold.isVisible)
    assert devices.fold.text() == "5 devices, 3 busy, 1 down"
    assert "cuda:" not in texts(panel.head)
    low = panel.head.sizeHint().height()
    devices.fold.click()
    assert all(f"cuda:{at}" in texts(panel.head) for at in range(len(states)))
    devices.fold.click()
    assert "cuda:" not in texts(panel.head)
    qtbot.waitUntil(lambda: panel.head.sizeHint().height() <= low)


def test_nothing_is_asked_on_the_main_thread(panel: Any, desk: Any, qtbot: Any, kit: Any) -> None:
    """Neither the server nor the disk."""
    desk.catalogue.found = (kit.model("denoise"),)
    panel.refresh()
    qtbot.waitUntil(lambda: len(desk.link.threads) >= 2 and len(desk.catalogue.threads) >= 2)
    asked = {*desk.link.threads, *desk.catalogue.threads}
    assert threading.main_thread() not in asked


def test_a_server_that_takes_its_time_holds_up_nothing(
    panel: Any, desk: Any, qtbot: Any, kit: Any
) -> None:
    """Jobs are shown while a question is under way."""
    qtbot.waitUntil(lambda: not panel._is_asking)
    desk.link.gate.clear()
    panel.refresh()
    desk.board.begin(kit.run("a"))
    qtbot.waitUntil(lambda: panel.jobs.list.model.rowCount() == 1)
    assert panel._is_asking


def test_a_panel_that_nobody_sees_asks_nothing(panel: Any, desk: Any, qtbot: Any) -> None:
    """No timer, no thread and no listener is left while it is hidden; shown again, it goes on."""
    qtbot.waitUntil(lambda: bool(desk.link.threads))
    panel.hide()
    qtbot.waitUntil(lambda: not running_threads())
    assert not panel._timer.isActive()
    assert not desk.board._listeners
    asked = len(desk.link.threads)
    panel.show()
    qtbot.waitUntil(lambda: len(desk.link.threads) > asked)


def test_a_deleted_panel_leaves_nothing_behind(desk: Any, qtbot: Any, kit: Any) -> None:
    """Hosts delete it without closing it; an answer that comes later finds nobody."""
    desk.link.gate.clear()
    panel = FilmgatePanel(desk)
    panel.show()
    qtbot.waitUntil(lambda: bool(desk.link.threads))
    gone: list[bool] = []
    panel.destroyed.connect(lambda: gone.append(True))
    panel.deleteLater()
    qtbot.waitUntil(lambda: bool(gone))
    desk.board.begin(kit.run("a"))
    desk.link.gate.set()
    qtbot.waitUntil(lambda: not running_threads())


def test_without_a_server_it_offers_one(panel: Any, desk: Any, qtbot: Any) -> None:
    """It says what is missing and what helps; the button starts a server and then shows it."""
    desk.link.kind, desk.link.error = NONE, ConnectionLostError("None is set.", "Set one.")
    panel.refresh()
    qtbot.waitUntil(lambda: "None is set." in texts(panel.head))
    assert "Set one." in texts(panel.head)
    assert panel.head.start.isVisible()
    panel.head.start.click()
    assert "Starting" in texts(panel.head)
    assert not panel.head.start.isEnabled()
    desk.link.kind, desk.link.error = "connected", None
    threading.Thread(target=desk.link.done, args=(None,)).start()
    qtbot.waitUntil(lambda: "cuda:0" in texts(panel.head))
    assert not panel.head.start.isVisible()
    panel.head.stop.click()
    qtbot.waitUntil(lambda: desk.link.stopped)


def test_a_server_that_does_not_start_says_why(panel: Any, desk: Any, qtbot: Any) -> None:
    """The text and the remedy of the error are shown, and the button can be pressed again."""
    desk.link.kind, desk.link.error = NONE, LOST_ERROR
    panel.refresh()
    qtbot.waitUntil(panel.head.start.isVisible)
    panel.head.start.click()
    desk.link.done(ConfigError("There is no Python.", "Name one."))
    qtbot.waitUntil(lambda: "There is no Python. | Name one." in texts(panel.head))
    assert panel.head.start.isEnabled()
    asked = len(desk.link.threads)
    panel.refresh()
    qtbot.waitUntil(lambda: len(desk.link.threads) > asked and not panel._is_asking)
    assert "There is no Python." in texts(panel.head)  # though the server is still away


def test_a_lost_server_is_said_until_it_is_back(panel: Any, desk: Any, qtbot: Any) -> None:
    """Also while it is tried again, and in the log once."""
    qtbot.waitUntil(lambda: "cuda:0" in texts(panel.head))
    desk.link.kind, desk.link.error = LOST, LOST_ERROR
    panel.refresh()
    qtbot.waitUntil(lambda: "The gate is shut. | Knock louder." in texts(panel.head))
    desk.link.kind = CONNECTING
    panel.refresh()
    panel.refresh()
    qtbot.waitUntil(lambda: not panel._is_asking)
    assert "The gate is shut." in texts(panel.head)
    assert [line.text for line in desk.board.log()].count("The gate is shut.") == 1
    desk.link.kind, desk.link.error = "connected", None
    panel.refresh()
    qtbot.waitUntil(lambda: "cuda:0" in texts(panel.head))


def test_a_server_that_was_never_there_is_left_to_the_head(desk: Any, qtbot: Any) -> None:
    """A run that wants it says so in the log by itself, and once is enough."""
    desk.link.kind, desk.link.error = LOST, LOST_ERROR
    panel = FilmgatePanel(desk)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: "The gate is shut." in texts(panel.head))
    assert desk.board.log() == ()


def test_what_a_run_has_said_of_the_server_is_not_said_again(
    panel: Any, desk: Any, qtbot: Any
) -> None:
    """Whether the run or the panel meets it first is chance."""
    qtbot.waitUntil(lambda: "cuda:0" in texts(panel.head))
    desk.board.note("error", "The gate is shut.", node="Filmgate_denoise1")
    desk.link.kind, desk.link.error = LOST, LOST_ERROR
    panel.refresh()
    qtbot.waitUntil(lambda: "The gate is shut." in texts(panel.head))
    assert [line.level for line in desk.board.log()] == ["info", "error"]


def test_the_catalogue_is_refreshed_once_for_each_connection(
    panel: Any, desk: Any, qtbot: Any
) -> None:
    """And again when the artist asks."""
    qtbot.waitUntil(lambda: desk.catalogue.refreshed == 1)
    asked = len(desk.link.threads)
    qtbot.waitUntil(lambda: len(desk.link.threads) > asked, timeout=10_000)
    assert desk.catalogue.refreshed == 1
    qtbot.waitUntil(lambda: not panel._is_asking)
    panel.head.retry.click()
    qtbot.waitUntil(lambda: desk.catalogue.refreshed == 2)


def test_tabs_count_what_is_open(panel: Any, desk: Any, qtbot: Any, kit: Any) -> None:
    """Jobs that run, and frames in the queue."""
    desk.link.page = kit.page(users=(UserStatus("mira", "", 3, 1), UserStatus("ayo", "", 1, 0)))
    desk.board.begin(kit.run("a"))
    desk.board.begin(kit.run("b", ended_s=110.0))
    panel.refresh()
    qtbot.waitUntil(lambda: panel.tabs.tabText(0) == "Jobs 1")
    qtbot.waitUntil(lambda: panel.tabs.tabText(1) == "Queue 5")


def test_the_log_counts_errors_until_they_are_seen(panel: Any, desk: Any, qtbot: Any) -> None:
    """Warnings and what is merely told are not counted."""
    desk.board.note("error", "It broke.")
    desk.board.note("warning", "It creaks.")
    qtbot.waitUntil(lambda: panel.tabs.tabText(4) == "Log 1")
    panel.tabs.setCurrentWidget(panel.log)
    assert panel.tabs.tabText(4) == "Log"
    panel.tabs.setCurrentWidget(panel.jobs)
    assert panel.tabs.tabText(4) == "Log"


def test_the_hosts_look_is_untouched(panel: Any, qapp: Any, qtbot: Any) -> None:
    """Palette and style sheet belong to the panel alone."""
    other = QtWidgets.QLabel("of the host")
    qtbot.addWidget(other)
    assert qapp.styleSheet() == ""
    assert other.styleSheet() == ""
    assert other.palette().window().color() != panel.palette().window().color()


def test_the_hosts_look_does_not_shine_through(
    panel: Any, qapp: Any, qtbot: Any, desk: Any, kit: Any
) -> None:
    """Hosts set style sheets on the application, some of them on every widget."""
    desk.board.begin(kit.run("a"))
    desk.board.note("info", "hello")
    desk.catalogue.found = (kit.model("denoise"),)
    panel.models.reload()
    qtbot.waitUntil(lambda: panel.models.list.current is not None)
    qapp.setStyleSheet("QWidget { background: #ff00ff } QPushButton { border: 9px solid #ff00ff }")
    try:
        for at in range(panel.tabs.count()):
            panel.tabs.setCurrentIndex(at)
            assert "#ff00ff" not in colours(panel)
    finally:
        qapp.setStyleSheet("")


def colours(widget: Any) -> set[str]:
    """Return every colour that a widget shows."""
    image = widget.grab().toImage()
    spots = ((x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3))
    return {image.pixelColor(x, y).name() for x, y in spots}


def test_it_fits_into_a_narrow_pane(panel: Any, desk: Any, qtbot: Any, kit: Any) -> None:
    """Whatever the server's texts are: they are elided and not cut."""
    long = "W" * 300
    desk.link.page = kit.page(users=(UserStatus(long, long, 3, 1),))
    desk.catalogue.found = (kit.model(long, long, long),)
    desk.board.begin(kit.run("a", label=long, text=long))
    desk.board.note("error", long, long, long)
    panel.refresh()
    panel.models.reload()
    qtbot.waitUntil(lambda: panel.tabs.tabText(1) == "Queue 4")
    qtbot.waitUntil(lambda: panel.models.list.current is not None)
    assert panel.minimumSizeHint().width() <= 340


def test_a_small_pane_keeps_tabs_and_licence_in_reach(
    panel: Any, desk: Any, qtbot: Any, kit: Any
) -> None:
    """Every tab can be clicked, though its name is cut; the licence scrolls with the card."""
    desk.catalogue.found = (kit.model("denoise"),)
    desk.catalogue.licences = {"denoise": {"code": "a licence of many words " * 20}}
    desk.catalogue.cards = {"denoise": "It denoises."}
    panel.models.reload()
    card = panel.models.card.text
    qtbot.waitUntil(lambda: "many words" in card.toPlainText())
    panel.resize(290, 300)
    bar = panel.tabs.tabBar()
    assert (panel.width(), panel.height()) == (290, 300)
    seen = [bar.visibleRegion().boundingRect().contains(bar.tabRect(at)) for at in range(5)]
    assert seen == [True] * 5
    panel.tabs.setCurrentWidget(panel.models)
    assert card.verticalScrollBar().maximum() > 0


def test_everything_can_be_reached_by_tab(panel: Any, qtbot: Any, desk: Any, kit: Any) -> None:
    """Every button, list, field and picture on every page takes the keyboard."""
    desk.catalogue.found = (kit.model("denoise"),)
    desk.board.begin(kit.run("a"))
    desk.board.note("info", "hello")
    panel.models.reload()
    qtbot.waitUntil(lambda: panel.models.list.current is not None)
    qtbot.waitUntil(lambda: panel.jobs.list.model.rowCount() == 1)
    kinds = (QtWidgets.QAbstractButton, QtWidgets.QAbstractItemView, QtWidgets.QTextBrowser)
    tab_focus = QtCore.Qt.FocusPolicy.TabFocus
    for at in range(panel.tabs.count()):
        panel.tabs.setCurrentIndex(at)
        found = [w for kind in kinds for w in panel.findChildren(kind) if w.isVisible()]
        deaf = [
            w
            for w in found
            if not (w.focusPolicy() & tab_focus) and not isinstance(w.parent(), _INNER)
        ]
        assert not deaf, [(type(w).__name__, w.objectName()) for w in deaf]


_INNER = (QtWidgets.QLineEdit, QtWidgets.QTabBar)


def test_outside_a_host_only_what_a_server_has_is_shown(desk: Any, qtbot: Any) -> None:
    """There are no nodes whose jobs or results could be shown."""
    panel = FilmgatePanel(desk, tabs=STANDALONE)
    qtbot.addWidget(panel)
    bar = panel.tabs
    shown = [bar.tabText(at) for at in range(bar.count()) if bar.isTabVisible(at)]
    assert tuple(shown) == STANDALONE
    assert set(STANDALONE) < set(TABS)
