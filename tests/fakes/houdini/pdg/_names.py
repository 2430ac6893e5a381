"""PDG's enumerations, those that are in use."""

from __future__ import annotations

import enum


class result(enum.Enum):
    """What a callback returns."""

    Success = 1
    Failure = 2


class nodeType(enum.Enum):
    """What kind of node a type is registered as."""

    Processor = 1
    Partitioner = 2
    Scheduler = 3


class generationType(enum.Enum):
    """When items are generated."""

    Static = 1
    Dynamic = 2


class workItemState(enum.Enum):
    """How far an item is."""

    Undefined = 0
    Cooking = 1
    CookedSuccess = 2
    CookedFail = 3
    CookedCancel = 4
