"""Calls that follow from what happens to nodes, and the scripts of parameters."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from typing import Any

from hou import _scripts, _world
from hou._errors import OperationFailed

NONE: Mapping[str, Any] = {}


def fire(node: Any, event: Any, **given: Any) -> None:
    """Tell those that asked to be told of *event* at *node*; what they raise is printed."""
    for events, call in list(node._event_calls):
        if event in events:
            _printing(lambda call=call: call(node=node, event_type=event, **given))


def _printing(call: Any) -> None:
    try:
        call()
    except Exception:
        _world.current().printed.append(traceback.format_exc())
        sys.stderr.write("Error running callback:\n" + traceback.format_exc())


def run_script(parm: Any, arguments: Mapping[str, Any] = NONE) -> None:
    """Run a parameter's callback script, in an undo step of its own.

    Raises:
        OperationFailed: the script raised.
    """
    text = parm.tuple()._template.scriptCallback()
    if not text:
        return
    world = _world.current()
    node = parm.node()
    kwargs = {
        "node": node, "parm": parm, "parm_name": parm.name(), "parm_tuple": parm.tuple(),
        "script_parm": parm.name(), "script_value": parm.evalAsString(),
        "script_multiparm_index": "-1", **arguments,
    }  # fmt: skip
    world.undo.begin(f"Button {parm.name()}")
    try:
        _scripts.run(text, {"kwargs": kwargs}, node, f"{node.path()}/{parm.name()}")
    except Exception as error:
        world.printed.append(traceback.format_exc())
        raise OperationFailed(f"{type(error).__name__}: {error}") from error
    finally:
        world.undo.end()
