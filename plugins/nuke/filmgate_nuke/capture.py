"""One frame of an input out of Nuke's graph, as the bytes of an EXR file."""

from __future__ import annotations

import nuke

from filmgate.host.port import Moment
from filmgate.job import Payload
from filmgate_nuke import graph


def capture(nodes: graph.CaptureNodes, name: str, moment: Moment) -> Payload:
    """Render the input *name* at full size and return its file, mapped and not copied.

    Raises:
        BusyError: Nuke is executing something else; try again in a later slice.
        InputError: Nuke could not render it; the text is Nuke's own.
        StorageError: there is no room for the file.
    """
    raise NotImplementedError
