"""The project keeps its own promises: words, links, tests, versions, what is shipped."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import filmgate

FOLDERS = ("core", "gpu_server", "plugins", "tests", "bench", "docs", "examples", ".ci", "locks")
TEXT_SUFFIXES = {".py", ".pyi", ".md", ".toml", ".txt", ".yaml", ".yml", ".sh", ".svg", ".json", ""}
HOSTS = ("houdini", "nuke", "unreal")

FOREIGN_WORDS = {
    "a path of one machine": r"(?<![\w.$}~-])/(?:home|root|Users|tmp|work|farm)/\w",
    "a package registry's host": r"https?://(?:files|registry|\w*pi)\.",
    "work left undone": r"\b(?:TODO|FIXME|XXX)\b",
    "an unpickling call": r"\b(?:recv|send)_pyobj\b|\ballow_pickle\s*=\s*True",
}


def _text_files(repository: Path) -> Iterator[Path]:
    yield from (path for path in repository.iterdir() if path.suffix in TEXT_SUFFIXES)
    for folder in FOLDERS:
        for path in (repository / folder).rglob("*"):
            parts = path.relative_to(repository / folder).parts
            cached = any(part.startswith(".") or part == "__pycache__" for part in parts)
            if path.suffix in TEXT_SUFFIXES and not cached:
                yield path


@pytest.mark.parametrize("meaning", FOREIGN_WORDS)
def test_project_speaks_of_itself_alone(repository: Path, meaning: str) -> None:
    """No file names one machine, a registry's host, unfinished work or a call that unpickles."""
    pattern = re.compile(FOREIGN_WORDS[meaning])
    found = [
        f"{path.relative_to(repository)}:{number}: {line.strip()}"
        for path in _text_files(repository)
        if path.is_file() and path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, f"{meaning}:\n" + "\n".join(found)


UNPICKLING = (
    "import pickle\n",
    "from pickle import loads\n",
    "import marshal\n",
    "import shelve\n",
    "import cloudpickle\n",
    "import joblib\n",
    "import torch\n\ntorch.load('weights.pt')\n",
    "import numpy as np\n\nnp.load('array.npy')\n",
    "from numpy import load\n\nload('array.npy')\n",
    "from multiprocessing import Queue\n",
)


@pytest.mark.parametrize("code", UNPICKLING)
def test_the_ban_on_pickle_bites(repository: Path, tmp_path: Path, code: str) -> None:
    """The linter refuses every way to unpickle that Python and the engines offer."""
    path = tmp_path / "hidden.py"
    path.write_text(code, encoding="utf-8")
    settings = str(repository / "pyproject.toml")
    command = [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--config", settings]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, "TID251" in done.stdout) == (1, True), done.stdout + done.stderr


@pytest.mark.parametrize(
    "call", ["socket.recv_" + "pyobj()", "np.load(path, allow_" + "pickle=True)"]
)
def test_calls_that_unpickle_are_found_by_name(call: str) -> None:
    """What belongs to an object, so that the linter cannot know it, is looked for as text."""
    assert re.search(FOREIGN_WORDS["an unpickling call"], call)


def test_links_lead_somewhere(repository: Path) -> None:
    """Every link of a page to another file of the project finds it."""
    pages = [path for path in _text_files(repository) if path.suffix == ".md"]
    lost = [
        f"{page.relative_to(repository)}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!\w+:)([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not lost, "\n".join(lost)


def _tests_of(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def test_tests_say_what_they_show(repository: Path) -> None:
    """Every test says in a sentence what it shows; how it does so may follow."""
    silent = [
        f"{path.relative_to(repository)}:{node.lineno} {node.name}"
        for path in (repository / "tests").rglob("test_*.py")
        for node in _tests_of(path)
        if not re.match(r"[^\n]+(?:\n[^\n]+)?\.(?:\n\n|$)", ast.get_docstring(node) or "")
    ]
    assert not silent, "\n".join(silent)


def test_version_is_one(repository: Path) -> None:
    """The package, what is installed and the change log agree on the version."""
    changes = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    assert importlib.metadata.version("filmgate") == filmgate.__version__
    assert f"## [{filmgate.__version__}]" in changes


def _pins(repository: Path) -> set[str]:
    text = "".join(
        path.read_text(encoding="utf-8") for path in (repository / "locks").glob("*.txt")
    )
    return {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}


def test_dependencies_are_locked(repository: Path) -> None:
    """Everything that an extra asks for is pinned to a version."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {canonicalize_name(Requirement(text).name) for group in groups for text in group}
    assert names - _pins(repository) == {"filmgate"}


def test_wheel_is_whole(repository: Path, tmp_path: Path) -> None:
    """The wheel holds both packages, the plugins and every file beside the code, and no test."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=repository, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert shipped == _package_files(repository)


def _package_files(repository: Path) -> set[str]:
    """Return what the wheel must hold: the packages, and what bundles for hosts are made from."""
    hosts = {f"plugins/{name}": f"filmgate/plugins/{name}/" for name in HOSTS}
    homes = {"core": "", "gpu_server": "", **hosts}
    files = {
        place + path.relative_to(repository / home).as_posix()
        for home, place in homes.items()
        for path in (repository / home).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return files | {"filmgate/plugins/hosts.txt", "filmgate/plugins/LICENSE"}
