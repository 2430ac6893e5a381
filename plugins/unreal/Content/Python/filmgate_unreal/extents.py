"""How large landscapes are, and where they lie."""

from __future__ import annotations

import unreal

from filmgate.errors import InputError

_STRAIGHT_DEG = 1e-3
_WHOLE = 0.5
"""How many samples may be missing: fewer than any part of a landscape has."""


def scale_of(actor: unreal.LandscapeProxy) -> tuple[float, float, float]:
    """Return the scale of a landscape: centimetres between samples in x and y, and that of z."""
    scale = actor.get_actor_scale3d()
    return float(scale.x), float(scale.y), float(scale.z)


def size_of(actor: unreal.LandscapeProxy) -> tuple[int, int]:
    """Return how many samples a landscape has in x and y, all its proxies together.

    Only what carries heights is asked: grass and splines of the same actor reach over its edge.

    Raises:
        InputError: it is turned, or has holes that would be sent as depths.
    """
    turn = actor.get_actor_rotation()
    if max(abs(turn.roll), abs(turn.pitch), abs(turn.yaw)) > _STRAIGHT_DEG:
        text = f"{actor.get_actor_label()} is turned; its size cannot be told."
        raise InputError(text, "Set its rotation to 0 while a model works on it.")
    boxes = _boxes(actor)
    low_x, low_y = (min((box[place] for box in boxes), default=0.0) for place in (0, 1))
    high_x, high_y = (max((box[place] for box in boxes), default=0.0) for place in (2, 3))
    width, height = round(high_x - low_x), round(high_y - low_y)
    filled = sum((box[2] - box[0]) * (box[3] - box[1]) for box in boxes)
    if not boxes or abs(filled - width * height) > _WHOLE:
        text = f"{actor.get_actor_label()} is not loaded as a whole, or has missing parts."
        raise InputError(text, "Load all its regions; a model needs a full rectangle.")
    return width + 1, height + 1


def _boxes(actor: unreal.LandscapeProxy) -> list[tuple[float, float, float, float]]:
    """Return where each part of a landscape begins and ends in x and y, in samples."""
    scale = scale_of(actor)
    kind = unreal.LandscapeComponent.static_class()
    found: list[tuple[float, float, float, float]] = []
    for proxy in _proxies(actor):
        for component in proxy.get_components_by_class(kind):
            part = unreal.LandscapeComponent.cast(component)
            middle, half, _ = unreal.SystemLibrary.get_component_bounds(part)
            low_x, low_y = (middle.x - half.x) / scale[0], (middle.y - half.y) / scale[1]
            high_x, high_y = (middle.x + half.x) / scale[0], (middle.y + half.y) / scale[1]
            found.append((low_x, low_y, high_x, high_y))
    return found


def landscapes() -> list[unreal.LandscapeProxy]:
    """Return the landscapes of the levels that are open, and their proxies."""
    actors = unreal.get_editor_subsystem(unreal.EditorActorSubsystem).get_all_level_actors()
    return [each for each in actors if isinstance(each, unreal.LandscapeProxy)]


def _proxies(actor: unreal.LandscapeProxy) -> list[unreal.LandscapeProxy]:
    return [each for each in landscapes() if each.get_landscape_actor() == actor] or [actor]
