"""An artist's yes: results become assets, all of them in one undo step."""

from __future__ import annotations

from collections.abc import Sequence

import unreal

from filmgate.errors import InputError
from filmgate_unreal import metadata, preview, sessions
from filmgate_unreal.work import Work


def accept(works: Sequence[Work]) -> list[str]:
    """Write results into the project; none is written where one cannot be read.

    Returns:
        The paths of the assets.

    Raises:
        FilmgateError: a result is not there, or the editor does not take it; the undo step then
            holds nothing.
    """
    for work in works:
        _check(work)
    transaction = unreal.ScopedEditorTransaction(_title(works))
    with transaction:
        try:
            made = [asset for work in works for asset in _write(work)]
        except BaseException:
            transaction.cancel()
            raise
    for work in works:
        preview.drop(work.target)
    return [asset.get_path_name() for asset in made]


def discard(works: Sequence[Work]) -> None:
    """Forget results: the project is as it was. What was computed is found again when asked for."""
    for work in works:
        preview.drop(work.target)
        sessions.end(work)


def _write(work: Work) -> list[unreal.Object]:
    record = sessions.record(work)
    assets = work.source.accept(sessions.files(work), work.target)
    for asset in assets:
        metadata.write(asset, record)
    return assets


def _check(work: Work) -> None:
    if not sessions.files(work):
        text = f"There is no result for {work.source.label()}."
        raise InputError(text, "Run it first.", {"path": work.source.path})


def _title(works: Sequence[Work]) -> str:
    names = [work.source.label() for work in works]
    return f"Filmgate: {names[0]}" if len(names) == 1 else f"Filmgate: {len(names)} results"
