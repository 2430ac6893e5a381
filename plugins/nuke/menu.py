"""Filmgate in Nuke's interface: Nuke runs this file after ``init.py`` if it has one."""

from __future__ import annotations

from filmgate_nuke import start

start.interface()
