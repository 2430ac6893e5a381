"""The base of processors that are written in Python."""

from __future__ import annotations

from typing import Any

from pdg._cooking import Node, Port


class PyProcessor:
    """What makes items of those above it."""

    def __init__(self, node: Node) -> None:
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

    def __getitem__(self, name: str) -> Port:
        return self._node[name]
