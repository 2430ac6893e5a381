"""`python -m filmgate_server serve`."""

from __future__ import annotations

from filmgate_server.main import main

main()
