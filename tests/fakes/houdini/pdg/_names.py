"""PDG's enumerations, those that are in use."""

from __future__ import annotations


class result:
    """What a callback returns."""

    Success: int = 1
    Failure: int = 2


class nodeType:
    """What kind of node a type is registered as."""

    Processor: int = 1
    Partitioner: int = 2
    Scheduler: int = 3


class generationType:
    """When items are generated."""

    Static: int = 1
    Dynamic: int = 2


class workItemState:
    """How far an item is."""

    Undefined: int = 0
    Cooking: int = 1
    CookedSuccess: int = 2
    CookedFail: int = 3
    CookedCancel: int = 4
