"""The stand-in for Houdini offers what the published stubs of each release offer, and no more."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fakes.stub_check import (
    Stub,
    differences,
    houdini_stubs,
    load_fake,
    load_stub,
    public_names,
)

PUBLISHED = ("19.5", "20.5", "21.0")
PLANTED = """
from __future__ import annotations

import hou

node = hou.node("/obj/geo1/infer1")
assert isinstance(node, hou.SopNode)
geometry = hou.Geometry()
{call}
"""
WRONG = {
    "a name that is not there": "hou.executeDeferred(print)",
    "a method of another class": "geometry.allVoxelsAsString()",
    "a missing argument": "hou.FloatParmTemplate('a', 'A')",
    "a wrong type": "hou.node(3)",
    "an enumeration's value that is not there": "hou.attribType.Points",
    "what may be None": "node.parm('a').eval()",
    "a wrong keyword": "geometry.addAttrib(hou.attribType.Point, 'a', default=1.0)",
}
RIGHT = "geometry.addAttrib(hou.attribType.Point, 'a', 1.0)"


@pytest.fixture(scope="module")
def folders() -> dict[str, Path]:
    """Return the folder of the published stub of each release that has one."""
    home = Path(sys.prefix) / "stubs"
    found = {version: home / f"houdini-{version}" / "hou-stubs" for version in PUBLISHED}
    missing = [str(path) for path in found.values() if not path.is_dir()]
    if missing:
        pytest.skip(f"types-houdini is not unpacked (make): {', '.join(missing)}")
    return found


@pytest.fixture(scope="module")
def stubs(folders: dict[str, Path]) -> dict[str, Stub]:
    """Return what each release declares; 20.0 what both its neighbours do, 22.0 what 21.0 does."""
    found = {version: load_stub(folder) for version, folder in folders.items()}
    return {
        **found,
        "20.0": found["20.5"].common(found["19.5"]),
        "22.0": found["21.0"],
    }


@pytest.fixture(scope="module")
def fake(repository: Path) -> Path:
    """Return the folder of the stand-in's package."""
    return repository / "tests" / "fakes" / "houdini" / "hou"


@pytest.fixture(scope="module")
def offered(fake: Path) -> Stub:
    """Return what the stand-in offers where nothing is hidden."""
    return load_fake(fake, public_names(fake))


def test_the_fake_offers_nothing_that_the_stub_lacks(stubs: dict[str, Stub], offered: Stub) -> None:
    """Every name, parameter and order is that of types-houdini 21."""
    assert len(offered.functions) > 130
    assert list(differences(offered, stubs["21.0"])) == []


@pytest.mark.parametrize("version", PUBLISHED)
def test_what_is_raised_is_caught_by_what_the_stub_says(
    stubs: dict[str, Stub], offered: Stub, version: str
) -> None:
    """An exception's bases decide what catches it; 19.5's stub has another base for the first."""
    raised = {name for name in offered.functions if _is_raised(offered, name)} - {"Error"}
    assert len(raised) > 9
    found = {name: offered.bases[name] for name in raised}
    assert found == {name: stubs[version].bases[name] for name in raised}
    assert not _is_raised(offered, "Node")


def _is_raised(stub: Stub, name: str) -> bool:
    bases = stub.bases.get(name, [])
    return "Exception" in bases or any(_is_raised(stub, base) for base in bases)


@pytest.mark.parametrize("version", ["19.5", "20.0", "20.5", "21.0", "22.0"])
def test_a_release_has_no_name_that_it_lacks(
    stubs: dict[str, Stub], offered: Stub, hou: Any, version: str
) -> None:
    """What a profile of the stand-in has, the release has: names of the module and members.

    Parameters are those of 21: the older stubs name them otherwise and have fewer.
    """
    from hou._profiles import find_profile, lacking  # noqa: PLC0415 - the stand-in's own

    left = offered.without(lacking(find_profile(version)))
    found = [text for text in differences(left, stubs[version]) if "required, " not in text]
    assert found == []


def test_what_is_hidden_is_really_new(stubs: dict[str, Stub], hou: Any) -> None:
    """The table of what came when says no more than the stubs: nothing is hidden that was there."""
    from hou._since import SINCE  # noqa: PLC0415 - the stand-in's own

    before = {"21.0": "20.5", "20.5": "20.0"}
    wrong = [
        name
        for name, since in SINCE.items()
        if not name.startswith("_") and stubs[before[since]].has(name)
    ]
    assert wrong == []
    assert SINCE["ImageLayer"] == SINCE["CopNode.layer"] == "21.0"


