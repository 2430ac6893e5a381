"""The names that scenes store: they never change."""

from __future__ import annotations

PREFIX = "filmgate_"
STATE = "filmgate_state"
"""The user data that holds the node's state: saved with the scene, copied with the node."""

MODEL = "filmgate_model"
VERSION = "filmgate_version"
SERVER = "filmgate_server"
MODE = "filmgate_mode"
FROZEN_FILE = "filmgate_frozen_file"
STATUS = "filmgate_status"
MATCH = "filmgate_match"
GROUP = "filmgate_group"
CHANGES = "filmgate_changes"

FOLDER = "filmgate_params"
FOLDER_LABEL = "Model"

LIVE, ON_DEMAND, FROZEN = "live", "ondemand", "frozen"
"""The modes, as the menu's tokens."""


def parameter(name: str) -> str:
    """Return what a model's parameter is called on the node."""
    return f"filmgate_p_{name}"


def binding(name: str) -> str:
    """Return the parameter that says which attribute or layers an input of the model is."""
    return f"filmgate_in_{name}"
