"""Scripts as text, in Nuke's own syntax."""

from __future__ import annotations

from collections.abc import Iterator

from nuke import _flags, _layers, _words, _world
from nuke._knobs import Knob
from nuke._nodes import Group, Node, Root

NEVER = {"name", "selected", "xpos", "ypos"}


def whole_script(root: Root) -> str:
    """Return the text of a script."""
    profile = _world.current().profile
    lines = [f"version {profile.major}.{profile.minor} v{profile.release}", "Root {", " inputs 0"]
    name = root._knobs["name"]._state
    lines += [f" name {_words.quote(name)}"] if name else []
    lines += [f" frame {root._frame():.9g}"]
    lines += [f" {line}" for line in knob_lines(root) if not line.startswith(("name ", "views "))]
    lines += [" views " + _words.quote("\n".join(f"{view} #ffffff" for view in root._views)), "}"]
    lines += _layer_lines()
    return "\n".join([*lines, *_nodes(list(root._children)), ""])


def some_nodes(nodes: list[Node]) -> str:
    """Return the text of some nodes of a group, as they are copied."""
    profile = _world.current().profile
    head = [
        "set cut_paste_input [stack 0]",
        f"version {profile.major}.{profile.minor} v{profile.release}",
    ]
    return "\n".join([*head, *_layer_lines(), *_nodes(nodes), ""])


def _layer_lines() -> list[str]:
    world = _world.current()
    return [
        f"add_layer {{{name} {' '.join(channels)}}}"
        for name, channels in world.layers.items()
        if _layers.LAYERS.get(name) != channels
    ]


def _ordered(nodes: list[Node]) -> list[Node]:
    """Return *nodes* with each after what it is connected to."""
    order: list[Node] = []
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        missing = [above for above in node._inputs if above in nodes and above not in order]
        if node in order:
            continue
        if missing:
            waiting += [node, *(above for above in missing if above is not None)]
        else:
            order.append(node)
    return order


def _nodes(nodes: list[Node]) -> Iterator[str]:
    """Yield the lines of nodes: what each needs is pushed, the first input last."""
    order = _ordered(nodes)
    names = {node: f"N{number:08x}" for number, node in enumerate(order, 1)}
    named: set[Node] = set()
    needed = {above for node in order for above in node._inputs if above is not None}
    for node in order:
        count = node._number_of_inputs()
        for index in reversed(range(count)):
            above = node._input(index)
            yield f"push ${names[above]}" if above in named else "push 0"
        yield from _node(node, count)
        if node in needed:
            yield f"set {names[node]} [stack 0]"
            named.add(node)


def _node(node: Node, count: int) -> Iterator[str]:
    yield f"{node._class} {{"
    if count != 1:
        yield f" inputs {count}"
    yield from (f" {line}" for line in knob_lines(node))
    yield f" name {node._name}"
    for name in ("selected", "xpos", "ypos"):
        if not node._knobs[name]._is_default():
            yield f" {name} {node._knobs[name]._to_word()}"
    yield "}"
    if isinstance(node, Group):
        yield from (f" {line}" for line in _nodes(list(node._children)))
        yield "end_group"


def knob_lines(node: Node) -> Iterator[str]:
    """Yield the knobs of a node that are not as a new one has them, the node's own first."""
    for knob in list(node._knobs.values()):
        if knob._name not in node._user and knob._name not in NEVER and _is_written(knob):
            yield f"{knob._name} {knob._to_word()}"
    for name in node._user:
        knob = node._knobs[name]
        yield f"addUserKnob {{{' '.join(_definition(knob))}}}"
        if knob._saved and _is_written(knob):
            yield f"{name} {knob._to_word()}"


def _is_written(knob: Knob) -> bool:
    if knob._flags & _flags.DO_NOT_WRITE:
        return False
    return not knob._is_default() or bool(knob._flags & _flags.ALWAYS_SAVE)


def _definition(knob: Knob) -> Iterator[str]:
    yield str(knob._user_type)
    yield _words.quote(knob._name)
    if knob._label is not None and knob._label != knob._name:
        yield from ("l", _words.quote(knob._label))
    if knob._tooltip:
        yield from ("t", _words.quote(knob._tooltip))
    yield from _flag_words(knob)
    yield from knob._definition()


def _flag_words(knob: Knob) -> Iterator[str]:
    """Yield what differs from the flags that such a knob begins with."""
    usual = _flags.STARTLINE if knob._starts_line else 0
    for name, flag in _flags.SAVED_FLAGS.items():
        if knob._flags & flag != usual & flag:
            yield f"{'+' if knob._flags & flag else '-'}{name}"
