"""The memory of devices, the pretended one above all."""

from __future__ import annotations

import mmap

import pytest

from filmgate.errors import DeviceMemoryError
from filmgate_server.worker.memory import CpuMemory, FakeMemory, open_memory

MIB = 1 << 20


def test_fake_memory_is_lent_and_given_back() -> None:
    """What is lent counts until its holder lets go, also when that ends with an error."""
    memory = FakeMemory(10 * MIB)
    with pytest.raises(KeyError), memory.lend(4 * MIB), memory.lend(6 * MIB):
        assert memory.used_bytes() == 10 * MIB
        raise KeyError
    assert memory.used_bytes() == 0


def test_fake_memory_refuses_what_does_not_fit() -> None:
    """One byte too many is an error that says how full the device is."""
    memory = FakeMemory(10 * MIB)
    with memory.lend(4 * MIB):
        with pytest.raises(DeviceMemoryError, match="4 MiB"), memory.lend(6 * MIB + 1):
            pass
        assert memory.used_bytes() == 4 * MIB


def test_fake_memory_remembers_its_peak() -> None:
    """The most at once, since it was asked to measure anew."""
    memory = FakeMemory(10 * MIB)
    with memory.lend(3 * MIB):
        with memory.lend(5 * MIB):
            pass
        assert memory.peak_bytes() == 8 * MIB
        memory.reset_peak()
        assert memory.peak_bytes() == 3 * MIB


def test_device_names_its_memory() -> None:
    """A device's name and the configured budget decide; the smaller one counts."""
    assert open_memory("fake:4096", None).budget_bytes == 4096
    assert open_memory("fake:4096", 1024).budget_bytes == 1024
    assert open_memory("cpu:1", 123).budget_bytes == 123
    assert open_memory("cpu", None).budget_bytes > 0


def test_cpu_memory_sees_what_is_taken() -> None:
    """Pages that were written to are counted, and remembered as the peak."""
    memory = CpuMemory()
    before_bytes = memory.used_bytes()
    memory.reset_peak()
    with mmap.mmap(-1, 64 * MIB, mmap.MAP_PRIVATE) as taken:  # the heap may hold freed pages
        taken.write(bytes([1]) * len(taken))
        assert memory.used_bytes() - before_bytes > 32 * MIB
    assert memory.peak_bytes() - before_bytes > 32 * MIB
