"""The classes of node that are stood in for: their inputs and their knobs, with the defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from nuke import _choices, _flags, _texts, _values, _world
from nuke._knobs import Knob, Obsolete_Knob

Make = Callable[[], Knob]
_NEW_FILTERS = 17


class Spec(NamedTuple):
    """A class of node."""

    knobs: tuple[Make, ...] = ()
    inputs: int = 1
    least: int = 0


def _text(name: str, value: str = "", kind: Any = _texts.String_Knob) -> Make:
    def make() -> Knob:
        knob = kind(name)
        knob._set_default(value)
        return knob

    return make


def _number(name: str, *values: float, kind: Any = _values.Double_Knob) -> Make:
    def make() -> Knob:
        knob = kind(name)
        knob.setDefaultValue(list(values) or [0.0])
        return knob

    return make


def _flag(name: str, value: bool = False, kind: Any = _values.Boolean_Knob) -> Make:
    return _number(name, float(value), kind=kind)


def _choice(name: str, *values: str, default: str = "") -> Make:
    def make() -> Knob:
        knob = _choices.Enumeration_Knob(name, None, list(values))
        names = [value.split("\t")[0] for value in values]
        knob._set_default(names.index(default) if default else 0)
        return knob

    return make


def _filter() -> Make:
    """Make the list of filters, which Nuke 17 spells in its own way."""

    def make() -> Knob:
        new = _world.current().profile.major >= _NEW_FILTERS
        return _choice(
            "filter",
            *(FILTERS_17 if new else FILTERS),
            default="cubic" if new else "Cubic",
        )()

    return make


def _layer(name: str, value: str, kind: Any = _choices.Channel_Knob) -> Make:
    return _text(name, value, kind)


def _channels(name: str = "channels", value: str = "all") -> Make:
    return _layer(name, value, _choices.ChannelMask_Knob)


def _file(name: str = "file") -> Make:
    return _text(name, "", _texts.File_Knob)


def _button(name: str) -> Make:
    return _text(name, "", _texts.PyScript_Knob)


def _event(name: str) -> Make:
    return _text(name, "", _texts._Event)


def _int(name: str, value: int) -> Make:
    return _number(name, value, kind=_values.Int_Knob)


def _format(name: str = "format") -> Make:
    return lambda: _choices.Format_Knob(name)


def _obsolete(name: str) -> Make:
    return lambda: Obsolete_Knob(name)


def _hidden(make: Make) -> Make:
    """Make a knob that a script does not hold and undo does not know."""

    def made() -> Knob:
        knob = make()
        knob.setFlag(_flags.DO_NOT_WRITE | _flags.NO_UNDO)
        return knob

    return made


COMMON: tuple[Make, ...] = (
    *map(_event, ("onCreate", "onDestroy", "knobChanged", "updateUI", "autolabel")),
    _text("help"),
    _text("name", kind=_texts._Name),
    _text("label", kind=_texts.Multiline_Eval_String_Knob),
    _number("tile_color", 0, kind=_values.Unsigned_Knob),
    _number("gl_color", 0, kind=_values.Unsigned_Knob),
    _number("note_font_color", 0, kind=_values.Unsigned_Knob),
    _text("note_font", "Verdana"),
    _number("note_font_size", 11),
    _text("icon"),
    _flag("selected"),
    _number("xpos", 0, kind=_values.Int_Knob),
    _number("ypos", 0, kind=_values.Int_Knob),
    _flag("hide_input"),
    _flag("postage_stamp"),
    _flag("bookmark"),
    _flag("cached"),
    _number("indicators", 0),
)
BARE = ("NoOp", "Dot", "Output", "Input")
"""Classes that make no picture of their own; a dump of Nuke 17.0v3 shows fewer knobs of them."""
NOT_BARE = ("bookmark", "cached", "postage_stamp")
DISABLE = _flag("disable", kind=_values.Disable_Knob)
MIX = (
    _number("mix", 1.0), _layer("maskChannelInput", "none"),
    _layer("maskChannelMask", "rgba.alpha"), _flag("invert_mask"), _flag("fringe"), _flag("inject"),
)  # fmt: skip
RENDER_EVENTS = tuple(
    map(
        _event,
        ("beforeRender", "beforeFrameRender", "afterFrameRender", "afterRender", "renderProgress"),
    )
)
OUTSIDE = ("hold", "loop", "bounce", "black")
COLORSPACES = ("default", "linear", "sRGB", "rec709", "Cineon", "raw")
EXR_COMPRESSION = (
    "none",
    "Zip (1 scanline)",
    "Zip (16 scanlines)",
    "RLE",
    "PIZ Wavelet (32 scanlines)",
    "PXR24 (lossy)",
    "B44 (lossy)",
    "B44A (lossy)",
    "DWAA (lossy)",
    "DWAB (lossy)",
)
METADATA = (
    "no metadata",
    "default metadata",
    "default metadata and exr/*",
    "all metadata except input/*",
    "all metadata",
)
OF_EXR = {"datatype", "compression", "interleave", "metadata", "autocrop", "write_hash"}
"""The knobs that a Write has only once it is known that it writes EXR."""
OPERATIONS = (
    "atop", "average", "color-burn", "color-dodge", "conjoint-over", "copy", "difference",
    "disjoint-over", "divide", "exclusion", "from", "geometric", "hard-light",
    "hypot\t\t\tdiagonal", "in", "mask", "matte", "max", "min", "minus", "multiply", "out", "over",
    "overlay", "plus", "screen", "soft-light", "stencil", "under", "xor",
)  # fmt: skip
SIDES = ("union", "B\tB side", "A\tA side")
FILTERS = (
    "Impulse", "Cubic", "Keys", "Simon", "Rifman", "Mitchell", "Parzen", "Notch", "Lanczos4",
    "Lanczos6", "Sinc4",
)  # fmt: skip
FILTERS_17 = (
    "impulse\t\t\tImpulse,Nearest", "linear\t\t\tBilinear", "cubic\t\t\tCubic,Bicubic", "Keys",
    "Simon", "Rifman", "Mitchell", "Parzen", "notch\t\t\tNotch", "Lanczos4\t\t\tLanczos",
    "Lanczos6", "sinc4\t\t\tSinc4,Sinc",
)  # fmt: skip
"""As a dump of Nuke 17.0v3 has them; scripts of before hold ``Impulse``."""

_READ = (
    _file(), _file("proxy"), _format(), _format("proxy_format"),
    _choice("file_type", " ", "exr", "dpx", "jpeg", "png", "tiff"),
    _int("first", 1), _int("last", 1), _int("origfirst", 1), _int("origlast", 1),
    _flag("origset"),
    _choice("before", *OUTSIDE), _choice("after", *OUTSIDE),
    _choice("frame_mode", "expression", "start at", "offset"), _text("frame"),
    _choice("on_error", "error", "black", "checkerboard", "nearest frame"),
    _choice("localizationPolicy", "on", "fromAutoLocalizePath\tfrom auto-localize path",
            "onDemand\ton demand", "off", default="fromAutoLocalizePath"),
    _button("reload"),
    _choice("colorspace", *COLORSPACES), _flag("raw"), _flag("premultiplied"),
    _flag("auto_alpha"),
    _choice("edge_pixels", "plate detect", "edge detect", "repeat", "black"),
    _int("version", 0), DISABLE,
)  # fmt: skip
_WRITE = (
    _channels(value="rgb"), _file(), _file("proxy"),
    _choice("file_type", " ", "exr", "dpx", "jpeg", "png", "tiff"),
    _choice("datatype", "16 bit half", "32 bit float"),
    _choice("compression", *EXR_COMPRESSION, default="Zip (1 scanline)"),
    _choice("interleave", "channels, layers and views", "channels and layers", "channels"),
    _choice("metadata", *METADATA, default="default metadata"),
    _flag("autocrop"), _flag("write_hash", True), _flag("create_directories"),
    _choice("colorspace", *COLORSPACES), _flag("raw"), _flag("premultiplied"),
    _text("views", ""), _flag("use_limit"), _int("first", 1), _int("last", 1),
    _int("render_order", 1), _button("Render"), _flag("checkHashOnRead"),
    *RENDER_EVENTS, DISABLE,
)  # fmt: skip
_ROOT = (
    _hidden(_number("frame", 1)), _format(), _format("proxy_format"),
    _int("first_frame", 1), _int("last_frame", 100), _number("fps", 24),
    _flag("lock_range"), _flag("proxy"), _choice("proxy_type", "format", "scale", default="scale"),
    _number("proxy_scale", 0.5), _text("project_directory", kind=_texts.File_Knob),
    _text("views", kind=_texts.Multiline_Eval_String_Knob),
    _choice("colorManagement", "Nuke", "OCIO"), _text("workingSpaceLUT", "linear"),
    _event("onScriptLoad"), _event("onScriptSave"), _event("onScriptClose"),
    *RENDER_EVENTS,
)  # fmt: skip

SPECS: dict[str, Spec] = {
    "Root": Spec(_ROOT, 0),
    "Group": Spec((DISABLE, _text("lock_connections", "false")), 100),
    "Input": Spec((_int("number", 0),), 0),
    "Output": Spec((), 1, 1),
    "Read": Spec(_READ, 0),
    "Write": Spec(_WRITE),
    "NoOp": Spec((), 1, 1),
    "Dot": Spec((), 1, 1),
    "Viewer": Spec((), 10),
    "BackdropNode": Spec((_number("bdwidth", 80), _number("bdheight", 80)), 0),
    "StickyNote": Spec((), 0),
    "Constant": Spec((
        _layer("channels", "rgb"), _number("color", 0, 0, 0, 0, kind=_values.AColor_Knob),
        _format(), _int("first", 1), _int("last", 1), DISABLE,
    )),
    "CheckerBoard2": Spec((
        _format(), _number("boxsize", 64, kind=_values.WH_Knob),
        _number("color0", 0.1, kind=_values.AColor_Knob),
        _number("color1", 0.5, kind=_values.AColor_Knob), DISABLE,
    ), 0),
    "Remove": Spec((
        _choice("operation", "remove", "keep"), _channels(),
        *(_channels(f"channels{i}", "none") for i in (2, 3, 4)), DISABLE,
    )),
    "Copy": Spec((
        _layer("from0", "rgba.alpha"), _layer("to0", "rgba.alpha"),
        *(_layer(f"{way}{i}", "none") for i in range(1, 4) for way in ("from", "to")),
        _channels(value="none"), _choice("bbox", *SIDES), _choice("metainput", "B", "A", "All"),
        _layer("unpremult", "none"), _flag("invert_unpremult"), *MIX, DISABLE,
    ), 3, 2),
    "Shuffle2": Spec((
        _layer("in1", "rgba"), _layer("in2", "none"), _layer("out1", "rgba"),
        _layer("out2", "none"), _text("mappings"),
        _choice("fromInput1", "B", "A"), _choice("fromInput2", "B", "A"), DISABLE,
    ), 2, 1),
    "Merge2": Spec((
        _choice("operation", *OPERATIONS, default="over"), _layer("Achannels", "rgba"),
        _layer("Bchannels", "rgba"), _layer("output", "rgba"), _channels("also_merge", "none"),
        _choice("bbox", "union", "intersection", "A", "B"),
        _choice("metainput", "B", "A", "All"), _flag("sRGB"), _flag("screen_alpha"), *MIX, DISABLE,
    ), 100, 2),
    "Dissolve": Spec((
        _channels(), _number("which", 0), _layer("maskChannelMask", "rgba.alpha"), DISABLE,
    ), 100, 2),
    "Keymix": Spec((
        _channels(), _layer("maskChannel", "rgba.alpha"), _flag("invertMask"), _number("mix", 1),
        _choice("bbox", *SIDES), DISABLE,
    ), 3, 3),
    "ChannelMerge": Spec((
        _layer("A", "rgba.alpha"), _layer("B", "rgba.alpha"), _layer("output", "rgba.alpha"),
        _choice("operation", *OPERATIONS, default="copy"), *MIX, DISABLE,
    ), 3, 2),
    "Switch": Spec((_number("which", 0), DISABLE), 10000, 2),
    "Grade": Spec((
        _channels(value="rgb"), _number("multiply", 1, kind=_values.AColor_Knob),
        _number("add", 0, kind=_values.AColor_Knob), _flag("black_clamp", True),
        _flag("white_clamp"), *MIX, DISABLE,
    ), 2, 1),
    "Multiply": Spec((_channels(), _number("value", 1, kind=_values.AColor_Knob), DISABLE)),
    "Invert": Spec((_channels(), DISABLE)),
    "Reformat": Spec((
        _choice("type", "to format", "to box", "scale"), _format(),
        _int("box_width", 200), _int("box_height", 200), _flag("box_fixed"),
        _number("scale", 1), _choice("resize", "none", "width", "height", "fit", "fill", "distort",
                                     default="width"),
        _flag("center", True), _flag("black_outside"), _flag("pbb"),
        _filter(), _flag("clamp"), _flag("flip"), _flag("flop"), _flag("turn"),
        _number("box_pixel_aspect", 1), DISABLE,
    )),
    "Crop": Spec((
        _number("box", 0, 0, 0, 0, kind=_values.BBox_Knob), _flag("reformat"), _flag("intersect"),
        _flag("crop", True), _number("softness", 0, kind=_values.WH_Knob), DISABLE,
    )),
    "CopyBBox": Spec((DISABLE,), 2, 2),
    "AdjBBox": Spec((_number("numpixels", 25, kind=_values.WH_Knob), DISABLE)),
    "BlackOutside": Spec((DISABLE,)),
    "TimeOffset": Spec((_number("time_offset", 0), _flag("reverse_input"), DISABLE)),
    "TimeWarp": Spec((
        _number("lookup", 0), _number("length", 1),
        _choice("filter", "none", "nearest", "box", default="box"), DISABLE,
    )),
    "FrameHold": Spec((_int("first_frame", 0), _int("increment", 0), DISABLE)),
    "FrameRange": Spec((
        _number("first_frame", 0, kind=_values.Array_Knob),
        _number("last_frame", -123, kind=_values.Array_Knob), DISABLE,
    ), 1, 1),
    "Blur": Spec((_channels(), _number("size", 0, kind=_values.WH_Knob), *MIX, DISABLE), 2, 1),
    "AddChannels": Spec((_channels(value="none"), _number("color", 0), DISABLE)),
    "Premult": Spec((_channels(value="rgb"), _layer("alpha", "rgba.alpha"), DISABLE)),
    "Unpremult": Spec((_channels(value="rgb"), _layer("alpha", "rgba.alpha"), DISABLE)),
    "ModifyMetaData": Spec((_text("metadata"), DISABLE)),
    "CopyMetaData": Spec((DISABLE,), 2, 2),
    "JoinViews": Spec((), 10),
    "OneView": Spec((lambda: _choices.OneView_Knob("view"), DISABLE)),
}  # fmt: skip


def base_name(node_class: str) -> str:
    """Return what the names of new nodes of a class begin with: its name without its version."""
    return node_class.rstrip("0123456789") or node_class
