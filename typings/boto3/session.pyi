"""Where clients come from."""

from typing import Any

from botocore.config import Config

class Session:
    def client(
        self, service_name: str, *, endpoint_url: str | None = ..., config: Config | None = ...
    ) -> Any: ...
