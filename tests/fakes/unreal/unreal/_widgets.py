"""Editor utility widgets built from Python: a blueprint's tree, its compilation, its tab."""

from __future__ import annotations

from typing import Any, Optional, Union

from unreal._asset_tools import Factory
from unreal._delegates import OnButtonClickedEvent
from unreal._objects import BlueprintFunctionLibrary, Class, Object
from unreal._properties import prop
from unreal._session import current
from unreal._values import Name, Text


class BlueprintCore(Object):
    pass


class Blueprint(BlueprintCore):
    pass


class UserWidgetBlueprint(Blueprint):
    pass


class BaseWidgetBlueprint(UserWidgetBlueprint):
    pass


class WidgetBlueprint(BaseWidgetBlueprint):
    def _post_init(self) -> None:
        self._tree: dict[str, tuple[Any, str]] = {}
        self._compiled: dict[str, tuple[Any, str]] = {}


class EditorUtilityWidgetBlueprint(WidgetBlueprint):
    pass


class EditorUtilityWidgetBlueprintFactory(Factory):
    _makes = EditorUtilityWidgetBlueprint


class Visual(Object):
    pass


class Widget(Visual):
    is_enabled: bool = prop(True)

    def set_is_enabled(self, is_enabled: bool) -> None:
        self._values["is_enabled"] = is_enabled


class PanelWidget(Widget):
    pass


class VerticalBox(PanelWidget):
    pass


class TextLayoutWidget(Widget):
    pass


class TextBlock(TextLayoutWidget):
    text: Text = prop()

    def set_text(self, text: Union[Text, str]) -> None:
        self._values["text"] = text

    def get_text(self) -> Text:
        return self.text


class ContentWidget(PanelWidget):
    pass


class Button(ContentWidget):
    on_clicked: OnButtonClickedEvent = prop(OnButtonClickedEvent)


class PropertyViewBase(Widget):
    def set_object(self, new_object: Optional[Object]) -> None:
        self._shown = new_object

    def get_object(self) -> Optional[Object]:
        return getattr(self, "_shown", None)


class DetailsView(PropertyViewBase):
    pass


class UserWidget(Widget):
    pass


class EditorUtilityWidget(UserWidget):
    """What a tab shows: the widgets that the blueprint had when it was compiled last."""

    def _post_init(self) -> None:
        self._blueprint: Any = None
        self._children: dict[str, Any] = {}

    def find_child_widget_by_name(self, widget_name: Union[Name, str]) -> Any:
        return self._children.get(str(widget_name))


class BlueprintEditorLibrary(BlueprintFunctionLibrary):
    @classmethod
    def compile_blueprint(cls, blueprint: Blueprint) -> None:
        if isinstance(blueprint, WidgetBlueprint):
            blueprint._compiled = dict(blueprint._tree)


def add(blueprint: WidgetBlueprint, kind: Class, name: str, parent: str) -> Any:
    """Put a widget into a blueprint's tree; None where it cannot stand there."""
    tree = blueprint._tree
    root = parent.casefold() == "none"
    fits = not tree if root else issubclass(tree.get(parent, (Object, ""))[0], PanelWidget)
    if name in tree or not fits:
        current().write("Error", f"AddSourceWidget failed: {name} under {parent}")
        return None
    tree[name] = (kind._held, parent)
    return kind._held(blueprint, name)


def spawn(blueprint: Any) -> tuple[Any, Name]:
    """Open a blueprint's tab; one tab for each blueprint."""
    if current().unattended or not isinstance(blueprint, EditorUtilityWidgetBlueprint):
        return None, Name()
    tab = f"{blueprint.get_path_name()}_ActiveTab"
    if tab not in current().tabs:
        current().tabs[tab] = made = EditorUtilityWidget()
        made._blueprint = blueprint
        made._children = {name: kind() for name, (kind, _) in blueprint._compiled.items()}
    return current().tabs[tab], Name(tab)
