"""What the buttons and menus of a node do; each is called as ``actions.<button>(node)``."""

from __future__ import annotations

import functools
import threading
from typing import Callable, Optional

import hou

from filmgate.errors import FilmgateError
from filmgate.host.offers import offered, reference, versions_of
from filmgate.host.problem import to_problem, unforeseen
from filmgate.host.session import HostSession
from filmgate_houdini import cook, events, frozen, names, parms, refusal, sessions

KINDS = {"Sop": ("volume", "attribute"), "Cop": ("image",)}
"""By context, the kinds of inputs and outputs that its nodes have."""

REFRESH_WITHIN_S = 20.0
"""How long a process without an interface waits for the list of models."""

_TITLE = "Filmgate"

Button = Callable[["hou.OpNode"], None]


def _button(press: Button) -> Button:
    """Turn whatever goes wrong behind a button into a text for the artist."""

    @functools.wraps(press)
    def guarded(node: hou.OpNode) -> None:
        try:
            press(node)
        except FilmgateError as error:
            say(str(to_problem(error)), error)
        except hou.OperationInterrupted:
            raise
        except hou.Error as error:
            say(str(to_problem(refusal.to_error(error))), error)
        except Exception as error:  # noqa: BLE001 - the boundary to Houdini, which would show a traceback
            say(str(unforeseen(error)), error)

    return guarded


@_button
def run(node: hou.OpNode) -> None:
    """Make the result of the current frame again; the mode On Demand waits for it."""
    host = sessions.host(node)
    host.asked = True
    cook.recook(host)


@_button
def cancel(node: hou.OpNode) -> None:
    """End what the node has under way, here and at the server; results stay."""
    session = sessions.known(node)
    if session is not None:
        session.cancel()


@_button
def clear(node: hou.OpNode) -> None:
    """Forget the node's results, but not the frozen ones."""
    sessions.session(node).clear()
    cook.recook(sessions.host(node))


@_button
def freeze(node: hou.OpNode) -> None:
    """Copy the node's fresh results to the project and read them from there."""
    frozen.freeze(sessions.host(node), sessions.session(node))


@_button
def upgrade(node: hou.OpNode) -> None:
    """Show what the newest version of the model changes, and go over to it; undoable."""
    host, session = sessions.host(node), sessions.session(node)
    offer = session.offer()
    if offer is None:
        say(f"{host.label()} has the newest version that is known here.")
        return
    changes = "\n".join(f"• {change}" for change in offer.changes)
    if not _agreed(f"Upgrade {host.label()} to {offer.version}?\n\n{changes}"):
        return
    with host.undoable("Filmgate upgrade"):
        session.upgrade(offer)
        host.rebuild()


@_button
def choose_model(node: hou.OpNode) -> None:
    """Take the model that the menu shows; the server is asked if the list does not have it."""
    _choose(node, sessions.host(node).model())


@_button
def choose_version(node: hou.OpNode) -> None:
    """Take the version that the menu shows; undoable."""
    state = sessions.session(node).node_state
    version = node.evalParm(names.VERSION)
    if version not in ("", state.version):
        _choose(node, f"{state.model.partition('@')[0]}@{version}")


def model_menu(node: hou.OpNode) -> list[str]:
    """Return the tokens and labels of the models that a node's context can feed, from disk."""
    hub = sessions.hub(sessions.host(node).server())
    models = offered(hub.catalogue, KINDS[node.type().category().name()])
    if not models and hou.isUIAvailable():
        hub.catalogue.refresh()  # for the next time that the menu opens
    rows = [(reference(each), f"{each.name} {parms.harmless(each.version)}") for each in models]
    return [text for row in rows for text in row]


def version_menu(node: hou.OpNode) -> list[str]:
    """Return the tokens and labels of the versions of a node's model, the newest first."""
    host = sessions.host(node)
    listed = versions_of(sessions.hub(host.server()).catalogue.models(), host.model())
    return [text for version in listed for text in (version, version)]


def refresh(node: hou.OpNode) -> None:
    """Ask the server for its models: in the background, or waiting where there is no interface."""
    _refresh(node, lambda: None)


def say(text: str, error: Optional[Exception] = None) -> None:
    """Tell the artist, who has just pressed something.

    Raises:
        hou.OperationFailed: without an interface a failure must not go unnoticed.
    """
    if hou.isUIAvailable():
        severity = hou.severityType.Message if error is None else hou.severityType.Error
        hou.ui.displayMessage(text, severity=severity, title=_TITLE)
    elif error is not None:
        raise hou.OperationFailed(text) from error


def _choose(node: hou.OpNode, ref: str) -> None:
    host, session = sessions.host(node), sessions.session(node)
    if not ref:
        return
    with host.undoable("Filmgate model"):
        session.choose(ref)
        host.set_model(ref)
        host.rebuild()
    if not session.node_state.package:
        _refresh(node, lambda: _choose_again(node, session, ref))


def _choose_again(node: hou.OpNode, session: HostSession, ref: str) -> None:
    """Look whether the list has the model by now; otherwise the next run asks for it."""
    host = sessions.host(node)
    if host.alive and session.node_state.model == ref and not session.node_state.package:
        session.choose(ref)
        host.rebuild()


def _refresh(node: hou.OpNode, then: Callable[[], None]) -> None:
    catalogue = sessions.hub(sessions.host(node).server()).catalogue
    if hou.isUIAvailable():
        catalogue.refresh(lambda error: events.post(lambda: _told(error, then)))
        return
    over = threading.Event()
    errors: list[FilmgateError] = []

    def done(error: Optional[FilmgateError]) -> None:
        errors.extend([error] if error is not None else [])
        over.set()

    catalogue.refresh(done)
    over.wait(REFRESH_WITHIN_S)
    _told(errors[0] if errors else None, then)


def _told(error: Optional[FilmgateError], then: Callable[[], None]) -> None:
    if error is None:
        then()
    elif hou.isUIAvailable():
        hou.ui.setStatusMessage(str(to_problem(error)), hou.severityType.Warning)


def _agreed(question: str) -> bool:
    if not hou.isUIAvailable():
        return True
    return hou.ui.displayMessage(question, ("Upgrade", "Cancel"), title=_TITLE) == 0
