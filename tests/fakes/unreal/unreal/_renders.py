"""What a test does to Movie Render Queue and Graph: jobs that end, and what they say they wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from unreal._graphs import MovieGraphConfig
from unreal._movies import (
    MovieGraphRenderDataIdentifier,
    MovieGraphRenderLayerOutputData,
    MovieGraphRenderOutputData,
    MoviePipelineExecutorJob,
    MoviePipelineExecutorShot,
    MoviePipelineOutputData,
    MoviePipelinePassIdentifier,
    MoviePipelineQueueSubsystem,
    MoviePipelineRenderPassOutputData,
    MoviePipelineShotOutputData,
)
from unreal._session import current
from unreal._values import Array, Name


def queue_output(
    job: MoviePipelineExecutorJob,
    passes: Mapping[str, Iterable[str]],
    shot: str = "shot0010",
    success: bool = True,
) -> MoviePipelineOutputData:
    """Return what a queue's job says that it wrote: files by the name of a render pass."""
    data = MoviePipelineShotOutputData()
    data._values["shot"] = _shot(shot)
    for name, paths in passes.items():
        key, held = MoviePipelinePassIdentifier(), MoviePipelineRenderPassOutputData()
        key._values["name"] = name
        held._values["file_paths"] = Array._of(str, paths)
        data.render_pass_data[key] = held
    made = _output(job, success)
    made.shot_data.append(data)
    return made


def graph_output(
    job: MoviePipelineExecutorJob,
    layers: Mapping[tuple[str, str], Iterable[str]],
    shot: str = "shot0010",
    success: bool = True,
) -> MoviePipelineOutputData:
    """Return what a graph's job says that it wrote: files by layer and renderer."""
    data = MovieGraphRenderOutputData()
    data._values["shot"] = _shot(shot)
    for (layer, renderer), paths in layers.items():
        key, held = MovieGraphRenderDataIdentifier(), MovieGraphRenderLayerOutputData()
        key._values.update(layer_name=layer, renderer_name=renderer, root_branch_name=Name(layer))
        held._values["file_paths"] = Array._of(str, paths)
        data.render_layer_data[key] = held
    made = _output(job, success)
    made.graph_data.append(data)
    return made


def finish(output: MoviePipelineOutputData) -> None:
    """End the job that an executor renders, and the queue with it."""
    from unreal._editor import get_editor_subsystem

    subsystem = get_editor_subsystem(MoviePipelineQueueSubsystem)
    executor, subsystem._executor = subsystem._executor, None
    executor.on_individual_job_work_finished_delegate.broadcast(output)
    current().playing = False
    executor.on_executor_finished_delegate.broadcast(executor, output.success)


def run_graph(script: Any, output: MoviePipelineOutputData) -> None:
    """Let an Execute Script node's script live through a job; what it raises is logged alone."""
    current()._call(script.on_job_start, output.job)
    for shot in output.graph_data:
        current()._call(script.on_shot_start, output.job, shot.shot)
    if script.is_per_shot_callback_needed():
        for shot in output.graph_data:
            current()._call(script.on_shot_finished, output.job, shot.shot, output)
    current()._call(script.on_job_finished, output.job, output)


def graph_job(branches: Mapping[str, Iterable[Any]]) -> MoviePipelineExecutorJob:
    """Return a job that renders a graph: the nodes of each branch by its name."""
    made, graph = MoviePipelineExecutorJob(), MovieGraphConfig()
    graph._branches.update({name: list(nodes) for name, nodes in branches.items()})
    made._graph = graph
    return made


def _shot(name: str) -> MoviePipelineExecutorShot:
    made = MoviePipelineExecutorShot()
    made._values["outer_name"] = name
    return made


def _output(job: MoviePipelineExecutorJob, success: bool) -> MoviePipelineOutputData:
    made = MoviePipelineOutputData()
    made._values.update(job=job, success=success)
    return made
