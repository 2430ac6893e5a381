"""What is done with the colours of an execution on the CPU, and what is left to the device.

Light goes from space to space by a matrix, which costs least on the device; curves and tables go
through OCIO here. Alpha is never converted: colours are divided by it where a curve or the net
wants them straight, and multiplied by it again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.image.alpha import alpha_divisor
from filmgate.image.colorimetry import colour_tags
from filmgate.image.header import Header
from filmgate.manifest import Manifest, ModelInput
from filmgate.manifest.layers import channel_letter
from filmgate_server.pool.messages import ColourOrder

if TYPE_CHECKING:
    from filmgate.image.colour import ColourConfig
    from filmgate_server.runtime.colour import Matrix
    from filmgate_server.runtime.port import Pixels
    from filmgate_server.worker.ways import Source, Way

OpenConfig = Callable[[], "ColourConfig"]

_RGB = ("R", "G", "B")
_ALPHA = ("A",)
_FIRST_THREE = (0, 1, 2)


@dataclass(frozen=True)
class Conversion:
    """How the colours of one input get to the model, and its results back.

    Attributes:
        places: of red, green and blue among the channels; None where those are not there.
        straight: whether the net wants colours that are not multiplied by alpha.
        way: between the spaces; None where there is nothing to convert.
        on_device: whether the runtime takes a matrix: it knows R, G and B, with or without A.
        source: what the colours are in the file; None where nobody knows, or nothing depends on it.
        told: what the result's header says about it.
    """

    places: tuple[int, int, int] | None
    straight: bool = False
    way: Way | None = None
    told: dict[str, str] | None = None
    on_device: bool = False
    source: Source | None = None

    @property
    def matrix(self) -> Matrix | None:
        """What the device does; None where that is nothing."""
        return self.way.matrix if self.way is not None and self.on_device else None

    @property
    def divides(self) -> bool:
        """Whether alpha is needed."""
        return self.places is not None and (self.straight or self._curved)

    @property
    def _curved(self) -> bool:
        return self.way is not None and self.way.there is not None

    @property
    def _here(self) -> Way | None:
        """What is converted on the CPU."""
        return None if self.way is None or self.matrix is not None else self.way

    def to_model(self, pixels: Pixels, alpha: Pixels | None, threads: int) -> Pixels:
        """Return what the net gets, but for what the device does.

        Args:
            pixels: (H, W, C) as the file has them; not changed.
            alpha: (H, W, 1) of the same layer; None where it has none.
            threads: for OCIO.
        """
        alpha = alpha if self.divides else None
        if self.places is None or (alpha is None and self._here is None):
            return pixels
        rgb: Any = pixels[..., self.places]
        if alpha is not None:
            rgb = rgb / alpha_divisor(alpha)
        if self._here is not None:
            rgb = self._here.to_model(rgb, threads)
        if alpha is not None and not self.straight:
            rgb = rgb * alpha_divisor(alpha)
        return _put(pixels, self.places, rgb)

    def from_model(
        self,
        pixels: Pixels,
        alpha: Pixels | None,
        places: tuple[int, int, int] | None,
        threads: int,
    ) -> Pixels:
        """Return a result as the file should have it, after the device has done its part.

        Args:
            pixels: (H, W, C) of a colour output.
            alpha: (H, W, 1), of the result's size.
            places: of red, green and blue among its channels.
            threads: for OCIO.
        """
        alpha = alpha if self.divides else None
        if places is None or (alpha is None and self._here is None):
            return pixels
        rgb: Any = pixels[..., places]
        if alpha is not None and not self.straight:
            rgb = rgb / alpha_divisor(alpha)
        if self._here is not None:
            rgb = self._here.from_model(rgb, threads)
        if alpha is not None:
            rgb = rgb * alpha_divisor(alpha)
        return _put(pixels, places, rgb)

    def for_screen(self, rgb: Pixels, threads: int) -> Pixels:
        """Return (H, W, 3) of the file's colours as linear Rec.709, which pictures are made of.

        Colours that nobody knows are taken for that.
        """
        if self.source is None:
            return rgb
        from filmgate_server.worker.ways import screen_way  # noqa: PLC0415 - brings OCIO along

        way = screen_way(self.source)
        return rgb if way is None else way.to_model(rgb, threads)


class Colouring:
    """Finds the conversion of each input of one execution.

    Args:
        manifest: of the model.
        order: what is known of the colours.
        config: reads the OCIO config that the names belong to; called only if it is needed.
        warn: takes sentences for the artist.
    """

    def __init__(
        self,
        manifest: Manifest,
        order: ColourOrder,
        config: OpenConfig,
        warn: Callable[[Sequence[str]], None],
    ) -> None:
        self._manifest = manifest
        self._order = order
        self._config = config
        self._warn = warn

    def conversion(self, name: str, header: Header, channels: Sequence[str]) -> Conversion | None:
        """Return how the input *name* is converted; None for data, which nothing touches.

        Args:
            name: of the input.
            header: of the part that it lies in.
            channels: of the file, in the model's order.

        Raises:
            ColourError: a space or the config is unknown or cannot be used.
        """
        wanted = self._manifest.input(name)
        if not wanted.is_colour:
            return None
        places = colour_places(wanted.channels or channels)
        # A net that sees alpha itself has its colours divided by it where it is run.
        sees_alpha = bool(alpha_name(wanted.channels, wanted.channels))
        straight = wanted.alpha == "straight" and not sees_alpha
        if not wanted.space and not self._is_said(header):
            return Conversion(places, straight)
        source = self._source(wanted, header)
        if source is None:
            return Conversion(places, straight)
        way, told = self._way(wanted, source)
        if way is not None and places is None:
            self._warn([f"{name}: the layer has no R, G and B; its values were not converted."])
            return Conversion(None)
        plain = tuple(wanted.channels[:3]) == _RGB and tuple(wanted.channels[3:]) in ((), _ALPHA)
        return Conversion(places, straight, way, told, plain, source)

    def _is_said(self, header: Header) -> bool:
        """Return whether anybody names a space; primaries alone are those of linear light."""
        order = self._order
        named = (order.space, order.working, order.default)
        return any(named) or any(tag.primaries is None for tag in colour_tags(header))

    def _source(self, wanted: ModelInput, header: Header) -> Source | None:
        # OCIO is imported by the first execution that has colours to convert.
        from filmgate_server.worker.ways import find_source  # noqa: PLC0415

        source = find_source(self._config(), self._order, header, as_is=not wanted.space)
        if source is None and wanted.space:
            self._warn([_unknown_space(wanted)])
        return source

    def _way(self, wanted: ModelInput, source: Source) -> tuple[Way | None, dict[str, str]]:
        from filmgate_server.worker.ways import find_target, find_way  # noqa: PLC0415 - as above

        config = self._config()
        target = find_target(config, wanted.space, source)
        told = {"space": source.space.name, "by": source.by, "config": config.reference}
        if target is None:
            return None, told
        return find_way(source, target), {**told, "model": target.name}


def colour_places(channels: Sequence[str]) -> tuple[int, int, int] | None:
    """Return where red, green and blue are among *channels*, of one layer; None if not there."""
    suffixes = [channel_letter(name) for name in channels]
    if any(suffixes.count(letter) != 1 for letter in _RGB):
        return None
    red, green, blue = map(suffixes.index, _RGB)
    return red, green, blue


def alpha_name(channels: Sequence[str], known: Sequence[str]) -> str:
    """Return the alpha of the layer that *channels* are of, among the *known* ones; else empty."""
    layers = {name.rpartition(".")[0] for name in channels}
    if len(layers) != 1:
        return ""
    layer = layers.pop().lower()
    alphas = (name for name in known if channel_letter(name) == "A")
    return next((name for name in alphas if name.rpartition(".")[0].lower() == layer), "")


def _put(pixels: Pixels, places: tuple[int, int, int], rgb: Pixels) -> Pixels:
    if pixels.shape[-1] == len(places) and places == _FIRST_THREE:
        return np.ascontiguousarray(rgb, np.float32)
    result = pixels.copy()
    result[..., places] = rgb
    return result


def _unknown_space(wanted: ModelInput) -> str:
    return (
        f"{wanted.name}: nothing says which colour space the pixels are in; they were taken as "
        f"{wanted.space}, in which the model works. Name the colour space, for example ACEScg."
    )
