"""The interpreter that a server of one's own runs on: never the host's."""

from __future__ import annotations

import shutil
from pathlib import Path

from filmgate.config import Config
from filmgate.errors import ConfigError
from filmgate.host.paths import PathMap

COMMAND = "filmgate"

_REMEDY = (
    "Run pip install 'filmgate[cli,server,oidn]' with Python 3.11 or later, and set local_python "
    "(FILMGATE_LOCAL_PYTHON) to that Python's path."
)


def local_interpreter(config: Config, paths: PathMap, python: str = "") -> str:
    """Return the path of the interpreter that a server is installed in.

    Args:
        config: its setting ``local_python`` counts where *python* is empty; where that is empty
            too, the interpreter of the command ``filmgate`` on the PATH does.
        paths: spells either for this platform.
        python: what the caller was told.

    Raises:
        ConfigError: there is none.
    """
    asked = python or config.local_python.value
    if not asked:
        return _of_command()
    path = Path(paths.here(asked)).expanduser()
    if not path.is_file():
        raise ConfigError(f"There is no Python interpreter {path.as_posix()}.", _REMEDY)
    return str(path)


def _of_command() -> str:
    command = shutil.which(COMMAND)
    folder = Path(command).resolve().parent if command else None
    if folder is not None:
        for path in (folder / "python", folder / "python.exe", folder.parent / "python.exe"):
            if path.is_file():
                return str(path)
    raise ConfigError("Nothing says which Python a server is installed in.", _REMEDY)
