"""What systemd is told of a service of ``Type=notify``: ready, alive, stopping.

The protocol is that of ``sd_notify(3)``: lines ``NAME=value`` in one datagram to the socket that
``NOTIFY_SOCKET`` names. Where nobody asked to be told, nothing happens.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

VARIABLE = "NOTIFY_SOCKET"
READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"


class Notifier:
    """Tells whoever started this process how it is.

    Args:
        environ: where the socket's address is looked for; None means this process's.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        address = (os.environ if environ is None else environ).get(VARIABLE, "")
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def tell(self, *lines: str) -> None:
        """Send *lines*; a manager that does not listen is no reason to fail."""
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
        ):
            sender.setblocking(False)
            sender.sendto("\n".join(lines).encode(), self._address)


def status_line(text: str) -> str:
    """Return the line that ``systemctl status`` shows."""
    return f"STATUS={text}"
