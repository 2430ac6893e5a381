"""The model that changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate_server.runtime.tensors import to_array

if TYPE_CHECKING:
    from collections.abc import Mapping

    from filmgate.tensor import Tensor
    from filmgate_server.runtime.port import Pixels, Step


class Identity:
    """Gives ``color`` back."""

    def infer(
        self,
        inputs: Mapping[str, Pixels],
        params: Mapping[str, Any],
        step: Step,
    ) -> dict[str, Pixels]:
        """Copy the image."""
        step(0, 1)
        result = inputs["color"].copy()
        step(1, 1)
        return {"color": result}

    def infer_tensors(
        self,
        inputs: Mapping[str, Tensor],
        outputs: Mapping[str, Tensor],
        params: Mapping[str, Any],
        step: Step,
    ) -> None:
        """Copy the tensor's bytes, whatever its type."""
        step(0, 1)
        np.copyto(to_array(outputs["color"]), to_array(inputs["color"]))
        step(1, 1)
