"""Run a program that torch.export has saved: a ``.pt2`` file, without code in the package.

The program's arguments are the manifest's inputs, and then its parameters, by their names: tensors
(N, C, H, W), and for each parameter a number. A program that was exported for one size only needs a
manifest that gives it no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from filmgate.errors import ManifestError
from filmgate_server.registry.content import locate
from filmgate_server.runtime.archive import refuse_code
from filmgate_server.runtime.numerics import missing_engine
from filmgate_server.runtime.tensor_net import TensorRuntime

try:
    import torch
except ImportError as error:
    raise missing_engine("export") from error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from filmgate.manifest import Manifest
    from filmgate_server.worker.memory import DeviceMemory


class ExportedRuntime(TensorRuntime):
    """An exported program behind `filmgate_server.runtime.port.Runtime`."""

    def __init__(
        self,
        package_path: Path,
        manifest: Manifest,
        device: str,
        threads: int,
        memory: DeviceMemory,
    ) -> None:
        super().__init__(manifest, device, threads, memory)
        self._program = self.guarded(lambda: self._loaded(package_path))

    def run(self, inputs: Mapping[str, torch.Tensor], params: Mapping[str, Any]) -> object:
        """Call the program; a parameter that it takes as a tensor becomes one."""
        return self._program(**inputs, **{name: self._given(params[name]) for name in params})

    def model_bytes(self) -> int:
        """Return how many bytes the weights take."""
        state = self._program.state_dict().values()
        return sum(tensor.numel() * tensor.element_size() for tensor in state)

    def close(self) -> None:
        """Forget the program and return the GPU's cached memory."""
        del self._program
        self.trim()
        super().close()

    def _given(self, value: Any) -> Any:
        """Return a number as a tensor without axes: a program keeps plain ones as constants."""
        if isinstance(value, (bool, int, float)):
            return torch.tensor(value, device=self.device)
        return value

    def _loaded(self, package_path: Path) -> torch.nn.Module:
        entry = self._manifest.runtime.entry
        path = locate(package_path, entry)
        demand_weights(self._manifest)
        refuse_code(path)
        program = torch.export.load(path)
        for name, found in _float_types(program).items():
            if found != self.precision:
                declared = self._manifest.runtime.precision
                raise ManifestError(f"{entry}: {name!r} is {found}, but precision is {declared}.")
        if self.device.type != "cpu":
            from torch.export.passes import move_to_device_pass  # noqa: PLC0415 - seconds

            program = move_to_device_pass(program, str(self.device))
        return program.module()


def demand_weights(manifest: Manifest) -> None:
    """Refuse a program whose content the manifest does not pin."""
    entry = manifest.runtime.entry
    if entry not in [weights.file for weights in manifest.weights]:
        raise ManifestError(f"{entry!r} must be among [[weights]], with its sha256.")


def _float_types(program: torch.export.ExportedProgram) -> dict[str, torch.dtype]:
    """Return the type of each image among the program's arguments."""
    named = {str(name) for name in program.graph_signature.user_inputs}
    found: dict[str, torch.dtype] = {}
    for node in program.graph.nodes:
        value = node.meta.get("val") if node.name in named else None
        if isinstance(value, torch.Tensor) and value.is_floating_point() and value.ndim:
            found[node.name] = value.dtype
    return found
