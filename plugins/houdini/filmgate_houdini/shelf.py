"""The shelf's tools, and nodes made where the artist looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Optional

import hou

from filmgate.errors import FilmgateError, RequestError
from filmgate.host.offers import offered, reference
from filmgate.wire.records import ModelSummary
from filmgate_houdini import actions, events, names, sessions

TITLE = "Filmgate"
TYPE = "filmgate::infer"
"""The asset, of whichever version is installed."""

CONTEXTS = ("Sop", "Cop", "Top")
KINDS = {**actions.KINDS, "Top": ("image", "volume", "attribute")}
"""By context, the kinds of inputs and outputs that its nodes have."""

INTERFACE = "filmgate_panel"


def choose(_kwargs: Mapping[str, Any]) -> None:
    """Let the artist choose a model, and make a node for it below what is selected."""
    try:
        network = _network()
        models = _models(network)
        if not models:
            raise RequestError("No models are known yet.", "Press Refresh on the Filmgate shelf.")
        rows = [f"{each.task}: {each.name} {each.version}" for each in models]
        chosen = hou.ui.selectFromList(rows, exclusive=True, title=TITLE, message="Which model?")
        for place in chosen:
            create(models[place])
    except FilmgateError as error:
        hou.ui.displayMessage(str(error), title=TITLE)


def create(model: ModelSummary) -> hou.OpNode:
    """Make a node for a model in the network that the artist looks at; one undo step.

    Raises:
        RequestError: there is no network that holds such nodes.
    """
    network = _network()
    if model not in _models(network):
        text = f"{model.name} has no place in {network.path()}."
        raise RequestError(text, "Geometry is for SOP networks, pictures are for Copernicus.")
    with hou.undos.group("Filmgate node"):
        node = network.createNode(TYPE, model.name.replace("-", "_"))
        _connect(node, network)
        node.moveToGoodPosition()
        node.setParms({names.MODEL: reference(model)})
        actions.choose_model(node)
    return node


def place(kwargs: Mapping[str, Any], name: str) -> None:
    """Make a node as Houdini's own tools do; the tab menu's tool of each asset calls it.

    Args:
        kwargs: of the tool.
        name: of the node's type.
    """
    context = _context(_network())
    try:
        module = import_module(f"{context.lower()}toolutils")
    except ImportError:  # this Houdini has no tool of that kind for the context
        node = _network().createNode(name)
        node.moveToGoodPosition()
    else:
        module.genericTool(kwargs, name)


def refresh() -> None:
    """Ask the server for its models in the background, and say how it went."""

    def done(error: Optional[FilmgateError]) -> None:
        events.post(lambda: _say(error))

    try:
        events.start()
        sessions.hub().catalogue.refresh(done)
    except FilmgateError as error:
        hou.ui.displayMessage(str(error), title=TITLE)


def show_panel() -> None:
    """Show the panel in a pane of the desktop; the one that is there is brought to the front."""
    desktop: Any = hou.ui.curDesktop()
    panels = [each for each in desktop.paneTabs() if each.type() == hou.paneTabType.PythonPanel]
    for each in panels:
        if each.activeInterface().name() == INTERFACE:
            each.setIsCurrentTab()
            return
    interface = hou.pypanel.interfaceByName(INTERFACE)
    tab = desktop.createFloatingPaneTab(hou.paneTabType.PythonPanel)
    tab.setActiveInterface(interface)


def _say(error: Optional[FilmgateError]) -> None:
    count = len(sessions.hub().catalogue.models()) if error is None else 0
    said = f"{count} models are known." if error is None else str(error)
    severity = hou.severityType.Message if error is None else hou.severityType.Warning
    hou.ui.setStatusMessage(f"{TITLE}: {said}", severity)


def _network() -> hou.OpNode:
    """Return the network that the artist looks at.

    Raises:
        RequestError: no network editor is open, or it shows no network for our nodes.
    """
    pane: Any = hou.ui.paneTabOfType(hou.paneTabType.NetworkEditor)
    network = pane.pwd() if pane is not None else None
    if isinstance(network, hou.OpNode) and _context(network) in CONTEXTS:
        return network
    text = "Filmgate has nodes for geometry, Copernicus and TOP networks."
    raise RequestError(text, "Open one of these in the network editor.")


def _context(network: hou.OpNode) -> str:
    category: Any = network.childTypeCategory()  # None where a node holds no others
    return "" if category is None else str(category.name())


def _models(network: hou.OpNode) -> Sequence[ModelSummary]:
    return offered(sessions.hub().catalogue, KINDS[_context(network)])


def _connect(node: hou.OpNode, network: hou.OpNode) -> None:
    """Connect what is selected in the same network, in the order of its names."""
    most = node.type().maxNumInputs()
    above = [each for each in hou.selectedNodes() if each.parent() == network and each != node]
    for place, each in enumerate(above[:most]):
        node.setInput(place, each)
