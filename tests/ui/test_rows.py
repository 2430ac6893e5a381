"""Lists that are told anew as a whole, and change as little as they must."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.ui.qt import QtCore
from filmgate.ui.rows import ROW_ROLE, RowsModel

Row = tuple[int, str]


def make_model() -> RowsModel[Row]:
    """Return a model of numbered words."""
    return RowsModel[Row](lambda row: row[0], lambda row: row[1])


def lists() -> st.SearchStrategy[list[Row]]:
    """Return lists of rows with different numbers."""
    row = st.tuples(st.integers(0, 9), st.sampled_from("ab"))
    return st.lists(row, unique_by=lambda row: row[0])


@given(st.lists(lists(), max_size=4))
def test_a_view_follows_whatever_happens(told: list[list[Row]]) -> None:
    """A copy that is kept by the model's signals alone stays equal to what was told."""
    model, copy = make_model(), []
    model.rowsRemoved.connect(lambda _, first, last: copy.__delitem__(slice(first, last + 1)))
    model.rowsInserted.connect(
        lambda _, first, last: copy.__setitem__(slice(first, first), model.rows[first : last + 1])
    )
    model.dataChanged.connect(lambda at, *_: copy.__setitem__(at.row(), model.rows[at.row()]))
    model.modelReset.connect(lambda: copy.__setitem__(slice(None), model.rows))
    for rows in told:
        model.tell(rows)
        assert model.rows == rows
        assert copy == rows


def test_one_change_among_thousands_is_one_change() -> None:
    """Nothing else is announced, so that nothing else is painted."""
    model, changed = make_model(), []
    model.tell([(at, "a") for at in range(5000)])
    model.dataChanged.connect(lambda first, last, *_: changed.append((first.row(), last.row())))
    model.modelReset.connect(lambda: changed.append("reset"))
    model.tell([(at, "b" if at == 4321 else "a") for at in range(5000)])
    assert changed == [(4321, 4321)]


def test_lines_that_move_up_are_one_removal_and_one_insertion() -> None:
    """A bounded log forgets its oldest lines as new ones come."""
    model, seen = make_model(), []
    model.tell([(at, "a") for at in range(1000)])
    model.rowsInserted.connect(lambda _, first, last: seen.append(("in", first, last)))
    model.rowsRemoved.connect(lambda _, first, last: seen.append(("out", first, last)))
    model.tell([(at, "a") for at in range(10, 1010)])
    assert seen == [("out", 0, 9), ("in", 990, 999)]


@pytest.mark.parametrize("role", [ROW_ROLE, 0])
def test_a_place_beyond_the_end_has_nothing(role: int) -> None:
    """Views ask for places that have just gone."""
    model: Any = make_model()
    model.tell([(1, "a")])
    gone = model.index(0)
    model.tell([])
    assert model.data(gone, role) is None
    assert model.data(QtCore.QModelIndex(), role) is None
