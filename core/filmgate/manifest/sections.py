"""The sections of a manifest, field by field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from filmgate.errors import ManifestError
from filmgate.params import Parameter

NAME_BYTES_MAX = 64
"""Lists of inputs and outputs travel in one header."""

ROLES = ("color", "albedo", "normal", "depth", "motion", "matte", "any")
COLOUR_ROLES = ("color", "albedo")
"""The roles whose values are light or reflectance: only these have a colour space."""

KIND_AXES: Mapping[str, tuple[str, ...]] = {
    "image": ("y", "x", "c"),
    "attribute": ("n", "c"),
    "volume": ("z", "y", "x", "c"),
}
"""The axes of each kind where a manifest names none, outermost first."""

HEIGHTFIELD_AXES = ("y", "x", "c")
INPUT_KINDS = tuple(KIND_AXES)
DTYPES = ("", "BOOL", "U8", "I8", "U16", "I16", "F16", "BF16", "U32", "I32", "F32", "I64", "F64")
ENCODINGS = ("linear", "srgb")
HDR_POLICIES = ("none", "clip", "ratio", "log", "pu")
NEGATIVE_POLICIES = ("keep", "clip", "split")
NON_FINITE_POLICIES = ("scrub", "refuse")
ALPHA_KINDS = ("premultiplied", "straight")
DATA_WINDOW_POLICIES = ("data", "display")
TEMPORAL_KINDS = ("frame", "window", "between", "clip")
EDGE_POLICIES = ("clamp", "mirror", "drop")
ENGINES = ("oidn", "torch", "export", "onnx", "array")
PRECISIONS = ("float32", "float16", "bfloat16")
METRICS = ("psnr_tm", "psnr", "max_error", "flip")


@dataclass(frozen=True)
class ModelInput:
    """One input: a layer of the main file, or a file of its own.

    Attributes:
        name: what a job calls it; the first input is the main one.
        role: one of `ROLES`: which renderers' layer names are tried, and whether the values are
            colours, which have a colour space, or data, which nothing converts.
        channels: the suffixes wanted, in the order in which the model gets them; empty means every
            channel of the file. Of a volume they name the layers, of an attribute the components.
        layers: further patterns of layer names to try, before the role's own.
        optional: whether the model runs without it.
        kind: ``image``, ``attribute`` (numbers of each point, or facts) or ``volume`` (voxels, or
            the layers of a heightfield).
        axes: of the tensor, outermost first; empty means ``y x c`` of an image, ``z y x c`` of a
            volume, ``n c`` of an attribute. A volume with ``y x c`` is a heightfield.
        dtype: the type of a tensor's numbers, one of `DTYPES`. Empty means F32 of a volume or an
            attribute, and any of an image, whose numbers always come as float32.
        space: the colour space that the model works in, a name of the OCIO config; empty takes
            scene-linear values in whatever primaries they have.
        encoding: how the net was shown values from 0 to 1: ``linear``, or ``srgb`` (the curve of
            IEC 61966-2-1).
        range: what 0 and 1 become for the net, for example ``[0, 255]`` or ``[-1, 1]``.
        alpha: whether the net wants colours ``premultiplied`` by alpha, as EXR files hold them, or
            ``straight``.
        nonfinite: ``scrub`` replaces NaN and infinity, with a warning; ``refuse`` fails the frame.
            Empty means ``scrub`` of images, ``refuse`` of volumes and attributes.
        negatives: ``keep`` mirrors the encoding curve, so that negative values survive; ``clip``
            makes them 0; ``split`` shows the net the negative part by itself, its sign turned, and
            subtracts the result.
        hdr: how values above 1 come through the net, see `filmgate_server.runtime.transfer`:
            ``none``, ``clip``, ``ratio``, ``log`` or ``pu``.
    """

    name: str
    role: str = "any"
    channels: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    optional: bool = False
    kind: str = "image"
    axes: tuple[str, ...] = ()
    dtype: str = ""
    space: str = ""
    encoding: str = "linear"
    range: tuple[float, ...] = (0.0, 1.0)
    alpha: str = "premultiplied"
    nonfinite: str = ""
    negatives: str = "keep"
    hdr: str = "none"

    def __post_init__(self) -> None:
        _complete(self)
        if not self.nonfinite:
            policy = "scrub" if self.kind == "image" else "refuse"
            object.__setattr__(self, "nonfinite", policy)

    @property
    def is_heightfield(self) -> bool:
        """Whether it holds the layers of a heightfield."""
        return self.kind == "volume" and self.axes == HEIGHTFIELD_AXES

    @property
    def is_colour(self) -> bool:
        """Whether it holds colours: only these are converted, encoded and restored."""
        return self.kind == "image" and self.role in COLOUR_ROLES


@dataclass(frozen=True)
class ModelOutput:
    """One output.

    Attributes:
        name: what the result calls it.
        channels: the channel names written when it replaces nothing; empty means the input's.
        replaces: the input whose channels it replaces in a merged file; empty means none.
        kind: ``image``, ``attribute`` or ``volume``.
        axes: as for an input.
        role: one of `ROLES`; empty means that of the input that it replaces, else of the main one.
            A colour is brought back to the source's space and range the way its input came; data
            (motion, a matte) is written as the net returns it.
        dtype: as for an input.
    """

    name: str
    channels: tuple[str, ...] = ()
    replaces: str = ""
    kind: str = "image"
    axes: tuple[str, ...] = ()
    role: str = ""
    dtype: str = ""

    def __post_init__(self) -> None:
        _complete(self)


def _complete(entry: ModelInput | ModelOutput) -> None:
    """Write into an entry what its kind implies; a kind that nobody knows implies nothing."""
    if not entry.axes:
        object.__setattr__(entry, "axes", KIND_AXES.get(entry.kind, ()))
    if not entry.dtype and entry.kind != "image":
        object.__setattr__(entry, "dtype", "F32")


@dataclass(frozen=True)
class Geometry:
    """The sizes a model takes.

    Attributes:
        multiple_of: height and width are multiples of so many px, and of a volume the depth too;
            what a frame or tile lacks is its last row and column, repeated.
        scale: how many times larger the result is, along each side; along y, x and z of a volume.
        min_px: the shortest side that the net takes; shorter frames are padded likewise.
        max_px: the longest side of a frame; longer ones are refused. 0 takes any.
        data_window: ``data`` shows the net the data window as it is; ``display`` the display
            window, black where there are no pixels.
    """

    multiple_of: int = 1
    scale: int = 1
    min_px: int = 1
    max_px: int = 0
    data_window: str = "data"


@dataclass(frozen=True)
class Tiling:
    """How a frame may be cut: tiles of at most *max_tile_px* with *halo_px* around each.

    Attributes:
        max_tile_px: the longest side of a tile, its overlaps included; 0 leaves the frame whole,
            unless the device's memory does not hold it and *halo_px* says how to cut it.
        halo_px: how far a result pixel depends on its neighbours.
        blend_px: how wide neighbouring tiles fade into each other, the halos around that width; 0
            lets them meet at a seam.
        grid_px: tiles begin at multiples of it besides those of `Geometry.multiple_of`: for a net
            that reduces its input and pads by itself what it lacks at the end of the frame.
    """

    max_tile_px: int = 0
    halo_px: int = 0
    blend_px: int = 0
    grid_px: int = 1

    def overlap_px(self, step_px: int) -> int:
        """Return how far neighbouring tiles overlap: a multiple of *step_px*, see `step_px`."""
        return -(-(2 * self.halo_px + self.blend_px) // step_px) * step_px

    def step_px(self, multiple_of: int) -> int:
        """Return what the places of tiles are multiples of.

        Args:
            multiple_of: of the model's `Geometry`.
        """
        return math.lcm(multiple_of, self.grid_px)


@dataclass(frozen=True)
class Batch:
    """How many frames of one shape may be computed together without a change to any pixel."""

    max: int = 1


@dataclass(frozen=True)
class Temporal:
    """Which frames a result needs.

    Attributes:
        kind: ``frame`` (its own), ``window`` (*before* and *after* it), ``between`` (the two around
            a fractional time) or ``clip`` (the whole range).
        before: frames before, for a window.
        after: frames after, for a window.
        edges: at the ends of the range: ``clamp``, ``mirror`` or ``drop``.
    """

    kind: str = "frame"
    before: int = 0
    after: int = 0
    edges: str = "clamp"

    @property
    def parameter(self) -> str:
        """What the model is told besides its own parameters; empty for nothing.

        ``fraction``: where between its two frames the result lies, 0 to 1. ``center``: the place of
        the result's frame among those it gets, where that is not always the same.
        """
        if self.kind == "between":
            return "fraction"
        varies = self.kind == "clip" or (self.kind == "window" and self.edges == "drop")
        return "center" if varies else ""


@dataclass(frozen=True)
class RuntimeSpec:
    """How the package is run.

    Attributes:
        engine: ``oidn`` (native Open Image Denoise), ``torch`` (a module and safetensors),
            ``export`` (a program saved by torch.export), ``onnx`` or ``array`` (Python on numpy
            arrays).
        entry: inside the package: ``file.py:Name`` for ``torch`` and ``array``; the ``.pt2`` or
            ``.onnx`` file for ``export`` and ``onnx``, which is among the weights too.
        precision: of the arithmetic inside the net.
        model_mib: device memory of the loaded model in MiB, until a worker has measured it; 0 means
            unknown.
        mib_per_megapixel: device memory of a tile, for each million pixels, likewise.
    """

    engine: str
    entry: str = ""
    precision: str = "float32"
    model_mib: int = 0
    mib_per_megapixel: int = 0


@dataclass(frozen=True)
class WarmUp:
    """What the model is warmed with.

    Attributes:
        side_px: of the square frame of zeros; 0 leaves it to the server.
    """

    side_px: int = 0


@dataclass(frozen=True)
class Weights:
    """One file of weights.

    Attributes:
        file: its path in the package.
        sha256: of its content, hexadecimal.
        bytes: its size; 0 leaves it open.
    """

    file: str
    sha256: str
    bytes: int = 0


@dataclass(frozen=True)
class GoldenTest:
    """A result that the model must come close to, wherever it runs.

    Attributes:
        inputs: the file of each input, by its name; a pattern like ``tests/plate.%04d.exr`` for a
            model of several frames.
        golden: the file with the expected result.
        metric: one of `METRICS`: ``psnr_tm`` and ``psnr`` in dB, see `filmgate.image.compare`,
            ``max_error`` linear, ``flip`` the mean of HDR-FLIP.
        threshold: a PSNR must reach it, an error must not be larger.
        output: which output; empty for the first.
        params: the parameters that are set.
        time: the result's source time in frames, for a model of several frames.
    """

    inputs: Mapping[str, str]
    golden: str
    metric: str
    threshold: float
    output: str = ""
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    time: Optional[float] = None


@dataclass(frozen=True)
class Manifest:
    """Everything a host or a server needs to know of a model; immutable."""

    name: str
    version: str
    task: str
    summary: str
    inputs: tuple[ModelInput, ...]
    outputs: tuple[ModelOutput, ...]
    runtime: RuntimeSpec
    licence: Mapping[str, str] = field(default_factory=dict[str, str])
    lineage: Mapping[str, str] = field(default_factory=dict[str, str])
    geometry: Geometry = field(default_factory=Geometry)
    tiling: Tiling = field(default_factory=Tiling)
    temporal: Temporal = field(default_factory=Temporal)
    batch: Batch = field(default_factory=Batch)
    warmup: WarmUp = field(default_factory=WarmUp)
    params: tuple[Parameter, ...] = ()
    weights: tuple[Weights, ...] = ()
    tests: tuple[GoldenTest, ...] = ()

    @property
    def main_input(self) -> ModelInput:
        """The input that windows, format and time are taken from."""
        return self.inputs[0]

    @property
    def takes_tensors(self) -> bool:
        """Whether it works on geometry: volumes and attributes, which come as tensors alone."""
        return self.main_input.kind != "image"

    def input(self, name: str) -> ModelInput:
        """Return the input *name*.

        Raises:
            ManifestError: there is none.
        """
        for candidate in self.inputs:
            if candidate.name == name:
                return candidate
        raise ManifestError(f"{self.name} has no input {name!r}.")

    def source_of(self, output: ModelOutput) -> ModelInput:
        """Return the input that an output replaces; the main one for one that replaces none."""
        return self.input(output.replaces) if output.replaces else self.main_input

    def is_colour(self, output: ModelOutput) -> bool:
        """Whether an output holds colours, which go back the way their input came."""
        source = self.source_of(output)
        return source.is_colour and (output.role or source.role) in COLOUR_ROLES
