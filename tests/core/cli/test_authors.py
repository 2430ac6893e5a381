"""The commands of those who make models: how they leave, and what they say."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import tomllib

from fakes.packages import write_package
from filmgate.exits import EXIT_CONFIG, EXIT_DATA, EXIT_UNAVAILABLE, EXIT_USAGE
from filmgate_server.commands.signature import parse_signature
from filmgate_server.commands.template import role_words, with_roles, write_manifest

MODULE = """
import torch

class Net(torch.nn.Module):
    def forward(self, x, albedo=None, sigma=2.0, steps=3, fast=False, mode="soft"):
        return x.repeat_interleave(2, 2).repeat_interleave(2, 3) * sigma
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Return a package that can be published."""
    path = write_package(tmp_path / "toy")
    (path / "card.md").write_text("What it does.", encoding="utf-8")
    (path / "LICENSE.md").write_text("Apache-2.0", encoding="utf-8")
    return path


def test_without_the_server_they_say_what_to_install(
    lonely: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only the client is installed, the remedy names the extra."""
    monkeypatch.setattr(metadata, "entry_points", lambda **_: [])
    for name in ("new", "check", "publish", "install"):
        assert "filmgate[cli,server" in lonely("models", name, "x", code=EXIT_UNAVAILABLE).err


def test_a_check_writes_json(lonely: Any, toy: Path) -> None:
    """Scripts read what was tried, the verdicts and the figures."""
    said = json.loads(lonely("models", "check", toy, "--json", "--threads", 1).out)
    assert said["sound"] is True
    assert {"scale", "finite"} <= {finding["topic"] for finding in said["findings"]}
    assert said["figures"][0]["seconds_per_megapixel"] > 0


def test_a_refused_package_has_an_exit_code(lonely: Any, toy: Path) -> None:
    """The report names the line, and a registry never sees the package."""
    manifest = toy / "model.toml"
    manifest.write_text(manifest.read_text() + "[geometry]\nscal = 2\n", encoding="utf-8")
    said = json.loads(lonely("models", "check", toy, "--json", code=EXIT_DATA).out)
    text = said["findings"][0]["text"]
    line = manifest.read_text(encoding="utf-8").splitlines().index("scal = 2") + 1
    assert text.startswith(f"model.toml, line {line}: [geometry] scal is no field")
    assert text.endswith('Did you mean "scale"?')
    registry = toy.parent / "registry"
    registry.mkdir()
    lonely("models", "publish", toy, "--registry", registry, code=EXIT_DATA)
    assert not list(registry.iterdir())


def test_a_release_is_published_aliased_pulled_and_retired(lonely: Any, toy: Path) -> None:
    """The way of a model through a registry, by hand."""
    registry, cache = toy.parent / "registry", toy.parent / "cache"
    registry.mkdir()
    at = ("--registry", registry)
    published = lonely("models", "publish", toy, *at, "--alias", "candidate", "--threads", 1)
    assert "toy@candidate is now 1.0.0" in published.out
    assert "trying: multiple_of" in published.err
    assert "registry_trusted = true" in published.err
    unknown = lonely("models", "alias", "toy", "champion", "2.0.0", *at, code=EXIT_USAGE)
    assert "these versions of toy: 1.0.0." in unknown.err
    lonely("models", "alias", "toy", "champion", "1.0.0", *at)
    lonely("models", "pull", "toy@champion", *at, "--to", cache)
    pulled = cache / "packages" / "toy" / "1.0.0" / "model.toml"
    assert pulled.read_bytes() == (toy / "model.toml").read_bytes()
    retired = lonely("models", "retire", "toy", "1.0.0", "--reason", "wrong", *at)
    assert "models alias toy champion VERSION" in retired.err
    assert "models alias toy candidate VERSION" in retired.err
    again = lonely("models", "retire", "toy", "1.0.0", "--reason", "other", *at)
    assert "Retired before" in again.out
    assert "wrong" in again.out
    assert "wrong" in lonely("models", "pull", "toy", *at, "--to", cache, code=EXIT_USAGE).err


@pytest.mark.timeout(120)
def test_a_signed_release_needs_no_warning(lonely: Any, toy: Path) -> None:
    """Nothing is left to do, even where it is published once more without the key."""
    registry = toy.parent / "registry"
    registry.mkdir()
    lonely("models", "publisher", "ann", "--out", toy.parent)
    publish = ("models", "publish", toy, "--registry", registry, "--threads", 1)
    assert "warning" not in lonely(*publish, "--sign", toy.parent / "ann.key").err
    assert "warning" not in lonely(*publish).err


def test_a_registry_must_be_named(lonely: Any) -> None:
    """Neither an option nor a setting names one: the remedy does."""
    said = lonely("models", "alias", "toy", "champion", "1.0.0", code=EXIT_CONFIG)
    assert "--registry" in said.err


