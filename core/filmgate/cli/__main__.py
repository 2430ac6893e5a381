"""`python -m filmgate.cli`."""

from __future__ import annotations

from filmgate.cli import main

main()
