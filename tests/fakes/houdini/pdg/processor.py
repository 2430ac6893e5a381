"""The base of processors that are written in Python."""

from __future__ import annotations

from typing import Any


class PyProcessor:
    """What makes items of those above it."""

    def __init__(self, node: Any) -> None:
        self._node = node

    @classmethod
    def templateName(cls) -> str:
        return cls.__name__.lower()

    @property
    def name(self) -> str:
        return self._node.name

    @property
    def context(self) -> Any:
        return self._node.context

    def __getitem__(self, name: str) -> Any:
        return self._node[name]
