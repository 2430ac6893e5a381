"""Check what a package's folder holds, without running anything of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from filmgate.errors import FilmgateError
from filmgate_server.commands.external import external_files
from filmgate_server.commands.finding import Finding, holds, note, refused
from filmgate_server.commands.pickles import find_pickle
from filmgate_server.commands.stubs import CARD, check_words
from filmgate_server.registry.content import locate, package_files
from filmgate_server.registry.local import load_manifest
from filmgate_server.registry.trust import runs_code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from filmgate.manifest import Manifest, Weights

UNSTATED = "to be stated"
"""What the template writes for a licence: nobody publishes by accident."""

_CARD_REMEDY = "Write card.md: what the model does, for whom, figures, limits."
_LICENCE_NAMES = ("license", "licence", "copying")
_WEIGHT_SUFFIXES = (".safetensors", ".onnx", ".pt2", ".bin")
_PICKLE_REMEDY = (
    "Write the weights as safetensors (safetensors.torch.save_file); set a program's "
    "example_inputs to None before torch.export.save."
)


def check_contents(folder: Path) -> Iterator[Finding]:
    """Yield what is found in the files of the package in *folder*."""
    try:
        files = package_files(folder)
        manifest = load_manifest(folder)
    except FilmgateError as error:
        yield refused("manifest", error.text, error.remedy)
        return
    except OSError as error:
        text = f"{folder.as_posix()} cannot be read: {error.strerror}."
        yield refused("manifest", text, "Name the package's folder.")
        return
    yield holds("manifest", f"model.toml describes {manifest.name} {manifest.version}.")
    yield from _check_paths(folder, manifest)
    yield from _check_pickles(dict(files))
    yield from _check_weights(folder, manifest)
    yield from _check_unlisted(dict(files), manifest)
    yield _check_licence(folder, manifest)
    yield _check_card(folder, manifest)
    yield from check_words(manifest)


def is_refused(findings: list[Finding]) -> bool:
    """Say whether the package cannot be published."""
    return any(finding.verdict == "refused" for finding in findings)


def _check_paths(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    named = [weights.file for weights in manifest.weights]
    if manifest.runtime.engine != "oidn":
        named.append(manifest.runtime.entry.partition(":")[0])
    for test in manifest.tests:
        patterned = manifest.temporal.kind != "frame"
        paths = (*test.inputs.values(), test.golden)
        named += [path for path in paths if not (patterned and "%" in path)]
    wrong = 0
    for relative in named:
        try:
            locate(folder, relative)
        except FilmgateError as error:
            wrong += 1
            yield refused("files", error.text, "A package only names files of its own folder.")
    if not wrong:
        yield holds("files", "Every file that the manifest names is in the package.")


def _check_pickles(files: dict[str, Path]) -> Iterator[Finding]:
    found = 0
    for relative, path in files.items():
        with path.open("rb") as file:
            words = find_pickle(file, relative)
        if words:
            found += 1
            text = f"{relative}: {words}: reading it would run whatever its author put there."
            yield refused("pickles", text, _PICKLE_REMEDY)
    if not found:
        yield holds("pickles", f"None of the {len(files)} files is or holds a pickle.")


def _check_weights(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    for weights in manifest.weights:
        try:
            path = locate(folder, weights.file)
        except FilmgateError:
            continue  # said already
        yield _check_file(path, weights)
        if path.suffix == ".onnx":
            yield from _check_external(folder, path, manifest)


def _check_file(path: Path, weights: Weights) -> Finding:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != weights.sha256:
        remedy = f'If the file is right, write sha256 = "{found}".'
        text = f"{weights.file} is not the file that model.toml names: its sha256 differs."
        return refused("weights", text, remedy, expected=weights.sha256, found=found)
    size_bytes = path.stat().st_size
    if weights.bytes not in (0, size_bytes):
        text = f"{weights.file} has {size_bytes} bytes, not {weights.bytes}."
        return refused("weights", text, f"Write bytes = {size_bytes}.", found=size_bytes)
    return holds("weights", f"{weights.file} has its sha256 and {size_bytes} bytes.")


def _check_external(folder: Path, path: Path, manifest: Manifest) -> Iterator[Finding]:
    """Check the files that an ONNX graph has its tensors in."""
    listed = {weights.file for weights in manifest.weights}
    try:
        names = sorted(external_files(path.read_bytes()))
    except FilmgateError as error:
        yield refused("weights", f"{path.name} cannot be read: {error.text}", error.remedy)
        return
    for name in names:
        inside = (path.parent / name).relative_to(folder).as_posix() if _is_plain(name) else name
        try:
            locate(folder, inside)
        except FilmgateError as error:
            text = f"{path.name} takes tensors from outside the package: {error.text}"
            yield refused("weights", text, "Save the graph with its tensors inside.")
            continue
        if inside not in listed:
            text = f"{path.name} takes tensors from {inside}, which no [[weights]] names."
            yield refused("weights", text, "Name it, so that its sha256 is checked.")


def _is_plain(name: str) -> bool:
    return ".." not in name.split("/") and not name.startswith("/") and "\\" not in name


def _check_unlisted(files: dict[str, Path], manifest: Manifest) -> Iterator[Finding]:
    listed = {weights.file for weights in manifest.weights}
    for test in manifest.tests:  # of geometry they are files of tensors too
        listed |= {*test.inputs.values(), test.golden}
    for relative in sorted(files):
        if relative.endswith(_WEIGHT_SUFFIXES) and relative not in listed:
            remedy = "Name it in [[weights]] with its sha256, or leave it out."
            yield refused("weights", f"{relative} is in no [[weights]].", remedy)


def _check_licence(folder: Path, manifest: Manifest) -> Finding:
    texts = [
        path.read_text(encoding="utf-8", errors="replace").strip()
        for path in sorted(folder.iterdir())
        if path.is_file() and path.stem.lower() in _LICENCE_NAMES
    ]
    remedy = "Say in LICENSE.md and in [licence] on which terms code and weights may be used."
    if not any(texts):
        return refused("licence", "The package has no LICENSE.md, or an empty one.", remedy)
    stated = [*texts, *manifest.licence.values()]
    if any(UNSTATED in text.lower() for text in stated):
        return refused("licence", f"A licence is still {UNSTATED!r}.", remedy)
    words = ", ".join(f"{part}: {text}" for part, text in manifest.licence.items())
    return holds("licence", f"{words}.")


def _check_card(folder: Path, manifest: Manifest) -> Finding:
    card = folder / "card.md"
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    if CARD in text:
        return refused("card", "card.md is still the template's.", _CARD_REMEDY)
    if text.strip():
        return holds("card", "card.md says what the model does.")
    if runs_code(manifest):
        return refused("card", "The package has code and no card.md.", _CARD_REMEDY)
    return note("card", "There is no card.md.", _CARD_REMEDY)
