"""Finding devices without a framework."""

from __future__ import annotations

from pathlib import Path

import pytest

from filmgate.errors import ConfigError
from filmgate_server import devices
from filmgate_server.devices import (
    compute_device,
    count_gpus,
    find_device_class,
    list_devices,
    same_hardware,
)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Return the device folder of a machine with two GPUs."""
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("environment", "count"),
    [
        ({}, 2),
        ({"CUDA_VISIBLE_DEVICES": "1"}, 1),
        ({"CUDA_VISIBLE_DEVICES": "0,1,2"}, 2),
        ({"CUDA_VISIBLE_DEVICES": ""}, 0),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, 0),
    ],
)
def test_visible_gpus_are_counted(machine: Path, environment: dict[str, str], count: int) -> None:
    """Those that the machine has and the environment allows."""
    assert count_gpus(machine, environment) == count


def test_machine_without_devices(tmp_path: Path) -> None:
    """Where there is no such folder there is no GPU."""
    assert count_gpus(tmp_path / "nowhere", {}) == 0


def test_one_worker_for_each_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers beyond the number of GPUs share them; without a GPU there is one on the CPU."""
    monkeypatch.setattr(devices, "count_gpus", lambda folder, environment: 2)
    assert list_devices(None) == ("cuda:0", "cuda:1")
    assert list_devices(3) == ("cuda:0", "cuda:1", "cuda:0")
    monkeypatch.setattr(devices, "count_gpus", lambda folder, environment: 0)
    assert list_devices(None) == ("cpu",)
    assert list_devices(2) == ("cpu:0", "cpu:1")


def test_device_classes() -> None:
    """The CPU has one class; a GPU that cannot be asked is a typed error."""
    assert find_device_class("cpu") == "cpu"
    with pytest.raises(ConfigError, match="cuda:99"):
        find_device_class("cuda:99")


@pytest.mark.parametrize(
    ("device", "other", "same"),
    [
        ("cpu:0", "cpu:1", True),
        ("cuda:0", "cuda:0", True),
        ("cuda:0", "cuda:1", False),
        ("cuda:0", "cpu", False),
        ("fake:99", "fake:99", False),
    ],
)
def test_which_workers_share_memory(device: str, other: str, same: bool) -> None:
    """Workers on one GPU or on the CPU do; pretended devices are apart."""
    assert same_hardware(device, other) is same


def test_fake_devices() -> None:
    """For tests, whatever the machine has."""
    assert list_devices(None, 4096) == ("fake:4096",)
    assert list_devices(2, 4096) == ("fake:4096", "fake:4096")
    assert find_device_class("fake:4096") == "fake"
    assert compute_device("fake:4096") == "cpu"
    assert compute_device("cuda:1") == "cuda:1"
