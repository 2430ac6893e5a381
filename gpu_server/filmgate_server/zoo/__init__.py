"""The model packages that come with the server, one folder each."""

from __future__ import annotations

from pathlib import Path

ZOO_FOLDER = Path(__file__).parent
