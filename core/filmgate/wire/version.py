"""The protocol's own version, negotiated in hello; it is not the package's."""

from __future__ import annotations

from collections.abc import Sequence

from filmgate.errors import VersionError

PROTOCOLS = (1,)
"""The major versions that this code speaks, best first."""


def negotiate(offered: Sequence[int], spoken: Sequence[int] = PROTOCOLS) -> int:
    """Return the best version that both sides speak.

    Raises:
        VersionError: there is none.
    """
    for version in spoken:
        if version in offered:
            return version
    raise VersionError(
        f"The client speaks protocol {_words(offered)}, the server {_words(spoken)}.",
        detail={"spoken": list(spoken)},
    )


def _words(versions: Sequence[int]) -> str:
    return ", ".join(str(version) for version in versions) or "none"
