"""Input files as payloads; a file that several results need is read and hashed once."""

from __future__ import annotations

from collections import OrderedDict

from filmgate.cli.plan import InputFile
from filmgate.disk import storage_error
from filmgate.errors import InputError
from filmgate.job import Payload


class PayloadReader:
    """Reads files and keeps the last ones: the next result needs most of them again.

    Args:
        keep: how many.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._payloads: OrderedDict[InputFile, Payload] = OrderedDict()

    def payload(self, file: InputFile) -> Payload:
        """Return *file* as a job takes it.

        Raises:
            InputError: it does not exist.
            StorageError: it cannot be read.
        """
        known = self._payloads.pop(file, None) or _read(file)
        self._payloads[file] = known
        while len(self._payloads) > self._keep:
            self._payloads.popitem(last=False)
        return known


def _read(file: InputFile) -> Payload:
    try:
        return Payload(file.name, file.path.read_bytes(), time=float(file.frame or 0))
    except FileNotFoundError:
        text = f"{file.path} does not exist."
        raise InputError(text, "Render it, or leave the frame out.") from None
    except OSError as error:
        raise storage_error(file.path, error) from error
