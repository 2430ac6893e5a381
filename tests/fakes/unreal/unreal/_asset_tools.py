"""How assets are made, imported and exported: tools, tasks, factories, exporters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Optional, Union

from unreal._assets import _find, add_asset
from unreal._objects import Class, Interface, Object
from unreal._properties import only, prop
from unreal._session import current
from unreal._values import Array, Name


class Factory(Object):
    _only = {"supported_class": only("Class"), "edit_after_new": only("bool")}
    _makes: Any = None


class AssetTools(Interface):
    def create_asset(
        self,
        asset_name: str,
        package_path: str,
        asset_class: Union[Class, type, None],
        factory: Optional[Factory],
        calling_context: Union[Name, str] = "None",
    ) -> Any:
        kind = asset_class._held if asset_class else factory and factory._makes
        path = f"{package_path.rstrip('/')}/{asset_name}"
        if kind is None or _find(path) is not None:
            current().write("Error", f"CreateAsset failed: '{path}'")
            return None
        return add_asset(kind(), path, saved=False)

    def create_unique_asset_name(self, base_package_name: str, suffix: str) -> tuple[str, str]:
        number, path = 0, f"{base_package_name}{suffix}"
        while _find(path) is not None:
            number += 1
            path = f"{base_package_name}{suffix}{number}"
        return path, path.rpartition("/")[2]

    def import_asset_tasks(self, import_tasks: Iterable[AssetImportTask]) -> None:
        from unreal._importing import run

        for task in import_tasks:
            run(task)


_TOOLS: list[AssetTools] = []


class AssetToolsHelpers(Object):
    @classmethod
    def get_asset_tools(cls) -> AssetTools:
        if not _TOOLS:
            _TOOLS.append(AssetTools())
        return _TOOLS[0]


class AssetImportTask(Object):
    filename: str = prop("")
    destination_path: str = prop("")
    destination_name: str = prop("")
    replace_existing: bool = prop(False)
    replace_existing_settings: bool = prop(False)
    automated: bool = prop(False)
    save: bool = prop(False)
    async_: bool = prop(False)
    factory: Optional[Factory] = prop()
    options: Optional[Object] = prop()
    imported_object_paths: Array[str] = prop()
    result: Array[Object] = prop()

    def get_objects(self) -> Array[Object]:
        return self.result

    def is_async_import_complete(self) -> bool:
        return True


class AssetExportTask(Object):
    object: Optional[Object] = prop()
    exporter: Optional[Exporter] = prop()
    filename: str = prop("")
    selected: bool = prop(False)
    replace_identical: bool = prop(False)
    prompt: bool = prop(False)
    automated: bool = prop(False)
    options: Optional[Object] = prop()
    errors: Array[str] = prop()


class Exporter(Object):
    export_task: Optional[AssetExportTask] = prop()
    _extension = ""

    @classmethod
    def run_asset_export_task(cls, task: AssetExportTask) -> bool:
        from unreal._exporting import run

        return run(task)

    @classmethod
    def run_asset_export_tasks(cls, export_tasks: Iterable[AssetExportTask]) -> bool:
        done = [cls.run_asset_export_task(task) for task in export_tasks]
        return all(done)
