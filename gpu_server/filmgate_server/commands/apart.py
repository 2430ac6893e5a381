"""The start of the process that a package is tried in: it gives up what model code shall not have.

What brings numpy along is imported after that: it starts threads, and those would stay outside.
"""

from __future__ import annotations

import resource

from filmgate_server.children import read_settings, tie_to_parent
from filmgate_server.worker.confinement import give_up_privileges, leave_network


def main() -> None:
    """Try what the settings say."""
    settings = read_settings()
    remarks = [remark for remark in (leave_network(), give_up_privileges()) if remark]
    tie_to_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from filmgate_server.commands.trial import try_package  # noqa: PLC0415

    try_package(settings, remarks)


if __name__ == "__main__":
    main()
