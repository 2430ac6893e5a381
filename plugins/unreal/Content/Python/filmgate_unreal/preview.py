"""Results that wait for a yes or no: shown as textures that no asset of the project is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import unreal

from filmgate_unreal import sessions
from filmgate_unreal.work import Work


@dataclass(frozen=True)
class Preview:
    """A result that waits.

    Attributes:
        work: what it is of.
        shown: the transient texture that shows it; None where nothing is shown.
    """

    work: Work
    shown: Optional[unreal.Object] = None


_waiting: dict[str, Preview] = {}


def waiting() -> list[Preview]:
    """Return the results that wait, the oldest first."""
    return list(_waiting.values())


def find(target: str) -> Optional[Preview]:
    """Return the result that waits for an asset."""
    return _waiting.get(target)


def add(work: Work, visible: bool) -> Preview:
    """Let a result wait for a decision, in the place of an earlier one for the same asset.

    Args:
        work: what it is of.
        visible: whether to open it in a tab: one result is looked at, a hundred are not.
    """
    drop(work.target)
    shown = work.source.preview(sessions.files(work)) if visible else None
    if shown is not None:
        _editors().open_editor_for_assets([shown])
    _waiting[work.target] = Preview(work, shown)
    return _waiting[work.target]


def show(work: Work) -> bool:
    """Open a result that waits in a tab; False where nothing shows it: heights."""
    return add(work, visible=True).shown is not None


def drop(target: str) -> None:
    """Close what shows a result, and let it wait no longer."""
    gone = _waiting.pop(target, None)
    if gone is not None and gone.shown is not None:
        _editors().close_all_editors_for_asset(gone.shown)


def drop_all() -> None:
    """Close everything."""
    for target in list(_waiting):
        drop(target)


def _editors() -> unreal.AssetEditorSubsystem:
    return unreal.get_editor_subsystem(unreal.AssetEditorSubsystem)
