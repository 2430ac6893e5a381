"""How every error leaves the command line."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from filmgate import errors, exits
from filmgate.cli.terminal import complain, error_id
from filmgate.errors import (
    FilmgateError,
    LayerError,
    ModelError,
    ParameterError,
    RetiredModelError,
)
from filmgate.exits import EXIT_INTERNAL, exit_code

Command = Any
"""What `conftest.Command` is: tests import nothing from each other."""

CODES = {
    "RequestError": 2,
    "UnknownModelError": 2,
    "ParameterError": 2,
    "DamagedImageError": 65,
    "IntegrityError": 65,
    "FilmgateError": 70,
    "ModelError": 70,
    "StorageError": 73,
    "ConnectionLostError": 75,
    "BusyError": 75,
    "VersionError": 76,
    "DeniedError": 77,
    "ConfigError": 78,
}


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_each_kind_of_error_has_its_exit_code(name: str, code: int) -> None:
    """As documented for those who write farm scripts."""
    assert exit_code(getattr(errors, name)("text")) == code


def test_every_error_has_an_exit_code_that_means_failure() -> None:
    """No error can end a command as if it had succeeded."""
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    raised = [kind("text") for kind in kinds if issubclass(kind, FilmgateError)]
    assert len(raised) > len(CODES)
    assert all(1 <= exit_code(error) <= 78 for error in raised)


def test_every_exit_code_is_documented(repository: Path) -> None:
    """docs/cli.md has a row for each, and for nothing else."""
    text = (repository / "docs" / "cli.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| (\d+) \|", text, re.MULTILINE)
    codes = [value for name, value in vars(exits).items() if name.startswith("EXIT_")]
    assert [int(code) for code in documented] == sorted(codes)


def test_an_error_is_text_remedy_and_id(capsys: pytest.CaptureFixture[str]) -> None:
    """Three lines; brackets in names are no markup."""
    complain(ModelError("It failed on [bold]x[/bold].", detail={"job": "ab12"}), "frame 7")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "frame 7: It failed on [bold]x[/bold]."
    assert lines[1].startswith("  what to do: ")
    assert lines[2] == "  id: model ab12"


@pytest.mark.parametrize(
    ("error", "command"),
    [
        (LayerError("None.", "Choose one.", {"input": "albedo"}), "`--input albedo=LAYER`"),
        (ParameterError("Out of range."), "`filmgate models show NAME`"),
        (ParameterError("Twice.", "Give it once."), ""),
        (RetiredModelError("Gone."), "`filmgate models`"),
    ],
    ids=["layer", "value", "own remedy", "version"],
)
def test_the_command_line_says_by_which_option(
    error: FilmgateError, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors themselves speak to artists in any host; the option is added where it is one."""
    assert "`" not in error.remedy
    complain(error)
    told = capsys.readouterr().err.splitlines()[1]
    before, _, option = told.partition("`")
    assert before.strip() == f"what to do: {error.remedy}"
    assert f"`{option}".startswith(command or "`")


def test_a_newer_servers_error_keeps_its_code() -> None:
    """What this client does not know is still quoted as the server called it."""
    assert error_id(errors.error_from_wire("moon_phase", "text")) == "moon_phase"


def test_a_bug_is_an_error_not_a_traceback(
    lonely: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something unforeseen ends with its own exit code, and --debug shows where it was raised."""
    monkeypatch.setattr("filmgate.cli.status.existing_connection", None)
    said = lonely("status", code=EXIT_INTERNAL).err
    assert "Something unforeseen" in said
    assert "--debug" in said


def test_debug_shows_where(lonely: Command) -> None:
    """With --debug the traceback stands before the error."""
    process = lonely.start("status", "--debug")
    said = process.communicate(timeout=40)[1]
    assert "Traceback" in said
    assert "what to do" in said
    assert process.returncode == 75


INTERRUPTED_IMPORT = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
import filmgate.cli
filmgate.cli.main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot interrupt itself there")
def test_an_interrupt_while_loading_is_one_line() -> None:
    """Ctrl-C in the first second ends like any other: exit code 130, no traceback."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", INTERRUPTED_IMPORT]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (exits.EXIT_INTERRUPTED, "Interrupted.\n")


def test_the_version_is_shown(lonely: Command) -> None:
    """As every command does."""
    assert lonely("--version").out.startswith("filmgate ")


def test_the_servers_command_is_found(lonely: Command) -> None:
    """`filmgate serve` belongs to the server's package; its own help is shown."""
    assert "--store-bytes" in lonely("serve", "--help").out


def test_the_servers_mistakes_leave_like_ours(lonely: Command) -> None:
    """A setting that cannot be used has the same form and exit code."""
    said = lonely("serve", "--host", "192.168.0.1", code=78).err
    assert "what to do" in said
