"""The code that runs inside hosts passes its tests on the interpreters that hosts bring."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from interpreters import CLIENTS, PYSIDE2, VERSIONS, find_interpreter, load_environment

NOT_CLIENT_CODE = {"image", "cli", "ui"}
EXAMPLES = "10"
"""For each property in each host's interpreter: our own tries more of them on the same code."""

ENDS = (VERSIONS[0], VERSIONS[-1])
OWN = "{}.{}".format(*sys.version_info)
"""With it the same tests run already, outside of a host's environment."""

PLUGINS = [
    *(("nuke", version) for version in ("3.9", "3.10", "3.11")),
    *(("houdini", version) for version in ("3.9", "3.10", "3.11", "3.13")),
    *(("unreal", version) for version in ("3.9", "3.11")),
]
"""With the interpreters of Nuke 14 to 17, Houdini 19.5 to 22 and Unreal Engine 5.3 to 5.6."""

BETWEEN = (
    "test_client.py",
    "test_codec.py",
    "test_disk.py",
    "test_keys.py",
    "test_link.py",
    "test_transfer.py",
)
"""What meets the system and the extension modules; between the ends of the range these suffice."""

PYTEST = (
    *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=-m 'not nightly'"),
    "--ignore-glob=*/test_fake_*.py",  # what stands in for a host is tested once
)

IMPORT_PROBE = """
import importlib, os, sys, threading
events = []
watched = ("socket.", "subprocess.", "os.fork", "os.posix_spawn", "os.exec", "_thread.start")
sys.addaudithook(lambda name, args: name.startswith(watched) and events.append(name))
for name in sys.argv[1:]:
    importlib.import_module(name)
tasks = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1
heavy = {"numpy", "torch", "OpenEXR", "OpenImageIO", "PyOpenColorIO"} & set(sys.modules)
print(dict(events=events, threads=threading.active_count(), tasks=tasks, heavy=sorted(heavy)))
"""
QUIET = "{'events': [], 'threads': 1, 'tasks': 1, 'heavy': []}"

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="session", params=VERSIONS)
def client_python(request: pytest.FixtureRequest) -> Path:
    """Return an interpreter as a host brings it, with only what client code may use."""
    return _environment(request.param, CLIENTS)


def _environment(version: str, lock_file: Path) -> Path:
    interpreter = find_interpreter(version)
    if interpreter is None:
        pytest.skip(f"NOT TESTED: no CPython {version} on PATH or in pyenv")
    return load_environment(version, interpreter, lock_file)


def _client_modules(core: Path) -> list[str]:
    """Name every module of client code, from the files."""
    relative = (path.relative_to(core).with_suffix("") for path in core.rglob("*.py"))
    parts = (path.parts[:-1] if path.name == "__init__" else path.parts for path in relative)
    return sorted(".".join(names) for names in parts if not NOT_CLIENT_CODE & set(names[1:2]))


def _run_client(python: Path | str, repository: Path, *arguments: str, **environ: str) -> str:
    """Run *python* on the sources of core alone and return what it printed."""
    environment = {
        **os.environ,
        **environ,
        "PYTHONPATH": str(repository / "core"),
        "PYTHONNOUSERSITE": "1",
        "PROPERTY_EXAMPLES": EXAMPLES,
    }
    done = subprocess.run(
        [python, *arguments],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done.stdout.strip()


@pytest.mark.timeout(300)  # the first run installs the environment
def test_import_starts_nothing_in_a_host(client_python: Path, repository: Path) -> None:
    """With pyzmq, msgpack and blake3 alone, `import filmgate` starts no thread and no socket."""
    assert _run_client(client_python, repository, "-c", IMPORT_PROBE, "filmgate") == QUIET


@pytest.mark.timeout(300)
def test_client_modules_import_in_a_host(client_python: Path, repository: Path) -> None:
    """Every module of client code imports on every host's interpreter and starts nothing."""
    modules = _client_modules(repository / "core")
    assert _run_client(client_python, repository, "-c", IMPORT_PROBE, *modules) == QUIET


def test_client_modules_import_without_numpy(repository: Path) -> None:
    """Where numpy and torch are installed, client code still leaves them alone."""
    modules = _client_modules(repository / "core")
    assert _run_client(sys.executable, repository, "-c", IMPORT_PROBE, *modules) == QUIET


@pytest.mark.timeout(300)
def test_client_tests_pass_in_a_host(client_python: Path, repository: Path) -> None:
    """The tests of client code pass on every host's interpreter: all at both ends of the range."""
    whole = _version_of(client_python) in ENDS
    files = ("",) if whole else BETWEEN
    paths = [f"tests/core/client/{name}" for name in files]
    assert "passed" in _run_client(client_python, repository, *PYTEST, *paths)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("host", "version"), PLUGINS)
def test_a_plugin_runs_on_its_hosts_interpreters(host: str, version: str, repository: Path) -> None:
    """Its tests pass where only what a bundle carries is installed."""
    python = _environment(version, CLIENTS)
    tests = f"tests/plugins/{host}" + ("/test_contract.py" if version == OWN else "")
    assert "passed" in _run_client(python, repository, *PYTEST, tests)


@pytest.mark.timeout(300)
def test_the_panel_runs_on_older_qt(repository: Path) -> None:
    """The tests of the panel pass on PySide2, which Nuke 14 and 15 bring."""
    python = _environment("3.10", PYSIDE2)
    options = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "-o")
    done = _run_client(python, repository, *options, "qt_api=pyside2", "tests/ui", QT_API="pyside2")
    assert "passed" in done


def _version_of(python: Path) -> str:
    """Return the version whose environment holds *python*."""
    return python.parent.parent.name
