"""Which channels of a file are colour, albedo, normal: found by the names that renderers use.

A layer is what stands before the last dot of a channel's name; ``R``, ``G`` and ``B`` alone make
the layer with the empty name, the file's main one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from filmgate.errors import LayerError
from filmgate.manifest.sections import ModelInput

MAIN = ""
_MAIN_NAMES = ("", "rgb", "rgba", "main")
"""What people call the layer that has no name in the file."""

ROLE_PATTERNS: Mapping[str, tuple[str, ...]] = {
    "color": (
        MAIN,
        "combined",  # Cycles
        "noisy image",  # Cycles, where it denoised the beauty itself
        "beauty",
        "rgba",  # Arnold
        "rgb_color",  # V-Ray
        "c",  # Karma
        "finalimage",  # Unreal
        "finalimage*lit*",
        "color",
    ),
    "albedo": (
        "denoising albedo",  # Cycles
        "denoise_albedo",  # Arnold, Karma
        "albedo",  # Mitsuba, Karma
        "*pwmdenoiser*albedo*",  # Unreal's path tracer
        "diffuse_albedo",  # Arnold
        "diffusefilter",  # V-Ray
        "*basecolor*",  # Unreal
        "diffcol",  # Cycles
        "basecolor",
        "*albedo*",
    ),
    "normal": (
        "denoising normal",  # Cycles
        "denoise_normal",  # Arnold, Karma
        "sh_normal",  # Mitsuba
        "nn",  # Mitsuba
        "n",  # Arnold, Karma
        "*pwmdenoiser*normal*",  # Unreal's path tracer
        "normals",  # V-Ray
        "normal",
        "*worldnormal*",  # Unreal
        "*normal*",
    ),
    "depth": (
        "denoising depth",  # Cycles
        "depth",
        "z",
        "zdepth",  # V-Ray
        "*worlddepth*",  # Unreal
        MAIN,
    ),
    "motion": ("vector", "motionvector", "forward", "velocity", "*motionvector*"),
}
"""Patterns by role, the surest first: matched in lower case, with the whole name of a layer or with
what follows one of its dots (``ViewLayer.Combined`` is found as ``combined``)."""

_CYCLES = frozenset(
    (
        "combined",
        "noisy image",
        "denoising albedo",
        "denoising normal",
        "denoising depth",
        "diffcol",
        "depth",
        "vector",
    )
)
"""Patterns that Nuke spells otherwise: it makes ``ViewLayer_Denoising_Albedo`` of Cycles' name:
the view layer's stands before that of every pass."""

_SAME_AXIS = ("RXU", "GYV", "BZ", "A", "W")
_ONE_CHANNEL = "ZRYVX"
"""What renderers call the only channel of a layer such as depth."""
_WORDS = {"RED": "R", "GREEN": "G", "BLUE": "B", "ALPHA": "A"}
"""How Nuke spells them in every layer but the main one, in the files it writes too."""


def channel_letter(channel: str) -> str:
    """Return the last part of a channel's name in capitals: ``R`` for ``R`` and ``albedo.red``."""
    suffix = channel.rpartition(".")[2].upper()
    return _WORDS.get(suffix, suffix)


