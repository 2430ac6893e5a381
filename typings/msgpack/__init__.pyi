"""The part of msgpack that we call; the package itself carries no types."""

from typing import Any

from typing_extensions import Buffer

class UnpackException(Exception): ...

def packb(o: object, *, use_bin_type: bool = ...) -> bytes: ...
def unpackb(
    packed: Buffer,
    *,
    raw: bool = ...,
    strict_map_key: bool = ...,
    max_array_len: int = ...,
    max_map_len: int = ...,
    max_str_len: int = ...,
    max_bin_len: int = ...,
    max_ext_len: int = ...,
) -> Any: ...
