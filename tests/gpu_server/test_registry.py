"""Model packages in folders: found, named, digested, and refused when they cannot be used."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.packages import write_package
from filmgate.digest import digest_text
from filmgate.errors import FilmgateError, ManifestError, UnknownModelError
from filmgate_server.registry.content import digest_package, locate
from filmgate_server.registry.local import LocalRegistry
from filmgate_server.zoo import ZOO_FOLDER


def _only_problem(folder: Path) -> FilmgateError:
    registry = LocalRegistry([folder])
    assert [problem.path.name for problem in registry.problems] == ["broken"]
    assert [package.reference for package in registry.packages()] == ["toy@1.0.0"]
    return registry.problems[0].error


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a registry's folder with one sound package."""
    write_package(tmp_path / "toy")
    return tmp_path


def test_the_zoo_is_sound() -> None:
    """Every package that comes with the server can be used."""
    registry = LocalRegistry([ZOO_FOLDER])
    assert registry.problems == []
    names = [package.reference for package in registry.packages()]
    assert names == [
        "denoise@1.0.0",
        "identity@1.0.0",
        "negate@1.0.0",
        "smooth@1.0.0",
        "smooth-points@1.0.0",
        "smooth-volume@1.0.0",
        "terrain-detail@1.0.0",
    ]


def test_every_package_of_the_zoo_is_described() -> None:
    """A card and a licence note stand beside each manifest."""
    for package in LocalRegistry([ZOO_FOLDER]).packages():
        for name in ("card.md", "LICENSE.md"):
            assert (package.path / name).read_text(encoding="utf-8").strip()


def test_latest_version_first(tmp_path: Path) -> None:
    """Versions are ordered as numbers, and a bare name means the highest."""
    for version in ("1.9.0", "1.10.0", "0.2.0"):
        write_package(tmp_path / "toy" / version, version=version)
    registry = LocalRegistry([tmp_path])
    references = [package.reference for package in registry.packages()]
    assert references == ["toy@1.10.0", "toy@1.9.0", "toy@0.2.0"]
    assert registry.resolve("toy").reference == "toy@1.10.0"
    assert registry.resolve("toy@0.2.0").reference == "toy@0.2.0"


def test_a_digest_names_one_package(folder: Path) -> None:
    """A node that stores the digest gets exactly that package."""
    registry = LocalRegistry([folder])
    package = registry.resolve("toy")
    assert registry.resolve(f"toy@{digest_text(package.digest)}") == package
    with pytest.raises(UnknownModelError):
        registry.resolve(f"toy@{digest_text(bytes(32))}")


def test_unknown_names_get_close_ones(folder: Path) -> None:
    """A typing error is answered with what may have been meant."""
    registry = LocalRegistry([folder, ZOO_FOLDER])
    with pytest.raises(UnknownModelError, match="Did you mean denoise"):
        registry.resolve("denoize")
    with pytest.raises(UnknownModelError, match=r"only toy@1\.0\.0"):
        registry.resolve("toy@2.0.0")


@pytest.mark.parametrize("place", ["broken", "broken/1.0.0"])
def test_a_broken_package_says_why_when_it_is_asked_for(folder: Path, place: str) -> None:
    """Its author reads what to mend, not only that there is no such model."""
    write_package(folder / place, name="broken", engine="pickle")
    with pytest.raises(UnknownModelError, match=r"cannot be used: .*pickle"):
        LocalRegistry([folder]).resolve("broken")


def test_a_broken_manifest_takes_no_other_down(folder: Path) -> None:
    """A package whose manifest is no TOML is reported, the others serve."""
    write_package(folder / "broken", name="broken", more="[[")
    assert "not TOML" in _only_problem(folder).text


def test_a_missing_entry_is_found_early(folder: Path) -> None:
    """A package without the code that it names is refused when it is found, not when it runs."""
    write_package(folder / "broken", name="broken", entry="missing.py:Model")
    assert "missing.py" in _only_problem(folder).text


