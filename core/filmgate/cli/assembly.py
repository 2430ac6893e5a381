"""How a bundle is put together: plugin, client code, wheels and licences in one folder."""

from __future__ import annotations

import errno
import shutil
import uuid
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import filmgate
from filmgate.cli.bundle_readme import to_readme
from filmgate.cli.bundled import BUNDLE_FILE, FILES_FILE, VENDOR_FOLDER, Bundle, list_files
from filmgate.cli.hosts import HOUDINI, Host
from filmgate.cli.packages import BUNDLE_ABOVE, PACKAGE_FILE, PACKAGE_FOLDER, to_package
from filmgate.cli.sources import Sources, client_files, plugin_files
from filmgate.cli.targets import Target, Wheel
from filmgate.disk import storage_error, storage_errors

_LICENCES = "licences"
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


def make_bundle(
    out: Path, target: Target, sources: Sources, wheels: Sequence[tuple[Wheel, Path]]
) -> Path:
    """Put a bundle together in *out*, and return its folder.

    It is made under another name and renamed when it is whole. A folder that is there is never
    written to, since a host may have it open: where it differs, a number is added to the name.

    Args:
        out: where it goes; it is made.
        target: the interpreter that it is for.
        sources: the host's plugin and what belongs to it.
        wheels: each with its file, whose sha256 was compared.

    Raises:
        StorageError: the disk is full or refuses; nothing is left behind.
    """
    beside = out / f".bundle-{uuid.uuid4().hex[:12]}.part"
    with storage_errors(out):
        try:
            beside.mkdir(parents=True)
            _fill(beside, target, sources, wheels)
            name = f"filmgate-{sources.host.name}-{filmgate.__version__}-{target}"
            return _settle(beside, out, name)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def _fill(
    folder: Path, target: Target, sources: Sources, wheels: Sequence[tuple[Wheel, Path]]
) -> None:
    files = (*plugin_files(sources), *client_files())
    _copy(((sources.host.place(name, target.python), path) for name, path in files), folder)
    _copy([(f"{_LICENCES}/filmgate/LICENSE", sources.licence)], folder)
    for wheel, path in wheels:
        _unpack(path, folder / _place(wheel, target))
    for notice in sorted(folder.glob(f"{VENDOR_FOLDER}/**/*.dist-info")):
        _collect_licences(notice, folder / _LICENCES)
    bundle = _describe(folder, sources.host, target, [wheel for wheel, _ in wheels])
    if bundle.host is HOUDINI:
        _condition_package(bundle)
    (folder / BUNDLE_FILE).write_text(bundle.to_json(), encoding="utf-8", newline="\n")
    (folder / "README.md").write_text(to_readme(bundle), encoding="utf-8", newline="\n")
    (folder / FILES_FILE).write_text(list_files(folder), encoding="utf-8", newline="\n")


def _describe(folder: Path, host: Host, target: Target, wheels: Sequence[Wheel]) -> Bundle:
    oldest = max(wheel.glibc for wheel in wheels)
    glibc = ".".join(map(str, oldest)) if any(oldest) else ""
    names = tuple(wheel.filename for wheel in wheels)
    return Bundle(folder, host, filmgate.__version__, target, glibc, names)


def _condition_package(bundle: Bundle) -> None:
    """Put Houdini's package file into a folder of its own: it takes every JSON file for one."""
    plain = bundle.folder / PACKAGE_FILE
    path = bundle.folder / PACKAGE_FOLDER / PACKAGE_FILE
    path.parent.mkdir()
    path.write_bytes(to_package(plain.read_bytes(), BUNDLE_ABOVE, bundle.target))
    plain.unlink()


def _copy(files: Iterable[tuple[str, Path]], folder: Path) -> None:
    for name, source in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)


def _place(wheel: Wheel, target: Target) -> str:
    """Name the folder for *wheel*: one of its own for each processor, where they differ."""
    machines = [machine for machine in target.machines if wheel.fits(target, machine)]
    everywhere = len(machines) == len(target.machines)
    return VENDOR_FOLDER if everywhere else f"{VENDOR_FOLDER}/{machines[0]}"


def _unpack(wheel: Path, folder: Path) -> None:
    """Unpack a wheel: of those that are locked, none has files for other places."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)


def _collect_licences(notice: Path, folder: Path) -> None:
    """Copy what a wheel's ``dist-info`` folder says of its licence to where people look."""
    kept = folder / notice.name.partition("-")[0]
    found = [path for path in notice.glob("licenses/**/*") if path.is_file()]
    for path in found or notice.glob("LICENSE*"):
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, kept / path.name)


def _settle(beside: Path, out: Path, name: str) -> Path:
    """Rename what is whole to the first name that is free, unless the same is there already."""
    number = 1
    while True:
        folder = out / (name if number == 1 else f"{name}.{number}")
        if _is_same(folder, beside):
            return folder
        if not folder.exists():
            try:
                return beside.rename(folder)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise storage_error(folder, error) from error
        number += 1


def _is_same(folder: Path, other: Path) -> bool:
    listed = folder / FILES_FILE
    return listed.is_file() and listed.read_bytes() == (other / FILES_FILE).read_bytes()
