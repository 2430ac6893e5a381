"""What a net costs on this CPU, by precision, layout and engine, and what the stage around it does.

On a CPU the result depends on the allocator: measure in a process whose environment is a worker's.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.measure import Case, Timings, elapsed_s, interleave
from bench.table import milliseconds, table
from filmgate.manifest import Manifest, parse_manifest
from filmgate_server.runtime.colour import AS_IS, Colour

if TYPE_CHECKING:
    from filmgate_server.runtime.port import Pixels

CHANNELS = 9
"""Colour, albedo and normal."""

SIZES = [(9, 32), (32, 48), (48, 64), (64, 64), (112, 48), (80, 32), (32, 3)]
ACESCG_TO_REC709 = (
    (1.705051, -0.621792, -0.083259),
    (-0.130256, 1.140805, -0.010548),
    (-0.024003, -0.128969, 1.152972),
)
POLICIES: Mapping[str, Mapping[str, Any]] = {
    "nothing asked for": {},
    "sRGB": {"encoding": "srgb"},
    "log": {"hdr": "log"},
    "log of sRGB": {"hdr": "log", "encoding": "srgb"},
    "PU": {"hdr": "pu"},
}
MATRIX = "matrix, ACEScg to Rec.709"
MEMCPY = "memcpy"


def measure_engines(height: int, width: int, rounds: int) -> dict[str, Timings]:
    """Time a small U-Net on a frame of *height* × *width* px and nine channels."""
    import torch  # noqa: PLC0415 - the other benchmarks run without it

    frame = torch.rand(1, CHANNELS, height, width)
    lasting = frame.contiguous(memory_format=torch.channels_last)
    last = torch.channels_last
    calls = {
        "torch, float32, channels first": _call(_net(), frame),
        "torch, float32, channels last": _call(_net().to(memory_format=last), lasting),
        "torch, bfloat16, channels last": _call(
            _net().to(torch.bfloat16).to(memory_format=last), lasting.bfloat16()
        ),
        "torch, float16, channels last": _call(
            _net().to(torch.float16).to(memory_format=last), lasting.half()
        ),
    }
    if find_spec("onnxruntime") and find_spec("onnxscript"):
        calls["ONNX Runtime, float32"] = _graph_call(frame)
    with torch.inference_mode():
        return interleave({name: _case(call) for name, call in calls.items()}, rounds, warmups=1)


def measure_stage(height: int, width: int, rounds: int) -> dict[str, dict[str, Timings]]:
    """Time what is known, encoded and decoded of a frame of *height* × *width* px RGB."""
    frame = np.random.default_rng(0).random((height, width, 3), np.float32) * 4
    copy = np.empty_like(frame)
    found = {MEMCPY: interleave({"copy": _case(lambda: np.copyto(copy, frame))}, rounds)}
    for name, policy in POLICIES.items():
        found[name] = _stage_timings(_manifest(policy), frame, AS_IS, rounds)
    converted = Colour({"color": ACESCG_TO_REC709})
    found[MATRIX] = _stage_timings(_manifest({}), frame, converted, rounds)
    return found


def engine_table(timings: Mapping[str, Timings]) -> str:
    """Return the engines' times in ms."""
    rows = [[name, milliseconds(each.median_s)] for name, each in timings.items()]
    return table(["small U-Net", "ms"], rows)


def stage_table(found: Mapping[str, Mapping[str, Timings]]) -> str:
    """Return the stage's times, in copies of the frame."""
    copy_s = found[MEMCPY]["copy"].median_s
    heads = ["stage", "whole frame", "encode", "decode"]
    rows = [
        [name, *(f"{part.median_s / copy_s:.1f}" for part in parts.values())]
        for name, parts in found.items()
        if name != MEMCPY
    ]
    return table([f"{heads[0]} (× a copy, {milliseconds(copy_s)} ms)", *heads[1:]], rows)


def _stage_timings(
    manifest: Manifest, frame: Pixels, colour: Colour, rounds: int
) -> dict[str, Timings]:
    import torch  # noqa: PLC0415

    from filmgate_server.runtime.stage import new_stage  # noqa: PLC0415

    with torch.inference_mode():
        stage = new_stage(manifest, {"color": frame}, colour, {}, "cpu")
        prepared = stage.prepared({"color": frame})
        shown = stage.light(prepared)
        calls: dict[str, Callable[[], object]] = {
            "known": lambda: new_stage(manifest, {"color": frame}, colour, {}, "cpu"),
            "encoded": lambda: stage.light(stage.prepared({"color": frame})),
            "decoded": lambda: stage.restored(prepared, shown, None),
        }
        return interleave({name: _case(call) for name, call in calls.items()}, rounds, warmups=1)


def _manifest(policy: Mapping[str, Any]) -> Manifest:
    channels = ["R", "G", "B"]
    return parse_manifest(
        {
            "model": {"name": "bench", "version": "1.0.0", "task": "test", "summary": "Bench."},
            "licence": {"code": "Apache-2.0", "weights": "none"},
            "inputs": [{"name": "color", "role": "color", "channels": channels, **policy}],
            "outputs": [{"name": "color", "channels": channels, "replaces": "color"}],
            "runtime": {"engine": "torch", "entry": "model.py:Net"},
        }
    )


def _case(call: Callable[[], object]) -> Case:
    return lambda: elapsed_s(call)


def _call(net: Any, frame: Any) -> Callable[[], object]:
    return lambda: net(frame)


def _graph_call(frame: Any) -> Callable[[], object]:
    import onnxruntime  # noqa: PLC0415
    import torch  # noqa: PLC0415

    file = io.BytesIO()
    torch.onnx.export(_net(), (frame,), file, input_names=["color"], dynamo=True, verbose=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session: Any = onnxruntime.InferenceSession(file.getvalue(), options, ["CPUExecutionProvider"])
    return lambda: session.run(None, {"color": frame.numpy()})


def _net() -> Any:
    """Return a U-Net with seeded weights."""
    import torch  # noqa: PLC0415
    from torch.nn.functional import interpolate, max_pool2d, relu  # noqa: PLC0415

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(1)
            self.layers = torch.nn.ModuleList(
                torch.nn.Conv2d(*size, 3, padding=1) for size in SIZES
            )

        def forward(self, color: torch.Tensor) -> torch.Tensor:
            first, second, third, fourth, fifth, sixth, last = self.layers
            full = relu(first(color))
            half = relu(second(max_pool2d(full, 2)))
            quarter = relu(fourth(relu(third(max_pool2d(half, 2)))))
            half = relu(fifth(torch.cat([interpolate(quarter, scale_factor=2), half], 1)))
            full = relu(sixth(torch.cat([interpolate(half, scale_factor=2), full], 1)))
            return last(full)

    return Net().eval()
