"""Filmgate in Nuke, in every mode: Nuke runs this file of each folder on its path at its start."""

from __future__ import annotations

from filmgate_nuke import start

start.batch()
