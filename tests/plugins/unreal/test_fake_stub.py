"""The stand-in for Unreal offers what the published stub of the real API offers, and no more."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from fakes.stub_check import differences, load_fake, load_stub, public_names
from fakes.unreal_slice import (
    Published,
    cut,
    load_overlay,
    load_published,
    used_names,
    used_properties,
)
from fakes.unreal_stub import unreal_stub

PLANTED = """
from __future__ import annotations

import unreal

texture = unreal.Texture2D()
{call}
"""
WRONG = {
    "a name that is not there": "unreal.read_pixels(texture)",
    "a method of another class": "texture.run_asset_export_task(texture)",
    "a missing argument": "unreal.EditorAssetLibrary.set_metadata_tag(texture, 'a')",
    "a wrong type": "unreal.EditorAssetLibrary.load_asset(3)",
    "an entry that an enum lacks": "texture.compression_settings = "
    "unreal.TextureCompressionSettings.TC_ZIP",
    "nothing that is checked for": "unreal.ToolMenus.get().find_menu('A').add_section('B')",
}
RIGHT = "unreal.EditorAssetLibrary.set_metadata_tag(texture, 'a', 'b')"

ONLY_IN_SLICE = ("nothing that is checked for",)
"""The real stub does not say that there may be no such menu; the stand-in does."""


@pytest.fixture(scope="session")
def published() -> Published:
    """Return the published stub."""
    folder = Path(sys.prefix) / "stubs" / "unreal-5.6" / "unreal"
    if not folder.is_dir():
        pytest.skip(f"unreal-stub is not at {folder}: `make test` puts it there")
    return load_published(folder)


@pytest.fixture(scope="session")
def fake(repository: Path) -> Path:
    """Return the folder of the stand-in's package."""
    return repository / "tests" / "fakes" / "unreal" / "unreal"


@pytest.fixture(scope="session")
def plugin(repository: Path) -> list[Path]:
    """Return the plugin's files."""
    return sorted((repository / "plugins" / "unreal").rglob("*.py"))