def test_a_folder_without_manifest_is_reported(folder: Path) -> None:
    """An empty folder among packages is more likely an accident than meant."""
    (folder / "broken").mkdir()
    assert "model.toml" in _only_problem(folder).text


def test_a_folder_says_what_it_holds(folder: Path) -> None:
    """A package in a folder of another name would shadow one unseen."""
    write_package(folder / "broken", name="other")
    assert "other@1.0.0" in _only_problem(folder).text


def test_a_missing_folder_is_a_problem_not_an_error(folder: Path) -> None:
    """A registry serves what it finds when a mount is absent."""
    registry = LocalRegistry([folder / "absent", folder])
    assert len(registry.problems) == 1
    assert registry.resolve("toy").reference == "toy@1.0.0"


def test_the_earlier_folder_counts(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of two packages with the same name and version the second is reported."""
    later = tmp_path_factory.mktemp("later")
    write_package(later / "toy", code="class Model: pass")
    registry = LocalRegistry([folder, later])
    assert registry.resolve("toy").path == folder / "toy"
    assert [problem.path for problem in registry.problems] == [later / "toy"]


def test_hidden_folders_are_no_packages(folder: Path) -> None:
    """Caches and version control beside the packages are passed over."""
    for name in (".git", "__pycache__"):
        (folder / name).mkdir()
    assert LocalRegistry([folder]).problems == []


def test_links_out_of_a_package_are_refused(folder: Path) -> None:
    """A package cannot show the server files from elsewhere."""
    write_package(folder / "broken", name="broken")
    try:
        (folder / "broken" / "secret").symlink_to(__file__)
    except OSError:
        pytest.skip("this system does not let us make links")
    assert "symbolic link" in _only_problem(folder).text


@pytest.mark.parametrize(
    "relative", ["../toy/model.py", "/etc/passwd", "sub/../../x", "", "..\\x", "nothing"]
)
def test_nothing_outside_a_package_can_be_located(folder: Path, relative: str) -> None:
    """A path that leaves the package, or leads nowhere, is refused."""
    with pytest.raises(ManifestError):
        locate(folder / "toy", relative)


def test_the_digest_covers_names_and_content(folder: Path, tmp_path: Path) -> None:
    """A copy has the same digest; a changed byte, a new file or a new name gives another."""
    copy = shutil.copytree(folder / "toy", tmp_path / "copy")
    before = digest_package(folder / "toy")
    assert digest_package(copy) == before
    (copy / "notes.txt").write_bytes(b"")
    added = digest_package(copy)
    (copy / "notes.txt").rename(copy / "other.txt")
    renamed = digest_package(copy)
    (copy / "other.txt").write_bytes(b"x")
    assert len({before, added, renamed, digest_package(copy)}) == 4


def test_caches_do_not_count(folder: Path) -> None:
    """What Python or a file browser leaves behind does not make another package."""
    before = digest_package(folder / "toy")
    (folder / "toy" / "__pycache__").mkdir()
    (folder / "toy" / "__pycache__" / "model.pyc").write_bytes(b"x")
    (folder / "toy" / ".DS_Store").write_bytes(b"x")
    assert digest_package(folder / "toy") == before


def test_digests_are_the_same_everywhere(tmp_path: Path) -> None:
    """The digest of a known package is fixed: servers on different machines must agree."""
    package = tmp_path / "fixed"
    (package / "sub").mkdir(parents=True)
    (package / "model.toml").write_bytes(b"[model]\n")
    (package / "sub" / "weights.bin").write_bytes(bytes(range(256)))
    expected = "blake3:82f2f772746cdfb334a6f27ef7c054e74df92d2e0b8f9406bd4abc83dc1470c8"
    assert digest_text(digest_package(package)) == expected


def test_the_registry_needs_neither_numpy_nor_torch() -> None:
    """The gateway reads packages and names numerics without the weight of the engines."""
    code = (
        "import sys; import filmgate_server.registry.local, filmgate_server.runtime.numerics;"
        "sys.exit(bool({'numpy', 'torch', 'pyoidn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
