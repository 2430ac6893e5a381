"""Movie Render Queue and Movie Render Graph: what was rendered goes through a model.

Two ways lead here, for a queue and for a graph. `FilmgateExecutor` renders as the editor's own
executor does (Project Settings ▸ Movie Render Pipeline ▸ Default Local Executor);
`FilmgateGraphScript` is chosen in an Execute Script node. Both only read what was rendered and
write beside it: whatever goes wrong here, the render is there. `process_files` does the same with
files of an earlier render.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Optional, cast

import unreal

from filmgate.errors import InputError
from filmgate_unreal import dialogs, notify, orders, ticks
from filmgate_unreal.orders import RenderOrder
from filmgate_unreal.poststep import PostStep
from filmgate_unreal.renders import Layer, Pass, passes_of, to_layers

TONE_CURVE = (
    "The tone curve was on while {} was rendered: its pixels are for a display, not scene-linear, "
    "and models see neither highlights nor light as it is. Turn on Disable Tone Curve in the "
    "render's colour settings, and render again."
)
UNTOLD = "Whether the tone curve was on while {} was rendered cannot be told here: {}"
NOTHING = (
    "Nothing of {} goes through {}: it was rendered into no EXR files whose names end in the "
    "frame's number, such as Shot.0001.exr. Choose EXR as the output, and put {{frame_number}} at "
    "the end of the file name."
)
OTHERS = "Nothing of {} goes through {}: {} asks for {} alone, and what was rendered is called {}."
_RENDERERS = ("MovieGraphDeferredRenderPassNode", "MovieGraphPathTracerRenderPassNode")
_NAMELESS = "the job"

_open: list[PostStep] = []


def register() -> None:
    """Make the classes that Unreal lists, where it has the plugin that they belong to."""
    if hasattr(unreal, "MoviePipelinePIEExecutor"):
        make_executor()
    if hasattr(unreal, "MovieGraphScriptBase"):
        make_graph_script()


def make_executor() -> type:
    """Make the executor: it renders as the editor's own does and then post-processes each job."""

    class FilmgateExecutor(unreal.MoviePipelinePIEExecutor):
        """Renders the queue; what was rendered then goes through the project's model."""

        def _post_init(self) -> None:
            finished = self.on_individual_job_work_finished_delegate
            finished.add_callable_unique(self._finished)

        def _finished(self, output: unreal.MoviePipelineOutputData) -> None:
            job_finished(output)

    return unreal.uclass()(FilmgateExecutor)


def make_graph_script() -> type:
    """Make the script for a graph's Execute Script node."""

    class FilmgateGraphScript(unreal.MovieGraphScriptBase):
        """What was rendered goes through the project's model."""

        @unreal.ufunction(override=True)
        def on_job_finished(
            self,
            in_job_copy: unreal.MoviePipelineExecutorJob,
            in_output_data: unreal.MoviePipelineOutputData,
        ) -> None:
            """Begin when the job's files are written."""
            super().on_job_finished(in_job_copy, in_output_data)
            job_finished(in_output_data)

    return unreal.uclass()(FilmgateGraphScript)


@dialogs.guarded
def job_finished(output: unreal.MoviePipelineOutputData) -> list[PostStep]:
    """Begin with what a job has rendered; wait for the end where nobody sits in front of it.

    Returns:
        What was begun; nothing where the project has no order, or the job was cancelled.
    """
    order = orders.load_order()
    if not order.model or not output.get_editor_property("success"):
        return []
    job = output.get_editor_property("job")
    name = str(job.get_editor_property("job_name")) if job is not None else ""
    if job is not None:
        _look_at_tone_curve(job, name or _NAMELESS)
    layers = layers_of(output)
    if not any(order.wants(layer.label) for layer in layers):
        _tell_later(_why_nothing(layers, order, name or _NAMELESS))
    return start(layers, order)


def process_files(paths: Sequence[str], order: Optional[RenderOrder] = None) -> list[PostStep]:
    """Let a model work on files of an earlier render, and wait for the end.

    Args:
        paths: EXR files, of one picture or of several.
        order: what to do; by default what the project says.

    Raises:
        InputError: there is nothing to do.
    """
    layers = to_layers(passes_of(paths))
    order = order or orders.load_order()
    if not order.model or not layers:
        text = "There is nothing to do: no rendered EXR files, or no model."
        raise InputError(text, f"Name numbered EXR files, and a model in {orders.FILE}.")
    steps = _begin(layers, order)
    ticks.serve(lambda: not any(step.busy for step in steps))
    return steps


def start(layers: Iterable[Layer], order: RenderOrder) -> list[PostStep]:
    """Begin to work; wait for the end only where nobody sits in front of the editor."""
    steps = _begin(layers, order)
    if not dialogs.attended():
        ticks.serve(lambda: not any(step.busy for step in steps))
    return steps


