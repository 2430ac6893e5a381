"""Which devices this machine has, found without importing any framework."""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Mapping
from pathlib import Path

from filmgate.errors import ConfigError

CPU = "cpu"
_DEVICE_FILE = re.compile(r"nvidia\d+\Z")
_CAPABILITY_MAJOR = 75  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR of cuda.h
_CAPABILITY_MINOR = 76


def list_devices(workers: int | None) -> tuple[str, ...]:
    """Return the device of each worker.

    Args:
        workers: how many; None means one per GPU, or one on the CPU where there is no GPU. More
            workers than GPUs share them in turn.
    """
    gpus = [f"cuda:{place}" for place in range(count_gpus(Path("/dev"), os.environ))] or [CPU]
    count = len(gpus) if workers is None else workers
    return tuple(gpus[place % len(gpus)] for place in range(count))


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
    """Return what decides which kernels run: ``cpu``, or for example ``cuda-sm90``.

    Raises:
        ConfigError: the device's driver cannot be asked.
    """
    kind, _, ordinal = device.partition(":")
    if kind == CPU:
        return CPU
    try:
        major, minor = _compute_capability(int(ordinal or 0))
    except (OSError, ValueError, AttributeError) as error:
        raise ConfigError(f"The device {device!r} cannot be used ({error}).") from error
    return f"cuda-sm{major}{minor}"


def _compute_capability(ordinal: int) -> tuple[int, int]:
    driver = ctypes.CDLL("libcuda.so.1")
    handle = ctypes.c_int()
    _check(driver.cuInit(0))
    _check(driver.cuDeviceGet(ctypes.byref(handle), ordinal))
    values: list[int] = []
    for attribute in (_CAPABILITY_MAJOR, _CAPABILITY_MINOR):
        value = ctypes.c_int()
        _check(driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, handle))
        values.append(value.value)
    return values[0], values[1]


def _check(status: int) -> None:
    if status:
        raise OSError(f"the CUDA driver answered {status}")
