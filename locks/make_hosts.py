"""Write locks/hosts.txt: the wheels that a host's bundle carries, for each interpreter of a host.

Run from the repository: ``python locks/make_hosts.py``. pip asks the index that it is set to for
what each interpreter would get; no wheel is installed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filmgate.cli.targets import MACHINES, PYTHONS

PROJECTS = ("pyzmq", "msgpack", "blake3", "QtPy", "packaging")
"""What client code imports, and QtPy with what it needs; PySide comes with the host."""

# The oldest first: pip takes the first that there is, and studios keep a system for years.
_LINUX = ("manylinux2014_x86_64", *(f"manylinux_2_{minor}_x86_64" for minor in range(17, 29)))
TAGS = {
    ("linux", "x86_64"): _LINUX,
    ("windows", "AMD64"): ("win_amd64",),
    ("macos", "arm64"): ("macosx_11_0_arm64",),
    ("macos", "x86_64"): ("macosx_11_0_x86_64",),
}
_HEAD = """\
# The wheels that `filmgate bundle` carries, for CPython 3.9 to 3.13 on Linux, Windows and macOS.
# Made by locks/make_hosts.py; `sha256sum --check` takes this file in a folder of wheels.
"""


def main() -> None:
    """Ask for every interpreter and write the lock."""
    found = {line for lines in map(_lines, PYTHONS) for line in lines}
    ordered = sorted(found, key=lambda line: line.split()[1].lower())
    path = Path(__file__).with_name("hosts.txt")
    path.write_text(_HEAD + "\n".join(ordered) + "\n", encoding="utf-8", newline="\n")


def _lines(python: str) -> Iterator[str]:
    for platform, machines in MACHINES.items():
        for machine in machines:
            yield from _wheels(python, TAGS[platform, machine])


def _wheels(python: str, tags: tuple[str, ...]) -> Iterator[str]:
    """Yield a line of the lock for each project: sha256 and file name."""
    report = json.loads(_ask_pip(python, tags))
    for item in report["install"]:
        came_from = item["download_info"]
        filename = came_from["url"].rsplit("/", 1)[1]
        yield f"{came_from['archive_info']['hashes']['sha256']}  {filename}"


def _ask_pip(python: str, tags: tuple[str, ...]) -> str:
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--report", "-"]
    command += ["--ignore-installed", "--no-deps", "--only-binary", ":all:", "--no-input"]
    command += ["--implementation", "cp", "--python-version", python]
    command += [f"--platform={tag}" for tag in tags]
    with tempfile.TemporaryDirectory() as target:  # pip insists on one for other platforms
        command += ["--target", target, *PROJECTS]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    main()
