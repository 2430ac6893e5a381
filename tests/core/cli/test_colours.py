"""`filmgate run` with a colour space and a config."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.frames import manifest
from fakes.ocio import TABLED, archive
from filmgate.cli.colours import choose_colour
from filmgate.digest import digest_bytes, digest_text
from filmgate.errors import ColourError
from filmgate.image.colour import builtin_config
from filmgate.image.exr import load_exr
from filmgate.image.provenance import read_provenance
from filmgate.wire.records import OCIOZ_MEDIA, ColourSpec

Command = Any
MakePlate = Callable[..., bytes]

LOGC3 = "ARRI LogC3 (EI800)"


@pytest.fixture
def source(tmp_path: Path, plate: MakePlate) -> Path:
    """A frame of one value, a dark code in a log."""
    path = tmp_path / "in.exr"
    path.write_bytes(plate(0.1))
    return path


def value(path: Path) -> float:
    """Return the first red value."""
    return float(load_exr(path).parts[0].channels["R"][0, 0])


def test_a_space_and_a_file_of_a_config(filmgate: Command, source: Path) -> None:
    """The table in the archive says what 0.1 is; twice that light is twice the code there."""
    config, out = source.with_name("site.ocioz"), source.with_name("out.exr")
    config.write_bytes(archive())
    options = ("--param", "gain=2", "--space", TABLED, "--config", config)
    filmgate("run", "gain", source, out, *options)
    assert value(out) == pytest.approx(0.2, abs=1e-6)
    provenance = read_provenance(load_exr(out).parts[0].header)
    assert provenance is not None
    reference = digest_text(digest_bytes(config.read_bytes()))
    assert provenance.colour["asked"] == {"space": TABLED, "config": reference}


def test_another_space_is_another_result(filmgate: Command, source: Path) -> None:
    """A frame is made again where its space, or the config's content, is another; else skipped."""
    config, out = source.with_name("site.ocioz"), source.with_name("out.exr")
    config.write_bytes(archive())
    command = ("run", "gain", source, out, "--param", "gain=2")
    assert "1 of 1 written" in filmgate(*command).err
    assert value(out) == pytest.approx(0.2)
    assert "1 of 1 written" in filmgate(*command, "--space", LOGC3).err
    there = builtin_config().processor(LOGC3, "ACEScg")
    back = builtin_config().processor("ACEScg", LOGC3)
    codes = np.full((1, 1, 3), 0.1, np.float32)
    assert value(out) == pytest.approx(back.apply(there.apply(codes) * 2)[0, 0, 0], abs=1e-5)
    assert "1 skipped" in filmgate(*command, "--space", LOGC3).err
    named = (*command, "--space", TABLED, "--config", config)
    assert "1 of 1 written" in filmgate(*named).err
    assert "1 skipped" in filmgate(*named).err
    config.write_bytes(archive(middle=0.3))
    assert "1 of 1 written" in filmgate(*named).err


def test_wrong_names_are_mistakes_in_the_command(filmgate: Command, source: Path) -> None:
    """A space or a config that there is not fails the frame and names what is close."""
    command = ("run", "gain", source, source.with_name("out.exr"))
    assert "'ACEScg'" in filmgate(*command, "--space", "ACESgc", code=1).err
    assert "nowhere" in filmgate(*command, "--config", "nowhere", code=1).err
    said = filmgate(*command, "--config", source.with_name("none.ocioz"), code=2).err
    assert "none.ocioz does not exist" in said


def test_an_archive_comes_along_and_is_named(tmp_path: Path) -> None:
    """A path becomes an input and its digest; a name stays a name."""
    path = tmp_path / "Site.OCIOZ"
    path.write_bytes(archive())
    choice = choose_colour("ACEScg", str(path), manifest())
    (payload,) = choice.inputs
    assert (payload.name, payload.media) == ("ocio", OCIOZ_MEDIA)
    assert choice.spec == ColourSpec("ACEScg", "", digest_text(digest_bytes(archive())))
    assert choose_colour("", "studio", manifest()).spec == ColourSpec(config="studio")


def test_of_a_model_without_colours_nothing_is_said() -> None:
    """Depth has no colour space: the same command over all layers makes nothing twice."""
    depth = {"name": "depth", "role": "depth", "channels": ["Z"]}
    outputs = [{"name": "depth", "channels": ["Z"], "replaces": "depth"}]
    package = manifest(inputs=[depth], outputs=outputs)
    assert choose_colour("ACEScg", "none.ocioz", package).spec == ColourSpec()
    with pytest.raises(ColourError, match="does not exist"):
        choose_colour("ACEScg", "none.ocioz", manifest())
