"""`filmgate models` and `filmgate status`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from filmgate.cli.models import expected, print_manifest
from filmgate.manifest import (
    Geometry,
    Manifest,
    ModelInput,
    ModelOutput,
    RuntimeSpec,
    Temporal,
)
from filmgate.params import Parameter
from filmgate.wire.records import ModelSummary

Command = Any
"""What `conftest.Command` is: tests import nothing from each other."""

MANIFEST = Manifest(
    name="toy",
    version="1.0.0",
    task="test",
    summary="For tests.",
    inputs=(
        ModelInput("color", "color", ("R", "G", "B"), space="ACEScg", hdr="log"),
        ModelInput("motion", "motion", ("X", "Y")),
    ),
    outputs=(ModelOutput("color", replaces="color"),),
    runtime=RuntimeSpec("array", model_mib=300, mib_per_megapixel=80),
    geometry=Geometry(scale=2),
    temporal=Temporal("window", before=1, after=2),
)
SUMMARY = ModelSummary("toy", "1.0.0", "test", "For tests.", bytes(32), bytes(32), 1, ("champion",))


def test_models_are_listed(filmgate: Command) -> None:
    """People see names and summaries, scripts the digests too."""
    assert "gain" in filmgate("models").out
    models = {model["name"]: model for model in json.loads(filmgate("models", "--json").out)}
    assert models["gain"]["version"] == "1.0.0"
    assert models["gain"]["digest"].startswith("blake3:")
    assert "identity" in models


def test_a_model_is_shown_with_its_ranges(filmgate: Command) -> None:
    """Inputs, outputs, and what each parameter takes."""
    said = filmgate("models", "show", "gain@1.0.0").out
    assert "albedo" in said
    assert "float 0 to 8" in said
    document = json.loads(filmgate("models", "show", "gain", "--json").out)
    assert document["manifest"]["params"][0]["high"] == 8.0


def test_a_model_can_be_named_by_its_digest(filmgate: Command) -> None:
    """What a farm stores is found again."""
    digest = json.loads(filmgate("models", "show", "gain", "--json").out)["digest"]
    assert "gain 1.0.0" in filmgate("models", "show", f"gain@{digest}").out


def test_an_unknown_model_lists_what_there_is(filmgate: Command) -> None:
    """The error tells what could have been meant."""
    assert "gain@1.0.0" in filmgate("models", "show", "gian", code=2).err


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        (Parameter("p", "float", 1.0, low=0.0, high=2.5, unit="EV"), "float 0 to 2.5 EV"),
        (Parameter("p", "int", 1, low=1), "int 1 to …"),
        (Parameter("p", "choice", "a", choices=("a", "b")), "a, b"),
        (Parameter("p", "bool", True), "bool"),
    ],
)
def test_what_a_parameter_takes_is_said_in_words(parameter: Parameter, words: str) -> None:
    """Ranges, choices and units, as an artist reads them."""
    assert expected(parameter) == words


def test_status_tells_of_workers_and_memory(filmgate: Command) -> None:
    """The device of each worker, the state of the server and its memory."""
    said = filmgate("status").out
    assert "running" in said
    assert "cpu" in said
    assert "of 256 MiB" in said
    document = json.loads(filmgate("status", "--json").out)
    assert document["counters"]["jobs_open"] == 0
    assert document["workers"][0]["device"] == "cpu"


def test_what_a_model_needs_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Scale, frames, memory, colours and aliases stand in what an artist reads."""
    print_manifest(MANIFEST, SUMMARY)
    said = capsys.readouterr().out
    for words in (
        "Aliases: toy@champion",
        "Result: 2 times as wide and high",
        "Frames: a sequence; each result needs 1 before and 2 after it",
        "Device memory: 300 MiB and 80 MiB per megapixel",
    ):
        assert words in said
    rows = [line.split() for line in said.splitlines()]
    assert ["color", "R", "G", "B", "yes", "ACEScg", "log"] in rows
    assert ["motion", "X", "Y", "yes", "data"] in rows