@pytest.mark.parametrize(
    ("module", "before", "after", "found"),
    [
        ("_session", "def setFrame(frame: float)", "def setFrame(number: float)", "setFrame(num"),
        ("_opnode", "def evalParm(self, parm_path", "def evalParms(self, parm_path", "OpNode.eval"),
        (
            "_geometry",
            "xres: int, yres: int, zres: int",
            "zres: int, yres: int, xres: int",
            "Geometry.createVolume(zres",
        ),
        ("_constants", "    Simple: EnumValue", "    Simpler: EnumValue", "folderType.Simpler"),
    ],
)
def test_what_a_fake_invents_is_found(
    stubs: dict[str, Stub],
    fake: Path,
    tmp_path: Path,
    module: str,
    before: str,
    after: str,
    found: str,
) -> None:
    """A name, a parameter of another name or order and a value of one's own are differences."""
    copy = tmp_path / "hou"
    shutil.copytree(fake, copy, ignore=shutil.ignore_patterns("__pycache__"))
    path = copy / f"{module}.py"
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")
    texts = list(differences(load_fake(copy, public_names(copy)), stubs["21.0"]))
    assert any(each.startswith(found) for each in texts), texts


def test_types_are_those_of_the_fake(repository: Path) -> None:
    """The types that the plugin is checked against are written from the stand-in, today's."""
    for path, text in houdini_stubs(repository).items():
        assert path.read_text(encoding="utf-8") == text, f"run python -m fakes.stub_check: {path}"


@pytest.fixture(scope="module")
def pyright() -> None:
    """Skip where the type checker is not installed."""
    pytest.importorskip("pyright")


@pytest.mark.usefixtures("pyright")
@pytest.mark.timeout(180)
def test_wrong_calls_of_houdini_are_caught(repository: Path, tmp_path: Path) -> None:
    """The type check that the plugin passes finds each of several planted mistakes."""
    for number, call in enumerate([*WRONG.values(), RIGHT]):
        (tmp_path / f"planted{number}.py").write_text(PLANTED.format(call=call), encoding="utf-8")
    config = {
        "typeCheckingMode": "strict",
        "stubPath": str(repository / "typings"),
        "reportMissingModuleSource": False,
    }
    problems = _by_file(repository, tmp_path, config)
    assert problems.pop(f"planted{len(WRONG)}.py", []) == []
    assert sorted(problems) == [f"planted{number}.py" for number in range(len(WRONG))]


LATER = {"20.5": ("cop.py", "layers.py")}
"""Modules that need a later release: 20.5 has no layers."""

CORRECTED = 'attribute "execute" for class "OpVerb"'
"""The stub of 21 says that a category gives an OpVerb; its docstring says a SopVerb."""

SLIP = """
import hou

hou.node("/obj", "/out")
hou.Geometry().pointsCount()
hou.ui.addEventLoopCallbacks(print)
"""


@pytest.mark.usefixtures("pyright")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("version", ["20.5", "21.0"])
def test_the_plugin_fits_the_published_stub(
    repository: Path, tmp_path: Path, folders: dict[str, Path], version: str
) -> None:
    """Checked against types-houdini itself the plugin calls nothing that it lacks.

    What is not there for the check, Qt and USD, hides types from it; names, numbers and what may
    be None are checked all the same. A module with three mistakes beside it is found out.
    """
    shutil.copytree(folders[version], tmp_path / "stubs" / "hou")
    plugin = tmp_path / "filmgate_houdini"  # pyright takes no folders but those below its settings
    shutil.copytree(
        repository / "plugins" / "houdini" / plugin.name,
        plugin,
        ignore=shutil.ignore_patterns("__pycache__", *LATER.get(version, ())),
    )
    (plugin / "slip.py").write_text(SLIP, encoding="utf-8")
    config = {
        "include": [plugin.name],
        "extraPaths": [str(repository / "core"), str(tmp_path)],
        "stubPath": str(tmp_path / "stubs"),
        "typeCheckingMode": "basic",
    }
    problems = _by_file(repository, tmp_path, config)
    found = {
        name: [text for text in texts if _concerns_houdini(text)]
        for name, texts in problems.items()
        if (plugin / name).is_file()
    }
    assert len(found.pop("slip.py")) == 3
    assert {name: texts for name, texts in found.items() if texts} == {}


def _concerns_houdini(text: str) -> bool:
    told = ("known attribute", "Cannot access attribute", "Expected", "missing for")
    return CORRECTED not in text and any(said in text for said in told)


def _by_file(repository: Path, folder: Path, settings: dict[str, object]) -> dict[str, list[str]]:
    config = folder / "pyrightconfig.json"
    config.write_text(json.dumps({"pythonVersion": "3.9", **settings}), encoding="utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--project", str(config)]
    done = subprocess.run(
        [*command, "--pythonpath", sys.executable],
        cwd=repository, capture_output=True, text=True, check=False,
    )  # fmt: skip
    problems: dict[str, list[str]] = {}
    for each in json.loads(done.stdout)["generalDiagnostics"]:
        if each["severity"] == "error":
            problems.setdefault(Path(each["file"]).name, []).append(each["message"])
    return problems
