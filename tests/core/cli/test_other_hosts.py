"""Bundles for Houdini and Unreal: how they are laid out, put in place, found and taken away."""

from __future__ import annotations

import ast
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes import bundles
from filmgate.cli.bundled import find_damage, load_bundle
from filmgate.cli.hosts import HOUDINI, UNREAL, Host
from filmgate.cli.packages import load_packages, preference_folders
from filmgate.cli.targets import this_platform
from filmgate.cli.trial import MODULES, find_interpreter, try_bundle

Command = Any
"""What `conftest.Command` is: tests import nothing from each other."""

Maker = Callable[[Host, str], Path]
HERE = this_platform()
EVERY = [(host, python) for host in (HOUDINI, UNREAL) for python in host.versions]

pytestmark = [
    pytest.mark.skipif(not HERE, reason="no host runs on this system"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Return a maker of bundles for this system; each is made once."""
    out = tmp_path_factory.mktemp("bundles")
    folders: dict[tuple[str, str], Path] = {}

    def make(host: Host, python: str) -> Path:
        if (host.name, python) not in folders:
            folders[host.name, python] = bundles.make(out, python, HERE, host)
        return folders[host.name, python]

    return make


@pytest.mark.parametrize(("host", "python"), EVERY, ids=lambda each: getattr(each, "name", each))
def test_every_interpreter_loads_its_bundle(made: Maker, host: Host, python: str) -> None:
    """The client and its wheels come from the bundle alone, where the host looks for packages."""
    if find_interpreter(python) is None:
        pytest.skip(f"NOT TESTED: no CPython {python} on PATH or in pyenv")
    bundle = load_bundle(made(host, python))
    trial = try_bundle(bundle, [bundle.code])
    assert not trial.problem
    assert len(trial.files) == len(MODULES)
    assert all(bundle.folder in Path(file).parents for file in trial.files)


@pytest.mark.parametrize("host", [HOUDINI, UNREAL], ids=lambda host: host.name)
def test_everything_that_is_imported_is_carried(made: Maker, host: Host) -> None:
    """No file imports a part of Filmgate that stayed behind."""
    code = load_bundle(made(host, "3.11")).code
    wanted = {(name, path.name) for path in code.rglob("*.py") for name in imported(path, host)}
    assert wanted
    assert not {(name, where) for name, where in wanted if not is_module(code, name)}


def imported(path: Path, host: Host) -> Iterator[str]:
    """Yield the modules of Filmgate that a file imports."""
    ours = {"filmgate", host.package}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        yield from (name for name in names if name.partition(".")[0] in ours)


def is_module(folder: Path, name: str) -> bool:
    """Say whether *name* is a module or a package below *folder*."""
    path = folder.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@pytest.mark.parametrize("host", [HOUDINI, UNREAL], ids=lambda host: host.name)
def test_a_bundle_says_whose_it_is(made: Maker, host: Host) -> None:
    """Its name, its description and its page; no other host is spoken of."""
    folder = made(host, "3.11")
    assert folder.name.startswith(f"filmgate-{host.name}-")
    assert json.loads((folder / "bundle.json").read_text(encoding="utf-8"))["host"] == host.name
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert host.versions["3.11"] in page
    assert "Nuke" not in page
    assert "$" not in page


@pytest.mark.parametrize("host", [HOUDINI, UNREAL], ids=lambda host: host.name)
def test_the_line_for_oneself_can_be_pasted(
    lonely: Command, made: Maker, host: Host, tmp_path: Path
) -> None:
    """With blanks in the path, and with the project that Unreal needs."""
    made(host, "3.11")  # the wheels are there then
    out = tmp_path / "of mine"
    options = ("--python", "3.11", "--out", out, "--offline", "--wheels", bundles.WHEELS)
    said = lonely("bundle", host.name, *options)
    line = " ".join(said.err.partition("For yourself alone: ")[2].split())
    words = shlex.split(line)
    assert words[:3] == ["filmgate", "install", host.name]
    assert words[-2:] == ["--bundle", said.out.strip()]
    assert words[3:-2] == (["--project", "GAME.uproject"] if host is UNREAL else [])


@pytest.mark.parametrize(("host", "python"), [(HOUDINI, "3.12"), (UNREAL, "3.10")])
def test_a_python_that_no_version_of_a_host_has_is_refused(
    lonely: Command, host: Host, python: str
) -> None:
    """Though another host has it; the versions are named."""
    said = lonely("bundle", host.name, "--python", python, code=2).err
    assert host.versions["3.11"] in " ".join(said.split())


# Houdini.


def test_houdini_takes_no_description_of_ours_for_a_package(made: Maker) -> None:
    """It reads every JSON file of a folder that is named: there is one, for the bundle."""
    folder = made(HOUDINI, "3.9") / "packages"
    (file,) = folder.iterdir()
    package = json.loads(file.read_bytes())
    assert package["hpath"] == "$HOUDINI_PACKAGE_PATH/.."
    assert package["enable"] == f"houdini_os == '{HERE}' and houdini_python == 'python3.9'"


@pytest.fixture
def preferences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of preferences of a user's only Houdini."""
    folder = tmp_path / "houdini21.0"
    (folder / "packages").mkdir(parents=True)
    monkeypatch.setenv("HOUDINI_USER_PREF_DIR", str(tmp_path / "houdini__HVER__"))
    return folder


def test_each_houdini_gets_a_package_for_each_python(
    lonely: Command, made: Maker, preferences: Path
) -> None:
    """One file for each, with an absolute path; a second time changes nothing."""
    old = made(HOUDINI, "3.9"), made(HOUDINI, "3.11")
    for bundle in old:
        lonely("install", "houdini", "--bundle", bundle)
    expected = {
        f"py{python}-{HERE}": made(HOUDINI, python).as_posix() for python in ("3.9", "3.11")
    }
    assert load_packages(preferences) == expected
    files = sorted((preferences / "packages").iterdir())
    before = [path.read_bytes() for path in files]
    assert all(b"$HOUDINI_PACKAGE_PATH" not in content for content in before)
    lonely("install", "houdini", "--bundle", old[1])
    assert [path.read_bytes() for path in files] == before


def test_what_others_put_there_stays(lonely: Command, made: Maker, preferences: Path) -> None:
    """Removing takes our files alone, whatever their names begin with."""
    foreign = preferences / "packages" / "filmgate-tools.json"
    foreign.write_text("{}", encoding="utf-8")
    lonely("install", "houdini", "--bundle", made(HOUDINI, "3.11"))
    lonely("install", "houdini", "--remove")
    assert list((preferences / "packages").iterdir()) == [foreign]


def test_a_package_that_was_changed_by_hand_is_kept(
    lonely: Command, made: Maker, preferences: Path
) -> None:
    """Exit code 78 and what to do; `--remove` is asked for first."""
    lonely("install", "houdini", "--bundle", made(HOUDINI, "3.11"))
    (file,) = (preferences / "packages").iterdir()
    changed = file.read_text(encoding="utf-8").replace("python3.11", "python3.12")
    file.write_text(changed, encoding="utf-8")
    said = lonely("install", "houdini", "--bundle", made(HOUDINI, "3.11"), code=78).err
    assert "changed by hand" in said
    assert file.read_text(encoding="utf-8") == changed
    lonely("install", "houdini", "--remove")
    assert not file.exists()


def test_only_a_houdini_that_can_is_given_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those from 19.5 on; other folders of like names are none."""
    monkeypatch.setenv("HOUDINI_USER_PREF_DIR", str(tmp_path / "houdini__HVER__"))
    for name in ("houdini18.5", "houdini19.5", "houdini21.0", "houdini-backup"):
        (tmp_path / name).mkdir()
    assert [each.name for each in preference_folders()] == ["houdini19.5", "houdini21.0"]
    monkeypatch.setenv("HOUDINI_USER_PREF_DIR", str(tmp_path / "elsewhere"))
    assert preference_folders() == [tmp_path / "elsewhere"]


def test_who_has_no_houdini_is_told_so(
    lonely: Command, made: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 78, and the option that names a folder."""
    monkeypatch.setenv("HOUDINI_USER_PREF_DIR", str(tmp_path / "houdini__HVER__"))
    said = lonely("install", "houdini", "--bundle", made(HOUDINI, "3.11"), code=78).err
    assert "--folder" in said


def test_another_hosts_bundle_is_refused(lonely: Command, made: Maker, preferences: Path) -> None:
    """Exit code 2; nothing is written."""
    said = lonely("install", "houdini", "--bundle", made(UNREAL, "3.11"), code=2).err
    assert "Unreal Engine" in said
    assert not list((preferences / "packages").iterdir())


# Unreal.


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project for an engine with Python 3.11."""
    file = tmp_path / "Game" / "Game.uproject"
    file.parent.mkdir()
    file.write_text(json.dumps({"FileVersion": 3, "EngineAssociation": "5.6"}), encoding="utf-8")
    return file


def plugin_of(project: Path) -> Path:
    """Return where the plugin lies in a project."""
    return project.parent / "Plugins" / "Filmgate"


def names_in(folder: Path) -> set[str]:
    """Return every file's name below *folder*."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_project_gets_a_copy(lonely: Command, made: Maker, project: Path) -> None:
    """Named by its file or folder; the copy is whole, and nothing else is left behind."""
    bundle = made(UNREAL, "3.11")
    lonely("install", "unreal", "--project", project, "--bundle", bundle)
    plugin = plugin_of(project)
    assert names_in(plugin) == names_in(bundle)
    assert not find_damage(load_bundle(plugin))
    assert (plugin / "Filmgate.uplugin").is_file()
    before = {path: path.stat().st_mtime_ns for path in plugin.rglob("*")}
    lonely("install", "unreal", "--project", project.parent, "--bundle", bundle)
    assert {path: path.stat().st_mtime_ns for path in plugin.rglob("*")} == before
    assert {path.name for path in project.parent.iterdir()} == {"Game.uproject", "Plugins"}


def test_a_newer_copy_takes_the_place_of_the_old(
    lonely: Command, made: Maker, project: Path, tmp_path: Path
) -> None:
    """As a whole: a file that an editor has open keeps its content, under no name."""
    older = Path(shutil.copytree(made(UNREAL, "3.11"), tmp_path / "older"))
    init = older / "Content" / "Python" / "init_unreal.py"
    listed = (older / "files.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    init.unlink()
    kept = [line for line in listed if not line.rstrip().endswith("/init_unreal.py")]
    (older / "files.txt").write_text("".join(kept), encoding="utf-8", newline="\n")
    lonely("install", "unreal", "--project", project, "--bundle", older)
    client = plugin_of(project) / "Content" / "Python" / "filmgate" / "client.py"
    with client.open("rb") as open_file:
        lonely("install", "unreal", "--project", project, "--bundle", made(UNREAL, "3.11"))
        if HERE != "windows":
            assert os.fstat(open_file.fileno()).st_ino != client.stat().st_ino
            assert open_file.read() == client.read_bytes()
    assert names_in(plugin_of(project)) == names_in(made(UNREAL, "3.11"))


def test_a_copy_that_was_changed_by_hand_is_kept(
    lonely: Command, made: Maker, project: Path, tmp_path: Path
) -> None:
    """Exit code 78 and the file's name; `--remove` is asked for first, and takes it all."""
    bundle = made(UNREAL, "3.11")
    lonely("install", "unreal", "--project", project, "--bundle", bundle)
    changed = plugin_of(project) / "Content" / "Python" / "init_unreal.py"
    changed.write_text("# ours\n", encoding="utf-8")
    said = lonely("install", "unreal", "--project", project, "--bundle", bundle, code=78).err
    assert "init_unreal.py" in said
    assert changed.read_text(encoding="utf-8") == "# ours\n"
    lonely("install", "unreal", "--project", project, "--remove")
    assert not plugin_of(project).exists()
    lonely("install", "unreal", "--project", project, "--remove")


def test_a_file_that_was_added_to_a_copy_is_kept(
    lonely: Command, made: Maker, project: Path, tmp_path: Path
) -> None:
    """Another bundle does not replace the folder that it lies in; the same one changes nothing."""
    other = Path(shutil.copytree(made(UNREAL, "3.11"), tmp_path / "other"))
    listed = (other / "files.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    (other / "files.txt").write_text("".join(listed[1:]), encoding="utf-8", newline="\n")
    lonely("install", "unreal", "--project", project, "--bundle", made(UNREAL, "3.11"))
    code = plugin_of(project) / "Content" / "Python"
    (code / "filmgate" / "__pycache__").mkdir()
    (code / "filmgate" / "__pycache__" / "job.pyc").write_bytes(b"compiled")
    mine = code / "mine.py"
    mine.write_text("mine = True\n", encoding="utf-8")
    said = lonely("install", "unreal", "--project", project, "--bundle", other, code=78).err
    assert "Content/Python/mine.py was added" in said
    lonely("install", "unreal", "--project", project, "--bundle", made(UNREAL, "3.11"))
    assert mine.read_text(encoding="utf-8") == "mine = True\n"
    mine.unlink()
    lonely("install", "unreal", "--project", project, "--bundle", other)
    assert (plugin_of(project) / "files.txt").read_bytes() == (other / "files.txt").read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="making links needs a right there")
def test_a_link_to_a_bundle_is_taken_away_alone(
    lonely: Command, made: Maker, project: Path
) -> None:
    """What a studio shares stays whole, and nothing is left behind in the project."""
    bundle = made(UNREAL, "3.11")
    before = names_in(bundle)
    plugin_of(project).parent.mkdir()
    plugin_of(project).symlink_to(bundle, target_is_directory=True)
    lonely("install", "unreal", "--project", project, "--remove")
    assert not plugin_of(project).is_symlink()
    assert names_in(bundle) == before
    assert {path.name for path in project.parent.iterdir()} == {"Game.uproject", "Plugins"}


def test_something_else_of_that_name_is_left_alone(
    lonely: Command, made: Maker, project: Path
) -> None:
    """Whether it is installed over or removed."""
    mine = plugin_of(project) / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine", encoding="utf-8")
    for options in (("--bundle", made(UNREAL, "3.11")), ("--remove",)):
        lonely("install", "unreal", "--project", project, *options, code=78)
    assert mine.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("engine", "python"), [("5.3", "3.9"), ("5.4", "3.11"), ("{AB-1}", "3.11")]
)
def test_the_engine_of_a_project_decides(
    lonely: Command, made: Maker, project: Path, engine: str, python: str
) -> None:
    """A bundle for another Python is refused, with the command that makes the right one."""
    project.write_text(json.dumps({"EngineAssociation": engine}), encoding="utf-8-sig")
    other = "3.9" if python == "3.11" else "3.11"
    said = lonely(
        "install", "unreal", "--project", project, "--bundle", made(UNREAL, other), code=2
    )
    assert f"filmgate bundle unreal --python {python}" in said.err
    lonely("install", "unreal", "--project", project, "--bundle", made(UNREAL, python))


def test_the_engine_takes_a_copy_for_all_projects(
    lonely: Command, made: Maker, tmp_path: Path
) -> None:
    """In any folder of plugins, without a project to ask for its Python."""
    plugins = tmp_path / "Engine" / "Plugins" / "Marketplace"
    lonely("install", "unreal", "--folder", plugins, "--bundle", made(UNREAL, "3.9"))
    assert load_bundle(plugins / "Filmgate").target.python == "3.9"


def test_a_folder_of_plugins_beside_a_project_is_that_projects(
    lonely: Command, made: Maker, project: Path
) -> None:
    """Its engine is asked for, whichever option names the place."""
    plugins = project.parent / "Plugins"
    bundle = made(UNREAL, "3.9")
    said = lonely("install", "unreal", "--folder", plugins, "--bundle", bundle, code=2).err
    assert "engine has Python 3.11" in said


@pytest.mark.parametrize("options", [(), ("--project", "nowhere")], ids=["none", "nowhere"])
def test_without_a_place_nothing_is_installed(
    lonely: Command, made: Maker, options: tuple[str, ...]
) -> None:
    """Exit code 2, with the option."""
    said = lonely("install", "unreal", *options, "--bundle", made(UNREAL, "3.11"), code=2).err
    assert "--project" in said


UNREAL_VERSIONS = {"3.9": "5.3", "3.11": "5.6"}

# What an editor does at its start, with its own Python and no package but those of the plugin.
START_UNREAL = """
import sys
stand_in, version, project, code = sys.argv[1:]
sys.path[:0] = [code, stand_in]
import unreal
session = unreal._fresh(version, "editor", project)
import init_unreal
assert not [text for _, text in session.log if "cannot start" in text], session.log
import filmgate, filmgate_unreal.pipeline, zmq
print(filmgate.__file__, filmgate_unreal.__file__, zmq.__file__, sep="\\n")
sys.stdout.flush()
session.close()
"""


@pytest.mark.parametrize("python", UNREAL_VERSIONS)
def test_the_plugin_starts_from_a_project(
    lonely: Command, made: Maker, repository: Path, project: Path, python: str
) -> None:
    """From the copy that was installed to the menus, in the stand-in for each Python of Unreal."""
    interpreter = find_interpreter(python)
    if interpreter is None:
        pytest.skip(f"NOT TESTED: no CPython {python} on PATH or in pyenv")
    engine = {"EngineAssociation": UNREAL_VERSIONS[python]}
    project.write_text(json.dumps(engine), encoding="utf-8")
    lonely("install", "unreal", "--project", project, "--bundle", made(UNREAL, python))
    code = load_bundle(plugin_of(project)).code
    command = [interpreter, "-I", "-S", "-B", "-c", START_UNREAL]
    command += [repository / "tests" / "fakes" / "unreal", UNREAL_VERSIONS[python]]
    done = subprocess.run(
        [*command, project.parent, code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(
        line.startswith(str(plugin_of(project))) for line in done.stdout.splitlines()[-3:]
    ), done.stdout


# The doctor.


def findings(said: Any, title: str) -> dict[str, dict[str, str]]:
    """Return what the doctor says of one host, by name."""
    return {each["name"]: each for each in json.loads(said.out) if each["topic"] == title}


def test_the_doctor_tries_what_houdini_would_find(
    lonely: Command, made: Maker, preferences: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By package files in the preferences, and by the variable of the environment."""
    monkeypatch.delenv("PYTHONPATH")
    bundle = made(HOUDINI, "3.11")
    assert "names a bundle" in findings(lonely("doctor", "--json"), "Houdini")["plugin"]["value"]
    lonely("install", "houdini", "--bundle", bundle)
    found = findings(lonely("doctor", "--json"), "Houdini")["bundle for Python 3.11"]
    assert bundle.as_posix() in found["value"]
    assert not found["problem"]
    lonely("install", "houdini", "--remove")
    monkeypatch.setenv("HOUDINI_PACKAGE_DIR", str(bundle / "packages"))
    found = findings(lonely("doctor", "--json"), "Houdini")["bundle for Python 3.11"]
    assert bundle.as_posix() in found["value"]
    assert not found["problem"]


def test_the_doctor_tells_a_damaged_package_from_sound_ones(
    lonely: Command, made: Maker, preferences: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one version's preferences hold hides nothing of another's, nor is it called nothing."""
    monkeypatch.delenv("PYTHONPATH")
    bundle = made(HOUDINI, "3.11")
    older = preferences.parent / "houdini20.5"
    older.mkdir()
    (preferences.parent / "houdini20.0").mkdir()
    lonely("install", "houdini", "--bundle", bundle)
    (file,) = (older / "packages").iterdir()
    file.write_text("{}", encoding="utf-8")
    found = findings(lonely("doctor", "--json", code=1), "Houdini")
    assert "houdini20.5" in found["its preferences"]["problem"]
    assert bundle.as_posix() in found["bundle for Python 3.11"]["value"]
    said = json.loads(lonely("doctor", "--json", code=1).out)
    assert [each["name"] for each in said].count("bundle for Python 3.11") == 1
    for sound in (preferences, preferences.parent / "houdini20.0"):
        lonely("install", "houdini", "--remove", "--folder", sound)
    found = findings(lonely("doctor", "--json", code=1), "Houdini")
    assert list(found) == ["its preferences"]


def test_the_doctor_looks_at_a_projects_plugin(
    lonely: Command, made: Maker, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is sound, fits the engine, and is there once."""
    monkeypatch.delenv("PYTHONPATH")

    def ask(code: int = 0) -> dict[str, dict[str, str]]:
        return findings(lonely("doctor", "--json", "--project", project, code=code), UNREAL.title)

    assert "plugin" in ask()
    lonely("install", "unreal", "--project", project, "--bundle", made(UNREAL, "3.11"))
    assert not ask()["bundle for Python 3.11"]["problem"]
    copy = project.parent / "Plugins" / "Old" / "Filmgate"
    shutil.copytree(plugin_of(project), copy)
    assert "only the first counts" in ask(code=1)["bundles"]["problem"]
    shutil.rmtree(copy)
    project.write_text(json.dumps({"EngineAssociation": "5.3"}), encoding="utf-8")
    assert "has Python 3.9" in ask(code=1)["bundle for Python 3.11"]["problem"]
