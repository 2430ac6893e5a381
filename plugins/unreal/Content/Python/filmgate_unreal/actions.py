"""What menus, buttons and Blueprint nodes do. None of them waits for a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable, Optional

import unreal

from filmgate.errors import FilmgateError, InputError
from filmgate.host.problem import to_problem
from filmgate.host.state import Problem
from filmgate_unreal import accept as accepting
from filmgate_unreal import dialogs, metadata, notify, preview, selection, sessions, ticks
from filmgate_unreal.batch import Batch
from filmgate_unreal.textures import TextureSource, asset_name, package_path
from filmgate_unreal.work import Source, Work, target_of

Ended = Callable[[Batch], None]

READY = "Tools ▸ Filmgate: Show Results opens them, Accept Results writes them."

SHOWN = 8
"""How many tabs are opened at once."""


@dialogs.guarded
def run(model: str, kind: str = "") -> None:
    """Let a model work on what is selected, with the parameters that the artist sets.

    Args:
        model: as ``name``, ``name@version`` or ``name@alias``.
        kind: of what is selected; empty for anything.
    """
    works = works_on(selection.sources(kind), model)
    if not works:
        text = "Nothing that a model can work on is selected."
        raise InputError(text, "Select textures in the content browser, or a landscape.")
    if ask_params(works):
        start(works)


@dialogs.guarded
def regenerate() -> None:
    """Make the selected results again, as their metadata says."""
    paths = [package_path(each) for each in selection.textures()]
    if not paths:
        text = "No texture is selected."
        raise InputError(text, "Select textures that Filmgate has made.")
    works, problems = _all_recalled(paths)
    if works:
        start(works, force=True)
    dialogs.complain([*problems.values()], [asset_name(path) for path in problems])


@dialogs.guarded
def accept() -> None:
    """Write the results that wait into the project, in one undo step; see `_waiting`."""
    made = accepting.accept(_waiting())
    unreal.log(f"Filmgate: accepted {', '.join(made) or 'the heights'}")


@dialogs.guarded
def show() -> None:
    """Open the results that wait, each in a tab; see `_waiting`."""
    works = _waiting()
    if len(works) > SHOWN:
        text = f"{len(works)} results wait: too many tabs."
        raise InputError(text, f"Select up to {SHOWN} of their textures.")
    hidden = [work.label for work in works if not preview.show(work)]
    if hidden:
        text = f"The result for {', '.join(hidden)} cannot be shown before it is accepted."
        raise InputError(text, "Accept it: undo takes it back.")


@dialogs.guarded
def discard() -> None:
    """Forget the results that wait; see `_waiting`."""
    accepting.discard(_waiting())


@dialogs.guarded
def cancel() -> None:
    """End everything that is under way; what is finished stays."""
    notify.cancel()


@dialogs.guarded
def refresh_models() -> None:
    """Ask the server for its models in the background; say so if it could not be asked."""

    def done(error: Optional[FilmgateError]) -> None:
        if error is not None:
            text = str(error)
            ticks.post(lambda: dialogs.tell(text))

    sessions.hub().catalogue.refresh(done)


def works_on(sources: Sequence[Source], model: str) -> list[Work]:
    """Return the work of a model on sources; each becomes an asset beside its source."""
    return [Work(source, target_of(source, model), model) for source in sources]


def ask_params(works: Sequence[Work]) -> bool:
    """Let the artist set the model's parameters once for all of *works*; False for a cancel.

    Nothing is asked where the model has none, or is not known yet, or nobody is there.
    """
    manifest = sessions.settle(works[0]).manifest
    if manifest is None or not manifest.params or not dialogs.attended():
        return True
    first = sessions.host(works[0])
    before = first.kept_params()
    title = f"{manifest.name} {manifest.version}"
    if not dialogs.ask_details(title, first.form()):
        first.put_back(before)
        return False
    params = first.params()
    for work in works[1:]:
        set_params(work, params)
    return True


def set_params(work: Work, params: Mapping[str, Any]) -> None:
    """Set parameters of a piece of work.

    Raises:
        FilmgateError: a value does not fit, or the model is not known yet.
    """
    sessions.settle(work)
    sessions.host(work).set_params(**params)


def start(works: Sequence[Work], force: bool = False, done: Optional[Ended] = None) -> Batch:
    """Begin to work; returns at once. Results wait for the artist.

    Args:
        works: what is to be done.
        force: make again what is fresh.
        done: told at the end; by default the artist is.
    """
    batch = Batch(works, done or ended, force)
    batch.begin()
    notify.follow(batch)
    return batch


def run_and_wait(
    works: Sequence[Work], force: bool = False, timeout_s: Optional[float] = None
) -> Batch:
    """Work and wait for the end, for scripts: the editor does nothing else meanwhile.

    Returns:
        The work; it is cancelled where the time ran out.
    """
    batch = Batch(works, lambda _: None, force)
    batch.begin()
    if not ticks.serve(lambda: not batch.busy, timeout_s):
        batch.cancel()
    return batch


def ended(batch: Batch) -> None:
    """Show the only result at once, let several wait, and tell what failed."""
    visible = len(batch.finished) == 1 and dialogs.attended()
    for work in batch.finished:
        preview.add(work, visible)
    if batch.finished:
        names = ", ".join(work.label for work in batch.finished)
        unreal.log(f"Filmgate: ready: {names}. {READY}")
        notify.close_with(f"{len(preview.waiting())} waiting. {READY}")
    failed = [work for work in batch.works if work.target in batch.problems]
    problems = [batch.problems[work.target] for work in failed]
    dialogs.complain(problems, [work.label for work in failed])


def _waiting() -> list[Work]:
    """Return the work whose results wait: of what is selected; where nothing is, all of it.

    Raises:
        InputError: none waits, or none of what is selected.
    """
    works = [each.work for each in preview.waiting()]
    if not works:
        raise InputError("No result waits.", "Run a model first.")
    selected = {each.path for each in selection.sources()}
    chosen = [work for work in works if selected & {work.path, work.target}]
    if selected and not chosen:
        text = f"Nothing that is selected has a result that waits; {len(works)} others wait."
        raise InputError(text, "Select their textures, or select nothing to mean all of them.")
    return chosen or works


def _all_recalled(paths: Sequence[str]) -> tuple[list[Work], dict[str, Problem]]:
    """Return the work that assets were made by, and of which of them nobody can say that."""
    works: list[Work] = []
    problems: dict[str, Problem] = {}
    for path in paths:
        try:
            works.append(_recalled(path))
        except FilmgateError as error:
            problems[path] = to_problem(error)
    return works, problems


def _recalled(path: str) -> Work:
    """Return the work that an accepted asset says it was made by, with its parameters.

    Raises:
        InputError: it says nothing.
    """
    record = metadata.read(path)
    if record is None:
        text = f"{path} does not say how it was made."
        raise InputError(text, "Select textures that Filmgate has made.", {"path": path})
    if metadata.is_outdated(path, record):
        text = "has changed since Filmgate wrote it, and is made as its metadata says all the same."
        unreal.log_warning(f"Filmgate: {path} {text}")
    work = Work(TextureSource.of(record.source), path, record.model)
    set_params(work, record.settings)
    return work
