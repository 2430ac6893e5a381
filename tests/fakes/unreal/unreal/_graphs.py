"""Movie Render Graph: what a graph says of its branches, and scripts that a job runs."""

from __future__ import annotations

from typing import Any, Optional, Union

from unreal._movies import (
    MoviePipelineExecutorJob,
    MoviePipelineExecutorShot,
    MoviePipelineOutputData,
)
from unreal._objects import Class, Object, StructBase
from unreal._properties import prop
from unreal._reflection import event
from unreal._session import current
from unreal._values import Array, Name


class MovieGraphNode(Object):
    pass


class MovieGraphSettingNode(MovieGraphNode):
    pass


class MovieGraphImagePassBaseNode(MovieGraphSettingNode):
    disable_tone_curve: bool = prop(False)


class MovieGraphDeferredRenderPassNode(MovieGraphImagePassBaseNode):
    pass


class MovieGraphPathTracerRenderPassNode(MovieGraphImagePassBaseNode):
    pass


class MovieGraphTraversalContext(StructBase):
    job: Optional[MoviePipelineExecutorJob] = prop()
    shot: Optional[MoviePipelineExecutorShot] = prop()
    root_graph: Optional[MovieGraphConfig] = prop()


class MovieGraphEvaluatedConfig(Object):
    """A graph as one shot sees it: by branch, the settings that hold there."""

    _branches: Any = None

    def get_branch_names(self) -> Array[Name]:
        return Array._of(Name, self._branches)

    def get_setting_for_branch(
        self,
        class_: Union[Class, type],
        branch_name: Union[Name, str],
        include_cd_os: bool = True,
        exact_match: bool = False,
    ) -> Optional[MovieGraphSettingNode]:
        """Return a branch's node of a class, or of defaults, which no branch has set."""
        kind = class_._held if isinstance(class_, Class) else class_
        for node in self._branches.get(str(branch_name), []):
            if type(node) is kind or (not exact_match and isinstance(node, kind)):
                return node
        return kind() if include_cd_os else None


class MovieGraphConfig(Object):
    def _post_init(self) -> None:
        self._branches: dict[str, list[MovieGraphSettingNode]] = {"Globals": []}

    def create_flattened_graph(self, context: MovieGraphTraversalContext) -> Any:
        """Return what holds in each branch, from 5.5 on with a text of what went wrong."""
        made = MovieGraphEvaluatedConfig(self)
        made._branches = self._branches
        return made if current().profile.version.startswith("5.4") else (made, "")


class MovieGraphScriptBase(Object):
    """What an Execute Script node runs; the job that it gets is a copy."""

    @event
    def on_job_start(self, in_job_copy: MoviePipelineExecutorJob) -> None:
        pass

    @event
    def on_job_finished(
        self, in_job_copy: MoviePipelineExecutorJob, in_output_data: MoviePipelineOutputData
    ) -> None:
        pass

    @event
    def on_shot_start(
        self, in_job_copy: MoviePipelineExecutorJob, in_shot_copy: MoviePipelineExecutorShot
    ) -> None:
        pass

    @event
    def on_shot_finished(
        self,
        in_job_copy: MoviePipelineExecutorJob,
        in_shot_copy: MoviePipelineExecutorShot,
        in_output_data: MoviePipelineOutputData,
    ) -> None:
        pass

    @event
    def is_per_shot_callback_needed(self) -> bool:
        return False
