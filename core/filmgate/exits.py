"""What an exit code says, of a command and of a bake; above 63 they are those of sysexits.h."""

from __future__ import annotations

from filmgate.errors import (
    BusyError,
    ConfigError,
    ConnectionLostError,
    DeniedError,
    FilmgateError,
    ImageError,
    IntegrityError,
    ManifestError,
    ProtocolError,
    RequestError,
    StorageError,
)

EXIT_OK = 0
EXIT_SOME_FAILED = 1
EXIT_USAGE = 2
EXIT_DATA = 65
EXIT_UNAVAILABLE = 69
EXIT_INTERNAL = 70
EXIT_OUTPUT = 73
EXIT_TRY_LATER = 75
EXIT_PROTOCOL = 76
EXIT_DENIED = 77
EXIT_CONFIG = 78
EXIT_INTERRUPTED = 130

_BY_ERROR: tuple[tuple[type[FilmgateError], int], ...] = (
    (RequestError, EXIT_USAGE),
    (ImageError, EXIT_DATA),
    (IntegrityError, EXIT_DATA),
    (ManifestError, EXIT_DATA),
    (StorageError, EXIT_OUTPUT),
    (ConnectionLostError, EXIT_TRY_LATER),
    (BusyError, EXIT_TRY_LATER),
    (ProtocolError, EXIT_PROTOCOL),
    (DeniedError, EXIT_DENIED),
    (ConfigError, EXIT_CONFIG),
)


def exit_code(error: FilmgateError) -> int:
    """Return the exit code of a command that *error* ended."""
    for kind, code in _BY_ERROR:
        if isinstance(error, kind):
            return code
    return EXIT_INTERNAL
