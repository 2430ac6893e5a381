"""How far a run is: the progress of its frames as one fraction, one line and one time to go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from filmgate.host.state import State, Status
from filmgate.job import Progress

_INFER_SHARE = 0.8
_STAGE_SHARES = {"decode": 0.05, "infer": 0.1, "encode": 0.9, "ready": 0.95, "result": 0.98}
"""How much of a frame is done when a stage begins; what comes before counts as nothing."""

_STAGE_TEXTS = {
    "sending": "sending",
    "missing": "sending",
    "queued": "waiting for the server",
    "decode": "computing",
    "infer": "computing",
    "encode": "computing",
    "ready": "fetching",
    "result": "storing",
}


@dataclass(frozen=True)
class Tally:
    """A run's frames.

    Attributes:
        done: results that are here, and frames that were fresh before.
        failed: frames that ended without one.
        total: all of them.
        under_way: the progress of those that were captured.
    """

    done: int
    failed: int
    total: int
    under_way: tuple[Progress, ...] = ()

    @property
    def fraction(self) -> float:
        """Of everything that the run has to do, 0 to 1."""
        ended = self.done + self.failed + sum(map(frame_fraction, self.under_way))
        return ended / self.total if self.total else 1.0


def frame_fraction(progress: Progress) -> float:
    """Return how much of one frame is done, 0 to 1."""
    begun = _STAGE_SHARES.get(progress.stage, 0.0)
    if progress.stage == "infer" and progress.total:
        begun += _INFER_SHARE * min(1.0, progress.done / progress.total)
    return begun


def running_status(tally: Tally, elapsed_s: float, warnings: tuple[str, ...] = ()) -> Status:
    """Return the status of a run that is under way.

    Args:
        tally: its frames.
        elapsed_s: since its first capture.
        warnings: what the server said of its results.
    """
    return Status(
        State.RUNNING,
        _text(tally),
        tally.done,
        tally.total,
        tally.fraction,
        min((each.place for each in tally.under_way), default=0),
        _eta_s(tally, elapsed_s),
        None,
        warnings,
    )


def folded(statuses: Sequence[Status]) -> Status:
    """Return the status of a node with several runs under way."""
    if len(statuses) == 1:
        return statuses[0]
    total = sum(each.total for each in statuses)
    parts = sum(each.fraction * each.total for each in statuses)
    return replace(
        statuses[-1],
        done=sum(each.done for each in statuses),
        total=total,
        fraction=parts / total if total else 0.0,
        eta_s=max(each.eta_s for each in statuses),
        warnings=_distinct(warning for each in statuses for warning in each.warnings),
    )


def _text(tally: Tally) -> str:
    place = min((each.place for each in tally.under_way), default=0)
    if not tally.under_way and tally.done + tally.failed >= tally.total:
        said = "finishing"
    elif not tally.under_way:
        said = "reading the frame"
    else:
        ahead = max(tally.under_way, key=frame_fraction)
        said = ahead.text or _STAGE_TEXTS.get(ahead.stage, "working")
        said += f", {place} before it" if place and ahead.stage == "queued" else ""
    which = f"Frame {min(tally.done + tally.failed + 1, tally.total)} of {tally.total}: "
    return which + said if tally.total > 1 else said[:1].upper() + said[1:]


def _eta_s(tally: Tally, elapsed_s: float) -> float:
    """Go by the pace of the run where frames have ended, else by what the server expects."""
    if tally.done + tally.failed and 0 < tally.fraction < 1:
        return float(round(elapsed_s * (1 - tally.fraction) / tally.fraction))
    return float(round(max((each.eta_s for each in tally.under_way), default=0.0)))


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
