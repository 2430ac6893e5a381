"""A model as a node: made, rebuilt for another version, and given results to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

import nuke

from filmgate.errors import ParameterError
from filmgate.host.node import NodeState
from filmgate.host.port import Moment
from filmgate.manifest import Manifest, to_manifest_json
from filmgate.params import Parameter
from filmgate_nuke import graph, knobs, layout, parameters, script, stored, wiring

_BELOW_PX = 80


class _Saved(NamedTuple):
    """What a node holds, while it is rebuilt.

    Attributes:
        versions: which the version knob lists.
        families: of each knob, by its name.
        values: of each knob that holds one.
        mask: the mask's channel.
        pipes: what is connected, by the name of the Input.
        files: what the Reads read, by their names.
    """

    versions: Sequence[str]
    families: Mapping[str, str]
    values: Mapping[str, str]
    mask: str
    pipes: Mapping[str, Optional[nuke.Node]]
    files: Mapping[str, str]


def create(manifest: Manifest, model_ref: str) -> nuke.Group:
    """Make a Group for a model where Nuke makes nodes now; one undo step.

    A selected node becomes its main input.

    Args:
        manifest: of the model.
        model_ref: as it was asked for: ``denoise@champion``.
    """
    above = nuke.selectedNodes()
    state = NodeState(model=model_ref, manifest=to_manifest_json(manifest).decode())
    with nuke.Undo(f"Create {manifest.name}"), script.setting():
        group = nuke.nodes.Group()
        group.setName(f"Filmgate_{layout.identifier(manifest.name)}1")
        wiring.build(group, manifest)
        knobs.add_knobs(group, knobs.lasting_knobs(manifest, model_ref))
        knobs.add_knobs(group, knobs.model_knobs(manifest))
        wiring.express(group)
        group[layout.STATE].setValue(stored.to_knob(state.to_text()))
        group["help"].setValue(stored.shown(manifest.summary))
        if len(above) == 1:
            group.setInput(0, above[0])
            group.setXYpos(above[0].xpos(), above[0].ypos() + _BELOW_PX)
        graph.bind_outputs(group, manifest)
        for node in above:
            node.setSelected(False)
        group.setSelected(True)
    return group


def rebuild(group: nuke.Group, manifest: Manifest) -> tuple[str, ...]:
    """Go over to another version's manifest; knobs that stay keep their values; one undo step.

    The nodes inside are made anew only where they differ; what is connected stays connected. If
    anything fails the node is what it was.

    Returns:
        What changed on the node, in sentences for the artist.
    """
    with nuke.Undo(f"{manifest.name} {manifest.version}"), script.setting():
        saved = _save(group)
        try:
            return _become(group, manifest, saved)
        except BaseException:
            _become(group, knobs.manifest_of(group), saved)
            raise


def show_take(group: nuke.Group, patterns: Mapping[str, str]) -> None:
    """Let the node read results from now on; with no patterns it passes the source through.

    Args:
        group: the node.
        patterns: output to path with ``%04d`` (and ``%V``), of a take or a bake.
    """
    graph.show_results(group, patterns)


def _become(group: nuke.Group, manifest: Manifest, saved: _Saved) -> tuple[str, ...]:
    fresh, same = knobs.model_knobs(manifest), graph.fits(group, manifest)
    knobs.remove_model_knobs(group)
    if not same:
        _rebuild_inside(group, manifest, saved)
    knobs.add_knobs(group, fresh)
    knobs.show_versions(group, saved.versions, manifest.version)
    changes = _restore(group, manifest, saved)
    graph.bind_outputs(group, manifest)
    wiring.express(group)  # what names a knob that was made anew
    return (*changes, *(() if same else ("The nodes inside were made anew.",)))


def _save(group: nuke.Group) -> _Saved:
    own = {knob.name(): knob for knob in knobs.own_knobs(group)}
    mixed = group.node(layout.MIXED)
    reads = [node for node in group.nodes() if node.Class() == "Read"]
    files = {each.name(): knobs.to_text(each["file"]) for each in reads}
    return _Saved(
        versions=knobs.versions_of(group),
        families={name: knobs.family(knob) for name, knob in own.items()},
        values={name: knobs.to_text(each) for name, each in own.items() if knobs.holds_value(each)},
        mask="none" if mixed is None else str(mixed["maskChannelMask"].value()),
        pipes={name: group.input(place) for place, name in enumerate(graph.input_names(group))},
        files=files,
    )


def _rebuild_inside(group: nuke.Group, manifest: Manifest, saved: _Saved) -> None:
    for node in group.nodes():
        nuke.delete(node)
    wiring.build(group, manifest)
    for place, name in enumerate(graph.input_names(group)):
        group.setInput(place, saved.pipes.get(name))
    mixed = group.node(layout.MIXED)
    if mixed is not None:
        mixed["maskChannelMask"].setValue(saved.mask)
    reads = [node for node in group.nodes() if node.Class() == "Read"]
    for read in reads:
        knobs.take_text(read["file"], saved.files.get(read.name(), ""))
    graph.show_where_read(group, reads)


def _restore(group: nuke.Group, manifest: Manifest, saved: _Saved) -> tuple[str, ...]:
    """Set the knobs to what they were before; say what is new, gone or had to change."""
    declared = {layout.parameter_knob(each.name): each for each in manifest.params}
    changes: list[str] = []
    for name, text in saved.values.items():
        knob = group.knob(name)
        if knob is None or knobs.is_lasting(knob) or knobs.family(knob) != saved.families[name]:
            continue
        knobs.take_text(knob, text)
        if name in declared:
            changes += _made_to_fit(group, knob, declared[name])
    return (*_new_and_gone(group, saved), *changes)


def _made_to_fit(group: nuke.Group, knob: nuke.Knob, parameter: Parameter) -> list[str]:
    """Give a knob whose value the new version does not take its default, and say so."""
    try:
        parameter.convert(parameters.value(group, parameter, Moment(nuke.frame())))
    except ParameterError:
        was = knobs.to_text(knob)
        parameters.reset(knob, parameter)
        now = knobs.to_text(knob)
        return [f"{knob.label()} was {was}, which this version does not take: {now}."]
    return []


def _new_and_gone(group: nuke.Group, saved: _Saved) -> list[str]:
    now = {knob.name(): knob for knob in knobs.own_knobs(group)}
    fresh = [knob for name, knob in now.items() if saved.families.get(name) != knobs.family(knob)]
    gone = [name for name in saved.families if name not in now]
    return [
        *(f"New: {knob.label() or layout.spoken(knob.name())}." for knob in fresh),
        *(f"Gone: {layout.spoken(name)}." for name in gone),
    ]
