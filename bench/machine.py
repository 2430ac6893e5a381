"""What the figures were measured on, without the machine's name."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import psutil

PACKAGES = ("pyzmq", "msgpack", "blake3", "numpy", "OpenEXR", "grpcio", "torch", "pyoidn")
GIB = 1 << 30


def describe_machine() -> str:
    """Return processor, memory, system and versions as one Markdown paragraph."""
    memory_gib = psutil.virtual_memory().total / GIB
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return (
        f"Measured on {psutil.cpu_count()} cores ({_processor()}), {memory_gib:.0f} GiB of memory, "
        f"{platform.system()}, Python {platform.python_version()}; {versions}."
        f" The load average at the end was {psutil.getloadavg()[0]:.1f}."
    )


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if not facts.exists():
        return platform.processor() or platform.machine()
    lines = facts.read_text("utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
