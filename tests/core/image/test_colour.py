"""Colour spaces by name, the ways between them, and configs that strangers send."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import PyOpenColorIO
import pytest

from fakes.ocio import HALF, LIGHT, TABLED, archive, curve, zipped
from filmgate.digest import digest_bytes, digest_text
from filmgate.errors import ColourError
from filmgate.image import colour, ocioz
from filmgate.image.colour import (
    Space,
    builtin_config,
    find_matrix,
    find_transform,
    parse_config,
)
from filmgate.image.ocioz import parse_ocioz
from filmgate.wire.records import PINNED_CONFIG

LOGC3 = "ARRI LogC3 (EI800)"
ACESCG_TO_REC709 = [
    [1.705051, -0.621792, -0.083259],
    [-0.130256, 1.140805, -0.010548],
    [-0.024003, -0.128969, 1.152972],
]
"""Published with the ACES configs, to six digits."""


def half(value: float = 0.5) -> Any:
    """Return one grey pixel."""
    return np.full((1, 1, 3), value, np.float32)


def test_acescg_to_rec709_is_the_published_matrix() -> None:
    """The rows are the known ones, by the spaces' names and by their aliases."""
    config = builtin_config()
    for names in (("ACEScg", "Linear Rec.709 (sRGB)"), ("lin_ap1", "lin_rec709")):
        assert np.allclose(config.linear_matrix(*names), ACESCG_TO_REC709, rtol=0, atol=1e-6)


def test_every_linear_matrix_is_ocios() -> None:
    """Light through the matrix is light through OCIO, to one part in a million."""
    config = builtin_config()
    raw = PyOpenColorIO.Config.CreateFromBuiltinConfig(PINNED_CONFIG.removeprefix("ocio://"))
    linear = [name for name in raw.getColorSpaceNames() if config.is_linear(name)]
    assert len(linear) > 12
    light = np.random.default_rng(1).uniform(-1, 50, (64, 3)).astype(np.float32)
    for name in linear:
        ours = light @ np.array(config.linear_matrix("ACEScg", name)).T
        theirs = light.copy()
        raw.getProcessor("ACEScg", name).getDefaultCPUProcessor().applyRGB(theirs)
        assert np.abs(ours - theirs).max() <= 1e-6 * np.abs(theirs).max() + 1e-6


def test_a_curve_is_no_matrix() -> None:
    """A space that is not linear is refused where a matrix is asked for, and named."""
    with pytest.raises(ColourError, match="LogC3"):
        builtin_config().linear_matrix("ACEScg", LOGC3)


def test_a_config_that_lies_about_linearity_is_found_out() -> None:
    """A space that calls itself linear and has an offset is not taken for a matrix."""
    config = parse_config(archive())
    assert config.is_linear("liar")
    assert find_matrix(Space(config, LIGHT), Space(config, "liar")) is None


def test_camera_log_is_known() -> None:
    """Middle grey in LogC3 at EI 800 is 0.391, as ARRI publishes; and it comes back."""
    config = builtin_config()
    grey = config.processor("lin_arri_wide_gamut_3", LOGC3).apply(half(0.18))
    assert grey == pytest.approx(0.391, abs=5e-4)
    back = config.processor(LOGC3, "lin_arri_wide_gamut_3").apply(grey)
    assert back == pytest.approx(0.18, rel=1e-5)


def test_conversions_leave_their_input_alone_and_agree_over_threads() -> None:
    """A frame in slices is the frame in one piece, bit for bit; the source is not written to."""
    way = builtin_config().processor("ACEScg", "ACEScct")
    frame = np.random.default_rng(2).uniform(-1, 100, (300, 401, 3)).astype(np.float32)
    before = frame.copy()
    assert np.array_equal(way.apply(frame), way.apply(frame, threads=3))
    assert np.array_equal(frame, before)
    views = np.dstack([frame, frame])[..., ::2]
    assert np.array_equal(way.apply(views), way.apply(np.ascontiguousarray(views)))


def test_names_aliases_and_roles_are_one_space() -> None:
    """Each leads to the space's own name, however it is capitalised; of a file, roles do not."""
    config = builtin_config()
    for name in ("ACEScg", "acescg", "lin_ap1", "ACES - ACEScg", "scene_linear"):
        assert config.resolve(name) == "ACEScg"
        assert name in config
    assert config.find("lin_ap1") == "ACEScg"
    assert config.find("scene_linear") == ""
    assert config.find("Lineal") == ""


