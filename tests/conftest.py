"""Fixtures that any test may ask for; every host interpreter must be able to read this file."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that runs us in the background has it ignored, and what we start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "filmgate",
    max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "50")),
    # How busy a machine is decides about no test.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("filmgate")

ROOT = Path(__file__).resolve().parent.parent

APART = ("tests/test_interpreters.py", "tests/test_bench.py")
"""Files of long tests that share nothing."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with long tests, so that at the end no process waits for another one's."""
    items.sort(key=lambda item: not item.nodeid.startswith(APART))


@pytest.hookimpl(optionalhook=True)  # hosts' interpreters have no xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each process whole files, because a file's tests share servers; long tests singly."""
    from scheduling import Scheduling  # noqa: PLC0415

    config.option.loadscopereorder = False
    return Scheduling(APART, config, log)


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hide what this user keeps for servers: models installed at home would be found by tests."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def examples() -> Path:
    """Return the folder of small renders that come with the project."""
    return ROOT / "examples" / "plates"


@pytest.fixture(scope="session")
def plates() -> Path:
    """Return the folder of real plates, which is too large to come with the project."""
    folder = ROOT.parent / "shared" / "plates"
    if not folder.is_dir():
        pytest.skip(f"the collection of real plates is not at {folder}")
    return folder
