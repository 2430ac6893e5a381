"""A small HTTP server on this machine for monitors: /livez, /readyz and /metrics."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from filmgate.errors import ConfigError
from filmgate_server.operations.metrics import CONTENT_TYPE

HOST = "127.0.0.1"
_TEXT = "text/plain; charset=utf-8"
_REQUEST_TIMEOUT_S = 5.0

Complaint = Callable[[], str]
"""Says what is wrong, in a few words; an empty text means that all is well."""


class HealthServer:
    """Answers monitors from a thread of its own, so that it tells of a stuck gateway too.

    Args:
        port: on 127.0.0.1; 0 takes any.
        live: what keeps the process from doing anything; restart it then.
        ready: what keeps it from taking work now: starting, draining, no worker.
        metrics: everything for ``/metrics``, in the text format of Prometheus.

    Attributes:
        port: where it listens.

    Raises:
        ConfigError: the port is taken.
    """

    def __init__(
        self, port: int, live: Complaint, ready: Complaint, metrics: Callable[[], bytes]
    ) -> None:
        self._pages = {
            "/livez": lambda: _verdict(live()),
            "/readyz": lambda: _verdict(ready()),
            "/metrics": lambda: (HTTPStatus.OK, CONTENT_TYPE, metrics()),
        }
        try:
            self._server = ThreadingHTTPServer((HOST, port), self._handler())
        except OSError as error:
            raise ConfigError(
                f"The port {port} for health and metrics cannot be used ({error.strerror}).",
                "Choose another with --http-port, or -1 for none.",
            ) from error
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._serve, name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.1)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pages = self._pages

        class Handler(BaseHTTPRequestHandler):
            """Answers GET of the known pages, and nothing else."""

            timeout = _REQUEST_TIMEOUT_S

            def handle(self) -> None:
                """Answer; a monitor that hangs up first has lost interest, which is no error."""
                with contextlib.suppress(ConnectionError):
                    super().handle()

            def do_GET(self) -> None:
                """Answer one of the pages, or 404."""
                page = pages.get(self.path.partition("?")[0], _not_found)
                status, media, body = page()
                self.send_response(status)
                self.send_header("Content-Type", media)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
                """Monitors ask every few seconds: that is no news."""

        return Handler


def _verdict(complaint: str) -> tuple[HTTPStatus, str, bytes]:
    status = HTTPStatus.SERVICE_UNAVAILABLE if complaint else HTTPStatus.OK
    return status, _TEXT, f"{complaint or 'ok'}\n".encode()


def _not_found() -> tuple[HTTPStatus, str, bytes]:
    return HTTPStatus.NOT_FOUND, _TEXT, b"There are /livez, /readyz and /metrics.\n"