def test_bench_measures_a_folder_and_an_installed_model(lonely: Any, toy: Path) -> None:
    """Both have a figure for each size."""
    for model in (toy, "negate"):
        said = json.loads(lonely("models", "bench", model, "--json", "--threads", 1).out)
        assert [row["side_px"] for row in said["figures"]] == [256, 512, 1024]


@pytest.mark.timeout(240)
def test_new_makes_a_package_that_lacks_only_words(lonely: Any, tmp_path: Path) -> None:
    """Inputs, parameters, sizes and weights are the module's; only the licence is refused."""
    pytest.importorskip("torch")
    (tmp_path / "net.py").write_text(MODULE, encoding="utf-8")
    folder = tmp_path / "twice"
    said = lonely("models", "new", folder, "--from", f"{tmp_path}/net.py:Net", "--threads", 1).out
    assert "Input albedo: role albedo" in said
    found = tomllib.loads((folder / "model.toml").read_text(encoding="utf-8"))
    assert found["geometry"] == {"multiple_of": 1, "scale": 2}
    assert [entry.get("optional", False) for entry in found["inputs"]] == [False, True]
    assert [entry["type"] for entry in found["params"]] == ["float", "int", "bool", "text"]
    said = lonely("models", "check", folder, "--json", "--threads", 1, code=EXIT_DATA).out
    refused = [
        each["topic"] for each in json.loads(said)["findings"] if each["verdict"] == "refused"
    ]
    assert refused == ["licence", "card", "words", "words"]
    assert "there already" in lonely("models", "new", folder, code=EXIT_DATA).err


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("class Other: pass", "no class"),
        ("class Net: pass", "no method forward"),
        ("class Net:\n def forward(self, amount=1.0): pass", "takes no image"),
        ("class Net:\n def forward(self, x, size=(1, 2)): pass", "default of size"),
        ("class Net(", "cannot be read"),
    ],
)
def test_what_cannot_become_a_package_is_refused_before_anything_is_written(
    lonely: Any, tmp_path: Path, code: str, words: str
) -> None:
    """The text says what is missing in the file."""
    (tmp_path / "net.py").write_text(code, encoding="utf-8")
    source = f"{tmp_path}/net.py:Net"
    said = lonely("models", "new", tmp_path / "toy", "--from", source, code=EXIT_DATA)
    assert words in said.err
    assert [each.name for each in tmp_path.iterdir() if "toy" in each.name] == []


def test_a_module_that_fails_leaves_no_folder(lonely: Any, tmp_path: Path) -> None:
    """After the code is mended, the same command works."""
    pytest.importorskip("torch")
    (tmp_path / "net.py").write_text(MODULE.replace("x.repeat", "x.torn"), encoding="utf-8")
    new = ("models", "new", tmp_path / "toy", "--from", f"{tmp_path}/net.py:Net", "--threads", 1)
    assert "torn" in lonely(*new, code=EXIT_DATA).out
    assert [each.name for each in tmp_path.iterdir() if "toy" in each.name] == []


@pytest.mark.parametrize("returned", ["(x, x)", '{"light": x}'])
def test_a_module_with_several_results_is_told_what_to_do(
    lonely: Any, tmp_path: Path, returned: str
) -> None:
    """The remedy says how results are named, and no artist is asked to do anything."""
    pytest.importorskip("torch")
    code = f"import torch\nclass Net(torch.nn.Module):\n def forward(self, x): return {returned}"
    (tmp_path / "net.py").write_text(code, encoding="utf-8")
    source = f"{tmp_path}/net.py:Net"
    said = lonely("models", "new", tmp_path / "toy", "--from", source, code=EXIT_DATA).out
    assert "docs/models.md" in said
    assert "another frame" not in said


def test_a_folder_whose_name_no_model_can_have_is_refused(lonely: Any, tmp_path: Path) -> None:
    """The remedy has a name that would do."""
    said = lonely("models", "new", tmp_path / "My Toy", code=EXIT_DATA)
    assert 'Call it "my-toy"' in said.err


def test_a_name_that_says_nothing_is_taken_for_the_picture(tmp_path: Path) -> None:
    """Where no other input is one, and the author is told."""
    path = tmp_path / "net.py"
    path.write_text("class Net:\n def forward(self, lq, hint=None): pass", encoding="utf-8")
    roles = with_roles(parse_signature(path, "Net"))
    assert [role for _, role in roles] == ["color", "any"]
    assert "role color (colours, scene-linear; channels: R G B), for" in role_words(*roles[0])
    assert "channels: any" in role_words(*roles[1])


def test_texts_with_quotes_stay_toml(tmp_path: Path) -> None:
    """A default of any text can be read again."""
    path = tmp_path / "net.py"
    path.write_text(
        "class Net:\n def forward(self, x, mode='a \"b\" \\\\ c'): pass", encoding="utf-8"
    )
    text = write_manifest("toy", "net.py:Net", parse_signature(path, "Net"))
    assert tomllib.loads(text)["params"][0]["default"] == 'a "b" \\ c'