@pytest.fixture(scope="session")
def cut_stub(
    published: Published, fake: Path, plugin: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a folder with the slice of the stub that the stand-in and the plugin use."""
    offered = load_fake(fake, public_names(fake))
    names = {*offered.functions, *offered.classes, *used_names(plugin)}
    folder = tmp_path_factory.mktemp("slice") / "unreal"
    folder.mkdir()
    text = cut(published, names, load_overlay(fake.parent / "overlay"))
    (folder / "__init__.pyi").write_text(text, encoding="utf-8")
    return folder


# ---- names, parameters, order ---------------------------------------------------------------


def test_the_fake_offers_nothing_that_the_stub_lacks(cut_stub: Path, fake: Path) -> None:
    """Every name, parameter and order is the published stub's or the overlay's."""
    offered = load_fake(fake, public_names(fake))
    assert len(offered.functions) > 150
    assert list(differences(offered, load_stub(cut_stub))) == []


def test_bases_are_the_real_ones(cut_stub: Path, fake: Path) -> None:
    """What a class inherits from, the real class inherits from too."""
    offered, real = load_fake(fake, public_names(fake)), load_stub(cut_stub)
    wrong = [
        f"{name}({base})"
        for name in offered.functions.keys() & offered.bases.keys()
        for base in offered.bases[name]
        if base in real.bases and base not in _ancestors(name, real.bases)
    ]
    assert wrong == []


def _ancestors(name: str, bases: Mapping[str, list[str]]) -> set[str]:
    found = set(bases.get(name, []))
    return found.union(*(_ancestors(each, bases) for each in found))


def test_the_overlay_says_nothing_that_the_stub_says(published: Published, fake: Path) -> None:
    """Without the stub having it: else the published text would be hidden."""
    added = [node.name for node in ast.parse(load_overlay(fake.parent / "overlay")).body]  # type: ignore[attr-defined]
    assert len(added) > 20
    assert published.names.isdisjoint(added)


@pytest.mark.parametrize(
    ("module", "before", "after", "found"),
    [
        ("_assets", "tag: Union[Name, str], value: str", "tag: Union[Name, str], text: str", "tag"),
        (
            "_assets",
            "def load_asset(cls, asset_path: str)",
            "def load_asset(cls, asset_path: str, more: int)",
            "EditorAssetLibrary.load_asset(asset_path, more)",
        ),
        ("_dialogs", "def show_message(", "def show_text(", "EditorDialog.show_text"),
        ("_enums", "TC_HDR_F32", "TC_HDR_F64", "TextureCompressionSettings.TC_HDR_F64"),
        ("_textures", "flip_green_channel: bool", "flip_red_channel: bool", "Texture.flip_red"),
    ],
)
def test_what_a_fake_invents_is_found(
    cut_stub: Path, fake: Path, tmp_path: Path, module: str, before: str, after: str, found: str
) -> None:
    """A parameter of another name or number, a method and an entry of one's own are differences."""
    copy = tmp_path / "unreal"
    shutil.copytree(fake, copy)
    path = copy / f"{module}.py"
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")
    texts = list(differences(load_fake(copy, public_names(copy)), load_stub(cut_stub)))
    assert any(found in each for each in texts), texts


# ---- editor properties ----------------------------------------------------------------------


def test_properties_of_the_fake_are_the_real_ones(published: Published, fake: Path) -> None:
    """What `get_editor_property` finds in the stand-in, the real class's docstring lists."""
    offered = _declared(fake)
    assert len(offered) > 100
    wrong = [
        f"{owner}.{name}"
        for owner, name in offered
        if owner in published.names and name not in published.editor_properties(owner)
    ]
    assert wrong == []


def _declared(folder: Path) -> list[tuple[str, str]]:
    """Return the properties of the stand-in's classes."""
    return [
        (node.name, name)
        for path in sorted(folder.glob("*.py"))
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
        for member in node.body
        for name in _property_names(member)
    ]


def _property_names(member: ast.stmt) -> Iterable[str]:
    if isinstance(member, ast.AnnAssign) and isinstance(member.value, ast.Call):
        if ast.unparse(member.value.func) in ("prop", "double"):
            yield ast.unparse(member.target)
    elif isinstance(member, ast.Assign) and ast.unparse(member.targets[0]) == "_only":
        assert isinstance(member.value, ast.Dict)
        yield from (str(ast.literal_eval(key)) for key in member.value.keys if key)


def test_properties_that_the_plugin_names_exist(
    published: Published, fake: Path, plugin: list[Path]
) -> None:
    """Every literal name is a property of a class in use, or one that the plugin declares itself.

    Checkers are blind here: `set_editor_property("typo")` is fine with all of them.
    """
    classes = published.with_bases({*public_names(fake), *used_names(plugin)})
    known = {name for each in classes for name in published.editor_properties(each)}
    known |= {name for owner, name in _declared(fake) if owner not in published.names}
    known |= _own_properties(plugin)
    used = used_properties(plugin)
    assert {
        name: files for name, files in used.items() if name[0] != "<" and name not in known
    } == {}


def _own_properties(paths: Iterable[Path]) -> set[str]:
    """Return the names of what files declare as `uproperty`."""
    return {
        ast.unparse(node.targets[0])
        for path in paths
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("unreal.uproperty")
    }


def test_names_of_properties_in_lists_exist(published: Published, plugin: list[Path]) -> None:
    """The settings that are copied from texture to texture are properties of textures."""
    copied = [
        name
        for path in plugin
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_COPIED"
        for name in ast.literal_eval(node.value)
    ]
    assert len(copied) > 5
    assert [name for name in copied if name not in published.editor_properties("Texture2D")] == []


# ---- types ----------------------------------------------------------------------------------


def test_types_are_those_of_the_fake(repository: Path) -> None:
    """The types that the plugin is checked against are written from the stand-in, today's."""
    path, text = unreal_stub(repository)
    assert path.read_text(encoding="utf-8") == text, "run python -m fakes.unreal_stub"


def test_nothing_of_the_published_stub_is_kept(repository: Path) -> None:
    """Of unreal-stub nothing lies in the repository: no docstring of it stands in our types."""
    text = (repository / "typings" / "unreal" / "__init__.pyi").read_text("utf-8")
    assert text.count('"""') == 2
    assert "Editor Properties" not in text


@pytest.fixture(scope="session")
def pyright() -> None:
    """Skip where the type checker is not installed."""
    pytest.importorskip("pyright")


@pytest.mark.usefixtures("pyright")
@pytest.mark.timeout(180)
def test_wrong_calls_of_unreal_are_caught(repository: Path, tmp_path: Path) -> None:
    """The type check that the plugin passes finds each of several planted mistakes."""
    problems = _planted(repository, tmp_path, repository / "typings")
    assert problems == set(WRONG)


@pytest.mark.usefixtures("pyright")
@pytest.mark.timeout(180)
def test_the_slice_catches_them_too(repository: Path, tmp_path: Path, cut_stub: Path) -> None:
    """So does a check against the published stub's own text."""
    problems = _planted(repository, tmp_path, cut_stub.parent)
    assert problems == WRONG.keys() - set(ONLY_IN_SLICE)


def _planted(repository: Path, folder: Path, stubs: Path) -> set[str]:
    """Return which of the wrong calls are found; the right one never may be."""
    calls = {**WRONG, "": RIGHT}
    for number, call in enumerate(calls.values()):
        (folder / f"planted{number}.py").write_text(PLANTED.format(call=call), encoding="utf-8")
    settings: dict[str, object] = {"typeCheckingMode": "standard", "stubPath": str(stubs)}
    found = _by_file(repository, folder, settings)
    return {what for number, what in enumerate(calls) if f"planted{number}.py" in found}


def _by_file(repository: Path, folder: Path, settings: dict[str, object]) -> dict[str, list[str]]:
    config = folder / "pyrightconfig.json"
    fixed = {"pythonVersion": "3.9", "reportMissingModuleSource": False}
    config.write_text(json.dumps({**fixed, **settings}), encoding="utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--project", str(config)]
    done = subprocess.run(
        [*command, "--pythonpath", sys.executable],
        cwd=repository, capture_output=True, text=True, check=False,
    )  # fmt: skip
    problems: dict[str, list[str]] = {}
    for each in json.loads(done.stdout)["generalDiagnostics"]:
        if each["severity"] == "error":
            line = each["range"]["start"]["line"] + 1
            told = f"{line}: {each['message']}"
            problems.setdefault(Path(each["file"]).name, []).append(told)
    return problems


SLIP = """
import unreal

unreal.EditorAssetLibrary.load_assets("/Game/T_Rock")
unreal.EditorAssetLibrary.save_asset()
"""


@pytest.mark.usefixtures("pyright")
@pytest.mark.timeout(180)
def test_the_plugin_fits_the_published_stub(
    repository: Path, tmp_path: Path, cut_stub: Path
) -> None:
    """Checked against what is cut of unreal-stub itself the plugin calls nothing that it lacks.

    That a subsystem may be missing, and what kind of object a factory makes, the stub leaves open:
    names and numbers of arguments are checked. A module with two mistakes beside it is found out.
    """
    plugin = tmp_path / "filmgate_unreal"  # pyright takes no folders but those below its settings
    shutil.copytree(repository / "plugins" / "unreal" / "Content" / "Python" / plugin.name, plugin)
    (plugin / "slip.py").write_text(SLIP, encoding="utf-8")
    config: dict[str, object] = {
        "include": [plugin.name],
        "extraPaths": [str(repository / "core"), str(tmp_path)],
        "stubPath": str(cut_stub.parent),
        "typeCheckingMode": "basic",
    }
    problems = _by_file(repository, tmp_path, config)
    told = {
        name: [text for text in texts if _concerns_unreal(text)] for name, texts in problems.items()
    }
    assert len(told.pop("slip.py")) == 2
    assert {name: texts for name, texts in told.items() if texts} == {}


def _concerns_unreal(text: str) -> bool:
    told = ("known attribute of module", "Cannot access attribute", "Expected", "missing for")
    return any(said in text for said in (*told, "No parameter named"))
