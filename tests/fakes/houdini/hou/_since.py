"""What the oldest release lacks, and the release that has it first.

Tests hold this to the stubs that are published for 19.5, 20.5 and 21.0: what is new in 21.0 there
is new in 21.0 here. Of 20.0 no stub is published: it has what both its neighbours have.
"""

from __future__ import annotations

SINCE: dict[str, str] = {}
