"""A stand-in for PDG's Python API, for tests: items that are made and cooked on PDG's own threads.

Source: "pdg", "Processor Node Callbacks" and "pdg.WorkItem" of SideFX's documentation.
"""

from __future__ import annotations

from pdg._cooking import (
    Graph as Graph,
    Node as Node,
    Port as Port,
    TypeRegistry as TypeRegistry,
)
from pdg._items import (
    File as File,
    WorkItem as WorkItem,
    WorkItemHolder as WorkItemHolder,
)
from pdg._names import (
    generationType as generationType,
    nodeType as nodeType,
    result as result,
    workItemState as workItemState,
)