def layers_of(output: unreal.MoviePipelineOutputData) -> list[Layer]:
    """Return the pictures that a job has written."""
    return to_layers((*_queue_passes(output), *_graph_passes(output)))


def keeps_tone_curve(job: unreal.MoviePipelineExecutorJob) -> bool:
    """Say whether a job's pixels went through the film curve, as far as its settings tell."""
    graph = job.get_graph_preset() if hasattr(job, "get_graph_preset") else None
    if graph is not None:
        return not all(_disabled_in(job, graph))
    setting = job.get_configuration().find_setting_by_class(
        unreal.MoviePipelineColorSetting.static_class()
    )
    return setting is None or not setting.get_editor_property("disable_tone_curve")


def _look_at_tone_curve(job: unreal.MoviePipelineExecutorJob, name: str) -> None:
    """Warn where a job's tone curve is on; that it cannot be told costs no result."""
    try:
        kept = keeps_tone_curve(job)
    except Exception as error:  # noqa: BLE001 - the engine's: a release may lack what is asked
        unreal.log_warning(f"Filmgate: {UNTOLD.format(name, error)}")
        return
    if kept:
        _tell_later(TONE_CURVE.format(name))


def _why_nothing(layers: Sequence[Layer], order: RenderOrder, name: str) -> str:
    """Return why no layer of a job is worked on."""
    if not layers:
        return NOTHING.format(name, order.model)
    rendered = ", ".join(layer.label for layer in layers)
    return OTHERS.format(name, order.model, orders.FILE, " or ".join(order.only), rendered)


def _begin(layers: Iterable[Layer], order: RenderOrder) -> list[PostStep]:
    """Begin with the layers that are meant; one that is under way already is left to itself."""
    under_way = {step.target(step.layer.span[0]) for step in _open}
    wanted = [layer for layer in layers if order.wants(layer.label)]
    fresh = [each for each in wanted if order.target(each.files[each.span[0]]) not in under_way]
    steps = [PostStep(layer, order, _ended) for layer in fresh]
    _open.extend(steps)
    for step in steps:
        step.begin()
        notify.follow(step)
    return steps


def _ended(step: PostStep) -> None:
    """Tell how a layer went: in the log all, in a dialog what failed."""
    _open.remove(step)
    if step.problems:
        _tell_later(step.summary())
    else:
        unreal.log(f"Filmgate: {step.summary()}")


def _queue_passes(output: unreal.MoviePipelineOutputData) -> Iterator[Pass]:
    for shot in output.get_editor_property("shot_data"):
        for key, written in shot.get_editor_property("render_pass_data").items():
            label = _label(shot, key.get_editor_property("camera_name"))
            yield _pass(label, key.get_editor_property("name"), written)


def _graph_passes(output: unreal.MoviePipelineOutputData) -> Iterator[Pass]:
    for shot in output.get_editor_property("graph_data"):
        for key, written in shot.get_editor_property("render_layer_data").items():
            names = (key.get_editor_property(name) for name in ("layer_name", "camera_name"))
            yield _pass(_label(shot, *names), key.get_editor_property("sub_resource_name"), written)


def _pass(label: str, name: str, written: Any) -> Pass:
    return Pass(label, str(name), tuple(map(str, written.get_editor_property("file_paths"))))


def _label(shot: Any, *names: str) -> str:
    held = shot.get_editor_property("shot")
    first = str(held.get_editor_property("outer_name")) if held is not None else ""
    return " ".join(part for part in (first, *map(str, names)) if part)


def _disabled_in(
    job: unreal.MoviePipelineExecutorJob, graph: unreal.MovieGraphConfig
) -> Iterator[bool]:
    """Yield of each renderer in a graph whether its tone curve is disabled."""
    context = unreal.MovieGraphTraversalContext()
    context.set_editor_property("job", job)
    context.set_editor_property("root_graph", graph)
    found = graph.create_flattened_graph(context)  # from 5.5 on with an error's text beside it
    pair = cast("tuple[Any, ...]", found if isinstance(found, tuple) else (found, ""))
    flat: Optional[unreal.MovieGraphEvaluatedConfig] = pair[0]
    for branch in flat.get_branch_names() if flat is not None else ():
        for name in _RENDERERS:
            kind = getattr(unreal, name, None)  # a release may have fewer
            if kind is None or flat is None:
                continue
            node = flat.get_setting_for_branch(kind.static_class(), branch, include_cd_os=False)
            if node is not None:
                yield bool(node.get_editor_property("disable_tone_curve"))


def _tell_later(text: str) -> None:
    """Show a text once nothing renders any more: a dialog would hold up the rest of the queue."""
    unreal.log_warning(f"Filmgate: {text}")
    if dialogs.attended():
        ticks.watch(lambda: _told(text))


def _told(text: str) -> bool:
    """Show a text unless something renders; return whether to try again."""
    queue = unreal.get_editor_subsystem(unreal.MoviePipelineQueueSubsystem)
    if queue.is_rendering():
        return True
    dialogs.tell(text)
    return False
