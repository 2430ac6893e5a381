"""Numbers as artists read them."""

from __future__ import annotations

import time

_MIB = 1 << 20
_GIB = 1 << 30
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_SOON_S = 1.0
_TEENS = (11, 12, 13)


def duration(seconds: float) -> str:
    """Return a time in its two largest units: ``2 min 5 s``."""
    left = max(0, round(seconds))
    told: list[str] = []
    for size, unit in _UNITS:
        number, left = divmod(left, size)
        if number:
            told.append(f"{number} {unit}")
    return " ".join(told[:2]) or "0 s"


def to_go(eta_s: float) -> str:
    """Return how long it will take; empty where nobody knows."""
    if eta_s <= 0:
        return ""
    return f"{duration(eta_s)} left" if eta_s >= _SOON_S else "nearly done"


def queue_place(place: int) -> str:
    """Return one's place in the queue, as *place* frames are ahead; empty at its head."""
    return f"{ordinal(place + 1)} in the queue" if place > 0 else ""


def ordinal(number: int) -> str:
    """Return ``1st``, ``2nd``, ``3rd``, ``11th``."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in _TEENS else ending}"


def memory(used_bytes: int, budget_bytes: int) -> str:
    """Return how much of a memory is taken; without a budget what is taken."""
    if not budget_bytes:
        return size(used_bytes)
    if budget_bytes >= _GIB:
        return f"{used_bytes / _GIB:.1f} of {budget_bytes / _GIB:.1f} GiB"
    return f"{used_bytes / _MIB:.0f} of {budget_bytes / _MIB:.0f} MiB"


def size(size_bytes: int) -> str:
    """Return a size: ``3.2 GiB`` or ``12 MiB``."""
    if size_bytes >= _GIB:
        return f"{size_bytes / _GIB:.1f} GiB"
    return f"{size_bytes / _MIB:.0f} MiB"


def counted(number: int, noun: str) -> str:
    """Return ``1 job``, ``2 jobs``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def clock(time_s: float) -> str:
    """Return the time of day of seconds since the epoch."""
    return time.strftime("%H:%M:%S", time.localtime(time_s))
