"""What unreal-stub lacks, each with its public page: nothing of the Movie Render Pipeline.

The pages are those of Epic's Python API reference, one for each class:
https://dev.epicgames.com/documentation/en-us/unreal-engine/python-api/class/<class>
"""

from typing import Any

from unreal import EditorSubsystem, MulticastDelegateBase, Object, StructBase

# MoviePipelineSetting: what every setting of a queue has.
class MoviePipelineSetting(Object):
    def set_is_enabled(self, enabled: bool) -> None: ...
    def is_enabled(self) -> bool: ...

# MoviePipelineColorSetting, "Disable Tone Curve" of the queue's Color Output.
class MoviePipelineColorSetting(MoviePipelineSetting):
    disable_tone_curve: bool

# MoviePipelineOutputSetting
class MoviePipelineOutputSetting(MoviePipelineSetting):
    output_directory: Any
    file_name_format: str

# MoviePipelineConfigBase
class MoviePipelineConfigBase(Object):
    def find_setting_by_class(
        self, class_: Any, include_disabled_settings: bool = ...
    ) -> MoviePipelineSetting: ...
    def find_or_add_setting_by_class(
        self, class_: Any, include_disabled_settings: bool = ..., exact_match: bool = ...
    ) -> MoviePipelineSetting: ...

# MoviePipelinePrimaryConfig; before 5.2 it was called MoviePipelineMasterConfig.
class MoviePipelinePrimaryConfig(MoviePipelineConfigBase): ...

# MoviePipelineExecutorShot
class MoviePipelineExecutorShot(Object):
    outer_name: str
    inner_name: str
    enabled: bool

# MoviePipelineExecutorJob
class MoviePipelineExecutorJob(Object):
    job_name: str
    shot_info: Any
    def get_configuration(self) -> MoviePipelinePrimaryConfig: ...
    def get_graph_preset(self) -> MovieGraphConfig: ...

# MoviePipelineQueue
class MoviePipelineQueue(Object):
    def get_jobs(self) -> Any: ...
    def allocate_new_job(self, job_type: Any = ...) -> MoviePipelineExecutorJob: ...

# MoviePipelinePassIdentifier
class MoviePipelinePassIdentifier(StructBase):
    name: str
    camera_name: str

# MoviePipelineRenderPassOutputData
class MoviePipelineRenderPassOutputData(StructBase):
    file_paths: Any

# MoviePipelineShotOutputData
class MoviePipelineShotOutputData(StructBase):
    shot: Any
    render_pass_data: Any

# MovieGraphRenderDataIdentifier
class MovieGraphRenderDataIdentifier(StructBase):
    root_branch_name: Any
    layer_name: str
    renderer_name: str
    sub_resource_name: str
    camera_name: str

# MovieGraphRenderLayerOutputData
class MovieGraphRenderLayerOutputData(StructBase):
    file_paths: Any

# MovieGraphRenderOutputData
class MovieGraphRenderOutputData(StructBase):
    shot: Any
    render_layer_data: Any

# MoviePipelineOutputData
class MoviePipelineOutputData(StructBase):
    pipeline: Any
    job: MoviePipelineExecutorJob
    success: bool
    shot_data: Any
    graph_data: Any

# MoviePipelineWorkFinished
class MoviePipelineWorkFinished(MulticastDelegateBase): ...

# OnMoviePipelineExecutorFinished
class OnMoviePipelineExecutorFinished(MulticastDelegateBase): ...

# MoviePipelineExecutorBase
class MoviePipelineExecutorBase(Object):
    on_executor_finished_delegate: OnMoviePipelineExecutorFinished
    def execute(self, pipeline_queue: MoviePipelineQueue) -> None: ...
    def is_rendering(self) -> bool: ...
    def on_executor_finished_impl(self) -> None: ...

# MoviePipelineLinearExecutorBase
class MoviePipelineLinearExecutorBase(MoviePipelineExecutorBase): ...

# MoviePipelinePIEExecutor, the editor's own "Render (Local)".
class MoviePipelinePIEExecutor(MoviePipelineLinearExecutorBase):
    on_individual_job_work_finished_delegate: MoviePipelineWorkFinished
    on_individual_shot_work_finished_delegate: MoviePipelineWorkFinished

# MoviePipelineQueueSubsystem
class MoviePipelineQueueSubsystem(EditorSubsystem):
    def get_queue(self) -> MoviePipelineQueue: ...
    def is_rendering(self) -> bool: ...
    def get_active_executor(self) -> MoviePipelineExecutorBase: ...
    def render_queue_with_executor(self, executor_type: Any) -> MoviePipelineExecutorBase: ...
    def render_queue_with_executor_instance(self, executor: MoviePipelineExecutorBase) -> None: ...

# MovieGraphNode
class MovieGraphNode(Object): ...

# MovieGraphSettingNode
class MovieGraphSettingNode(MovieGraphNode): ...

# MovieGraphImagePassBaseNode
class MovieGraphImagePassBaseNode(MovieGraphSettingNode):
    disable_tone_curve: bool

# MovieGraphDeferredRenderPassNode
class MovieGraphDeferredRenderPassNode(MovieGraphImagePassBaseNode): ...

# MovieGraphPathTracerRenderPassNode
class MovieGraphPathTracerRenderPassNode(MovieGraphImagePassBaseNode): ...

# MovieGraphTraversalContext
class MovieGraphTraversalContext(StructBase):
    job: Any
    shot: Any
    root_graph: Any

# MovieGraphEvaluatedConfig
class MovieGraphEvaluatedConfig(Object):
    def get_branch_names(self) -> Any: ...
    def get_setting_for_branch(
        self,
        class_: Any,
        branch_name: Any,
        include_cd_os: bool = ...,
        exact_match: bool = ...,
    ) -> MovieGraphSettingNode: ...

# MovieGraphConfig; before 5.5 without the text of what went wrong.
class MovieGraphConfig(Object):
    def create_flattened_graph(self, context: MovieGraphTraversalContext) -> Any: ...

# MovieGraphScriptBase, and "Movie Render Graph Callback Scripts" of the engine's documentation.
class MovieGraphScriptBase(Object):
    def on_job_start(self, in_job_copy: MoviePipelineExecutorJob) -> None: ...
    def on_job_finished(
        self, in_job_copy: MoviePipelineExecutorJob, in_output_data: MoviePipelineOutputData
    ) -> None: ...
    def on_shot_start(
        self, in_job_copy: MoviePipelineExecutorJob, in_shot_copy: MoviePipelineExecutorShot
    ) -> None: ...
    def on_shot_finished(
        self,
        in_job_copy: MoviePipelineExecutorJob,
        in_shot_copy: MoviePipelineExecutorShot,
        in_output_data: MoviePipelineOutputData,
    ) -> None: ...
    def is_per_shot_callback_needed(self) -> bool: ...
