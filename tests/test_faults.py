"""The page that lists the fault tests names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path


def test_every_fault_names_its_test(repository: Path) -> None:
    """Each row of the matrix ends with a file and, but for whole files, a function in it."""
    page = (repository / "docs" / "faults.md").read_text(encoding="utf-8")
    rows = re.findall(r"\| `([\w./]+\.py)(?:::(\w+))?` \|\n", page)
    assert len(rows) == page.split("## The matrix")[1].count("|\n") - 2
    for name, function in rows:
        folder = repository if "/" in name else repository / "tests" / "integration"
        text = (folder / name).read_text(encoding="utf-8")
        assert f"\ndef {function}(" in text or not function, f"{name}::{function}"
