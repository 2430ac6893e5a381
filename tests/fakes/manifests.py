"""Manifests of models that need no server: one for each way in which a host makes a node of one."""

from __future__ import annotations

from typing import Any

from filmgate.manifest import Manifest, parse_manifest

RGB = ["R", "G", "B"]
COLOR = {"name": "color", "role": "color", "channels": RGB}
ALBEDO = {"name": "albedo", "role": "albedo", "channels": RGB, "optional": True}
NORMAL = {"name": "normal", "role": "normal", "channels": ["X", "Y", "Z"], "optional": True}
RESULT = {"name": "color", "channels": RGB, "replaces": "color"}

EVERY_PARAMETER: list[dict[str, Any]] = [
    {"name": "amount", "type": "float", "default": 0.5, "low": 0.0, "high": 2.0, "unit": "EV",
     "label": "Amount", "help": "How much.", "animatable": True},
    {"name": "passes", "type": "int", "default": 3, "low": 1, "high": 8, "animatable": True},
    {"name": "clean", "type": "bool", "default": True, "animatable": True},
    {"name": "quality", "type": "choice", "default": "high", "choices": ["fast", "high"]},
    {"name": "prompt", "type": "text", "default": "", "hint": "multiline"},
    {"name": "title", "type": "text", "default": "plate"},
    {"name": "tint", "type": "colour", "default": [1.0, 0.5, 0.25, 1.0], "animatable": True},
    {"name": "lut", "type": "file", "default": ""},
    {"name": "spot", "type": "point", "default": [10.0, 20.0], "animatable": True},
    {"name": "area", "type": "box", "default": [1.0, 2.0, 30.0, 40.0], "animatable": True},
]  # fmt: skip


def manifest(name: str = "denoise", version: str = "1.0.0", **sections: Any) -> Manifest:
    """Return a manifest that takes R, G, B and gives them back, but for *sections*."""
    document: dict[str, Any] = {
        "model": {"name": name, "version": version, "task": "test", "summary": "For tests."},
        "licence": {"code": "Apache-2.0", "weights": "none"},
        "inputs": [COLOR],
        "outputs": [RESULT],
        "runtime": {"engine": "array", "entry": "model.py:Model"},
    }
    return parse_manifest({**document, **sections})


def denoiser(**sections: Any) -> Manifest:
    """Return a model of a colour with optional albedo and normal."""
    return manifest(**{"inputs": [COLOR, ALBEDO, NORMAL], **sections})


def upscaler() -> Manifest:
    """Return a model whose result is twice as large."""
    outputs = [{"name": "color", "channels": RGB}]
    return manifest("upscale", outputs=outputs, geometry={"scale": 2})


def retimer() -> Manifest:
    """Return a model between frames, with motion as layers of its own."""
    forward = {"name": "forward", "role": "motion", "channels": ["forward.u", "forward.v"]}
    backward = {"name": "backward", "role": "motion", "channels": ["backward.u", "backward.v"]}
    return manifest("retime", outputs=[RESULT, forward, backward], temporal={"kind": "between"})


def matter() -> Manifest:
    """Return a model that makes a matte."""
    outputs = [{"name": "matte", "role": "matte", "channels": ["matte.A"]}]
    return manifest("matte", outputs=outputs)
