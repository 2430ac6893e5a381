"""Damaged bytes never crash the decoder; a child process would show it in its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from filmgate.image.exr import encode_exr
from filmgate.image.frame import Plate
from filmgate.image.header import text_attribute

MUTATIONS = 150
CHILD = """
import json, random, sys
from pathlib import Path
from filmgate.errors import ImageError
from filmgate.image.container import Limits
from filmgate.image.exr import parse_exr

seed, count = int(sys.argv[2]), int(sys.argv[3])
source, chance = Path(sys.argv[1]).read_bytes(), random.Random(seed)
outcomes = {"decoded": 0, "refused": 0}
for _ in range(count):
    content = bytearray(source)
    reach = chance.choice((600, len(content)))
    for _ in range(chance.choice((1, 3, 12))):
        content[chance.randrange(reach)] = chance.randrange(256)
    if chance.random() < 0.2:
        del content[chance.randrange(len(content)):]
    try:
        parse_exr(content, Limits(4096, 4096, 64, 1 << 26))
        outcomes["decoded"] += 1
    except ImageError:
        outcomes["refused"] += 1
print("\\n" + json.dumps(outcomes))
"""


@pytest.mark.parametrize(
    "compression", ["none", "rle", "zip", "piz", "pxr24", "b44", "dwaa", "zstd"]
)
@pytest.mark.parametrize("parts", [1, 2])
def test_mutated_files_are_decoded_or_refused(
    compression, parts, make_part, smooth_planes, tmp_path
):
    """Whatever bytes were changed or cut, the outcome is a picture or an ImageError."""
    planes = smooth_planes((40, 24))
    plate = Plate(
        tuple(
            make_part(
                planes,
                compression=compression,
                name=text_attribute(str(place)),
                type=text_attribute("scanlineimage"),
            )
            for place in range(parts)
        )
    )
    path = tmp_path / "source.exr"
    path.write_bytes(encode_exr(plate))
    core = Path(__file__).parents[3] / "core"
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), str(parts), str(MUTATIONS)],
        env={**os.environ, "PYTHONPATH": str(core)},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert child.returncode == 0, child.stderr[-2000:]
    outcomes = json.loads(child.stdout.splitlines()[-1])
    assert sum(outcomes.values()) == MUTATIONS
    assert outcomes["refused"] > 0
