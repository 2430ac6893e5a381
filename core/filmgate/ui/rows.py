"""A list model that changes only the rows that have changed, so that long lists stay quick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable, Generic, Optional, TypeVar

from filmgate.ui.labels import plain_tip
from filmgate.ui.qt import QtCore

R = TypeVar("R")
ROW_ROLE = int(QtCore.Qt.ItemDataRole.UserRole)
"""The role that returns the row itself."""

_Index = QtCore.QModelIndex
_Role = QtCore.Qt.ItemDataRole


class RowsModel(QtCore.QAbstractListModel, Generic[R]):
    """Rows that are told anew as a whole, again and again.

    Args:
        key: names a row; the same key means the same row with other contents.
        text: what a screen reader, a search and the clipboard take a row for.
        parent: lives at least as long.
    """

    def __init__(
        self,
        key: Callable[[R], Any],
        text: Callable[[R], str],
        parent: Optional[QtCore.QObject] = None,
    ) -> None:
        super().__init__(parent)
        self.key = key
        self._text = text
        self.rows: list[R] = []

    def rowCount(self, parent: Any = None) -> int:
        """Return how many rows there are."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: Any, role: int = 0) -> Any:
        """Return a row, or its text: what the row itself elides is in its tool tip."""
        at = int(index.row()) if index.isValid() else len(self.rows)
        if at >= len(self.rows):
            return None
        row = self.rows[at]
        if role == ROW_ROLE:
            return row
        if role == _Role.ToolTipRole:
            return plain_tip(self._text(row))
        shown = (_Role.DisplayRole, _Role.AccessibleTextRole)
        return self._text(row) if role in shown else None

    def place_of(self, key: Any) -> int:
        """Return the row with a key; −1 where there is none."""
        return next((at for at, row in enumerate(self.rows) if self.key(row) == key), -1)

    def tell(self, rows: Sequence[R]) -> None:
        """Show *rows*, by as few changes as will do."""
        self._remove_all_but({self.key(row) for row in rows})
        known = {self.key(row) for row in self.rows}
        at = 0
        while at < len(rows):
            if at < len(self.rows) and self.key(self.rows[at]) == self.key(rows[at]):
                self._replace(at, rows[at])
                at += 1
            elif self.key(rows[at]) in known:  # they have changed places
                self._reset(rows)
                return
            else:
                at = self._insert(at, rows, known)

    def _remove_all_but(self, kept: set[Any]) -> None:
        last = len(self.rows) - 1
        while last >= 0:
            first = last
            while first >= 0 and self.key(self.rows[first]) not in kept:
                first -= 1
            if first < last:
                self.beginRemoveRows(_Index(), first + 1, last)
                del self.rows[first + 1 : last + 1]
                self.endRemoveRows()
            last = first - 1

    def _replace(self, at: int, row: R) -> None:
        if self.rows[at] != row:
            self.rows[at] = row
            self.dataChanged.emit(self.index(at), self.index(at))

    def _insert(self, at: int, rows: Sequence[R], known: set[Any]) -> int:
        end = at
        while end < len(rows) and self.key(rows[end]) not in known:
            end += 1
        self.beginInsertRows(_Index(), at, end - 1)
        self.rows[at:at] = rows[at:end]
        self.endInsertRows()
        return end

    def _reset(self, rows: Sequence[R]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()
