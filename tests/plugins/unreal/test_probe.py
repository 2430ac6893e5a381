"""The probe of a real Unreal: what it writes, and whether the stand-in offers more than that.

JSON that people have sent from a real Unreal lies in ``tests/fakes/unreal/probes``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fakes.scripts import load_script

ROOT = Path(__file__).resolve().parents[3]
PROBES = ROOT / "tests" / "fakes" / "unreal" / "probes"


def differences(fake: dict[str, Any], real: dict[str, Any]) -> list[str]:
    """Return what the stand-in offers that a probed Unreal does not, of what the plugin uses."""
    found = [f"unreal.{name}" for name in fake["functions"].keys() - real["functions"].keys()]
    for part in ("classes", "properties"):
        for name, members in fake[part].items():
            there = real[part].get(name)
            if there is None:
                found.append(f"unreal.{name}")
                continue
            found += [f"{name}.{member}" for member in members.keys() - there.keys()]
    return sorted(set(found))


@pytest.fixture
def probed(unreal: Any, tmp_path: Path) -> dict[str, Any]:
    """Return what the probe says of the stand-in."""
    probe = load_script("unreal", "probe")

    path = tmp_path / "unreal.json"
    assert probe.main([str(path)]) == 0
    return json.loads(path.read_text("utf-8"))


def test_probe_writes_what_the_plugin_builds_on(probed: dict[str, Any]) -> None:
    """Versions, calls and classes: exactly those that the plugin says, and none is missing."""
    assert probed["unreal"].startswith("5.6")
    assert not probed["missing"]
    assert "register_slate_post_tick_callback" in probed["functions"]
    assert "get_asset_tools" in probed["classes"]["AssetToolsHelpers"]
    assert "was_cancel_requested" in probed["classes"]["EditorUtilityTask"]
    assert "on_job_finished" in probed["classes"]["MovieGraphScriptBase"]
    assert set(probed["modules"]) >= {"zmq", "msgpack", "blake3"}


def test_probe_leaves_the_project_alone(session: Any, probed: dict[str, Any]) -> None:
    """Nothing is made, changed or saved, whoever runs it in the middle of their work."""
    assert not session.assets
    assert not session.dirty
    assert not session.saved


def test_stand_in_agrees_with_itself(probed: dict[str, Any]) -> None:
    """The comparison finds nothing where there is nothing."""
    assert differences(probed, probed) == []


def test_lack_of_the_real_one_is_found(probed: dict[str, Any]) -> None:
    """A function, a class or a member that a real Unreal lacks is named."""
    real = json.loads(json.dumps(probed))
    del real["functions"]["log"]
    del real["classes"]["EditorDialog"]
    del real["classes"]["EditorUtilityTask"]["was_cancel_requested"]
    assert differences(probed, real) == [
        "EditorUtilityTask.was_cancel_requested",
        "unreal.EditorDialog",
        "unreal.log",
    ]


@pytest.mark.parametrize("path", sorted(PROBES.glob("*.json")), ids=lambda path: path.stem)
def test_stand_in_offers_nothing_that_a_real_unreal_lacks(path: Path, fresh: Any) -> None:
    """Each JSON from a real Unreal holds the stand-in's profile of that release to it."""
    real = json.loads(path.read_text("utf-8"))
    fresh(version=real["unreal"][:3])
    probe = load_script("unreal", "probe")

    assert differences(probe.describe(), real) == []
