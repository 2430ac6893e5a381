"""Task nodes, those that are a processor written in Python: PDG makes and cooks their items."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, Optional

from hou import _scripts, _world
from hou._opnode import OpNode


class TopNode(OpNode):
    """A node of a task graph."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._flags = {"display": False}
        super().__init__(*args, **kwargs)
        self._handed: Sequence[Any] = ()
        self._items: Sequence[Any] = ()
        self._graph: Any = None

    def isDisplayFlagSet(self) -> bool:
        return self._flags["display"]

    def setDisplayFlag(self, on: bool) -> None:
        self._flags["display"] = on

    def outputNode(self) -> Optional[Any]:
        return next((each for each in self._children if each._type._name == "output"), None)

    def cookWorkItems(
        self,
        block: bool = False,
        generate_only: bool = False,
        tops_only: bool = False,
        save_prompt: bool = False,
        nodes: Sequence[TopNode] = (),
    ) -> None:
        """Generate and cook the items, on threads of PDG's; of an asset, those inside."""
        import pdg

        inner = next(
            (each for each in self._children if each._type._name == "pythonprocessor"), self
        )
        graph: Any = pdg.Graph()
        self._graph = graph
        self._items = graph.cook(
            _Processor(inner), pdg.Node(self._name, _ports(inner), graph), self._handed
        )

    def cancelCook(self) -> None:
        if self._graph is not None:
            self._graph.canceling = True


def _ports(node: Any) -> dict[str, Any]:
    """Return how each parameter's text is had; they are evaluated once, on the main thread.

    Backticks with an item's attribute stay for PDG, which knows the item.
    """
    world = _world.current()
    world.tasks += 1
    try:
        texts = {each.name(): each.evalAsString() for each in node.parms()}
    finally:
        world.tasks -= 1
    return {name: (lambda text=text: text) for name, text in texts.items()}


class _Processor:
    """The code that a Python Processor holds, as PDG's callbacks."""

    def __init__(self, node: Any) -> None:
        self._texts = {
            name: node.parm(name).unexpandedString() for name in ("generate", "cooktask")
        }
        self._ports = _ports(node)

    def __getitem__(self, name: str) -> Any:
        from pdg._cooking import Port

        return Port(self._ports[name])

    def onGenerate(self, item_holder: Any, upstream_items: Any, generation_type: Any) -> Any:
        given = {"item_holder": item_holder, "upstream_items": upstream_items}
        return _call(self._texts["generate"], {"self": self, **given})

    def onCookTask(self, work_item: Any) -> Any:
        return _call(self._texts["cooktask"], {"self": self, "work_item": work_item})


def _call(text: str, given: dict[str, Any]) -> Any:
    """Run code that may return; no node is current, for it runs on a thread of PDG's."""
    scope = _scripts.names(**given)
    exec(compile(f"def script():\n{textwrap.indent(text, '    ')}\n", "<pdg>", "exec"), scope)
    return scope["script"]()
