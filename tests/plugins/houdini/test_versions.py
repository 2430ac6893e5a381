"""The SOP on every release: what a release lacks is not touched, from the import on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("core", "tests", "tests/fakes/houdini", "plugins/houdini")
CODE = """
import sys
import hou
world = hou._fresh(sys.argv[1], sys.argv[2])
from fakes import hip as scene
from fakes.secluded import make_manifest
from filmgate.host.port import Moment
from filmgate.tensor import TensorSpec, to_tensor_blob
from filmgate_houdini import actions, cook, events, frozen, sessions, sop

def entry(name, axes, **more):
    kind = "attribute" if axes[0] == "n" else "volume"
    return {"name": name, "kind": kind, "axes": axes, **more}

def model(name, axes, scale=1):
    return make_manifest(
        inputs=[entry(name, axes)],
        outputs=[entry(name, axes, replaces=name)],
        geometry={"scale": scale},
        params=[{"name": "gain", "type": "float", "default": 1.0}],
    )

hip = scene.Hip(hou)
scenes = (
    (model("height", ["y", "x", "c"], 2), scene.heightfield(hou, 2, 3), (4, 6, 1)),
    (model("density", ["z", "y", "x", "c"]), scene.volumes(hou, (2, 2, 2)), (2, 2, 2, 1)),
    (model("P", ["n", "c"]), scene.cloud(hou, 3), (2, 3)),
)
for number, (manifest, given, shape) in enumerate(scenes):
    node = hip.node(manifest, hip.supply(given, f"given{number}"))
    if manifest.main_input.name == "P":
        node.parm("filmgate_group").set("1-2")
    source = sop.make_source(node)
    assert source.report(manifest) == []
    assert source.fingerprint(manifest, Moment(1.0))
    assert source.payload(manifest, manifest.main_input, Moment(1.0))
    output = manifest.outputs[0]
    size = 4
    for each in shape:
        size *= each
    blob = to_tensor_blob({output.name: (TensorSpec("F32", shape, output.axes), bytes(size))})
    failed = []
    def show(node):
        try:
            sop.SopSource(node).apply(manifest, {output.name: blob})
        except Exception as error:
            failed.append(error)
    sop.cook = show
    node.cook(force=True)
    assert not failed, failed
    assert sessions.host(node).settings(Moment(1.0)).params == {"gain": 1.0}
assert not world.violations
print("done")
"""


@pytest.mark.parametrize(
    ("version", "mode"),
    [("19.5", "gui"), ("20.0", "hython"), ("20.5", "gui"), ("21.0", "hython"), ("22.0", "gui")],
)
def test_every_release_reads_and_shows(version: str, mode: str, tmp_path: Path) -> None:
    """Heightfields that grow, volumes and a group's points, in a process of that release."""
    path = os.pathsep.join(str(ROOT / folder) for folder in FOLDERS)
    done = subprocess.run(
        [sys.executable, "-c", CODE, version, mode],
        env={**os.environ, "PYTHONPATH": path, "FILMGATE_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "done", done.stderr
