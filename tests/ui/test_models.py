"""The catalogue: found, read and used, and safe whatever a publisher wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from filmgate.ui.card import CardText, licence_line, open_link, without_title
from filmgate.ui.qt import QtCore, QtGui

Qt = QtCore.Qt
OBJECT = "\ufffc"


@pytest.fixture
def page(panel: Any, desk: Any, qtbot: Any, kit: Any) -> Any:
    """Return the models' page with three models."""
    desk.catalogue.found = (
        kit.model("denoise", "denoise", "Takes noise out of renders."),
        kit.model("retime", "interpolate", "Makes frames between frames."),
        kit.model("matte", "matte", "Finds people."),
    )
    desk.catalogue.cards = {"denoise": "# denoise\n\nIt **denoises**.", "matte": "Mattes."}
    desk.catalogue.licences = {"denoise": {"code": "MIT", "weights": "MIT", "data": "CC0-1.0"}}
    panel.tabs.setCurrentWidget(panel.models)
    panel.models.reload()
    qtbot.waitUntil(lambda: "denoises" in panel.models.card.text.toPlainText())
    return panel.models


def names(page: Any) -> list[str]:
    """Return what is listed."""
    return [model.name for model in page.list.model.rows]


def test_the_first_model_is_shown_in_full(page: Any) -> None:
    """With its licences; the card's own title is not said twice."""
    licence = "Licence: MIT (code, weights); CC0-1.0 (data)"
    assert page.card.text.toPlainText().split("\n") == [licence, "It denoises."]
    assert "version 1.0.0" in page.card._facts.full_text


def test_models_are_searched_by_name_task_and_summary(page: Any, qtbot: Any) -> None:
    """Every word must occur; nothing found says so."""
    for wanted, found in (
        ("people", ["matte"]),
        ("FRAMES retime", ["retime"]),
        ("interp", ["retime"]),
        ("", ["denoise", "retime", "matte"]),
    ):
        page.search.setText(wanted)
        assert names(page) == found
    page.search.setText("unicorn")
    assert names(page) == []
    assert "No model fits" in page.empty.text
    assert not page.card.isVisible()


@pytest.mark.parametrize("by", ["button", "return"])
def test_a_node_is_asked_for(page: Any, panel: Any, qtbot: Any, by: str) -> None:
    """By the button or by Return in the list; the host hears which model."""
    page.list.choose(2)
    qtbot.waitUntil(lambda: "Mattes" in page.card.text.toPlainText())
    with qtbot.waitSignal(panel.node_wanted) as wanted:
        if by == "button":
            page.card.add.click()
        else:
            qtbot.keyClick(page.list.view, Qt.Key.Key_Return)
    assert wanted.args[0].name == "matte"


def test_without_a_host_there_is_no_such_button(desk: Any, qtbot: Any) -> None:
    """The window by itself has nowhere to put a node."""
    from filmgate.ui.panel import FilmgatePanel  # noqa: PLC0415 - after the platform is chosen

    panel = FilmgatePanel(desk)
    qtbot.addWidget(panel)
    assert panel.models.card.add.isHidden()


def test_a_model_without_card_says_so(page: Any, qtbot: Any) -> None:
    """And the one before it is gone."""
    page.list.choose(1)
    qtbot.waitUntil(lambda: "no card" in page.card.text.toPlainText())
    assert "not known" in page.card.text.toPlainText()


def test_an_empty_catalogue_says_what_to_do(panel: Any, qtbot: Any) -> None:
    """Where no server has ever answered."""
    assert "as soon as a server has answered" in panel.models.empty.text


def test_list_and_card_stand_beside_each_other_where_there_is_room(panel: Any, page: Any) -> None:
    """Else one below the other."""
    panel.resize(900, 600)
    assert page._splitter.orientation() == Qt.Orientation.Horizontal
    panel.resize(420, 600)
    assert page._splitter.orientation() == Qt.Orientation.Vertical


def test_a_card_loads_nothing(qtbot: Any, tmp_path: Path) -> None:
    """Neither files of this machine nor anything of the network, by Markdown or by HTML."""
    secret = tmp_path / "secret.png"
    picture = QtGui.QImage(4, 4, QtGui.QImage.Format.Format_RGB32)
    picture.fill(QtGui.QColor("red"))
    assert picture.save(str(secret))
    text = CardText()
    qtbot.addWidget(text)
    text.tell(f"![a]({secret.as_uri()})\n\n<img src='{secret.as_uri()}'>\n\n<b>bold</b> end", None)
    assert OBJECT not in text.toPlainText()
    assert "<b>bold</b>" in text.toPlainText()
    assert text.loadResource(2, QtCore.QUrl(secret.as_uri())).isEmpty()


def test_a_cards_picture_stands_where_the_card_has_it(qtbot: Any) -> None:
    """Once, no wider than the text and in its own shape; without a place it comes first."""
    picture = QtGui.QImage(800, 400, QtGui.QImage.Format.Format_RGB32)
    text = CardText()
    qtbot.addWidget(text)
    text.resize(300, 400)
    text.show()
    text.tell("Before.\n\n![a](one.jpg)\n\nAfter.\n\n![b](two.jpg)", picture)
    plain = text.toPlainText()
    assert plain.count(OBJECT) == 1
    assert plain.index("Before") < plain.index(OBJECT) < plain.index("After")
    shape = text.document().find(OBJECT).charFormat().toImageFormat()
    assert shape.width() <= text.viewport().width()
    assert shape.width() / shape.height() == pytest.approx(2.0)
    text.tell("Only words.", picture)
    assert text.toPlainText().index(OBJECT) < text.toPlainText().index("Only")


@pytest.mark.parametrize(
    "link", ["file:///etc/passwd", "javascript:alert(1)", "smb://host/share", "card.md", ""]
)
def test_links_to_anything_but_pages_are_dead(link: str) -> None:
    """A publisher could otherwise have files opened here."""
    assert not open_link(QtCore.QUrl(link))


def test_licences_that_are_equal_stand_together() -> None:
    """In one line."""
    assert licence_line({"code": "MIT", "weights": "CC0"}) == "Licence: MIT (code); CC0 (weights)"
    assert "not known" in licence_line({})


def test_only_a_repeated_title_is_left_out() -> None:
    """Another first heading stays."""
    assert without_title("# Denoise\n\nText", "denoise").strip() == "Text"
    assert without_title("# Another\n\nText", "denoise") == "# Another\n\nText"
