"""What was found, in the order in which it is written."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.machine import describe_machine
from bench.table import Target, target_table


@dataclass
class Report:
    """Promises and tables of one part of the benchmark."""

    targets: list[Target] = field(default_factory=list[Target])
    sections: list[str] = field(default_factory=list[str])

    def add(self, title: str, body: str) -> None:
        """Append a section."""
        self.sections.append(f"### {title}\n\n{body}")

    def promise(self, *targets: Target) -> None:
        """Append promises."""
        self.targets += targets

    def to_markdown(self, heading: str) -> str:
        """Return everything; the promises stand first, under *heading*."""
        promises = f"### {heading}\n\n{target_table(self.targets)}"
        return "\n\n".join([describe_machine(), promises, *self.sections])
