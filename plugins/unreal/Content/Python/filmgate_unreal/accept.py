"""An artist's yes: results become assets, all of them in one undo step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import unreal

from filmgate.errors import FilmgateError, InputError
from filmgate.host.problem import to_problem, unforeseen
from filmgate.host.state import Problem, State
from filmgate_unreal import metadata, preview, sessions
from filmgate_unreal.work import Work

_MADE = (State.FRESH, State.BAKED)


def accept(works: Sequence[Work]) -> list[str]:
    """Write results into the project, in one undo step; one that cannot be written costs no other.

    Returns:
        The paths of the assets.

    Raises:
        FilmgateError: a result could not be written, and still waits; the others are written.
    """
    problems: dict[str, Problem] = {}
    made: list[unreal.Object] = []
    with unreal.ScopedEditorTransaction(_title(works)):
        for work in works:
            try:
                made += _write(work)
            except FilmgateError as error:
                problems[work.label] = to_problem(error)
            except Exception as error:  # noqa: BLE001 - the editor's own code: the others go on
                problems[work.label] = unforeseen(error)
            else:
                preview.drop(work.target)
    if problems:
        raise _refusal(problems, len(works))
    return [asset.get_path_name() for asset in made]


def discard(works: Sequence[Work]) -> None:
    """Forget results: the project is as it was. What was computed is found again when asked for."""
    for work in works:
        preview.drop(work.target)
        sessions.end(work)


def _write(work: Work) -> list[unreal.Object]:
    _check_result(work)
    _check_target(work)
    record = sessions.record(work)
    assets = work.source.accept(sessions.files(work), work.target)
    for asset in assets:
        metadata.write(asset, replace(record, pixels=metadata.pixels_of(asset)))
    return assets


def _check_result(work: Work) -> None:
    """Refuse what is not there, and what is of other settings than those that would be written.

    Raises:
        InputError: says which of them.
    """
    frames = sessions.files(work)
    if not frames:
        text = f"There is no result for {work.label}."
        raise InputError(text, "Run it first.", {"path": work.path})
    session = sessions.session(work)
    made = [each for each in sessions.moments(work) if int(each.time) in frames]
    if any(session.state_at(each) not in _MADE for each in made):
        text = f"The result for {work.label} is of other settings or of another source than now."
        raise InputError(text, "Run it again, and wait for its end.", {"path": work.path})


def _check_target(work: Work) -> None:
    """Refuse to write over an asset that is not what this model made of this source.

    Raises:
        InputError: there is such an asset.
    """
    if not unreal.EditorAssetLibrary.does_asset_exist(work.target):
        return
    record = metadata.read(work.target)
    if record is None or (record.source, _name(record.model)) != (work.path, _name(work.model)):
        text = f"{work.target} exists, and is not what {_name(work.model)} made of {work.label}."
        remedy = "Rename that asset, then accept again."
        raise InputError(text, remedy, {"path": work.target})


def _name(model: str) -> str:
    return model.partition("@")[0]


def _refusal(problems: Mapping[str, Problem], count: int) -> FilmgateError:
    """Return what an artist is told of the results that were not written."""
    (first, *_), told = problems.values(), [f"{label}: {each}" for label, each in problems.items()]
    if count == 1:
        return InputError(first.text, first.remedy)
    text = f"{len(told)} of {count} results were not accepted. {' '.join(told)}"
    return InputError(text, "The others are in the project; these still wait.")


def _title(works: Sequence[Work]) -> str:
    names = [work.label for work in works]
    return f"Filmgate: {names[0]}" if len(names) == 1 else f"Filmgate: {len(names)} results"
