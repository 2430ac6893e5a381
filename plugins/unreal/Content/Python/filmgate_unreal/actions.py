"""What menus, buttons and Blueprint nodes do. None of them waits for a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable, Optional

import unreal

from filmgate.errors import FilmgateError, InputError
from filmgate_unreal import accept as accepting
from filmgate_unreal import dialogs, metadata, notify, preview, selection, sessions, ticks
from filmgate_unreal.batch import Batch
from filmgate_unreal.textures import TextureSource, package_path
from filmgate_unreal.work import Source, Work, target_of

Ended = Callable[[Batch], None]


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
    works = [_recalled(package_path(each)) for each in selection.textures()]
    if not works:
        text = "No texture is selected."
        raise InputError(text, "Select textures that Filmgate has made.")
    start(works, force=True)


@dialogs.guarded
def accept() -> None:
    """Write the results that wait into the project, in one undo step; see `_waiting`."""
    made = accepting.accept(_waiting())
    unreal.log(f"Filmgate: accepted {', '.join(made) or 'the heights'}")


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
    title = f"{manifest.name} {manifest.version}"
    if not dialogs.ask_details(title, first.form()):
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
        names = ", ".join(work.source.label() for work in batch.finished)
        unreal.log(f"Filmgate: ready: {names}. Tools ▸ Filmgate ▸ Accept writes them.")
    failed = [work for work in batch.works if work.target in batch.problems]
    problems = [batch.problems[work.target] for work in failed]
    dialogs.complain(problems, [work.source.label() for work in failed])


def _waiting() -> list[Work]:
    """Return the work whose results wait: of the selected textures, else all of it.

    Raises:
        InputError: none waits.
    """
    works = [each.work for each in preview.waiting()]
    if not works:
        raise InputError("No result waits.", "Run a model first.")
    selected = {package_path(each) for each in selection.textures()}
    chosen = [work for work in works if selected & {work.source.path, work.target}]
    return chosen or works


def _recalled(path: str) -> Work:
    """Return the work that an accepted asset says it was made by, with its parameters.

    Raises:
        InputError: it says nothing.
    """
    record = metadata.read(path)
    if record is None:
        text = f"{path} does not say how it was made."
        raise InputError(text, "Select textures that Filmgate has made.", {"path": path})
    work = Work(TextureSource.of(record.source), path, record.model)
    set_params(work, record.settings)
    return work
