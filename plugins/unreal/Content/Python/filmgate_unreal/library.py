"""Filmgate as Blueprint nodes and as functions for scripts; none of them raises or waits.

A function with several results returns them last first: Blueprints get them in reverse order. What
is not of the declared type is dropped without a word, so everything is converted here.
"""

from __future__ import annotations

import json
from typing import Any

import unreal

from filmgate.errors import ParameterError
from filmgate_unreal import accept as accepting
from filmgate_unreal import actions, dialogs, preview, selection, sessions
from filmgate_unreal.textures import TextureSource
from filmgate_unreal.work import Work, target_of

CATEGORY = {"Category": "Filmgate"}


def register() -> None:
    """Do nothing more: that this module is loaded makes the nodes."""


@unreal.uclass()
class FilmgateLibrary(unreal.BlueprintFunctionLibrary):
    """The nodes."""

    @unreal.ufunction(static=True, ret=unreal.Array(str), pure=True, meta=CATEGORY)
    def filmgate_models() -> Any:
        """Return the texture models that are known on this machine."""
        return dialogs.guarded(_models)() or unreal.Array(str)

    @unreal.ufunction(static=True, params=[str, str, str], ret=bool, meta=CATEGORY)
    def filmgate_run(asset_path: str, model: str, params: str) -> bool:  # noqa: N805
        """Begin to work on a texture; the parameters are a JSON object, or nothing."""
        return bool(dialogs.guarded(_run)(asset_path, model, params))

    @unreal.ufunction(static=True, params=[str, str], ret=(str, float), meta=CATEGORY)
    def filmgate_state(asset_path: str, model: str) -> tuple[float, str]:  # noqa: N805
        """Return the state of a texture's result in a word, and how much of it is done, 0 to 1."""
        state, fraction = dialogs.guarded(_state)(asset_path, model) or ("error", 0.0)
        return float(fraction), str(state)

    @unreal.ufunction(static=True, params=[str, str], ret=str, meta=CATEGORY)
    def filmgate_accept(asset_path: str, model: str) -> str:  # noqa: N805
        """Write a result into the project; return the asset's path, or nothing."""
        made = dialogs.guarded(_accept)(asset_path, model)
        return str(made[0]) if made else ""

    @unreal.ufunction(static=True, params=[str, str], ret=bool, meta=CATEGORY)
    def filmgate_discard(asset_path: str, model: str) -> bool:  # noqa: N805
        """Forget a result; return whether one was there."""
        return bool(dialogs.guarded(_discard)(asset_path, model))

    @unreal.ufunction(static=True, params=[str, str], ret=bool, meta=CATEGORY)
    def filmgate_cancel(asset_path: str, model: str) -> bool:  # noqa: N805
        """End what is under way for a texture; return whether anything was."""
        return bool(dialogs.guarded(_cancel)(asset_path, model))


def work_of(asset_path: str, model: str) -> Work:
    """Return the work of a model on a texture."""
    source = TextureSource.of(asset_path.partition(".")[0])
    return Work(source, target_of(source, model), model)


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
    work = work_of(asset_path, model)
    sessions.session(work)
    if params.strip():
        actions.set_params(work, parse_params(params))
    actions.start([work])
    return True


def _state(asset_path: str, model: str) -> tuple[str, float]:
    work = work_of(asset_path, model)
    session = sessions.session(work)
    status = session.status
    if session.busy:
        return status.state.value, status.fraction
    state = session.state_at(sessions.moments(work)[0])
    return state.value, 1.0 if sessions.files(work) else 0.0


def _accept(asset_path: str, model: str) -> list[str]:
    return accepting.accept([work_of(asset_path, model)])


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
