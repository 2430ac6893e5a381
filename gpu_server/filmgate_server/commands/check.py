"""`filmgate models check`: whether a package is sound, and whether what it declares is true."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from filmgate.cli.options import JsonOption, Options
from filmgate.cli.terminal import messages, results, write_json
from filmgate.exits import EXIT_DATA, EXIT_OK
from filmgate_server.commands.contents import check_contents, is_refused
from filmgate_server.commands.finding import HOLDS, NOTE, REFUSED, SKIPPED, Finding
from filmgate_server.commands.trials import Outcome, Trial, run_trial
from filmgate_server.devices import list_devices

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.status import Status

_MARKS = {
    HOLDS: ("holds", "green"),
    REFUSED: ("REFUSED", "bold red"),
    NOTE: ("note", "yellow"),
    SKIPPED: ("skipped", "dim"),
}


@dataclass(frozen=True, kw_only=True)
class TrialOptions(Options):
    """How a package is tried."""

    device: Annotated[
        str, typer.Option(help="cpu or cuda:0; else the first GPU, or the CPU.", show_default=False)
    ] = ""
    threads: Annotated[int, typer.Option(min=0, help="Threads of a CPU; 0: every core.")] = 0
    limit: Annotated[float, typer.Option(min=1, help="Seconds that it may take.")] = 300.0

    def trial(self, task: str, folder: Path) -> Trial:
        """Return what is tried."""
        device = self.device or list_devices(None)[0]
        return Trial(task, folder, device, self.threads, self.limit)


@dataclass(frozen=True, kw_only=True)
class CheckOptions(TrialOptions, JsonOption):
    """What `filmgate models check` takes."""

    folder: Annotated[Path, typer.Argument(help="The package's folder.")]


def check_package(options: CheckOptions) -> int:
    """Check a package: its files, and by trying whether its manifest tells the truth.

    Its code runs in a process of its own, with a time limit.
    """
    outcome = examine_package(options.folder, options)
    if options.as_json:
        write_json(_document(options.folder, outcome))
    else:
        print_findings(outcome.findings)
        print_figures(outcome.figures)
    return EXIT_DATA if is_refused(outcome.findings) else EXIT_OK


def examine_package(folder: Path, options: TrialOptions) -> Outcome:
    """Return what is found in the package's files and, if they are sound, by running it."""
    with messages.status("reading the package") as status:
        findings = list(check_contents(folder))
        if is_refused(_dangerous(findings)):
            return Outcome(findings)
        outcome = run_trial(options.trial("check", folder), progress(status))
    return Outcome(_once([*findings, *outcome.findings]), outcome.figures)


def progress(status: Status) -> Callable[[str], None]:
    """Return what tells the author what is tried: in place, or a line each where that is kept."""
    if messages.is_terminal:
        return status.update
    return lambda text: messages.print(f"trying: {text}")


def print_findings(findings: list[Finding]) -> None:
    """Show what was tried."""
    table = Table("", "What", "Found", box=None, pad_edge=False, header_style="bold")
    for finding in findings:
        words, style = _MARKS[finding.verdict]
        told = Text(finding.text)
        if finding.remedy and finding.verdict != HOLDS:
            told.append(f"\n→ {finding.remedy}", style="bold")
        table.add_row(Text(words, style=style), finding.topic, told)
    results.print(table)
    count = sum(finding.verdict == REFUSED for finding in findings)
    verdict = f"Refused for {count} reasons." if count > 1 else "Refused for one reason."
    results.print(verdict if count else "The package can be published.")


def print_figures(figures: list[dict[str, float]]) -> None:
    """Show what frames cost."""
    if not figures:
        return
    table = Table("Frame", "Seconds", "per Mpx", "MiB", "per Mpx", box=None, pad_edge=False)
    for row in figures:
        side = f"{row['side_px']:.0f}"
        size = " × ".join([side] * int(row["axes"])) + " px"
        size = f"{row['samples']:.0f} points" if row["axes"] == 1 else size
        numbers = ("seconds", "seconds_per_megapixel", "peak_mib", "mib_per_megapixel")
        table.add_row(size, *(f"{row[name]:.4g}" for name in numbers))
    results.print(table)


def _once(findings: list[Finding]) -> list[Finding]:
    """Return *findings* without refusals that only repeat what an earlier one says."""
    kept: list[Finding] = []
    for finding in findings:
        said = (each.text for each in kept if each.verdict == REFUSED)
        if finding.verdict != REFUSED or not any(finding.text in text for text in said):
            kept.append(finding)
    return kept


def _dangerous(findings: list[Finding]) -> list[Finding]:
    """Return what must hold before anything of the package is run: a missing card may wait."""
    return [finding for finding in findings if finding.topic not in ("card", "licence", "words")]


def _document(folder: Path, outcome: Outcome) -> dict[str, Any]:
    return {
        "package": folder.as_posix(),
        "sound": not is_refused(outcome.findings),
        "findings": [asdict(finding) for finding in outcome.findings],
        "figures": outcome.figures,
    }
