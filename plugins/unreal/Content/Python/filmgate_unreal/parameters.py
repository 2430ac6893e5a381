"""A model's parameters as properties of an object that the editor's details view shows.

The class is made at run time from the manifest: a property for each parameter, with the limits,
the units and the help that the model's maker wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Callable

import unreal

from filmgate.digest import digest_bytes
from filmgate.host.label import parameter_help, parameter_label
from filmgate.manifest import Manifest, to_manifest_json
from filmgate.params import Parameter

CATEGORY = "Filmgate"

_classes: dict[str, type[unreal.Object]] = {}


def make(manifest: Manifest) -> unreal.Object:
    """Return an object with the parameters of a model, set to their defaults."""
    form: unreal.Object = unreal.new_object(class_of(manifest))
    put(form, manifest, {each.name: each.default for each in manifest.params})
    return form


def fits(form: unreal.Object, manifest: Manifest) -> bool:
    """Say whether an object is that of a manifest."""
    return isinstance(form, class_of(manifest))


def put(form: unreal.Object, manifest: Manifest, values: Mapping[str, Any]) -> None:
    """Set parameters; what the model does not have (any more) is left out.

    Raises:
        ParameterError: a value does not fit.
    """
    for each in manifest.params:
        if each.name in values:
            value = _SETTERS.get(each.type, _same)(each.convert(values[each.name]))
            form.set_editor_property(property_name(each), value)


def values(form: unreal.Object, manifest: Manifest) -> dict[str, Any]:
    """Return every parameter's value, of the declared type.

    Raises:
        ParameterError: a value does not fit; the text says what would.
    """
    return {
        each.name: each.convert(_value(each, form.get_editor_property(property_name(each))))
        for each in manifest.params
    }


def property_name(parameter: Parameter) -> str:
    """Return what the property is called: a prefix keeps it apart from the engine's own names."""
    return f"p_{parameter.name}"


def class_of(manifest: Manifest) -> type[unreal.Object]:
    """Return the class for a manifest; made once, because the engine never forgets a class."""
    mark = digest_bytes(to_manifest_json(manifest)).hex()[:12]
    if mark not in _classes:
        body: dict[str, Any] = {"__doc__": f"The parameters of {manifest.name}."}
        for each in manifest.params:
            body[property_name(each)] = unreal.uproperty(_TYPES[each.type], meta=_meta(each))
            if each.type == "choice":
                body[_options_name(each)] = _options(each)
        name = "Filmgate" + re.sub(r"\W|_", "", manifest.name.title()) + mark
        _classes[mark] = _generated(name, body)
    return _classes[mark]


def _generated(name: str, body: dict[str, Any]) -> type[unreal.Object]:
    made: Any = type(name, (unreal.Object,), {**body, "__module__": __name__})
    return unreal.uclass()(made)


def _meta(parameter: Parameter) -> dict[str, str]:
    meta = {
        "Category": CATEGORY,
        "DisplayName": parameter_label(parameter),
        "ToolTip": parameter_help(parameter),
    }
    limits = (("Min", parameter.low), ("Max", parameter.high))
    for end, number in limits:
        if number is not None:
            meta[f"Clamp{end}"] = meta[f"UI{end}"] = f"{number:g}"
    if parameter.step is not None:
        meta["Delta"] = f"{parameter.step:g}"
    if parameter.hint == "multiline":
        meta["MultiLine"] = "true"
    if parameter.type == "choice":
        meta["GetOptions"] = _options_name(parameter)
    return meta


def _options_name(parameter: Parameter) -> str:
    return f"options_of_{parameter.name}"


def _options(parameter: Parameter) -> Any:
    """Return the function that tells the details view what can be chosen."""

    def options(_: Any) -> list[str]:
        return list(parameter.choices)

    options.__name__ = _options_name(parameter)
    return unreal.ufunction(ret=unreal.Array(str))(options)


_TYPES: Mapping[str, Any] = {
    "float": float,
    "int": int,
    "bool": bool,
    "choice": str,
    "text": str,
    "colour": unreal.LinearColor,
    "file": unreal.FilePath,
    "point": unreal.Vector2D,
    "box": unreal.Vector4,
}


def _same(value: Any) -> Any:
    return value


_SETTERS: Mapping[str, Callable[[Any], Any]] = {
    "colour": lambda each: unreal.LinearColor(*each),
    "file": unreal.FilePath,
    "point": lambda each: unreal.Vector2D(*each),
    "box": lambda each: unreal.Vector4(*each),
}


def _value(parameter: Parameter, found: Any) -> Any:
    """Return a property's value as the parameter takes it."""
    if parameter.type in ("colour", "point", "box"):
        return tuple(float(each) for each in found.to_tuple())
    if parameter.type == "file":
        return str(found.get_editor_property("file_path"))
    return _KINDS[parameter.type](found)


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "float": float,
    "int": int,
    "bool": bool,
    "choice": str,
    "text": str,
}
