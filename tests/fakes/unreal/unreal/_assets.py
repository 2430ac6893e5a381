"""Assets: packages by path, the content browser's library, metadata, saving."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Optional, Union

from unreal._objects import BlueprintFunctionLibrary, Class, Object, Package, StructBase
from unreal._properties import only, prop
from unreal._session import current, object_path, package_path
from unreal._values import Array, Map, Name


class TopLevelAssetPath(StructBase):
    def __init__(self, text: str = "") -> None:
        self._text = text

    @property
    def asset_name(self) -> Name:
        return Name(self._text.rpartition(".")[2])


class AssetData(StructBase):
    package_name: Name = prop()
    package_path: Name = prop()
    asset_name: Name = prop()
    asset_class_path: TopLevelAssetPath = prop()

    def __init__(
        self,
        package_name: Union[Name, str] = "None",
        package_path: Union[Name, str] = "None",
        asset_name: Union[Name, str] = "None",
        asset_class_path: Optional[TopLevelAssetPath] = None,
    ) -> None:
        self._fill(locals())

    def get_asset(self) -> Any:
        return _find(f"{self.package_name}.{self.asset_name}")

    def get_class(self) -> Optional[Class]:
        held = self.get_asset()
        return held.get_class() if held else None

    def is_valid(self) -> bool:
        return not self.package_name.is_none()

    def is_asset_loaded(self) -> bool:
        return self.get_asset() is not None

    def get_tag_value(self, tag_name: Union[Name, str]) -> Optional[str]:
        held = self.get_asset()
        return _tags(held).get(str(tag_name)) if held else None


def _data_of(held: Object) -> AssetData:
    path = package_path(held.get_path_name())
    made = AssetData(path, path.rpartition("/")[0], held.get_name())
    kind = TopLevelAssetPath(f"/Script/Engine.{type(held).__name__}")
    made._values["asset_class_path"] = kind
    return made


def _tags(held: Any) -> dict[str, str]:
    kept = current().metadata.get(held.get_path_name(), {})
    return {**getattr(held, "_registry_tags", dict)(), **kept}


def add_asset(held: Any, path: str, saved: bool = True) -> Any:
    """Put an object into the content browser."""
    package = Package.__new__(Package)
    package._name = package_path(path)
    held._outer, held._name = package, path.rpartition("/")[2].partition(".")[0]
    current().assets[object_path(package_path(path))] = held
    if not saved:
        current().dirty.add(package._name)
    return held


def _find(path: str) -> Any:
    return current().assets.get(object_path(path.rpartition(" ")[2]))


class AssetImportData(Object):
    _only = {"source_data": only("Any", read_only=True)}
    _files: list[str]

    def get_first_filename(self) -> str:
        return next(iter(self.extract_filenames()), "")

    def extract_filenames(self) -> Array[str]:
        return Array._of(str, getattr(self, "_files", []))

    def scripted_add_filename(self, path: str, index: int, source_file_label: str) -> None:
        self._files = [*getattr(self, "_files", []), path]


class EditorAssetLibrary(BlueprintFunctionLibrary):
    @classmethod
    def load_asset(cls, asset_path: str) -> Any:
        return _found(asset_path, "LoadAsset")

    @classmethod
    def does_asset_exist(cls, asset_path: str) -> bool:
        return _can_edit() and _find(asset_path) is not None

    @classmethod
    def does_directory_exist(cls, directory_path: str) -> bool:
        folder = directory_path.rstrip("/")
        return folder in current().folders or bool(_inside(folder))

    @classmethod
    def make_directory(cls, directory_path: str) -> bool:
        current().folders.add(directory_path.rstrip("/"))
        return True

    @classmethod
    def list_assets(
        cls, directory_path: str, recursive: bool = True, include_folder: bool = False
    ) -> Array[str]:
        found = _inside(directory_path.rstrip("/"))
        depth = directory_path.rstrip("/").count("/") + 1
        return Array._of(str, [each for each in found if recursive or each.count("/") == depth])

    @classmethod
    def find_asset_data(cls, asset_path: str) -> AssetData:
        held = _find(asset_path)
        return _data_of(held) if held else AssetData()

    @classmethod
    def get_path_name_for_loaded_asset(cls, loaded_asset: Object) -> str:
        return loaded_asset.get_path_name()

    @classmethod
    def save_asset(cls, asset_to_save: str, only_if_is_dirty: bool = True) -> bool:
        held = _found(asset_to_save, "SaveAsset")
        return held is not None and _save(held, only_if_is_dirty)

    @classmethod
    def save_loaded_asset(cls, asset_to_save: Object, only_if_is_dirty: bool = True) -> bool:
        return _save(asset_to_save, only_if_is_dirty)

    @classmethod
    def save_loaded_assets(
        cls, assets_to_save: Iterable[Object], only_if_is_dirty: bool = True
    ) -> bool:
        saved = [_save(each, only_if_is_dirty) for each in assets_to_save]
        return all(saved)

    @classmethod
    def delete_asset(cls, asset_path_to_delete: str) -> bool:
        held = _found(asset_path_to_delete, "DeleteAsset")
        return held is not None and _delete(held)

    @classmethod
    def delete_loaded_asset(cls, asset_to_delete: Object) -> bool:
        return _delete(asset_to_delete)

    @classmethod
    def duplicate_asset(cls, source_asset_path: str, destination_asset_path: str) -> Any:
        held = _found(source_asset_path, "DuplicateAsset")
        return held and _duplicate(held, destination_asset_path)

    @classmethod
    def duplicate_loaded_asset(cls, source_asset: Object, destination_asset_path: str) -> Any:
        return _duplicate(source_asset, destination_asset_path)

    @classmethod
    def rename_asset(cls, source_asset_path: str, destination_asset_path: str) -> bool:
        held = _found(source_asset_path, "RenameAsset")
        if held is None or _find(destination_asset_path) is not None:
            return False
        before = held.get_path_name()
        del current().assets[before]
        tags = current().metadata.pop(before, None)
        add_asset(held, destination_asset_path, saved=False)
        if tags is not None:  # they are the package's
            current().metadata[held.get_path_name()] = tags
        return True

    @classmethod
    def set_metadata_tag(cls, object: Object, tag: Union[Name, str], value: str) -> None:
        current().metadata.setdefault(object.get_path_name(), {})[str(tag)] = value
        object.modify()

    @classmethod
    def get_metadata_tag(cls, object: Object, tag: Union[Name, str]) -> str:
        return current().metadata.get(object.get_path_name(), {}).get(str(tag), "")

    @classmethod
    def remove_metadata_tag(cls, object: Object, tag: Union[Name, str]) -> None:
        current().metadata.get(object.get_path_name(), {}).pop(str(tag), None)
        object.modify()

    @classmethod
    def get_metadata_tag_values(cls, object: Object) -> Map[Name, str]:
        return Map._of((Name, str), current().metadata.get(object.get_path_name(), {}))

    @classmethod
    def get_tag_values(cls, asset_path: str) -> Map[Name, str]:
        held = _found(asset_path, "GetTagValues")
        return Map._of((Name, str), _tags(held) if held else {})

    @classmethod
    def sync_browser_to_objects(cls, asset_paths: Iterable[str]) -> None:
        current().selection = [object_path(each) for each in asset_paths]

    @classmethod
    def checkout_loaded_asset(cls, asset_to_checkout: Object) -> bool:
        current().read_only.discard(package_path(asset_to_checkout.get_path_name()))
        return True


def _can_edit() -> bool:
    """Say whether the library works: while the editor plays it refuses, in the log alone."""
    if current().playing:
        current().write("Error", "The Editor is currently in a play mode.")
    return not current().playing


def _inside(folder: str) -> list[str]:
    return sorted(path for path in current().assets if path.startswith(f"{folder}/"))


def _found(path: str, what: str) -> Any:
    if not _can_edit():
        return None
    held = _find(path)
    if held is None:
        current().write("Error", f"{what} failed: The asset '{path}' does not exist.")
    return held


def _save(held: Any, only_if_dirty: bool) -> bool:
    if not _can_edit():
        return False
    path = package_path(held.get_path_name())
    if path in current().read_only:
        current().write("Error", f"SaveAsset failed: '{path}' is read-only.")
        return False
    if path in current().dirty or not only_if_dirty:
        current().saved.append(path)
        current().dirty.discard(path)
    return True


def _delete(held: Any) -> bool:
    if not _can_edit():
        return False
    path = held.get_path_name()
    current().assets.pop(path, None)
    current().metadata.pop(path, None)
    current().selection = [each for each in current().selection if each != path]
    held._alive = False
    return True


def _duplicate(held: Any, path: str) -> Any:
    if not _can_edit():
        return None
    if _find(path) is not None:
        current().write("Error", f"DuplicateAsset failed: '{path}' already exists.")
        return None
    made = type(held)()
    made._restore(held._state())
    tags = current().metadata.get(held.get_path_name())
    add_asset(made, path, saved=False)
    if tags:
        current().metadata[made.get_path_name()] = dict(tags)
    return made
