"""The server's log: structured events on stderr, for people or for machines."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logs(level: str, as_json: bool) -> None:
    """Set up structlog for this process.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        as_json: one JSON object per line instead of text with colours on a terminal.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if as_json else _unchanged,
            structlog.processors.JSONRenderer() if as_json else _renderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _renderer() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())


def _unchanged(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return event
