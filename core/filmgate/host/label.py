"""What nodes and their settings say to artists, in the same words in every host."""

from __future__ import annotations

from filmgate.host.state import State, Status
from filmgate.params import Parameter

_LINE_LETTERS = 48
_MINUTE_S = 60


def status_line(status: Status, remark: str = "") -> str:
    """Return one line for the artist: state, progress, the problem in short.

    Args:
        status: of the node.
        remark: what is to be said besides, such as what the node shows for want of a result.
    """
    parts = [status.state.value, *_progress(status)]
    if status.problem is not None:
        parts.append(_shortened(status.problem.text))
    elif status.text and status.text != status.state.value:
        parts.append(_shortened(status.text))
    if remark:
        parts.append(remark)
    return " \u00b7 ".join(parts)


def parameter_label(parameter: Parameter) -> str:
    """Return what is written beside a parameter: its label and its unit."""
    label = parameter.label or parameter.name.replace("_", " ")
    return f"{label} ({parameter.unit})" if parameter.unit else label


def parameter_help(parameter: Parameter) -> str:
    """Return a parameter's help with what fits, which a slider's ends do not enforce."""
    ranged = parameter.low is not None or parameter.high is not None
    fits = parameter.expectation() if ranged else ""
    return " ".join(filter(None, (parameter.help, fits and f"{fits[0].upper()}{fits[1:]}.")))


def _progress(status: Status) -> list[str]:
    if status.state is not State.RUNNING:
        counted = status.state is State.PARTIAL and status.total
        return [f"{status.done} of {status.total}"] if counted else []
    parts = [f"{status.done} of {status.total}"] if status.total > 1 else []
    if status.fraction:
        parts.append(f"{status.fraction:.0%}")
    if status.place:
        parts.append(f"{status.place} before us")
    return [*parts, *([f"{_duration(status.eta_s)} to go"] if status.eta_s else [])]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), _MINUTE_S)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _shortened(text: str) -> str:
    return text if len(text) <= _LINE_LETTERS else text[: _LINE_LETTERS - 1].rstrip() + "\u2026"
