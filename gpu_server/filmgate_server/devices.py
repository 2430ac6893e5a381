"""Which devices this machine has, found without importing any framework."""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Mapping
from pathlib import Path

from filmgate.errors import ConfigError

CPU = "cpu"
FAKE = "fake"
"""A device for tests: the CPU with an allocator that pretends, ``fake:`` and its size in bytes."""

_DEVICE_FILE = re.compile(r"nvidia\d+\Z")
_CAPABILITY_MAJOR = 75  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR of cuda.h
_CAPABILITY_MINOR = 76


def list_devices(workers: int | None, fake_bytes: int | None = None) -> tuple[str, ...]:
    """Return the device of each worker.

    Args:
        workers: how many; None means one per GPU, or one on the CPU where there is no GPU. More
            workers than GPUs share them in turn; several on the CPU are ``cpu:0``, ``cpu:1``.
        fake_bytes: make each a fake device of that size.
    """
    if fake_bytes is not None:
        return (f"{FAKE}:{fake_bytes}",) * (workers or 1)
    gpus = [f"cuda:{place}" for place in range(count_gpus(Path("/dev"), os.environ))]
    if gpus:
        return tuple(gpus[place % len(gpus)] for place in range(workers or len(gpus)))
    many = workers is not None and workers > 1
    return tuple(f"{CPU}:{place}" for place in range(workers or 1)) if many else (CPU,)


def count_gpus(device_folder: Path, environment: Mapping[str, str]) -> int:
    """Count the NVIDIA GPUs that a process started in *environment* can use."""
    if not device_folder.is_dir():
        return 0
    present = sum(bool(_DEVICE_FILE.match(path.name)) for path in device_folder.iterdir())
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return present
    chosen = [name for name in visible.split(",") if name.strip() not in ("", "-1")]
    return min(present, len(chosen))


def find_device_class(device: str) -> str:
    """Return what decides which kernels run: ``cpu``, ``fake``, or for example ``cuda-sm90``.

    Raises:
        ConfigError: the device's driver cannot be asked.
    """
    kind, _, ordinal = device.partition(":")
    if kind in (CPU, FAKE):
        return kind
    try:
        major, minor = _compute_capability(int(ordinal or 0))
    except (OSError, ValueError, AttributeError) as error:
        raise _unusable(device, error) from error
    return f"cuda-sm{major}{minor}"


def same_hardware(device: str, other: str) -> bool:
    """Tell whether two workers' devices share their memory; every fake one is its own."""
    kind, _, _ = device.partition(":")
    if kind == CPU:
        return other.partition(":")[0] == CPU
    return kind != FAKE and device == other


def compute_device(device: str) -> str:
    """Return the device that an engine is told: the CPU stands in for a fake one."""
    return CPU if device.partition(":")[0] == FAKE else device


def total_memory_bytes(device: str) -> int:
    """Return how much memory the GPU *device* has.

    Raises:
        ConfigError: the device's driver cannot be asked.
    """
    total = ctypes.c_size_t()
    try:
        driver, handle = _open_gpu(int(device.partition(":")[2] or 0))
        _check(driver.cuDeviceTotalMem_v2(ctypes.byref(total), handle))
    except (OSError, ValueError, AttributeError) as error:
        raise _unusable(device, error) from error
    return total.value


def _unusable(device: str, error: Exception) -> ConfigError:
    return ConfigError(f"The device {device!r} cannot be used ({error}).")


def _open_gpu(ordinal: int) -> tuple[ctypes.CDLL, ctypes.c_int]:
    driver = ctypes.CDLL("libcuda.so.1")
    handle = ctypes.c_int()
    _check(driver.cuInit(0))
    _check(driver.cuDeviceGet(ctypes.byref(handle), ordinal))
    return driver, handle


def _compute_capability(ordinal: int) -> tuple[int, int]:
    driver, handle = _open_gpu(ordinal)
    values: list[int] = []
    for attribute in (_CAPABILITY_MAJOR, _CAPABILITY_MINOR):
        value = ctypes.c_int()
        _check(driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, handle))
        values.append(value.value)
    return values[0], values[1]


def _check(status: int) -> None:
    if status:
        raise OSError(f"the CUDA driver answered {status}")
