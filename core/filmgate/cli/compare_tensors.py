"""`filmgate compare` on files of tensors: how far each tensor is from what it should be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

from filmgate.cli.plan import is_tensor_file
from filmgate.cli.tensors import load_tensors
from filmgate.cli.terminal import results, say, write_json
from filmgate.errors import InputError, RequestError
from filmgate.exits import EXIT_OK
from filmgate.image.numbers import Distance, tensor_distance

if TYPE_CHECKING:
    from pathlib import Path

    from filmgate.cli.compare import CompareOptions
    from filmgate.tensor import Tensor


def are_tensors(paths: Sequence[Path]) -> bool:
    """Say whether files hold tensors.

    Raises:
        RequestError: some do and others do not.
    """
    found = [is_tensor_file(path.as_posix()) for path in paths]
    if any(found) and not all(found):
        names = " and ".join(path.name for path in paths)
        raise RequestError(f"{names} are of different kinds.", "Compare tensors with tensors.")
    return all(found)


def compare_tensors(options: CompareOptions) -> int:
    """Compare the tensors of A with those of B that have the same names.

    Raises:
        RequestError: what is asked for exists of images alone.
        InputError: the files have no tensor in common, or sizes differ.
    """
    for name in ("flip", "png"):
        if getattr(options, name):
            raise RequestError(f"--{name} is for images.", "Leave it out.")
    image, reference = load_tensors(options.image), load_tensors(options.reference)
    before = load_tensors(options.before) if options.before else {}
    common = [name for name in image if name in reference]
    if not common:
        raise InputError("The files have no tensor in common.", "Compare files of one model.")
    lonely = sorted(set(image) ^ set(reference))
    if lonely:
        say(f"Left out, because only one file has them: {', '.join(lonely)}")
    after = {name: tensor_distance(name, image[name], reference[name]) for name in common}
    was = {name: _was(name, before, reference) for name in common}
    if options.as_json:
        write_json([_document(name, after[name], was[name]) for name in common])
    else:
        results.print(_table(after, was))
    return EXIT_OK


def _was(
    name: str, before: Mapping[str, Tensor], reference: Mapping[str, Tensor]
) -> Distance | None:
    """Return how far the tensor was before; None where a model has changed its size."""
    known = before.get(name)
    if known is None or known.spec.shape != reference[name].spec.shape:
        return None
    return tensor_distance(name, known, reference[name])


def _table(after: Mapping[str, Distance], was: Mapping[str, Distance | None]) -> Table:
    titles = ["Tensor", "Max error", "RMS", "PSNR", "NaN/Inf"]
    titles += ["Before"] if any(was.values()) else []
    table = Table(*titles, box=None, pad_edge=False)
    for name, found in after.items():
        earlier = was[name]
        table.add_row(name, *_row(found), *([_db(earlier)] if earlier else []))
    return table


def _row(found: Distance) -> tuple[str, ...]:
    unmatched = str(found.unmatched) if found.unmatched else ""
    if found.identical:
        return "identical", "", "", unmatched
    return f"{found.max_error:.6g}", f"{found.rms:.6g}", _db(found), unmatched


def _db(found: Distance) -> str:
    return "no difference" if math.isinf(found.psnr_db) else f"{found.psnr_db:.2f} dB"


def _document(name: str, found: Distance, was: Distance | None) -> dict[str, Any]:
    before = was and _finite(was)
    return {"tensor": name, **_finite(found), "before": before}


def _finite(found: Distance) -> dict[str, Any]:
    """JSON has no infinity: no difference at all is null."""
    psnr_db = None if math.isinf(found.psnr_db) else found.psnr_db
    return {**asdict(found), "psnr_db": psnr_db}
