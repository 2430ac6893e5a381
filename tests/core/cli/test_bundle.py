"""`filmgate bundle`."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from fakes import bundles
from filmgate.cli.bundled import find_damage, load_bundle
from filmgate.cli.hosts import NUKE
from filmgate.cli.sources import find_sources
from filmgate.cli.targets import MACHINES, PYTHONS, Target, Wheel, this_platform
from filmgate.cli.trial import find_interpreter
from filmgate.cli.wheels import choose, load_lock

Command = Any
"""What `conftest.Command` is: tests import nothing from each other."""

Maker = Callable[[str, str], Path]

PROJECTS = {"pyzmq", "msgpack", "blake3", "qtpy", "packaging"}
TARGETS = [Target(python, platform) for python in PYTHONS for platform in MACHINES]
NUKE_PYTHONS = ("3.9", "3.10", "3.11")
LIBRARIES = {".so", ".pyd", ".dll", ".dylib"}

# As in Nuke, without the folder where an installed pyzmq might hide a fault.
IMPORT_ALL = """
import importlib, pathlib, platform, sys
root = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(root))
sys.path += [str(root / "vendor"), str(root / "vendor" / platform.machine())]
client = [path.relative_to(root).with_suffix("") for path in root.glob("filmgate/**/*.py")]
names = [".".join(p.parts[:-1] if p.name == "__init__" else p.parts) for p in client]
for name in sorted(name for name in names if not name.startswith("filmgate.ui")):
    importlib.import_module(name)
import blake3, msgpack, packaging, zmq
assert blake3.blake3(b"plate").hexdigest()
assert msgpack.unpackb(msgpack.packb({"kind": "hello"})) == {"kind": "hello"}
with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
    socket.bind("tcp://127.0.0.1:*")
files = [m.__file__ for m in (sys.modules["filmgate"], blake3, msgpack, packaging, zmq)]
assert all(file.startswith(str(root)) for file in files), files
print(zmq.zmq_version())
"""


@pytest.fixture(scope="module")
def lock() -> tuple[Wheel, ...]:
    """Return every locked wheel."""
    return load_lock(find_sources(NUKE).lock)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Return a maker of bundles; each is made once."""
    out = tmp_path_factory.mktemp("bundles")
    folders: dict[tuple[str, str], Path] = {}

    def make(python: str, platform: str) -> Path:
        if (python, platform) not in folders:
            folders[python, platform] = bundles.make(out, python, platform)
        return folders[python, platform]

    return make


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_the_lock_is_complete(lock: tuple[Wheel, ...], target: Target) -> None:
    """Each interpreter gets exactly one wheel of each package on each processor."""
    for machine in target.machines:
        fitting = [wheel for wheel in lock if wheel.fits(target, machine)]
        assert sorted(wheel.project for wheel in fitting) == sorted(PROJECTS)


def test_the_lock_holds_nothing_else(lock: tuple[Wheel, ...]) -> None:
    """Every line is used by a bundle, and none stands there twice."""
    used = {wheel for target in TARGETS for wheel in choose(lock, target)}
    assert used == set(lock)
    assert len({wheel.filename for wheel in lock}) == len(lock)


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_agrees_with_what_clients_are_tested_with(
    repository: Path, lock: tuple[Wheel, ...], python: str
) -> None:
    """What a bundle carries has the versions of locks/clients.txt, or else of the constraints."""
    pins = {**pinned(repository, "constraints", "3.11"), **pinned(repository, "clients", python)}
    for wheel in choose(lock, Target(python, "linux")):
        assert (wheel.project, wheel.version) == (wheel.project, pins[wheel.project])