@pytest.mark.parametrize(
    ("wrong", "close"), [("ACEScgg", "'ACEScg'"), ("LogC3", "'arri_logc3_ei800'")]
)
def test_a_wrong_name_is_told_with_close_ones(wrong: str, close: str) -> None:
    """The error names the config and what may have been meant."""
    with pytest.raises(ColourError, match=wrong) as caught:
        builtin_config().resolve(wrong)
    assert PINNED_CONFIG in caught.value.text
    assert close in caught.value.remedy


@pytest.mark.parametrize("name", ["studio-config-latest", "default", "nowhere", ""])
def test_a_config_that_moves_is_refused(name: str) -> None:
    """Only names with a version are taken: what is called latest changes pixels by itself."""
    with pytest.raises(ColourError, match="built-in"):
        builtin_config(f"ocio://{name}")


def test_the_environment_has_no_say(tmp_path: Path) -> None:
    """Neither $OCIO nor a variable that a config names changes what a process converts."""
    script = (
        "import sys, numpy as np\n"
        "from filmgate.image.colour import builtin_config, parse_config\n"
        "grey = np.full((1, 1, 3), 0.5, np.float32)\n"
        "print(builtin_config().linear_matrix('ACEScg', 'lin_rec709')[0][0])\n"
        "print(parse_config(open(sys.argv[1], 'rb').read()).processor('light', 'tabled')"
        ".apply(grey)[0, 0, 0])\n"
    )
    path = tmp_path / "site.ocioz"
    path.write_bytes(archive(**{"luts/other.spi1d": curve(0.9)}))
    hostile = {"OCIO": str(tmp_path / "none.ocio"), "TABLE": "other.spi1d"}
    command = [sys.executable, "-c", script, str(path)]
    ran = subprocess.run(
        command, env={**os.environ, **hostile}, capture_output=True, text=True, check=True
    )
    assert [float(line) for line in ran.stdout.split()] == pytest.approx([1.7050509, 0.25])


def test_a_config_is_read_once() -> None:
    """The default by its name is the default: one object, whose spaces are equal."""
    assert builtin_config(PINNED_CONFIG) is builtin_config()


def test_an_archive_is_known_by_its_digest() -> None:
    """Two configs that differ have different references; the same bytes the same."""
    one, other = archive(), archive(factor=0.25)
    assert parse_config(one).reference == digest_text(digest_bytes(one))
    assert parse_config(one).reference != parse_config(other).reference


def test_archives_with_tables_of_one_path_do_not_mix() -> None:
    """OCIO keeps tables by their paths: another show's table must not be taken for one's own."""
    configs = {middle: parse_config(archive(middle=middle)) for middle in (0.25, 0.75)}
    for middle in (0.25, 0.75, 0.25):
        way = configs[middle].processor(LIGHT, TABLED)
        assert way.apply(half()) == pytest.approx(middle)
        assert configs[middle].processor(TABLED, LIGHT).apply(half(middle)) == pytest.approx(0.5)


def test_two_configs_meet_in_aces() -> None:
    """From a space of one config to one of another, by the role that both have."""
    ours, pinned = parse_config(archive()), builtin_config()
    light = np.random.default_rng(3).uniform(0, 5, (4, 4, 3)).astype(np.float32)
    there = find_transform(Space(ours, HALF), Space(pinned, "ACEScg")).apply(light)
    known = pinned.processor("ACES2065-1", "ACEScg").apply(light * 2)
    assert np.allclose(there, known, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("table", ["/{}", "../../../../../../../../{}", "none.spi1d"])
def test_an_archive_reads_no_file_but_its_own(tmp_path: Path, table: str) -> None:
    """A path that leaves the archive leads nowhere, though the file is there."""
    outside = tmp_path / "outside.spi1d"
    outside.write_bytes(curve(0.1))
    config = parse_config(archive(table=table.format(outside.as_posix().lstrip("/"))))
    with pytest.raises(ColourError, match="no way"):
        config.processor(LIGHT, TABLED)


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../up", "luts/../../up", "C:/windows", "a\\b"], ids=str
)
def test_members_that_leave_are_refused(name: str) -> None:
    """An archive whose members name places outside of it is none."""
    with pytest.raises(ColourError, match="which no archive may"):
        parse_ocioz(zipped({"config.ocio": b"x", name: b"x"}))


