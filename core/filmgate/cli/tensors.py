"""Files of tensors: read as a host would send them, and written as the server answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import filmgate
from filmgate.cli.finished import Recipe
from filmgate.cli.outputs import Written
from filmgate.cli.plan import TENSOR_SUFFIXES, FrameTask, InputFile, is_tensor_file
from filmgate.cli.sidecar import save_sidecar
from filmgate.digest import digest_bytes, digest_text
from filmgate.disk import storage_error, storage_errors, write_whole
from filmgate.errors import InputError, RequestError
from filmgate.image.provenance import Provenance
from filmgate.job import Payload, Result
from filmgate.manifest import Manifest
from filmgate.tensor import TENSOR_MEDIA, Tensor, parse_tensor_blob, to_tensor_blob

__all__ = ["TensorOutputs", "TensorReader", "check_files", "is_tensor_file", "load_tensors"]


def check_files(manifest: Manifest, paths: Sequence[str]) -> None:
    """Refuse files that the model does not take, and kinds that do not go together.

    Raises:
        RequestError: names the file.
    """
    known = " or ".join(TENSOR_SUFFIXES)
    tensors = [is_tensor_file(path) for path in paths]
    if manifest.takes_tensors and not all(tensors):
        wrong = paths[tensors.index(False)]
        text = f"{manifest.name} takes and makes tensors, and {wrong} is no file of such."
        raise RequestError(text, f"Name files that end in {known}.")
    if any(tensors) and not all(tensors):
        text = f"{paths[tensors.index(True)]} holds tensors and {paths[tensors.index(False)]} not."
        raise RequestError(text, f"Name images alone, or files that end in {known} alone.")
    if any(tensors) and manifest.temporal.kind != "frame":
        text = f"{manifest.name} takes several frames, which files of tensors do not hold."
        raise RequestError(text, "Name a sequence of images.")


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read a file of tensors.

    Raises:
        InputError: it does not exist, or is no such file; the text names it.
        StorageError: it cannot be read.
    """
    try:
        return parse_tensor_blob(_read(path))
    except InputError as error:
        if error.remedy != error.default_remedy:
            raise
        text = f"{path}: {error.text}"
        raise InputError(text, "Write the file anew with the program that made it.") from error


class TensorReader:
    """Takes each tensor of a file that is named like an input for that input.

    Args:
        manifest: of the model.
        own: the inputs that have a file of their own.
    """

    def __init__(self, manifest: Manifest, own: frozenset[str]) -> None:
        self._manifest = manifest
        self._own = own
        self._notes: dict[InputFile, tuple[str, ...]] = {}

    def digest(self, path: Path) -> bytes:
        """Return the digest of a file.

        Raises:
            StorageError: it cannot be read.
        """
        return digest_bytes(_read(path))

    def payloads(self, file: InputFile) -> tuple[Payload, ...]:
        """Return the inputs that a file gives, the main one first, a blob each.

        Raises:
            InputError: the file does not exist, or none of its tensors is the input that it is for.
        """
        found = self._inputs(file)
        time = float(file.frame or 0)
        return tuple(
            Payload(name, self._blob(name, found[name]), TENSOR_MEDIA, time)
            for name in (entry.name for entry in self._manifest.inputs)
            if name in found
        )

    def notes(self, files: Iterable[InputFile]) -> tuple[str, ...]:
        """Return what was left out of files that were read, each thing once."""
        said = (note for file in files for note in self._notes.get(file, ()))
        return tuple(dict.fromkeys(said))

    def _inputs(self, file: InputFile) -> dict[str, Tensor]:
        tensors = load_tensors(file.path)
        inputs = {entry.name for entry in self._manifest.inputs}
        if len(tensors) == 1 and not (inputs - {file.name}) & set(tensors):
            return {file.name: next(iter(tensors.values()))}  # it needs no agreement on names
        known = inputs - self._own
        wanted = {file.name} if file.name in self._own else known
        found = {name: tensor for name, tensor in tensors.items() if name in wanted}
        if file.name not in found:
            names = ", ".join(sorted(tensors)) or "none"
            raise InputError(
                f"{file.path} holds no tensor that is called {file.name}.",
                f"Name one so; it has: {names}.",
            )
        lonely = ", ".join(name for name in tensors if name not in found)
        self._notes[file] = (f"Left out of {file.path.name}: {lonely}.",) if lonely else ()
        return found

    def _blob(self, name: str, tensor: Tensor) -> bytes:
        """Return an input as a host sends it; axes that a file does not name are the model's."""
        spec, axes = tensor.spec, self._manifest.input(name).axes
        if not spec.is_named and len(axes) == len(spec.shape):
            spec = replace(spec, axes=axes)
        return to_tensor_blob({name: (spec, tensor.data)})


@dataclass(frozen=True)
class TensorOutputs:
    """Writes all outputs of a result into one file, and beside it what made it.

    Attributes:
        manifest: of the model.
        recipe: what determines each result.
        reader: reads the inputs.
    """

    manifest: Manifest
    recipe: Recipe
    reader: TensorReader

    def write(self, task: FrameTask, result: Result) -> Written:
        """Write a result.

        Raises:
            StorageError: the disk is full or refuses.
        """
        tensors = {each.name: parse_tensor_blob(each.data)[each.name] for each in result.outputs}
        content = _content(tensors)
        with storage_errors(task.output.parent):
            task.output.parent.mkdir(parents=True, exist_ok=True)
        save_sidecar(task.output, content, "", self._provenance(task, result))
        write_whole(task.output, content)
        return Written([task.output])

    def _provenance(self, task: FrameTask, result: Result) -> Provenance:
        return Provenance(
            model=f"{self.manifest.name}@{self.manifest.version}",
            model_digest=digest_text(self.recipe.model_digest),
            params=self.recipe.params,
            inputs={
                name: digest_text(self.reader.digest(path)) for name, path in task.inputs.items()
            },
            numerics=result.numerics,
            version=filmgate.__version__,
            wish=vars(self.recipe.wish),
        )


def _content(tensors: Mapping[str, Tensor]) -> bytes:
    return to_tensor_blob({name: (each.spec, each.data) for name, each in tensors.items()})


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        text = f"{path} does not exist."
        raise InputError(text, "Write it, or leave the frame out.") from None
    except OSError as error:
        raise storage_error(path, error) from error
