"""Things found by a property that several of them share."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Index(Generic[K, V]):
    """Things by a property that several of them share, in the order in which they came."""

    def __init__(self) -> None:
        self._at: dict[K, dict[Hashable, V]] = {}

    def add(self, key: K, name: Hashable, value: V) -> None:
        """Add a thing."""
        self._at.setdefault(key, {})[name] = value

    def drop(self, key: K, name: Hashable) -> None:
        """Take a thing out, if it is there."""
        names = self._at.get(key)
        if names is not None:
            names.pop(name, None)
            if not names:
                del self._at[key]

    def at(self, key: K) -> list[V]:
        """Return the things with this property."""
        return list(self.each(key))

    def each(self, key: K) -> Iterator[V]:
        """Go through them one by one."""
        return iter(self._at.get(key, {}).values())

    def count(self, key: K) -> int:
        """Return how many have this property."""
        return len(self._at.get(key, {}))

    def __len__(self) -> int:
        """Return how many different properties there are."""
        return len(self._at)
