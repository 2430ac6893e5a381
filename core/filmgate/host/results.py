"""What was computed before, by request, on disk: shared by every process that may write there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from filmgate.cache import Cache
from filmgate.job import Output, Result
from filmgate.wire.records import BlobRef, ColourSpec, Wish


@dataclass(frozen=True)
class Request:
    """Everything that a client knows to determine a result.

    Attributes:
        package: the digest of the model's exact package: 32 bytes, never an alias.
        params: every parameter, of its declared type (`filmgate.params.resolve_parameters`).
        layers: layers chosen by hand, by input name.
        inputs: as they are named on the wire.
        wish: what to answer; whether a preview is wanted too makes no difference.
        colour: what the colours of the inputs are.
        time: the result's source time in frames; None means that of the first input.
        show: whose work this is: what one show computed is no other's to read.
    """

    package: bytes
    params: Mapping[str, Any]
    layers: Mapping[str, str]
    inputs: tuple[BlobRef, ...]
    wish: Wish
    colour: ColourSpec
    time: Optional[float] = None
    show: str = ""

    def key(self) -> bytes:
        """Return 32 bytes that agree where the requests do."""
        raise NotImplementedError


@dataclass(frozen=True)
class Found:
    """A result that was computed before.

    Attributes:
        outputs: as `filmgate.job.Result` has them; their bytes were verified.
        work_key: of the work that made them.
        numerics: what computed them.
        warnings: what the server said then.
    """

    outputs: tuple[Output, ...]
    work_key: bytes
    numerics: str
    warnings: tuple[str, ...]


class Results:
    """The index of results in one folder; many processes may share it."""

    def __init__(self, folder: Path, cache: Cache) -> None:
        raise NotImplementedError

    def find(self, key: bytes) -> Optional[Found]:
        """Return the result of a request; None where it, or a byte of its outputs, is not here."""
        raise NotImplementedError

    def put(self, key: bytes, result: Result) -> None:
        """Remember a result and store its outputs."""
        raise NotImplementedError
