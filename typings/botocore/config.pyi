"""How a client behaves."""

from collections.abc import Mapping
from typing import Any

class Config:
    def __init__(
        self,
        *,
        connect_timeout: float = ...,
        read_timeout: float = ...,
        max_pool_connections: int = ...,
        retries: Mapping[str, Any] = ...,
        request_checksum_calculation: str = ...,
        response_checksum_validation: str = ...,
    ) -> None: ...
