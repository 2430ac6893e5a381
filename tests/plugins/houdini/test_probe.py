"""The probe of a real Houdini: what it writes, and whether the stand-in offers more than that.

JSON that people have sent from a real Houdini lies in ``tests/fakes/houdini/probes``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fakes.scripts import load_script

ROOT = Path(__file__).resolve().parents[3]
PROBES = ROOT / "tests" / "fakes" / "houdini" / "probes"
OTLS = ROOT / "plugins" / "houdini" / "otls"


def differences(fake: dict[str, Any], real: dict[str, Any]) -> list[str]:
    """Return what the stand-in offers that a probed Houdini does not."""
    found = [f"hou.{name}" for name in fake["functions"].keys() - real["functions"].keys()]
    for name, members in fake["classes"].items():
        if name not in real["classes"]:
            found.append(f"hou.{name}")
            continue
        found += [f"{name}.{member}" for member in members.keys() - real["classes"][name].keys()]
    for kind, node in fake["nodes"].items():
        there = real["nodes"].get(kind)
        if there is None:
            found.append(kind)
            continue
        found += [f"{kind}[{name}]" for name in node["parms"].keys() - there["parms"].keys()]
    return sorted(found)


@pytest.fixture
def probed(hou: Any, tmp_path: Path) -> dict[str, Any]:
    """Return what the probe says of the stand-in, with the assets installed."""
    for table in ("sop", "cop", "top"):
        hou.hda.installFile(str(OTLS / f"filmgate_{table}_infer.1.0.hda"))
    probe = load_script("houdini", "probe")

    path = tmp_path / "houdini.json"
    assert probe.main([str(path)]) == 0
    return json.loads(path.read_text("utf-8"))


def test_probe_writes_what_the_plugin_builds_on(probed: dict[str, Any]) -> None:
    """Versions, signatures, parameters of the nodes inside the assets, and a layer's rules."""
    assert probed["houdini"].startswith("21.")
    assert "setDataWindow" in probed["classes"]["ImageLayer"]
    assert "updateProgress" in probed["classes"]["InterruptableOperation"]
    assert "input1_name" in probed["nodes"]["Cop/pythonsnippet"]["parms"]
    assert "cooktask" in probed["nodes"]["Top/pythonprocessor"]["parms"]
    assert probed["nodes"]["Cop/filmgate::infer"]["inside"] == ["input", "output", "pythonsnippet"]
    assert "filmgate_model" in probed["nodes"]["Sop/filmgate::infer"]["parms"]
    assert probed["layer"]["resolution"] == "(3, 2)"
    assert probed["verbs"]["convertvdb"]["conversion"] == "int 0"
    assert "grouptype" in probed["verbs"]["blast"]
    assert "volumebordertype*" in probed["intrinsics"]["Volume"].split(", ")
    assert {"background", "vdb_class*"} <= set(probed["intrinsics"]["VDB"].split(", "))
    assert set(probed["modules"]) >= {"zmq", "msgpack", "blake3"}


def test_probe_leaves_the_scene_alone(hou: Any, world: Any) -> None:
    """The nodes that it makes are gone, and nothing is there to undo."""
    probe = load_script("houdini", "probe")

    before = hou.node("/obj").createNode("geo")
    steps = len(world.undo_labels())

    probe.describe()

    assert hou.node("/obj").children() == (before,)
    assert len(world.undo_labels()) == steps


def test_stand_in_agrees_with_itself(probed: dict[str, Any]) -> None:
    """The comparison finds nothing where there is nothing."""
    assert differences(probed, probed) == []


@pytest.mark.parametrize(
    ("part", "name", "told"),
    [
        ("functions", "pwd", "hou.pwd"),
        ("classes", "ImageLayer", "hou.ImageLayer"),
        ("nodes", "Cop/pythonsnippet", "Cop/pythonsnippet"),
    ],
)
def test_lack_of_the_real_one_is_found(
    probed: dict[str, Any], part: str, name: str, told: str
) -> None:
    """A name that a real Houdini does not have is a name that the plugin must not use."""
    lacking = {**probed, part: {key: each for key, each in probed[part].items() if key != name}}

    assert told in differences(probed, lacking)


@pytest.mark.parametrize("path", sorted(PROBES.glob("*.json")), ids=lambda path: path.stem)
def test_stand_in_offers_nothing_that_a_real_houdini_lacks(
    probed: dict[str, Any], path: Path
) -> None:
    """Each file that somebody has sent."""
    assert differences(probed, json.loads(path.read_text("utf-8"))) == []


def test_an_old_houdini_is_described_too(fresh: Any) -> None:
    """19.5 has no layers: what failed is said, and the rest is there."""
    fresh("19.5", "hython")
    probe = load_script("houdini", "probe")

    found = probe.describe()

    assert found["houdini"].startswith("19.5")
    assert "ImageLayer" in found["layer"]["failed"]
    assert "InterruptableOperation" in found["classes"]
