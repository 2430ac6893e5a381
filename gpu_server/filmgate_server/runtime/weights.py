"""Check that a package's weights are the ones that its manifest names."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from filmgate.errors import IntegrityError
from filmgate_server.registry.content import locate

if TYPE_CHECKING:
    from pathlib import Path

    from filmgate.manifest import Manifest


def verify_weights(package_path: Path, manifest: Manifest) -> None:
    """Compare the sha256 of each file of weights with the manifest's.

    Raises:
        ManifestError: a file is missing or lies outside the package.
        IntegrityError: a file has other content.
    """
    for weights in manifest.weights:
        with locate(package_path, weights.file).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != weights.sha256:
            raise IntegrityError(
                f"{manifest.name}: {weights.file} is not the file that model.toml names.",
                "Install the package again.",
                {"expected": weights.sha256, "found": found},
            )