def pinned(repository: Path, name: str, python: str) -> dict[str, str]:
    """Return the versions that a lock pins for an interpreter."""
    text = (repository / "locks" / f"{name}.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
    wanted = [Requirement(line.strip()) for line in lines]
    here = {"python_version": python}
    return {
        each.name.lower(): str(each.specifier).removeprefix("==")
        for each in wanted
        if each.marker is None or each.marker.evaluate(here)
    }


@pytest.mark.parametrize(
    ("python", "newest"), [("3.9", (2, 17)), ("3.10", (2, 28)), ("3.11", (2, 28))]
)
def test_wheels_run_on_the_systems_of_studios(
    lock: tuple[Wheel, ...], python: str, newest: tuple[int, int]
) -> None:
    """Nuke 14 runs on CentOS 7, with glibc 2.17; later ones on Rocky 8, with 2.28."""
    assert max(wheel.glibc for wheel in choose(lock, Target(python, "linux"))) <= newest


@pytest.mark.parametrize("python", NUKE_PYTHONS)
@pytest.mark.timeout(300)
def test_the_client_runs_from_a_bundle_alone(made: Maker, python: str) -> None:
    """On each of Nuke's interpreters every client module imports, and zmq opens a socket."""
    folder = made(python, this_platform())
    interpreter = find_interpreter(python)
    if interpreter is None:
        pytest.skip(f"NOT TESTED: no CPython {python} on PATH or in pyenv")
    command = [interpreter, "-I", "-S", "-B", "-c", IMPORT_ALL, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert load_bundle(folder).target.python == python


def machines_of(path: Path) -> set[str]:
    """Return what a library was built for, by its first bytes."""
    head = path.read_bytes()[:4096]
    if head[:4] == b"\x7fELF":
        return {"linux x86_64"} if head[18:20] == b"\x3e\x00" else {"linux, another processor"}
    if head[:2] == b"MZ":
        at = struct.unpack_from("<I", head, 0x3C)[0]
        machine = struct.unpack_from("<H", path.read_bytes(), at + 4)[0]
        return {"windows AMD64"} if machine == 0x8664 else {"windows, another processor"}
    kinds = {0x01000007: "macos x86_64", 0x0100000C: "macos arm64"}
    if head[:4] == b"\xcf\xfa\xed\xfe":
        return {kinds[struct.unpack_from("<I", head, 4)[0]]}
    count = struct.unpack_from(">I", head, 4)[0] if head[:4] == b"\xca\xfe\xba\xbe" else 0
    return {kinds[struct.unpack_from(">I", head, 8 + 20 * each)[0]] for each in range(count)}


def libraries(folder: Path) -> Iterator[Path]:
    """Yield the compiled files below *folder*."""
    for path in folder.rglob("*"):
        if path.suffix in LIBRARIES or ".so." in path.name:
            yield path


@pytest.mark.parametrize(
    ("python", "platform"), [("3.11", "linux"), ("3.11", "windows"), ("3.9", "windows")]
)
@pytest.mark.timeout(300)
def test_libraries_are_those_of_the_platform(made: Maker, python: str, platform: str) -> None:
    """Read from the files themselves: none was built for another system or processor."""
    folder = made(python, platform)
    expected = {f"{platform} {MACHINES[platform][0]}"}
    built_for = {path.name: machines_of(path) for path in libraries(folder)}
    assert len(built_for) >= 3
    assert all(machines == expected for machines in built_for.values()), built_for
    ours, tagged = python.replace(".", ""), re.compile(r"\.cp(?:ython-)?(3\d+)-")
    tags = {found.group(1) for name in built_for if (found := tagged.search(name))}
    assert tags == {ours}


@pytest.mark.timeout(300)
def test_a_mac_bundle_serves_both_processors(made: Maker) -> None:
    """What is built for both stands in vendor, what is not in a folder for each processor."""
    vendor = made("3.11", "macos") / "vendor"
    both = [
        path
        for path in libraries(vendor)
        if path.relative_to(vendor).parts[0] not in MACHINES["macos"]
    ]
    assert both
    assert all(machines_of(path) == {"macos arm64", "macos x86_64"} for path in both)
    for machine in MACHINES["macos"]:
        alone = {path.name: machines_of(path) for path in libraries(vendor / machine)}
        assert len(alone) == 2, "msgpack and blake3"
        assert all(kinds == {f"macos {machine}"} for kinds in alone.values()), alone


def test_everything_that_is_imported_is_carried(made: Maker) -> None:
    """No file of the bundle imports a part of Filmgate that stayed behind."""
    folder = made("3.11", "linux")
    ours = [*folder.glob("*.py"), *folder.glob("filmgate*/**/*.py")]
    wanted = {(name, path.name) for path in ours for name in imported(path)}
    lost = {(name, where) for name, where in wanted if not is_module(folder, name)}
    assert not lost


def imported(path: Path) -> Iterator[str]:
    """Yield the modules of Filmgate that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        yield from (
            name for name in names if name.partition(".")[0] in {"filmgate", "filmgate_nuke"}
        )


def is_module(folder: Path, name: str) -> bool:
    """Say whether *name* is a module or a package below *folder*."""
    path = folder.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def test_nothing_is_carried_that_hosts_have_or_cannot_use(made: Maker) -> None:
    """No Qt, no numpy, no command line, no image code, no caches, no program."""
    folder = made("3.11", "linux")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    assert not [name for name in names if re.search(r"PySide|numpy|__pycache__|\.pyc$", name)]
    assert not {"filmgate/cli", "filmgate/image", "filmgate/testing.py", "vendor/bin"} & names
    assert {"filmgate/client.py", "filmgate_nuke/vendor.py", "vendor/qtpy/__init__.py"} <= names


def test_every_licence_is_there(made: Maker) -> None:
    """Filmgate's own, and that of each package and of the libraries inside them."""
    folder = made("3.11", "linux") / "licences"
    assert {path.name.lower() for path in folder.iterdir()} == PROJECTS | {"filmgate"}
    assert all(any(package.iterdir()) for package in folder.iterdir())
    assert {"LICENSE.zeromq.txt", "LICENSE.libsodium.txt"} <= {
        path.name for path in (folder / "pyzmq").iterdir()
    }


def test_a_bundle_says_what_it_is(made: Maker) -> None:
    """For people in its README, for programs in bundle.json, for sha256sum in files.txt."""
    folder = made("3.11", "linux")
    said = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    assert (said["python"], said["platform"], said["machines"]) == ("3.11", "linux", ["x86_64"])
    assert said["glibc"] == "2.26"
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert all(word in page for word in ("NUKE_PATH", "Nuke 16", *said["wheels"]))
    check = [shutil.which("sha256sum") or pytest.skip("no sha256sum is here"), "--check", "--quiet"]
    assert subprocess.run([*check, "files.txt"], cwd=folder, check=False).returncode == 0


def test_damage_is_found(made: Maker, tmp_path: Path) -> None:
    """A file that was cut off and one that is gone are named; what Python adds is not."""
    folder = Path(shutil.copytree(made("3.11", "linux"), tmp_path / "copy"))
    assert not find_damage(load_bundle(folder))
    (folder / "filmgate" / "__pycache__").mkdir()
    (folder / "filmgate" / "__pycache__" / "errors.pyc").write_bytes(b"x")
    (folder / "filmgate" / "client.py").write_bytes(b"")
    (folder / "filmgate_nuke" / "vendor.py").unlink()
    damage = find_damage(load_bundle(folder))
    assert sorted(damage) == ["filmgate/client.py", "filmgate_nuke/vendor.py"]


@pytest.mark.timeout(300)
def test_a_bundle_in_use_is_never_written_to(lonely: Command, tmp_path: Path) -> None:
    """The same again is the same folder; one that differs comes beside the old."""
    bundles.fetch("3.11", "linux")
    options = ("--python", "3.11", "--platform", "linux", "--out", tmp_path, "--offline")
    command = ("bundle", "nuke", *options, "--wheels", bundles.WHEELS)
    first = Path(lonely(*command).out.strip())
    before = {path: path.stat().st_mtime_ns for path in first.rglob("*")}
    assert Path(lonely(*command).out.strip()) == first
    with (first / "files.txt").open("a", encoding="utf-8") as listed:
        listed.write("0  a file of another version\n")
    second = Path(lonely(*command).out.strip())
    assert second.name == f"{first.name}.2"
    assert {path.name for path in tmp_path.iterdir() if "filmgate-" in path.name} == {
        first.name,
        second.name,
    }
    changed = {path for path, at in before.items() if path.stat().st_mtime_ns != at}
    assert changed == {first / "files.txt"}


def forged(folder: Path, wheel: Wheel) -> None:
    """Put a wheel of the right name and of other content into *folder*."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / wheel.filename, "w") as archive:
        notice = f"{wheel.project}-{wheel.version}.dist-info"
        head = f"Metadata-Version: 2.1\nName: {wheel.project}\nVersion: {wheel.version}\n"
        archive.writestr(f"{notice}/METADATA", head)
        archive.writestr(f"{notice}/WHEEL", "Wheel-Version: 1.0\n")


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pip ask an index that nobody answers for, once."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")


def test_a_wheel_of_other_bytes_is_refused(
    lonely: Command,
    no_index: None,
    monkeypatch: pytest.MonkeyPatch,
    lock: tuple[Wheel, ...],
    tmp_path: Path,
) -> None:
    """What an index offers under a locked name never gets into the folder, nor into a bundle."""
    for wheel in choose(lock, Target("3.11", "linux")):
        forged(tmp_path / "index", wheel)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    options = ("--platform", "linux", "--wheels", tmp_path / "wheels", "--out", tmp_path / "out")
    said = lonely("bundle", "nuke", "--python", "3.11", *options, code=65).err
    assert "locked" in said
    assert "pip config list" in said
    assert not list((tmp_path / "wheels").iterdir())
    assert not (tmp_path / "out").exists()


def test_without_a_network_it_says_what_to_do(
    lonely: Command, no_index: None, tmp_path: Path
) -> None:
    """Exit code 75, and the way round: --offline with a folder of wheels."""
    options = ("--platform", "linux", "--wheels", tmp_path / "wheels", "--out", tmp_path / "out")
    said = lonely("bundle", "nuke", "--python", "3.11", *options, code=75).err
    assert "cannot be fetched" in said
    assert "--offline" in said


def test_offline_names_every_missing_wheel(
    lonely: Command, lock: tuple[Wheel, ...], tmp_path: Path
) -> None:
    """With the sha256 that it must have; one that is damaged counts as missing. No retry helps."""
    wheels = choose(lock, Target("3.9", "windows"))
    forged(tmp_path, wheels[0])
    command = ("bundle", "nuke", "--python", "3.9", "--platform", "windows", "--offline")
    said = lonely(*command, "--wheels", tmp_path, "--out", tmp_path / "out", code=78).err
    assert all(f"{wheel.sha256}  {wheel.filename}" in said for wheel in wheels)
    assert "--python 3.9 --platform windows --wheels FOLDER" in said
    assert hashlib.sha256((tmp_path / wheels[0].filename).read_bytes()).hexdigest() not in said


def test_a_full_disk_leaves_nothing_behind(lonely: Command, tmp_path: Path) -> None:
    """Exit code 73; neither a bundle nor what was to become one stays."""
    bundles.fetch("3.11", "linux")
    filmgate = f"exec {sys.executable} -m filmgate.cli bundle nuke --python 3.11 --platform linux"
    limited = (
        f"ulimit -f 200; {filmgate} --offline --wheels {bundles.WHEELS} --out {tmp_path / 'out'}"
    )
    done = subprocess.run(["/bin/sh", "-c", limited], capture_output=True, text=True, check=False)
    assert done.returncode == 73, done.stderr
    assert "what to do" in done.stderr
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(("python", "platform"), [("2.7", "linux"), ("3.11", "solaris")])
def test_what_no_host_has_is_refused(lonely: Command, python: str, platform: str) -> None:
    """Exit code 2, with the choices."""
    said = lonely("bundle", "nuke", "--python", python, "--platform", platform, code=2).err
    assert "Choose one of" in said


@pytest.mark.timeout(300)
def test_an_installed_filmgate_brings_its_plugin(
    repository: Path, lonely: Command, made: Maker, tmp_path: Path
) -> None:
    """The project's own wheel, away from the checkout, makes a bundle of the same files."""
    expected = made("3.11", "linux")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=repository, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as archive:
        archive.extractall(tmp_path / "installed")
    command = [sys.executable, "-m", "filmgate.cli", "bundle", "nuke", "--python", "3.11"]
    command += ["--platform", "linux", "--offline", "--wheels", str(bundles.WHEELS)]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert names_in(Path(done.stdout.strip())) == names_in(expected)


def names_in(folder: Path) -> set[str]:
    """Return the names of the files of a bundle."""
    lines = (folder / "files.txt").read_text(encoding="utf-8").splitlines()
    return {line.split("  ")[1] for line in lines}
