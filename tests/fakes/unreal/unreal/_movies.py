"""Movie Render Queue and Movie Render Graph: jobs, their settings, the files that they wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Union

from unreal._delegates import MulticastDelegateBase
from unreal._objects import Class, EditorSubsystem, Object, StructBase
from unreal._properties import prop
from unreal._reflection import event
from unreal._session import current
from unreal._structs import DirectoryPath
from unreal._values import Array, Map, Name

if TYPE_CHECKING:
    from unreal._graphs import MovieGraphConfig


class MoviePipelineSetting(Object):
    def set_is_enabled(self, enabled: bool) -> None:
        self._enabled = enabled

    def is_enabled(self) -> bool:
        return getattr(self, "_enabled", True)


class MoviePipelineColorSetting(MoviePipelineSetting):
    disable_tone_curve: bool = prop(False)


class MoviePipelineOutputSetting(MoviePipelineSetting):
    output_directory: DirectoryPath = prop()
    file_name_format: str = prop("{sequence_name}.{frame_number}")


class MoviePipelineConfigBase(Object):
    def _post_init(self) -> None:
        self._settings: list[Any] = []

    def find_setting_by_class(
        self, class_: Union[Class, type], include_disabled_settings: bool = False
    ) -> Optional[Any]:
        held = class_._held
        return next((each for each in self._settings if isinstance(each, held)), None)

    def find_or_add_setting_by_class(
        self,
        class_: Union[Class, type],
        include_disabled_settings: bool = False,
        exact_match: bool = False,
    ) -> Any:
        found = self.find_setting_by_class(class_, include_disabled_settings)
        if found is None:
            found = class_._held(self)
            self._settings.append(found)
        return found


class MoviePipelinePrimaryConfig(MoviePipelineConfigBase):
    pass


class MoviePipelineExecutorShot(Object):
    outer_name: str = prop("")
    inner_name: str = prop("")
    enabled: bool = prop(True)


class MoviePipelineExecutorJob(Object):
    job_name: str = prop("")
    shot_info: Array[MoviePipelineExecutorShot] = prop()

    def _post_init(self) -> None:
        self._config = MoviePipelinePrimaryConfig(self)
        self._graph: Any = None

    def get_configuration(self) -> MoviePipelinePrimaryConfig:
        return self._config

    def get_graph_preset(self) -> Optional[MovieGraphConfig]:
        return self._graph


class MoviePipelineQueue(Object):
    def _post_init(self) -> None:
        self._jobs: list[MoviePipelineExecutorJob] = []

    def get_jobs(self) -> Array[MoviePipelineExecutorJob]:
        return Array._of(MoviePipelineExecutorJob, self._jobs)

    def allocate_new_job(
        self, job_type: Union[Class, type, None] = None
    ) -> MoviePipelineExecutorJob:
        made = (job_type._held if job_type else MoviePipelineExecutorJob)(self)
        self._jobs.append(made)
        return made


# ---- what was written -------------------------------------------------------------------------


class MoviePipelinePassIdentifier(StructBase):
    name: str = prop("")
    camera_name: str = prop("")

    def __hash__(self) -> int:
        return hash(self.to_tuple())


class MoviePipelineRenderPassOutputData(StructBase):
    file_paths: Array[str] = prop()


class MoviePipelineShotOutputData(StructBase):
    shot: Optional[MoviePipelineExecutorShot] = prop()
    render_pass_data: Map[MoviePipelinePassIdentifier, MoviePipelineRenderPassOutputData] = prop()


class MovieGraphRenderDataIdentifier(StructBase):
    root_branch_name: Name = prop()
    layer_name: str = prop("")
    renderer_name: str = prop("")
    sub_resource_name: str = prop("")
    camera_name: str = prop("")

    def __hash__(self) -> int:
        return hash(self.to_tuple())


class MovieGraphRenderLayerOutputData(StructBase):
    file_paths: Array[str] = prop()


class MovieGraphRenderOutputData(StructBase):
    shot: Optional[MoviePipelineExecutorShot] = prop()
    render_layer_data: Map[MovieGraphRenderDataIdentifier, MovieGraphRenderLayerOutputData] = prop()


class MoviePipelineOutputData(StructBase):
    """What a finished job says: by shot and pass of a queue, by shot and layer of a graph."""

    pipeline: Optional[Object] = prop()
    job: Optional[MoviePipelineExecutorJob] = prop()
    success: bool = prop(False)
    shot_data: Array[MoviePipelineShotOutputData] = prop()
    graph_data: Array[MovieGraphRenderOutputData] = prop()


# ---- executors --------------------------------------------------------------------------------


class MoviePipelineWorkFinished(MulticastDelegateBase):
    pass


class OnMoviePipelineExecutorFinished(MulticastDelegateBase):
    pass


class MoviePipelineExecutorBase(Object):
    on_executor_finished_delegate: OnMoviePipelineExecutorFinished = prop(
        OnMoviePipelineExecutorFinished
    )

    @event
    def execute(self, pipeline_queue: MoviePipelineQueue) -> None:
        pass

    @event
    def is_rendering(self) -> bool:
        return False

    def on_executor_finished_impl(self) -> None:
        self.on_executor_finished_delegate.broadcast(self, True)


class MoviePipelineLinearExecutorBase(MoviePipelineExecutorBase):
    pass


class MoviePipelinePIEExecutor(MoviePipelineLinearExecutorBase):
    """Renders while the editor plays; a job's end is told before that is over."""

    on_individual_job_work_finished_delegate: MoviePipelineWorkFinished = prop(
        MoviePipelineWorkFinished
    )
    on_individual_shot_work_finished_delegate: MoviePipelineWorkFinished = prop(
        MoviePipelineWorkFinished
    )

    @event
    def execute(self, pipeline_queue: MoviePipelineQueue) -> None:
        current().playing = True


class MoviePipelineQueueSubsystem(EditorSubsystem):
    def _post_init(self) -> None:
        self._queue = MoviePipelineQueue(self)
        self._executor: Any = None

    def get_queue(self) -> MoviePipelineQueue:
        return self._queue

    def is_rendering(self) -> bool:
        return self._executor is not None

    def get_active_executor(self) -> Optional[MoviePipelineExecutorBase]:
        return self._executor

    def render_queue_with_executor(
        self, executor_type: Union[Class, type]
    ) -> MoviePipelineExecutorBase:
        made = executor_type._held()
        self.render_queue_with_executor_instance(made)
        return made

    def render_queue_with_executor_instance(self, executor: MoviePipelineExecutorBase) -> None:
        if self._executor is not None:
            current().write("Error", "RenderQueueWithExecutor: already rendering")
            return
        self._executor = executor
        executor.execute(self._queue)
