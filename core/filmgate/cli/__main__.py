"""`python -m filmgate.cli`."""

from __future__ import annotations

from filmgate.cli.main import main

main()
