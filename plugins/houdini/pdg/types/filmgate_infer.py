"""Registers the processor with PDG; Houdini reads every file of this folder when PDG starts.

The asset ``filmgate::infer`` brings the same work as a node with parameters; this type is for
graphs that are built by scripts.
"""

from __future__ import annotations

from typing import Any

from pdg.processor import PyProcessor

import pdg

LABEL = "Filmgate"


class FilmgateInfer(PyProcessor):
    """One job at the server for each work item."""

    def onGenerate(  # noqa: N802 - PDG's name
        self, item_holder: Any, upstream_items: Any, generation_type: Any
    ) -> Any:
        """Make an item for each one upstream."""
        from filmgate_houdini import start  # noqa: PLC0415 - PDG starts without it

        start.load("top").generate(self, item_holder, upstream_items)
        return pdg.result.Success

    def onCookTask(self, work_item: Any) -> Any:  # noqa: N802 - PDG's name
        """Make an item's results."""
        from filmgate_houdini import start  # noqa: PLC0415 - PDG starts without it

        start.load("top").cook(work_item)
        return pdg.result.Success


def registerTypes(type_registry: Any) -> None:  # noqa: N802 - PDG's name
    """Register the type."""
    type_registry.registerNode(
        FilmgateInfer, pdg.nodeType.Processor, static_gen=False, label=LABEL, category=LABEL
    )
