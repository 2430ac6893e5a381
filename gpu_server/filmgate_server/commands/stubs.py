"""What the template leaves for the author to write; nobody publishes it by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from filmgate_server.commands.finding import Finding, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from filmgate.manifest import Manifest

SUMMARY = "What it does, in a sentence."
HELP = "What it does, for the tooltip."
CARD = "What it does, in two sentences, for a compositor."


def check_words(manifest: Manifest) -> Iterator[Finding]:
    """Refuse the template's words where artists would read them."""
    if manifest.summary == SUMMARY:
        remedy = "Say in [model] summary what it does, in a sentence for artists."
        yield refused("words", "The summary is still the template's.", remedy)
    names = [parameter.name for parameter in manifest.params if parameter.help == HELP]
    if names:
        text = f"The help of {', '.join(names)} is still the template's."
        yield refused("words", text, "Say in [[params]] help what each of them does.")
