"""Whether a result is what was asked for: what is not is neither kept nor shown."""

from __future__ import annotations

from collections.abc import Iterable

from filmgate.errors import InputError, ModelError
from filmgate.host.results import Request
from filmgate.job import Output
from filmgate.manifest import Manifest
from filmgate.tensor import TENSOR_MEDIA, parse_tensor_blob
from filmgate.wire.records import EXR_MEDIA, PNG_MEDIA

PREVIEW, PREVIEW_SOURCE = "preview", "preview_source"
"""Outputs for panels: the result and the main input as pictures."""

EXR_MAGIC = b"\x76\x2f\x31\x01"
"""How every EXR file begins."""

_REMEDY = "Run it again; if it recurs, tell the people who look after the server."


def check_result(manifest: Manifest, request: Request, outputs: Iterable[Output]) -> None:
    """Refuse a result that is not that of a request, or that no host could read.

    Args:
        manifest: of the model that was asked.
        request: what it was asked for.
        outputs: what came; pictures for panels may be among them.

    Raises:
        ModelError: an output is missing or unknown, or of another time, view or kind of file.
    """
    found = [each for each in outputs if not _is_preview(each)]
    expected = sorted(_expected(manifest, request))
    names = sorted(each.name for each in found)
    if names != expected:
        raise _other(manifest, f"the outputs {', '.join(names)}", ", ".join(expected))
    for output in found:
        _check_place(manifest, request, output)
        _check_media(manifest, output)


def _expected(manifest: Manifest, request: Request) -> list[str]:
    """Name the outputs; a file of the source's size holds them all where it is merged."""
    names = [each.name for each in manifest.outputs]
    return names[:1] if request.wish.mode == "merged" and manifest.geometry.scale == 1 else names


def _check_place(manifest: Manifest, request: Request, output: Output) -> None:
    main = request.inputs[0]
    times = _times(manifest, request)
    if output.time not in times:
        raise _other(manifest, f"{output.name} at {output.time:g}", f"that at {times[0]:g}")
    if output.view != main.view:
        views = (output.view or "no", main.view or "none")
        raise _other(manifest, f"{output.name} of {views[0]} view", views[1])


def _times(manifest: Manifest, request: Request) -> list[float]:
    """List the times that a result may bear: a tensor has that of one of its inputs."""
    main = manifest.main_input
    if main.kind == "image" and request.time is not None:
        return [float(request.time)]
    times = [float(each.time) for each in request.inputs if each.name == main.name]
    return times[:1] if main.kind == "image" else times


def _check_media(manifest: Manifest, output: Output) -> None:
    media = EXR_MEDIA if manifest.main_input.kind == "image" else TENSOR_MEDIA
    if output.media != media:
        raise _other(manifest, f"{output.name} as {output.media}", media)
    if media == EXR_MEDIA and bytes(output.data[: len(EXR_MAGIC)]) != EXR_MAGIC:
        raise _other(manifest, f"something as {output.name} that is no EXR file", "one")
    if media == TENSOR_MEDIA:
        _check_tensor(manifest, output)


def _check_tensor(manifest: Manifest, output: Output) -> None:
    """Refuse a blob that hosts, which set buffers from it, would have to look at themselves."""
    meant = next(each for each in manifest.outputs if each.name == output.name)
    try:
        tensor = parse_tensor_blob(output.data).get(output.name)
    except InputError as error:
        raise _other(manifest, f"something as {output.name} that is no tensor", "one") from error
    if tensor is None:
        raise _other(manifest, f"tensors without {output.name}", "it")
    spec = tensor.spec
    if (spec.axes, spec.dtype) != (meant.axes, meant.dtype):
        found, wanted = f"{spec.dtype} of {' '.join(spec.axes)}", " ".join(meant.axes)
        raise _other(manifest, f"{output.name} as {found}", f"{meant.dtype} of {wanted}")


def _is_preview(output: Output) -> bool:
    return output.media == PNG_MEDIA and output.name in (PREVIEW, PREVIEW_SOURCE)


def _other(manifest: Manifest, found: str, expected: str) -> ModelError:
    text = f"The server answered {found} for {manifest.name}, and was asked for {expected}."
    return ModelError(text, _REMEDY)
