"""The stand-in for Nuke offers what the published stubs of the real API offer, and no more."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.stub_check import differences, load_fake, load_stub, nuke_stubs, public_names

PLANTED = """
from __future__ import annotations

import nuke

write = nuke.nodes.Write()
{call}
"""
WRONG = {
    "a name that is not there": "nuke.executeDeferred(print)",
    "a method of another class": 'nuke.Double_Knob("a").setValues(["b"])',
    "a missing argument": "nuke.Text_Knob()",
    "a wrong type": "nuke.toNode(3)",
    "nothing that is checked for": "nuke.toNode('Write1').name()",
}
RIGHT = "nuke.execute(write, 1, 2, 1, ['main'])"


@pytest.fixture(scope="module")
def published() -> Path:
    """Return the folder of the published stubs."""
    found = importlib.util.find_spec("nuke-stubs")
    if found is None or not found.submodule_search_locations:
        pytest.skip("types-nuke is not installed")
    return Path(next(iter(found.submodule_search_locations)))


@pytest.fixture(scope="module")
def fake(repository: Path) -> Path:
    """Return the folder of the stand-in's package."""
    return repository / "tests" / "fakes" / "nuke" / "nuke"


def test_the_fake_offers_nothing_that_the_stub_lacks(published: Path, fake: Path) -> None:
    """Every name, parameter and order is the stub's or an overlay's."""
    overlay = load_stub(fake.parent / "overlay")
    offered = load_fake(fake, public_names(fake))
    assert len(offered.functions) > 150
    assert list(differences(offered, load_stub(published), overlay)) == []


def test_the_overlay_is_needed(published: Path, fake: Path) -> None:
    """Without the overlay its members differ: it holds nothing that the stub says already."""
    offered = load_fake(fake, public_names(fake))
    found = {
        text.partition("(")[0].split(" ")[0] for text in differences(offered, load_stub(published))
    }
    assert {"activeGroup", "Node.sample", "Node.dependencies", "Node.dependent"} <= found
    assert {"XY_Knob.value", "XYZ_Knob.value"} <= found


@pytest.mark.parametrize(
    ("module", "before", "after", "found"),
    [
        ("_graph", "def toNode(s: str)", "def toNode(path: str)", "toNode(path)"),
        ("_graph", "def toNode(s: str)", "def toNode(s: str, more: int)", "toNode(s, more)"),
        ("_node", "def fullName(self)", "def wholeName(self)", "Node.wholeName"),
        (
            "_knobs",
            "def setValue(self, val: Any, chan",
            "def setValue(self, chan: int, val",
            "Knob.setValue",
        ),
    ],
)
def test_what_a_fake_invents_is_found(
    published: Path, fake: Path, tmp_path: Path, module: str, before: str, after: str, found: str
) -> None:
    """A parameter of another name, order or number, and a method of one's own, are differences."""
    copy = tmp_path / "nuke"
    shutil.copytree(fake, copy)
    path = copy / f"{module}.py"
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")
    offered = load_fake(copy, public_names(copy))
    overlay = load_stub(fake.parent / "overlay")
    texts = list(differences(offered, load_stub(published), overlay))
    assert any(text.startswith(found) for text in texts), texts


def test_types_are_those_of_the_fake(repository: Path) -> None:
    """The types that the plugin is checked against are written from the stand-in, today's."""
    for path, text in nuke_stubs(repository).items():
        assert path.read_text(encoding="utf-8") == text, f"run python -m fakes.stub_check: {path}"


@pytest.fixture(scope="module")
def pyright() -> None:
    """Skip where the type checker is not installed."""
    pytest.importorskip("pyright")


@pytest.mark.usefixtures("pyright")
@pytest.mark.timeout(180)
def test_wrong_calls_of_nuke_are_caught(repository: Path, tmp_path: Path) -> None:
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


SLIP = """
import nuke

nuke.createNodes("Blur")
nuke.toNode("Blur1", "Blur2")
"""


@pytest.mark.usefixtures("pyright", "published")
@pytest.mark.timeout(180)
def test_the_plugin_fits_the_published_stubs(repository: Path, tmp_path: Path) -> None:
    """Checked against types-nuke itself the plugin calls nothing that it lacks.

    Its untyped parameters hide types from a strict check; names and counts are checked all the
    same. What the overlay corrects is let through.
    """
    overlay = ("activeGroup", "nukescripts")
    plugin = tmp_path / "filmgate_nuke"  # pyright takes no folders but those below its settings
    shutil.copytree(repository / "plugins" / "nuke" / plugin.name, plugin)
    (plugin / "slip.py").write_text(SLIP, encoding="utf-8")
    config = {
        "include": [plugin.name],
        "extraPaths": [str(repository / "core"), str(tmp_path)],
        "stubPath": str(tmp_path / "none"),
        "typeCheckingMode": "basic",
    }
    problems = _by_file(repository, tmp_path, config)
    told = {
        name: [text for text in texts if _concerns_nuke(text)] for name, texts in problems.items()
    }
    assert len(told.pop("slip.py")) == 2
    others = [text for texts in told.values() for text in texts]
    assert [text for text in others if not any(word in text for word in overlay)] == []


def _concerns_nuke(text: str) -> bool:
    return (
        "is not a known attribute of module" in text or "Expected" in text or "missing for" in text
    )
