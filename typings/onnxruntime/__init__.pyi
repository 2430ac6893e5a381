"""What the server uses of ONNX Runtime, which has no types of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

class NodeArg:
    name: str
    type: str
    shape: Sequence[int | str | None]

class SessionOptions:
    log_severity_level: int
    intra_op_num_threads: int
    def add_session_config_entry(self, key: str, value: str) -> None: ...

class InferenceSession:
    def __init__(
        self,
        path_or_bytes: str,
        sess_options: SessionOptions | None = None,
        providers: Sequence[str] | None = None,
        provider_options: Sequence[Mapping[str, str]] | None = None,
    ) -> None: ...
    def get_inputs(self) -> list[NodeArg]: ...
    def get_outputs(self) -> list[NodeArg]: ...
    def run(self, output_names: Sequence[str], input_feed: Mapping[str, Any]) -> list[Any]: ...

def get_available_providers() -> list[str]: ...
