"""What the command says: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from filmgate.errors import (
    FilmgateError,
    InputError,
    LayerError,
    ParameterError,
    UnknownModelError,
)

# Texts hold file and layer names: their brackets are no markup.
messages = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
results = Console(markup=False, highlight=False)


def say(text: str) -> None:
    """Tell the user something."""
    messages.print(text)


def warn(text: str) -> None:
    """Tell the user of something that may be wrong."""
    messages.print(Text.assemble(("warning: ", "yellow"), text))


def complain(error: FilmgateError, what: str = "error") -> None:
    """Tell the user what failed, what to do about it, and the id to quote.

    Args:
        error: what happened.
        what: what it happened to, for example ``frame 1001``.
    """
    messages.print(Text.assemble((f"{what}: ", "bold red"), error.text))
    remedy = f"{error.remedy} {_command_for(error)}".strip()
    if remedy:
        messages.print(Text.assemble(("  what to do: ", "bold"), remedy))
    messages.print(Text(f"  id: {error_id(error)}", style="dim"))


def error_id(error: FilmgateError) -> str:
    """Return what people who run the server need to find this error: its code and its job."""
    code = str(error.detail.get("code", error.code))
    job = str(error.detail.get("job", ""))
    return f"{code} {job}".strip()


def _command_for(error: FilmgateError) -> str:
    """Return how the command line does what a remedy says to people in any host."""
    if isinstance(error, LayerError) and "input" in error.detail:
        return f"`--input {error.detail['input']}=LAYER` chooses one."
    if error.remedy != error.default_remedy:  # it speaks of something else
        return ""
    return next((told for kind, told in _COMMANDS if isinstance(error, kind)), "")


_COMMANDS = (
    (UnknownModelError, "`filmgate models` lists them."),
    (ParameterError, "`filmgate models show NAME` lists them."),
    (InputError, "`filmgate models show NAME` lists them."),
)


def write_json(document: Any) -> None:
    """Write *document* to stdout, for scripts."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
