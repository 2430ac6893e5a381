"""The probe of a real Nuke: what it writes, and whether the stand-in offers more than the real one.

JSON that people have sent from a real Nuke lies in ``tests/fakes/nuke/probes``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fakes.scripts import load_script

PROBES = Path(__file__).resolve().parents[2] / "fakes" / "nuke" / "probes"
VIEWED = ("Read", "Write", "Remove", "Merge2", "Copy", "Switch", "Reformat", "Group", "FrameHold")


def differences(fake: dict[str, Any], real: dict[str, Any]) -> list[str]:
    """Return what the stand-in offers that a probed Nuke does not."""
    found = [f"nuke.{name}" for name in fake["functions"].keys() - real["functions"].keys()]
    for name, members in fake["classes"].items():
        if name not in real["classes"]:
            found.append(f"nuke.{name}")
            continue
        found += [f"{name}.{member}" for member in members.keys() - real["classes"][name].keys()]
    for kind, knobs in {**fake["nodes"], "Root": fake["root"]}.items():
        there = real["root"] if kind == "Root" else real["nodes"].get(kind, {})
        found += [f"{kind}[{name}]" for name in knobs.keys() - there.keys()]
    for name, choices in fake["write_exr"]["choices"].items():
        there = real["write_exr"]["choices"].get(name, [])
        found += [f"Write[{name}] = {each}" for each in choices if each not in there]
    return sorted(found)


@pytest.fixture
def probed(nuke: Any, tmp_path: Path) -> dict[str, Any]:
    """Return what the probe says of the stand-in."""
    probe = load_script("nuke", "probe")

    path = tmp_path / "nuke.json"
    assert probe.main([str(path)]) == 0
    return json.loads(path.read_text("utf-8"))


def test_probe_writes_what_the_plugin_builds_on(probed: dict[str, Any]) -> None:
    """Versions, signatures, the knobs of the nodes inside, and the choices of an EXR Write."""
    assert probed["nuke"].startswith("16.")
    assert "nameOrNode" in probed["functions"]["execute"]
    assert "opHashes" in probed["classes"]["Node"]
    assert all(probed["nodes"][kind] for kind in VIEWED)
    assert "32 bit float" in probed["write_exr"]["choices"]["datatype"]
    assert set(probed["nodes"]) >= {"TimeWarp", "NoOp", "Switch", "Copy", "DeepWrite", "WriteGeo"}
    assert probed["defaults"]["Merge2"]["operation"] == "over"
    assert "difference" in probed["choices"]["Merge2"]["operation"]
    assert set(probed["modules"]) >= {"zmq", "msgpack", "blake3"}


def test_probe_leaves_the_script_alone(nuke: Any) -> None:
    """The nodes that it makes are gone, whoever runs it in the middle of their work."""
    probe = load_script("nuke", "probe")

    before = nuke.nodes.Grade()
    probe.describe()

    assert nuke.allNodes() == [before]


def test_stand_in_agrees_with_itself(probed: dict[str, Any]) -> None:
    """The comparison finds nothing where there is nothing."""
    assert differences(probed, probed) == []


@pytest.mark.parametrize(
    ("part", "name", "told"),
    [("functions", "execute", "nuke.execute"), ("classes", "Undo", "nuke.Undo")],
)
def test_lack_of_the_real_one_is_found(
    probed: dict[str, Any], part: str, name: str, told: str
) -> None:
    """A function or class that a real Nuke lacks is named."""
    real = json.loads(json.dumps(probed))
    del real[part][name]

    assert differences(probed, real) == [told]


def test_knob_and_choice_that_are_lacking_are_found(probed: dict[str, Any]) -> None:
    """So are knobs of nodes, and choices of knobs."""
    real = json.loads(json.dumps(probed))
    del real["nodes"]["Read"]["on_error"]
    real["write_exr"]["choices"]["datatype"].remove("32 bit float")

    assert differences(probed, real) == ["Read[on_error]", "Write[datatype] = 32 bit float"]


@pytest.mark.parametrize("path", sorted(PROBES.glob("*.json")), ids=lambda path: path.stem)
def test_stand_in_offers_nothing_that_a_real_nuke_lacks(path: Path, fresh: Any) -> None:
    """Each JSON from a real Nuke holds the stand-in's profile of that release to it."""
    real = json.loads(path.read_text("utf-8"))
    fresh(version=real["nuke"].partition("v")[0])
    probe = load_script("nuke", "probe")

    assert differences(probe.describe(), real) == []
