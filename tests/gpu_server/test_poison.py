"""Which errors poison a process."""

from __future__ import annotations

import pytest

from filmgate.errors import DeviceMemoryError, ModelError
from filmgate_server.worker.pipeline import typed_error
from filmgate_server.worker.poison import is_fatal


class AcceleratorError(RuntimeError):
    """Named as torch names what a device reports."""


class OutOfMemoryError(RuntimeError):
    """Named as torch names a full device."""


POISON = [
    RuntimeError("CUDA error: device-side assert triggered"),
    AcceleratorError("whatever"),
    RuntimeError("CUDA error: out of memory"),
    RuntimeError("CUDA driver error: invalid argument"),
    RuntimeError("an illegal memory access was encountered"),
    RuntimeError("Device-side assert triggered"),
    RuntimeError("unspecified launch failure"),
    RuntimeError("cudaErrorLaunchTimeout: the launch timed out and was terminated"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuFFT error: CUFFT_INTERNAL_ERROR"),
    RuntimeError("cusolver error: CUSOLVER_STATUS_INTERNAL_ERROR"),
    RuntimeError("CUSPARSE_STATUS_EXECUTION_FAILED"),
    RuntimeError("NCCL error in: ProcessGroupNCCL.cpp"),
    RuntimeError("Triton Error [CUDA]: misaligned address"),
]

HARMLESS = [
    OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    OutOfMemoryError("CUDA error: out of memory"),
    RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("shapes do not fit"),
    ValueError("CUDA"),
    MemoryError(),
]


def caught(cause: Exception, context: Exception) -> ModelError:
    """Return an error with a cause and another one that was being handled."""
    error = ModelError("It failed.")
    error.__cause__, error.__context__ = cause, context
    return error


@pytest.mark.parametrize(
    ("error", "fatal"),
    [*((error, True) for error in POISON), *((error, False) for error in HARMLESS)],
    ids=lambda value: str(value)[:40],
)
def test_which_errors_poison_the_process(error: Exception, fatal: bool) -> None:
    """What a device reports does, its allocator's full memory does not, however wrapped."""
    harmless = ValueError("It went wrong.")
    assert is_fatal(typed_error(error)) is fatal
    assert is_fatal(caught(error, harmless)) is fatal
    assert is_fatal(caught(harmless, error)) is fatal
    assert is_fatal(caught(harmless, caught(harmless, error))) is fatal
    assert is_fatal(ExceptionGroup("Several.", [harmless, error])) is fatal


def test_errors_that_refer_to_each_other() -> None:
    """A circle of causes ends."""
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert not is_fatal(one)


def test_our_own_words_count_for_nothing() -> None:
    """A typed error repeats those of its cause, which is judged by itself."""
    assert not is_fatal(DeviceMemoryError("CUDA error: out of memory"))
