"""One folder, spelled differently on each platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from filmgate.errors import ConfigError
from filmgate.host.paths import PathMap

SITE = r"Z:/=/mnt/z=/Volumes/z; \\filer\jobs=/jobs; Z:/shared/=/shared"


@pytest.mark.parametrize(
    ("platform", "path", "spelled"),
    [
        ("win32", "/mnt/z/shot/a.%04d.exr", "Z:/shot/a.%04d.exr"),
        ("win32", "/jobs/a", "//filer/jobs/a"),
        ("win32", "/mnt/z", "Z:/"),
        ("win32", r"C:\local\a", "C:/local/a"),
        ("linux", r"Z:\shot\a.exr", "/mnt/z/shot/a.exr"),
        ("linux", "z:/shot/a.exr", "/mnt/z/shot/a.exr"),
        ("linux", r"\\FILER\jobs\a.exr", "/jobs/a.exr"),
        ("linux", "Z:/shared/a.exr", "/shared/a.exr"),
        ("linux", "Z:/sharedness/a.exr", "/mnt/z/sharedness/a.exr"),
        ("linux", "/Volumes/z/a.exr", "/mnt/z/a.exr"),
        ("linux", "/mnt/zebra/a.exr", "/mnt/zebra/a.exr"),
        ("linux", r"/jobs2/a\b.exr", r"/jobs2/a\b.exr"),
        ("linux", "", ""),
    ],
)
def test_paths_are_spelled_as_the_platform_does(platform: str, path: str, spelled: str) -> None:
    """The longest prefix that ends at a slash counts; Windows knows no case."""
    assert PathMap(SITE, platform).here(path) == spelled


def test_of_two_that_look_alike_the_one_that_exists_counts(tmp_path: Path) -> None:
    """Linux and macOS write paths alike: the folder that is there is this machine's."""
    here = tmp_path.as_posix()
    assert PathMap(f"/no/such/folder={here}=Z:/", "darwin").here("Z:/a") == f"{here}/a"


def test_without_a_map_paths_stay() -> None:
    """Where the site says nothing, only Windows' slashes are turned."""
    assert PathMap().here("/mnt/z/a.exr") == "/mnt/z/a.exr"
    assert PathMap("", "win32").here("a\\b") == "a/b"


def test_a_group_without_a_spelling_for_us_changes_nothing() -> None:
    """A site without Macs names none of theirs."""
    assert PathMap("Z:/=Y:/", "linux").here("Z:/a") == "Z:/a"


def test_a_root_may_be_mapped() -> None:
    """The whole of a machine may be a drive of another."""
    assert PathMap("L:/=/", "win32").here("/jobs/a") == "L:/jobs/a"
    assert PathMap("L:/=/", "linux").here("L:\\") == "/"


def test_a_group_of_one_is_refused() -> None:
    """A prefix that means nothing else is a mistake in the setting."""
    with pytest.raises(ConfigError, match="'Z:/'"):
        PathMap("Z:/;")
