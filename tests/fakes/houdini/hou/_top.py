"""Task nodes: what they make is PDG's, and not stood in for here."""

from __future__ import annotations

from hou._opnode import OpNode


class TopNode(OpNode):
    """A node of a task graph."""
