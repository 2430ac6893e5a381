"""The texts of a new package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from filmgate_server.commands.contents import UNSTATED
from filmgate_server.commands.stubs import CARD as CARD_STUB
from filmgate_server.commands.stubs import HELP, SUMMARY
from filmgate_server.commands.template_geometry import geometry_tables
from filmgate_server.commands.toml import toml_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from filmgate_server.commands.signature import Argument

NET_FILE = "net.py"
NET_CLASS = "Net"
WEIGHTS_FILE = "weights.safetensors"

IMAGE = "image"

_NET = '''"""A small net: replace it with yours.

`forward` gets each input of model.toml by its name as LAYOUT, and each
parameter by its name. It returns a tensor of that form.
"""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.layers = nn.Sequential(
            nn.FIRST, nn.ReLU(), nn.SECOND
        )
        for weights in self.parameters():
            nn.init.normal_(weights, std=0.1, generator=generator)

    def forward(self, INPUT, amount=1.0):
        return INPUT + amount * self.layers(INPUT)
'''

_NETS = {
    IMAGE: (
        "(N, C, H, W), scene-linear",
        "Conv2d(3, 8, 3, padding=1)",
        "Conv2d(8, 3, 3, padding=1)",
        "color",
    ),
    "heightfield": (
        "(1, C, H, W), in metres",
        "Conv2d(1, 8, 3, padding=1)",
        "Conv2d(8, 1, 3, padding=1)",
        "height",
    ),
    "volume": (
        "(1, C, D, H, W)",
        "Conv3d(1, 8, 3, padding=1)",
        "Conv3d(8, 1, 3, padding=1)",
        "density",
    ),
    "points": ("(n, c)", "Linear(3, 8)", "Linear(8, 3)", "P"),
}
KINDS = tuple(_NETS)


def net_code(kind: str) -> str:
    """Return the example's module, for one of `KINDS`."""
    words = ("LAYOUT", "FIRST", "SECOND", "INPUT")
    code = _NET
    for word, text in zip(words, _NETS[kind], strict=True):
        code = code.replace(word, text)
    return code


CARD = f"""# {{name}}

{CARD_STUB}

| | Before | After |
|---|---|---|
| a figure on a real frame | | |

Limits: what it was not made for.
"""

LICENCE = f"""Code: {UNSTATED}.

Weights: {UNSTATED}. Data that they were trained on: {UNSTATED}.
"""

_CHANNELS = {
    "color": ("R", "G", "B"),
    "albedo": ("R", "G", "B"),
    "normal": ("X", "Y", "Z"),
    "depth": ("Z",),
    "motion": ("X", "Y"),
    "matte": ("A",),
}

_HEAD = """[model]
name = "{name}"
version = "0.1.0"
task = "other"
summary = "{summary}"

[licence]
code = "{unstated}"
weights = "{unstated}"
"""

_TAIL = """
# Found by trying; `filmgate models check` tries again.
[geometry]
multiple_of = 1
scale = 1

[tiling]
max_tile_px = 0
halo_px = 0

[runtime]
engine = "torch"
entry = "{entry}"
"""


def write_manifest(name: str, entry: str, arguments: Sequence[Argument], kind: str = IMAGE) -> str:
    """Return the first ``model.toml`` of a torch module; sizes and weights are found later.

    Args:
        name: of the model.
        entry: ``file.py:Class``.
        arguments: of the module's ``forward``.
        kind: what it works on, one of `KINDS`.
    """
    inputs = with_roles(arguments)
    parts = [_HEAD.format(name=name, unstated=UNSTATED, summary=SUMMARY)]
    if kind == IMAGE:
        parts += [_input(argument, role) for argument, role in inputs]
        parts.append(_output(*inputs[0]))
    else:
        parts += geometry_tables([argument for argument, _ in inputs], kind)
    parts.append(_TAIL.format(entry=entry))
    parts += [_parameter(argument) for argument in arguments if not argument.is_input]
    return "\n".join(parts)


def with_roles(arguments: Sequence[Argument]) -> list[tuple[Argument, str]]:
    """Return the inputs among *arguments* with their roles.

    Where no name says which is the picture, the first name that says nothing is taken for it.
    """
    inputs = [argument for argument in arguments if argument.is_input]
    strange = [argument for argument in inputs if argument.role == "any"]
    seen = any(argument.role == "color" for argument in inputs)
    picture = None if seen else next(iter(strange), None)
    return [(each, "color" if each is picture else each.role) for each in inputs]


def role_words(argument: Argument, role: str) -> str:
    """Return what the author should know of an input's role."""
    channels = " ".join(_CHANNELS.get(role, ())) or "any"
    light = "colours, scene-linear" if role in ("color", "albedo") else "data, left as it is"
    text = f"Input {argument.name}: role {role} ({light}; channels: {channels})"
    if role == argument.role and role != "any":
        return f"{text}."
    return f"{text}, for its name says nothing: correct role and channels if it is something else."


def _input(argument: Argument, role: str) -> str:
    rows: dict[str, Any] = {
        "name": argument.name,
        "role": role,
        "channels": list(_CHANNELS.get(role, ())),
    }
    if argument.is_optional:
        rows["optional"] = True
    return f"[[inputs]]\n{toml_lines(rows)}"


def _output(main: Argument, role: str) -> str:
    channels = list(_CHANNELS.get(role, ()))
    return (
        f"[[outputs]]\n{toml_lines({'name': 'color', 'channels': channels, 'replaces': main.name})}"
    )


def _parameter(argument: Argument) -> str:
    rows: dict[str, Any] = {"name": argument.name, "type": argument.type}
    rows["default"] = argument.default
    if argument.type == "float":
        rows |= {"low": 0.0, "high": max(1.0, 2.0 * argument.default)}
    rows["help"] = HELP
    return f"[[params]]\n{toml_lines(rows)}"
