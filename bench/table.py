"""Figures as Markdown tables, and their place in a document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

BEGIN = "<!-- begin {}: written by `make bench` -->"
END = "<!-- end {}: written by `make bench` -->"
"""The marks around what a part of the benchmark writes."""


@dataclass(frozen=True)
class Target:
    """Something the product promises, and what this run found.

    Attributes:
        promise: what is measured.
        bound: what it must not pass, in words.
        found: the measured figures.
        met: whether it holds; None where it could not be measured.
    """

    promise: str
    bound: str
    found: str
    met: bool | None


def milliseconds(seconds: float) -> str:
    """Return *seconds* in ms with about three digits."""
    value = seconds * 1e3
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is text, the others are numbers."""
    rule = ["---", *("---:" for _ in heads[1:])]
    return "\n".join(_line(cells) for cells in (heads, rule, *rows))


def target_table(targets: Iterable[Target]) -> str:
    """Return the promises as a table."""
    verdicts = {True: "met", False: "**missed**", None: "not measured"}
    lines = [[t.promise, t.bound, t.found, verdicts[t.met]] for t in targets]
    heads = ("target", "bound", "found", "")
    return "\n".join(_line(cells) for cells in (heads, ["---"] * len(heads), *lines))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def insert_report(document: str, report: str, part: str) -> str:
    """Return *document* with everything between the marks of *part* replaced by *report*.

    Raises:
        ValueError: the document lacks the marks.
    """
    opening, closing = (mark.format(part) for mark in (BEGIN, END))
    head, begin, rest = document.partition(opening)
    _, end, tail = rest.partition(closing)
    if not begin or not end:
        raise ValueError(f"the document must hold {opening!r} and {closing!r}")
    return f"{head}{begin}\n\n{report.strip()}\n\n{end}{tail}"


def write_report(path: Path, report: str, part: str) -> None:
    """Put *report* between the marks of *part* in the document at *path*."""
    path.write_text(insert_report(path.read_text("utf-8"), report, part), "utf-8")
