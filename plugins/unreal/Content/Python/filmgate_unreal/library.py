"""Filmgate as Blueprint nodes and as functions for scripts; none of them raises or waits.

What fails is a line in the log: a dialog would stop a script at each of a hundred assets.

A function with several results returns them last first: Blueprints get them in reverse order. What
is not of the declared type is dropped without a word, so everything is converted here.
"""

from __future__ import annotations

import json
from typing import Any, Optional

import unreal

from filmgate.errors import ParameterError
from filmgate_unreal import accept as accepting
from filmgate_unreal import actions, dialogs, preview, selection, sessions
from filmgate_unreal.source_art import load
from filmgate_unreal.textures import TextureSource
from filmgate_unreal.work import Work, target_of

_META = {"Category": "Filmgate"}
_PAIR = [str, str]


def register() -> None:
    """Do nothing more: that this module is loaded makes the nodes."""


def models() -> unreal.Array[str]:
    """Return the texture models that are known on this machine."""
    return dialogs.logged(_models)() or unreal.Array(str)


def run(asset_path: str, model: str, params: str = "") -> bool:
    """Begin to work on a texture; the parameters are a JSON object, or nothing."""
    return bool(dialogs.logged(_run)(asset_path, model, params))


def state(asset_path: str, model: str) -> tuple[float, str]:
    """Return how much of a texture's result is there, 0 to 1, and its state in a word.

    A Blueprint gets the word first.
    """
    word, fraction = dialogs.logged(_state)(asset_path, model) or ("error", 0.0)
    return float(fraction), str(word)


def accept(asset_path: str, model: str) -> str:
    """Write a result into the project; return the asset's path, or nothing."""
    made = dialogs.logged(_accept)(asset_path, model)
    return str(made[0]) if made else ""


def discard(asset_path: str, model: str) -> bool:
    """Forget a result; return whether one was there."""
    return bool(dialogs.logged(_discard)(asset_path, model))


def cancel(asset_path: str, model: str) -> bool:
    """End what is under way for a texture; return whether anything was."""
    return bool(dialogs.logged(_cancel)(asset_path, model))


def _node(call: Any, ret: Any, params: Optional[list[type]] = None) -> Any:
    """Make a node of a function, whose docstring is the node's help."""
    return unreal.ufunction(static=True, ret=ret, params=params, meta=_META)(call)


@unreal.uclass()
class FilmgateLibrary(unreal.BlueprintFunctionLibrary):
    """The nodes. A texture is named by its path, and work by its model besides."""

    filmgate_models = _node(models, unreal.Array(str))
    filmgate_run = _node(run, bool, [str, str, str])
    filmgate_state = _node(state, (str, float), _PAIR)
    filmgate_accept = _node(accept, str, _PAIR)
    filmgate_discard = _node(discard, bool, _PAIR)
    filmgate_cancel = _node(cancel, bool, _PAIR)


def work_of(asset_path: str, model: str) -> Work:
    """Return the work of a model on a texture, whether there is one or not."""
    source = TextureSource.of(asset_path.partition(".")[0])
    return Work(source, target_of(source, model), model)


def _existing(asset_path: str, model: str) -> Work:
    """Return the work of a model on a texture.

    Raises:
        InputError: there is no such texture.
    """
    work = work_of(asset_path, model)
    load(work.path)
    return work


def parse_params(text: str) -> dict[str, Any]:
    """Read parameters.

    Raises:
        ParameterError: the text is no JSON object.
    """
    try:
        found: Any = json.loads(text) if text.strip() else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ParameterError(f"{text!r} is no JSON object.", 'Write {"strength": 0.5}.')
    return found  # pyright: ignore[reportUnknownVariableType]


def _models() -> Any:
    found = unreal.Array(str)
    for model in selection.models(sessions.hub().catalogue, (selection.IMAGE,)):
        found.append(model.name)
    return found


def _run(asset_path: str, model: str, params: str) -> bool:
    work = _existing(asset_path, model)
    if params.strip():
        actions.set_params(work, parse_params(params))
    actions.start([work])
    return True


def _state(asset_path: str, model: str) -> tuple[str, float]:
    work = _existing(asset_path, model)
    session = sessions.session(work)
    status = session.status
    if session.busy:
        return status.state.value, status.fraction
    state = session.state_at(sessions.moments(work)[0])
    return state.value, 1.0 if sessions.files(work) else 0.0


def _accept(asset_path: str, model: str) -> list[str]:
    return accepting.accept([_existing(asset_path, model)])


def _discard(asset_path: str, model: str) -> bool:
    work = work_of(asset_path, model)
    there = bool(sessions.files(work)) or preview.find(work.target) is not None
    accepting.discard([work])
    return there


def _cancel(asset_path: str, model: str) -> bool:
    session = sessions.session(work_of(asset_path, model))
    busy = session.busy
    session.cancel()
    return busy
