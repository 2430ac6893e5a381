"""Errors after which nothing that a process computes on its device can be trusted."""

from __future__ import annotations

from typing import cast

from filmgate.errors import FilmgateError

_DEVICE_WORDS = (
    "cuda error",
    "cuda driver error",
    "cudaerror",
    "cudnn error",
    "cudnn_status_",
    "cublas error",
    "cublas_status_",
    "cufft error",
    "cufft_",
    "cusolver error",
    "cusolver_status_",
    "cusparse error",
    "cusparse_status_",
    "nccl error",
    "triton error",
    "illegal memory access",
    "device-side assert",
    "unspecified launch failure",
)
"""What torch, the libraries under it and Triton say of a device, in lower case."""

_DEVICE_ERROR = "AcceleratorError"
_OUT_OF_MEMORY = "OutOfMemoryError"
"""What torch calls them; it need not be imported for that."""


def is_fatal(error: BaseException) -> bool:
    """Tell whether an error of the device, other than its allocator's full memory, is behind one.

    Such an error poisons the process's context: every later result may be silently wrong. Anything
    that another library reports counts, its own failed allocations too: they may leave it half
    made. A model that merely speaks of such an error ends its worker as well, on a CPU too: that
    costs a restart, the opposite mistake costs pixels.
    """
    open_errors, seen = [error], set[int]()
    while open_errors:
        found = open_errors.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        if _comes_from_the_device(found):
            return True
        open_errors += behind(found)
    return False


def behind(error: BaseException) -> list[BaseException]:
    """Return what led to *error*, as far as Python knows: cause, context and a group's members."""
    led = [each for each in (error.__cause__, error.__context__) if each is not None]
    if isinstance(error, BaseExceptionGroup):
        led += cast("BaseExceptionGroup[BaseException]", error).exceptions
    return led


def words_of(error: BaseException) -> str:
    """Return what *error* says; empty when it cannot."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - model code may raise what cannot even say what it is
        return ""


def _comes_from_the_device(error: BaseException) -> bool:
    name = type(error).__name__
    if isinstance(error, FilmgateError) or name == _OUT_OF_MEMORY:
        return False  # our own text repeats that of its cause, which is judged by itself
    words = words_of(error).lower()
    return name == _DEVICE_ERROR or any(each in words for each in _DEVICE_WORDS)
