"""Filmgate in the Unreal Editor, which runs this file of each plugin when its Python starts."""

from __future__ import annotations

from filmgate_unreal import start

start.run()
