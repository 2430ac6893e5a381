"""Which version of a model a reference means, and what going over to another one changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Optional

from filmgate.digest import digest_text
from filmgate.manifest import Manifest
from filmgate.params import Parameter
from filmgate.wire.records import ModelSummary


@dataclass(frozen=True)
class Upgrade:
    """A version that a node may go over to.

    Attributes:
        version: its number.
        package: its digest, hexadecimal.
        changes: what an artist should know of it, one sentence each.
        manifest: the new one.
    """

    version: str
    package: str
    changes: tuple[str, ...]
    manifest: Manifest


def find_model(models: Iterable[ModelSummary], ref: str) -> Optional[ModelSummary]:
    """Return what a reference means in a list of models; None where it means nothing there.

    Args:
        models: the list.
        ref: ``name`` for the highest version, ``name@version``, ``name@alias`` or
            ``name@blake3:…``.
    """
    name, at, wanted = ref.partition("@")
    named = [model for model in models if model.name == name]
    if not at:
        return max(named, key=lambda model: _version_order(model.version), default=None)
    fitting = (
        model
        for model in named
        if wanted in (model.version, digest_text(model.digest), *model.aliases)
    )
    return next(fitting, None)


def find_newer(models: Sequence[ModelSummary], ref: str, package: str) -> Optional[ModelSummary]:
    """Return the version that a node should be offered, or None where it has that already.

    Args:
        models: the list.
        ref: the model as the node asked for it. An alias is followed; a version that was chosen by
            hand is compared with the highest one.
        package: what the node has, hexadecimal.
    """
    name, _, wanted = ref.partition("@")
    has_alias = any(wanted in model.aliases for model in models if model.name == name)
    found = find_model(models, ref if has_alias else name)
    return None if found is None or found.digest.hex() == package else found


def compare_manifests(old: Manifest, new: Manifest) -> tuple[str, ...]:
    """Say what changes for an artist, one sentence each."""
    said = [f"{new.name} {old.version} becomes {new.version}."]
    for what, before, after in (
        ("input", old.inputs, new.inputs),
        ("output", old.outputs, new.outputs),
        ("parameter", old.params, new.params),
    ):
        names, later = [each.name for each in before], [each.name for each in after]
        said += [f"New {what} {name}." for name in later if name not in names]
        said += [f"The {what} {name} is gone." for name in names if name not in later]
    said += _changed_params({each.name: each for each in old.params}, new.params)
    if old.geometry.scale != new.geometry.scale:
        said.append(f"Results are {new.geometry.scale} times larger, not {old.geometry.scale}.")
    if old.temporal != new.temporal:
        said.append("It takes other frames.")
    return tuple(said)


def _changed_params(old: dict[str, Parameter], new: Iterable[Parameter]) -> list[str]:
    said: list[str] = []
    for each in new:
        before = old.get(each.name)
        if before is None:
            continue
        if before.type != each.type:
            said.append(f"The parameter {each.name} is a {each.type} now, not a {before.type}.")
        elif before.default != each.default:
            said.append(f"The default of {each.name} is {each.default}, not {before.default}.")
        elif (before.low, before.high, before.choices) != (each.low, each.high, each.choices):
            said.append(f"The parameter {each.name} takes other values.")
    return said


def _version_order(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else -1 for part in version.split("."))