def test_a_zip_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to more than the bound is dropped on the way, whatever its header claims."""
    monkeypatch.setattr(ocioz, "UNPACKED_BYTES_MAX", 1 << 20)
    bomb = zipped({"config.ocio": b"x", "luts/big.spi1d": bytes(8 << 20)})
    assert len(bomb) < 1 << 15
    with pytest.raises(ColourError, match="unpacks to more than 1 MiB"):
        parse_ocioz(bomb)
    honest = (8 << 20).to_bytes(4, "little")
    with pytest.raises(ColourError):
        parse_ocioz(bomb.replace(honest, (10).to_bytes(4, "little")))


@pytest.mark.parametrize(
    "table", [bytes(ocioz.TABLE_BYTES_MAX + 1), b"\n" * (ocioz.TABLE_LINES_MAX + 1)], ids=len
)
def test_a_table_that_takes_minutes_is_refused(table: bytes) -> None:
    """A few kilobytes must not hold a worker: neither by bytes nor by lines."""
    content = zipped({"config.ocio": b"x", "luts/big.spi1d": table})
    assert len(content) < 1 << 15
    with pytest.raises(ColourError, match=r"big\.spi1d"):
        parse_ocioz(content)


def test_the_largest_cube_in_use_is_read() -> None:
    """65 x 65 x 65 points are within the bounds, and every way reads them anew."""
    cube = b"LUT_3D_SIZE 65\n" + b"0.123456 0.234567 0.345678\n" * 65**3
    config = parse_config(archive(table="big.cube", **{"luts/big.cube": cube}))
    for _ in range(ocioz.READS_MAX + 1):
        way = config.processor(LIGHT, TABLED)
    assert way.apply(half())[0, 0].tolist() == pytest.approx([0.123456, 0.234567, 0.345678])


def test_a_table_that_no_reader_knows_is_not_shown_to_all() -> None:
    """OCIO would go through it once for each of its formats."""
    tables = ocioz.Tables({"config.ocio": b"", "luts/a": b"abc"})
    shown = [bytes(tables.getLutData("luts/a")) for _ in range(ocioz.READS_MAX + 1)]
    assert shown == [b"abc"] * ocioz.READS_MAX + [b"\0"]
    tables.begin()
    assert bytes(tables.getLutData("luts/a")) == b"abc"


def test_small_images_stay_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting threads takes longer than the work of a small image; a large one is shared."""
    started: list[int] = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, threads: int) -> None:
            started.append(threads)
            super().__init__(threads)

    monkeypatch.setattr(colour, "ThreadPoolExecutor", Pool)
    way = builtin_config().processor("ACEScg", "ACEScct")
    for side, threads in ((16, []), (256, [2])):
        image = np.full((side, side, 3), 0.18, np.float32)
        assert np.array_equal(way.apply(image, threads=2), way.apply(image))
        assert started == threads


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of empty files are no config."""
    monkeypatch.setattr(ocioz, "MEMBERS_MAX", 3)
    with pytest.raises(ColourError, match="more than 3 files"):
        parse_ocioz(zipped({f"{number}": b"" for number in range(4)}))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 not much of a zip",
        zipped({"other.ocio": b"x"}),
        zipped({"config.ocio": b"\xff\xfe"}),
        zipped({"config.ocio": b"ocio_profile_version: 99"}),
        zipped({"config.ocio": b"{]"}),
        zipped({"config.ocio": b"x" * (ocioz.CONFIG_BYTES_MAX + 1)}),
        archive()[:-40],
    ],
    ids=range(8),
)
def test_what_is_no_config_is_a_typed_error(content: bytes) -> None:
    """Whatever a client sends, the answer is an error of colour."""
    with pytest.raises(ColourError):
        parse_config(content)


def test_damaged_archives_are_typed_errors() -> None:
    """One byte changed anywhere: a config, or an error of colour, and nothing else."""
    sound = archive()
    random = np.random.default_rng(4)
    for place in random.integers(0, len(sound), 200):
        damaged = bytearray(sound)
        damaged[place] ^= 1 << random.integers(0, 8)
        try:
            parse_config(bytes(damaged)).processor(LIGHT, TABLED)
        except ColourError:
            continue


def test_encrypted_archives_are_refused() -> None:
    """A member that needs a password is an error, not a question."""
    content = bytearray(archive())
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        start = packed.infolist()[0].header_offset
    content[start + 6] |= 1
    central = content.index(b"PK\x01\x02")
    content[central + 8] |= 1
    with pytest.raises(ColourError):
        parse_config(bytes(content))
