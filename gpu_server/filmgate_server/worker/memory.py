"""A device's memory as one worker sees it: how much it may use, uses and has used at most."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Protocol

from filmgate.errors import DeviceMemoryError
from filmgate_server.devices import CPU, FAKE, total_memory_bytes

MEBIBYTE = 1 << 20

CPU_SHARE = 0.5
"""Of the machine's memory: the gateway's store, the decoded frames and the system need the rest."""

CUDA_RESERVE_BYTES = 768 * MEBIBYTE
"""Of a GPU's memory: the context, the kernels and what other engines hold count for nobody."""


class DeviceMemory(Protocol):
    """The memory of one device, for one process."""

    @property
    def budget_bytes(self) -> int:
        """How much the process may use; 0 means without a bound."""
        ...

    def used_bytes(self) -> int:
        """Return how much the process uses now."""
        ...

    def lend(self, size_bytes: int) -> AbstractContextManager[None]:
        """Hold *size_bytes* for what no allocator accounts for: models that declare their needs.

        Raises:
            DeviceMemoryError: the budget does not hold it.
        """
        ...

    def peak_bytes(self) -> int:
        """Return the most that was in use since `reset_peak`."""
        ...

    def reset_peak(self) -> None:
        """Measure from now on."""
        ...


class CpuMemory:
    """The process's own memory, without what it shares with the gateway.

    Args:
        budget_bytes: how much models may take; None means half of the machine's.
        sharers: how many processes share that half.
    """

    def __init__(self, budget_bytes: int | None = None, sharers: int = 1) -> None:
        share = int(_machine_bytes() * CPU_SHARE) // sharers
        self.budget_bytes = share if budget_bytes is None else budget_bytes

    def used_bytes(self) -> int:
        """Return the resident memory that is the process's own; 0 where the system cannot say."""
        return own_memory_bytes()

    def lend(self, size_bytes: int) -> AbstractContextManager[None]:
        """Do nothing: what a model takes is in the process's memory already."""
        return nullcontext()

    def peak_bytes(self) -> int:
        """Return the highest resident memory, less what is shared now."""
        _, shared = _resident_pages()
        return max(self.used_bytes(), _high_water_bytes() - shared * _page_bytes())

    def reset_peak(self) -> None:
        """Let the kernel forget the highest level, where it can."""
        with suppress(OSError):  # the peak is else that of the process's life: never too small
            Path("/proc/self/clear_refs").write_text("5")  # see proc(5)


class CudaMemory:
    """What torch's allocator holds on a GPU; nothing until a model has brought torch along.

    Args:
        device: ``cuda:0``.
        budget_bytes: None means all of the device's but a reserve.
        sharers: how many processes share the device.
    """

    def __init__(self, device: str, budget_bytes: int | None = None, sharers: int = 1) -> None:
        self._device = device
        self._total_bytes = total_memory_bytes(device)
        free = max(MEBIBYTE, self._total_bytes // sharers - CUDA_RESERVE_BYTES)
        self.budget_bytes = free if budget_bytes is None else min(budget_bytes, free)
        self._bounded = False

    def used_bytes(self) -> int:
        """Return what tensors take."""
        cuda = self._allocator()
        return int(cuda.memory_allocated(self._device)) if cuda else 0

    def lend(self, size_bytes: int) -> AbstractContextManager[None]:
        """Do nothing: the allocator accounts for what a model takes."""
        return nullcontext()

    def peak_bytes(self) -> int:
        """Return the most that tensors took."""
        cuda = self._allocator()
        return int(cuda.max_memory_allocated(self._device)) if cuda else 0

    def reset_peak(self) -> None:
        """Measure from now on."""
        cuda = self._allocator()
        if cuda:
            cuda.reset_peak_memory_stats(self._device)

    def _allocator(self) -> Any:
        """Return ``torch.cuda`` once a runtime has imported it, bounded by the budget."""
        cuda = getattr(sys.modules.get("torch"), "cuda", None)
        if cuda is None or not cuda.is_initialized():
            return None
        if not self._bounded:
            self._bounded = True
            cuda.set_per_process_memory_fraction(
                self.budget_bytes / self._total_bytes, self._device
            )
        return cuda


class FakeMemory:
    """A device's memory that exists only as a number, for tests on machines without a GPU.

    Args:
        budget_bytes: the device's size.
    """

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self._used_bytes = self._peak_bytes = 0

    def used_bytes(self) -> int:
        """Return what is lent."""
        return self._used_bytes

    @contextmanager
    def lend(self, size_bytes: int) -> Generator[None]:
        """Hold *size_bytes* of the budget."""
        if self._used_bytes + size_bytes > self.budget_bytes:
            raise DeviceMemoryError(
                f"{_mib(size_bytes)} MiB do not fit beside the {_mib(self._used_bytes)} MiB in use "
                f"of the device's {_mib(self.budget_bytes)} MiB."
            )
        self._used_bytes += size_bytes
        self._peak_bytes = max(self._peak_bytes, self._used_bytes)
        try:
            yield
        finally:
            self._used_bytes -= size_bytes

    def peak_bytes(self) -> int:
        """Return the most that was lent at once."""
        return self._peak_bytes

    def reset_peak(self) -> None:
        """Measure from now on."""
        self._peak_bytes = self._used_bytes


def open_memory(device: str, budget_bytes: int | None, sharers: int = 1) -> DeviceMemory:
    """Return the memory of a device for one process.

    Args:
        device: ``cpu``, ``cuda:0``, or ``fake:`` and its size in bytes.
        budget_bytes: how much the process may use; None means its part of what there is.
        sharers: how many processes share the device.
    """
    kind, _, rest = device.partition(":")
    if kind == FAKE:
        size_bytes = int(rest)
        return FakeMemory(size_bytes if budget_bytes is None else min(size_bytes, budget_bytes))
    if kind == CPU:
        return CpuMemory(budget_bytes, sharers)
    return CudaMemory(device, budget_bytes, sharers)


def own_memory_bytes() -> int:
    """Return this process's resident memory, without what it shares; 0 where nobody can say."""
    resident, shared = _resident_pages()
    return (resident - shared) * _page_bytes()


def _mib(size_bytes: int) -> int:
    return size_bytes // MEBIBYTE


def _page_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE")


def _machine_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * _page_bytes()


def _resident_pages() -> tuple[int, int]:
    """Return resident and, of those, shared pages."""
    try:
        fields = Path("/proc/self/statm").read_text().split()
    except OSError:
        return 0, 0
    return int(fields[1]), int(fields[2])


def _high_water_bytes() -> int:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found[0]) * 1024 if found else 0
