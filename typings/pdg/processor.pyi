"""What of PDG's Python API is in use, with types; its source is SideFX's documentation.

Written from the stand-in of the tests by `python -m fakes.stub_check`; do not edit.
"""

# ruff: noqa: F401 - a program wrote it
# fmt: off

from collections.abc import Callable as _Callable
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable, Optional, Union

_Call = _Callable[..., Any]

class PyProcessor:
    def __init__(self, node: Any) -> None: ...
    @classmethod
    def templateName(cls) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def context(self) -> Any: ...
    def __getitem__(self, name: str) -> Any: ...
