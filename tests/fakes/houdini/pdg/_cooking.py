"""Nodes of a graph, and the threads that cook their items."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Optional

from pdg._items import File, WorkItem, WorkItemHolder
from pdg._names import generationType, result, workItemState

ATTRIBUTE = re.compile(r"`@(\w+)`")
THREADS = 4


class Port:
    """A parameter of a node, evaluated for an item."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text

    def evaluateString(self, work_item: Optional[WorkItem] = None) -> str:
        """Return the text, with an item's attributes where it names them."""

        def value(found: re.Match[str]) -> str:
            if work_item is None:
                return ""
            if found[1] == "pdg_name":
                return work_item.name
            if found[1] == "pdg_index":
                return str(work_item.index)
            return str(work_item.attribValue(found[1]))

        return ATTRIBUTE.sub(value, self._text())


class Node:
    """A node of the graph."""

    def __init__(self, name: str, ports: Mapping[str, Callable[[], str]], graph: Graph) -> None:
        self.name = name
        self.context = graph
        self._ports = dict(ports)

    def __getitem__(self, name: str) -> Port:
        return Port(self._ports[name])


class Graph:
    """A context in which items cook, on threads that are not the main one."""

    def __init__(self) -> None:
        self.canceling = False

    def handed(self, files: Sequence[Sequence[tuple[str, str]]]) -> list[WorkItem]:
        """Return items as another node hands them on, each with its files and their tags."""
        above = Node("files", {}, self)
        items = [WorkItem(above, index) for index in range(len(files))]
        for item, given in zip(items, files):
            item._files = [File(*each) for each in given]
        return items

    def cook(self, processor: Any, node: Node, upstream: Sequence[WorkItem]) -> list[WorkItem]:
        """Generate a processor's items and cook them, away from the main thread."""
        holder = WorkItemHolder(node)
        with ThreadPoolExecutor(THREADS, thread_name_prefix="pdg") as pool:
            made = pool.submit(
                processor.onGenerate, holder, list(upstream), generationType.Static
            ).result()
            if made == result.Failure:
                return holder.items
            list(pool.map(lambda item: self._cook(processor, item), holder.items))
        return holder.items

    def _cook(self, processor: Any, item: WorkItem) -> None:
        if not item.isInProcess:
            raise RuntimeError("The stand-in cooks items in process alone")
        item.state = workItemState.Cooking
        try:
            done = processor.onCookTask(item)
        except Exception:
            item.messages.append(traceback.format_exc())
            done = result.Failure
        good = done in (None, result.Success)
        failed = workItemState.CookedCancel if self.canceling else workItemState.CookedFail
        item.state = workItemState.CookedSuccess if good else failed


class TypeRegistry:
    """The types that files have registered."""

    def __init__(self) -> None:
        self.types: dict[str, Any] = {}

    def registerNode(
        self,
        class_type: Any,
        node_type: int,
        name: str = "",
        label: str = "",
        category: str = "",
        static_gen: bool = False,
    ) -> None:
        self.types[name or class_type.templateName()] = (class_type, node_type, label)
