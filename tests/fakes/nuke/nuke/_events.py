"""The functions by which a plugin asks to be called; each event has the same two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, Optional

from nuke._callbacks import ANY, _add, _remove
from nuke._guard import on_main

if TYPE_CHECKING:
    from nuke._nodes import Node

_Call = Callable[..., Any]
_NONE: Mapping[str, Any] = {}


@on_main
def addOnUserCreate(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _add("onUserCreate", call, args, kwargs, nodeClass)


@on_main
def removeOnUserCreate(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _remove("onUserCreate", call, args, kwargs, nodeClass)


@on_main
def addOnCreate(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _add("onCreate", call, args, kwargs, nodeClass)


@on_main
def removeOnCreate(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _remove("onCreate", call, args, kwargs, nodeClass)


@on_main
def addOnScriptLoad(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _add("onScriptLoad", call, args, kwargs, nodeClass)


@on_main
def removeOnScriptLoad(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _remove("onScriptLoad", call, args, kwargs, nodeClass)


@on_main
def addOnScriptSave(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _add("onScriptSave", call, args, kwargs, nodeClass)


@on_main
def removeOnScriptSave(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _remove("onScriptSave", call, args, kwargs, nodeClass)


@on_main
def addOnScriptClose(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _add("onScriptClose", call, args, kwargs, nodeClass)


@on_main
def removeOnScriptClose(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _remove("onScriptClose", call, args, kwargs, nodeClass)


@on_main
def addOnDestroy(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _add("onDestroy", call, args, kwargs, nodeClass)


@on_main
def removeOnDestroy(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _remove("onDestroy", call, args, kwargs, nodeClass)


@on_main
def addUpdateUI(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _add("updateUI", call, args, kwargs, nodeClass)


@on_main
def removeUpdateUI(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _remove("updateUI", call, args, kwargs, nodeClass)


@on_main
def addAutolabel(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _add("autolabel", call, args, kwargs, nodeClass)


@on_main
def removeAutolabel(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _remove("autolabel", call, args, kwargs, nodeClass)


@on_main
def addBeforeRender(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _add("beforeRender", call, args, kwargs, nodeClass)


@on_main
def removeBeforeRender(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _remove("beforeRender", call, args, kwargs, nodeClass)


@on_main
def addBeforeFrameRender(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _add("beforeFrameRender", call, args, kwargs, nodeClass)


@on_main
def removeBeforeFrameRender(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _remove("beforeFrameRender", call, args, kwargs, nodeClass)


@on_main
def addAfterFrameRender(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _add("afterFrameRender", call, args, kwargs, nodeClass)


@on_main
def removeAfterFrameRender(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _remove("afterFrameRender", call, args, kwargs, nodeClass)


@on_main
def addAfterRender(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _add("afterRender", call, args, kwargs, nodeClass)


@on_main
def removeAfterRender(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _remove("afterRender", call, args, kwargs, nodeClass)


@on_main
def addRenderProgress(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _add("renderProgress", call, args, kwargs, nodeClass)


@on_main
def removeRenderProgress(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _remove("renderProgress", call, args, kwargs, nodeClass)


@on_main
def addFilenameFilter(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _add("filenameFilter", call, args, kwargs, nodeClass)


@on_main
def removeFilenameFilter(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE, nodeClass: str = ANY
) -> None:
    _remove("filenameFilter", call, args, kwargs, nodeClass)


@on_main
def addKnobChanged(
    call: _Call,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] = _NONE,
    nodeClass: str = ANY,
    node: Optional[Node] = None,
) -> None:
    _add("knobChanged", call, args, kwargs, nodeClass if node is None else node)


@on_main
def removeKnobChanged(
    call: _Call,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] = _NONE,
    nodeClass: str = ANY,
    node: Optional[Node] = None,
) -> None:
    _remove("knobChanged", call, args, kwargs, nodeClass if node is None else node)


@on_main
def addBeforeBackgroundRender(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE
) -> None:
    _add("beforeBackgroundRender", call, args, kwargs, ANY)


@on_main
def removeBeforeBackgroundRender(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE
) -> None:
    _remove("beforeBackgroundRender", call, args, kwargs, ANY)


@on_main
def addAfterBackgroundFrameRender(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE
) -> None:
    _add("afterBackgroundFrameRender", call, args, kwargs, ANY)


@on_main
def removeAfterBackgroundFrameRender(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE
) -> None:
    _remove("afterBackgroundFrameRender", call, args, kwargs, ANY)


@on_main
def addAfterBackgroundRender(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE
) -> None:
    _add("afterBackgroundRender", call, args, kwargs, ANY)


@on_main
def removeAfterBackgroundRender(
    call: _Call, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NONE
) -> None:
    _remove("afterBackgroundRender", call, args, kwargs, ANY)
