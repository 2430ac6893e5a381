"""A small net in each form that a package can hold: an exported program and an ONNX graph."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fakes.packages import write_package

PARAMS = '[[params]]\nname = "amount"\ntype = "float"\ndefault = 1.0\n'
DIMS = "[geometry]\nmultiple_of = 4\n[tiling]\nmax_tile_px = 48\nhalo_px = 4\n"


def half_net() -> Any:
    """Return a module: the mean of 3 x 3 pixels, times *amount*, by weights that are exact."""
    import torch  # noqa: PLC0415 - only where it is installed

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Conv2d(3, 3, 3, padding=1, groups=3, bias=False)
            torch.nn.init.constant_(self.layer.weight, 1 / 8)

        def forward(self, color: Any, amount: Any) -> Any:
            return self.layer(color) * amount

    return Net().eval()


def write_exported(path: Path, precision: str = "float32", samples: bool = False) -> Path:
    """Write a package of a program that torch.export saves; *samples* leaves its pickle in."""
    import torch  # noqa: PLC0415

    kind = getattr(torch, precision)
    sides = {axis: 4 * torch.export.Dim(f"side{axis}", min=1, max=512) for axis in (2, 3)}
    given = {
        "color": torch.zeros(1, 3, 16, 24, dtype=kind),
        "amount": torch.tensor(1.0, dtype=kind),
    }
    program = torch.export.export(
        half_net().to(kind), (), given, dynamic_shapes={"color": sides, "amount": None}
    )
    if not samples:
        program.example_inputs = None
    return _written(path, "export", "net.pt2", lambda to: torch.export.save(program, to))


def write_graph(path: Path, kind: int = 1) -> Path:
    """Write a package of an ONNX graph; *kind* is 1 for float32, 10 for float16."""
    import numpy as np  # noqa: PLC0415
    from onnx import helper, numpy_helper  # noqa: PLC0415

    weights = np.full((3, 1, 3, 3), 1 / 8, np.float32 if kind == 1 else np.float16)
    image = [1, 3, None, None]
    nodes = [
        helper.make_node("Conv", ["color", "w"], ["mean"], pads=[1, 1, 1, 1], group=3),
        helper.make_node("Mul", ["mean", "amount"], ["color_out"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [
            helper.make_tensor_value_info("color", kind, image),
            helper.make_tensor_value_info("amount", kind, []),
        ],
        [helper.make_tensor_value_info("color_out", kind, image)],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content = model.SerializeToString()
    return _written(path, "onnx", "net.onnx", lambda to: to.write_bytes(content))


def _written(path: Path, engine: str, file: str, save: Callable[[Path], Any]) -> Path:
    write_package(path, engine=engine, entry=file)
    (path / "model.py").unlink()
    save(path / file)
    pin(path, file)
    return path


def pin(path: Path, file: str) -> None:
    """Finish the manifest: parameters, sizes and the file's digest."""
    digest = hashlib.sha256((path / file).read_bytes()).hexdigest()
    weights = f'[[weights]]\nfile = "{file}"\nsha256 = "{digest}"\n'
    with (path / "model.toml").open("a", newline="\n") as manifest:
        manifest.write(DIMS + PARAMS + weights)