def list_layers(channels: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return each layer with the suffixes of its channels, in the file's order."""
    layers: dict[str, tuple[str, ...]] = {}
    for channel in channels:
        layer, _, suffix = channel.rpartition(".")
        layers[layer] = (*layers.get(layer, ()), suffix)
    return layers


def bind_layers(
    inputs: Sequence[ModelInput], channels: Sequence[str], by_hand: Mapping[str, str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Find the channels for each of a model's image inputs in one part of a file.

    Args:
        inputs: what the model needs; its own patterns are tried before the role's.
        channels: the full channel names of the part.
        by_hand: input name to layer name, where the user chose; the choice is never overridden,
            and R, G, B of the main layer then do for X, Y, Z, as they do in other layers.

    Returns:
        Input name to full channel names, in the order in which the model wants them. Optional
        inputs that the file does not hold are left out.

    Raises:
        LayerError: a needed layer is missing, or one chosen by hand does not fit; the text lists
            the layers that exist.
    """
    chosen = by_hand or {}
    unknown = set(chosen) - {wanted.name for wanted in inputs}
    if unknown:
        known = ", ".join(wanted.name for wanted in inputs)
        raise LayerError(
            f"The model has no input {', '.join(sorted(unknown))}.", f"Its inputs are {known}."
        )
    bound = {
        wanted.name: _bind(wanted, channels, chosen.get(wanted.name))
        for wanted in inputs
        if wanted.kind == "image"
    }
    return {name: found for name, found in bound.items() if found}


def _bind(wanted: ModelInput, channels: Sequence[str], chosen: str | None) -> tuple[str, ...]:
    layers = list_layers(channels)
    if chosen is not None:
        candidates: Iterable[str] = _named(chosen, layers)
    elif not wanted.channels:
        return tuple(channels)
    else:
        candidates = _matching(wanted, layers)
    for layer in candidates:
        if found := _channels_of(layer, layers[layer], wanted.channels, chosen is not None):
            return found
    if wanted.optional and chosen is None:
        return ()
    raise _missing(wanted, chosen, layers)


def _named(chosen: str, layers: Mapping[str, tuple[str, ...]]) -> list[str]:
    if chosen in layers:
        return [chosen]
    folded = chosen.lower()
    same = [layer for layer in layers if layer.lower() == folded]
    return same or ([MAIN] if folded in _MAIN_NAMES and MAIN in layers else [])


def _matching(wanted: ModelInput, layers: Iterable[str]) -> Iterator[str]:
    role = ROLE_PATTERNS.get(wanted.role, ROLE_PATTERNS["color"] if wanted.role == "any" else ())
    names = list(layers)
    for pattern in (*wanted.layers, *role):
        yield from (layer for layer in names if _matches(layer, pattern.lower()))


def _matches(layer: str, pattern: str) -> bool:
    words = layer.lower().split(".")
    tails = (".".join(words[place:]) for place in range(len(words)))
    if pattern in _CYCLES and words[-1].endswith("_" + pattern.replace(" ", "_")):
        return True
    return any(fnmatchcase(tail, pattern) for tail in tails)


def _channels_of(
    layer: str, suffixes: Sequence[str], wanted: Sequence[str], is_chosen: bool
) -> tuple[str, ...]:
    if not wanted:
        return tuple(_full(layer, suffix) for suffix in suffixes)
    by_letter = {channel_letter(suffix): suffix for suffix in suffixes}
    found = [by_letter.get(channel_letter(suffix)) or "" for suffix in wanted]
    if not all(found) and (layer != MAIN or is_chosen):
        found = _other_letters(by_letter, wanted)
    return tuple(_full(layer, suffix) for suffix in found) if all(found) else ()


def _other_letters(by_letter: Mapping[str, str], wanted: Sequence[str]) -> list[str]:
    """Spell the same axes in other letters: a normal in R, G, B is one in X, Y, Z."""
    if len(wanted) == 1:
        return [next((by_letter[letter] for letter in _ONE_CHANNEL if letter in by_letter), "")]
    groups = [
        next((group for group in _SAME_AXIS if suffix.upper() in group), "") for suffix in wanted
    ]
    spellings = [
        [by_letter.get(group[place]) or "" if place < len(group) else "" for group in groups]
        for place in range(max(map(len, _SAME_AXIS)))
    ]
    return next((spelling for spelling in spellings if all(spelling)), [""])


def _full(layer: str, suffix: str) -> str:
    return f"{layer}.{suffix}" if layer else suffix


def _missing(
    wanted: ModelInput, chosen: str | None, layers: Mapping[str, tuple[str, ...]]
) -> LayerError:
    existing = [f"{layer or 'rgba'} ({', '.join(suffixes)})" for layer, suffixes in layers.items()]
    letters = ", ".join(wanted.channels)
    if chosen is not None:
        text = (
            f"The layer {chosen!r} for the input {wanted.name} does not exist or lacks {letters}."
        )
    elif layers.get(MAIN) == ("Y",):
        text = f"The image holds luminance only; the input {wanted.name} needs {letters}."
    else:
        text = f"No layer for the input {wanted.name} ({letters}) was found."
    return LayerError(
        f"{text} The file holds: {'; '.join(existing)}.",
        f"Render that layer, or choose another for the input {wanted.name} by hand.",
        {"layers": sorted(layers), "input": wanted.name},
    )
