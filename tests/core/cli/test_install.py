"""`filmgate install nuke`, and what `filmgate doctor` says of it."""

from __future__ import annotations

import ast
import codecs
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import bundles
from filmgate.cli.bundled import bundle_folder, load_bundle
from filmgate.cli.startup import load_entries, save_entries
from filmgate.cli.targets import this_platform
from filmgate.cli.trial import find_interpreter

Command = Any
"""What `conftest.Command` is: tests import nothing from each other."""

OWN = [
    b"",
    b"import nuke\nnuke.pluginAddPath('gizmos')\n",
    b"import nuke\r\n\r\nnuke.knobDefault('Blur.size', '5')\r\n",
    b"SHOW = 'hydra'",
    "# -*- coding: latin-1 -*-\nARTIST = 'J\xf6rg'\n".encode("latin-1"),
    codecs.BOM_UTF8 + "STUDIO = '工作室'\r\n".encode(),
    b"print 'Nuke 11'\n",
]
IDS = ["none", "unix", "windows", "no line end", "latin-1", "BOM", "Python 2"]

HERE = this_platform()
ELSEWHERE = "macos" if HERE == "windows" else "windows"
KEY = f"{sys.platform} 3.11"
pytestmark = pytest.mark.skipif(not HERE, reason="Nuke does not run on this system")

OLD_ZMQ = '__version__ = "19.0.2"\n'


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle for Python 3.11 on this system."""
    return bundles.make(tmp_path_factory.mktemp("bundle"), "3.11", HERE)


@pytest.fixture
def nuke(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[str]]:
    """Stand in for the two calls of Nuke that our lines make; return what they were told."""
    added: list[str] = []
    said: list[str] = []
    module = ModuleType("nuke")
    vars(module).update(pluginAddPath=added.append, tprint=said.append)
    monkeypatch.setitem(sys.modules, "nuke", module)
    return added, said


def start(folder: Path) -> dict[str, Any]:
    """Run ``init.py`` as Nuke does, and return the names that it leaves behind."""
    names: dict[str, Any] = {}
    exec(compile((folder / "init.py").read_bytes(), "init.py", "exec"), names)  # noqa: S102
    return {name: value for name, value in names.items() if name != "__builtins__"}


@pytest.mark.parametrize("own", OWN, ids=IDS)
def test_the_artists_lines_stay_as_they_are(tmp_path: Path, own: bytes) -> None:
    """Whatever the encoding and the line ends: ours are added, and taken away again."""
    path = tmp_path / "init.py"
    path.write_bytes(own)
    save_entries(tmp_path, {"linux 3.11": "/studio/filmgate"})
    added = path.read_bytes()
    assert added.startswith(own)
    ours = added[len(own) :].lstrip(b"\r\n")
    ends = {b"\r\n"} if b"\r\n" in own else {b"\n"}
    assert {line[len(line.rstrip(b"\r\n")) :] for line in ours.splitlines(keepends=True)} == ends
    save_entries(tmp_path, {})
    assert (path.read_bytes() if path.exists() else b"").rstrip(b"\r\n") == own.rstrip(b"\r\n")


@given(
    before=st.text("a=1# \n\r\té", max_size=40),
    after=st.text("b=2\n\r #", max_size=40),
    folder=st.text(min_size=1, max_size=20),
)
def test_whatever_surrounds_our_lines_is_kept(
    tmp_path_factory: pytest.TempPathFactory, before: str, after: str, folder: str
) -> None:
    """Lines may stand before ours and after them; any folder's name comes back as it was."""
    home = tmp_path_factory.mktemp("home")
    path = home / "init.py"
    path.write_bytes(before.encode())
    first, second = {"linux 3.11": folder}, {"linux 3.10": "x", "linux 3.11": folder}
    save_entries(home, first)
    head = path.read_bytes()
    path.write_bytes(head + after.encode())
    save_entries(home, second)
    assert load_entries(home) == second
    save_entries(home, first)
    assert path.read_bytes() == head + after.encode()


def test_nuke_finds_the_bundle_of_its_python(
    lonely: Command, bundle: Path, nuke: tuple[list[str], list[str]], tmp_path: Path
) -> None:
    """Our lines add the folder, and leave no name behind in the artist's file."""
    home = tmp_path / ".nuke"
    said = lonely("install", "nuke", "--bundle", bundle)
    assert f"{KEY}: {bundle.as_posix()}" in said.out
    assert start(home) == {}
    expected = [bundle.as_posix()] if sys.version_info[:2] == (3, 11) else []
    assert nuke[0] == expected
    before = (home / "init.py").read_bytes()
    lonely("install", "nuke", "--bundle", bundle)
    assert (home / "init.py").read_bytes() == before
    lonely("install", "nuke", "--remove")
    assert not (home / "init.py").exists()


def test_each_python_has_a_bundle_of_its_own(
    nuke: tuple[list[str], list[str]], tmp_path: Path
) -> None:
    """One home serves several versions of Nuke on several systems; others load nothing."""
    here = f"{sys.platform} {sys.version_info[0]}.{sys.version_info[1]}"
    (tmp_path / "бандл \U0001f39e").mkdir()
    mine = (tmp_path / "бандл \U0001f39e").as_posix()
    save_entries(tmp_path, {"linux 3.9": "/a", here: mine, "win32 3.11": "C:/Program Files/b"})
    start(tmp_path)
    assert nuke == ([mine], [])
    assert (tmp_path / "init.py").read_bytes().isascii()


def test_a_bundle_that_is_gone_stops_nothing(
    nuke: tuple[list[str], list[str]], tmp_path: Path
) -> None:
    """Nuke starts without it and says so; what the artist wrote below runs."""
    here = f"{sys.platform} {sys.version_info[0]}.{sys.version_info[1]}"
    save_entries(tmp_path, {here: "/studio/gone"})
    with (tmp_path / "init.py").open("a", encoding="utf-8") as file:
        file.write("below = True\n")
    assert start(tmp_path) == {"below": True}
    assert nuke[0] == []
    assert "/studio/gone" in nuke[1][0]


def test_our_lines_are_python_of_every_nuke(tmp_path: Path) -> None:
    """Also of one that is too old for Filmgate, since it reads the same file."""
    save_entries(tmp_path, {"linux 3.11": "/studio/filmgate"})
    ast.parse((tmp_path / "init.py").read_bytes(), feature_version=(3, 7))


def test_a_linked_file_stays_a_link(tmp_path: Path) -> None:
    """Who keeps settings in a repository keeps them there, with their permissions."""
    kept = tmp_path / "dotfiles" / "init.py"
    kept.parent.mkdir()
    kept.write_bytes(b"import nuke\n")
    kept.chmod(0o640)
    (tmp_path / "init.py").symlink_to(kept)
    save_entries(tmp_path, {"linux 3.11": "/studio/filmgate"})
    assert (tmp_path / "init.py").is_symlink()
    assert b"filmgate" in kept.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"# >>> filmgate\nx = 1\n", "changed by hand"),
        (b"x = 1\n# <<< filmgate\n", "changed by hand"),
        (b"# >>> filmgate\n# <<< filmgate\n" * 2, "changed by hand"),
        (b"# >>> filmgate\n        'linux' 3: 'x',\n# <<< filmgate\n", "changed by hand"),
        ("import nuke\n".encode("utf-16"), "UTF-16"),
    ],
    ids=["no end", "no begin", "twice", "entry", "UTF-16"],
)
def test_what_cannot_be_edited_safely_is_left_alone(
    lonely: Command, bundle: Path, tmp_path: Path, content: bytes, words: str
) -> None:
    """Exit code 78 and what to do; the file stays as it is."""
    home = tmp_path / ".nuke"
    home.mkdir()
    (home / "init.py").write_bytes(content)
    said = lonely("install", "nuke", "--bundle", bundle, code=78).err
    assert words in " ".join(said.split())
    assert (home / "init.py").read_bytes() == content


@pytest.mark.parametrize(
    ("was", "put"),
    [
        (b"        nuke.pluginAddPath(bundle)", b"        nuke.pluginAddPath(bundle, False)"),
        (b"    import nuke\n", b"    import nuke\n    nuke.tprint('hydra')\n"),
        (b"/studio/one", b"/studio/two"),
        (b"# <<< filmgate ", b"# <<< filmgate 0"),
    ],
    ids=["line", "more", "table", "seal"],
)
def test_lines_that_were_changed_by_hand_are_not_replaced(
    lonely: Command, bundle: Path, tmp_path: Path, was: bytes, put: bytes
) -> None:
    """Whatever somebody wrote there stays, until `--remove` is asked for."""
    home = tmp_path / ".nuke"
    save_entries(home, {"another 3.9": "/studio/one"})
    path = home / "init.py"
    changed = path.read_bytes().replace(was, put)
    path.write_bytes(changed)
    said = lonely("install", "nuke", "--bundle", bundle, code=78).err
    assert "changed by hand" in said
    assert "--remove" in said
    assert path.read_bytes() == changed
    lonely("install", "nuke", "--remove")
    lonely("install", "nuke", "--bundle", bundle)
    assert load_entries(home) == {KEY: bundle.as_posix()}


def test_other_line_ends_are_no_change_by_hand(tmp_path: Path) -> None:
    """Editors of other systems save the whole file with theirs."""
    save_entries(tmp_path, {"linux 3.9": "/a"})
    path = tmp_path / "init.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    save_entries(tmp_path, {"linux 3.9": "/b"})
    assert load_entries(tmp_path) == {"linux 3.9": "/b"}


def test_a_bundle_that_nuke_could_not_use_is_refused(
    lonely: Command, bundle: Path, tmp_path: Path
) -> None:
    """No bundle, one for another system, a damaged one: none is put into init.py."""
    other = Path(shutil.copytree(bundle, tmp_path / "other"))
    assert "no bundle" in lonely("install", "nuke", "--bundle", tmp_path, code=78).err
    described = (other / "bundle.json").read_text(encoding="utf-8")
    (other / "bundle.json").write_text(described.replace(HERE, ELSEWHERE), encoding="utf-8")
    assert ELSEWHERE in lonely("install", "nuke", "--bundle", other, code=2).err
    (other / "bundle.json").write_text(described, encoding="utf-8")
    (other / "menu.py").write_text("cut", encoding="utf-8")
    (other / "filmgate" / "client.py").unlink()
    assert "client.py" in lonely("install", "nuke", "--bundle", other, code=65).err
    assert not (tmp_path / ".nuke").exists()


def test_without_a_bundle_the_newest_of_each_python_is_taken(
    lonely: Command, bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From where `filmgate bundle nuke` puts them; where there is none it says how to make one."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert "filmgate bundle nuke" in lonely("install", "nuke", code=78).err
    kept = bundle_folder()
    for age_s, name in ((0, "older"), (1000, "newer")):
        shutil.copytree(bundle, kept / name)
        os.utime(kept / name / "bundle.json", (age_s, age_s))
    lonely("install", "nuke")
    assert load_entries(tmp_path / ".nuke") == {KEY: (kept / "newer").as_posix()}


Findings = Callable[..., dict[str, dict[str, str]]]


@pytest.fixture
def doctor(lonely: Command, monkeypatch: pytest.MonkeyPatch) -> Findings:
    """Return what the doctor says of Nuke, by name."""
    monkeypatch.delenv("PYTHONPATH")

    def ask(*plugin_path: Path, code: int = 0) -> dict[str, dict[str, str]]:
        monkeypatch.setenv("NUKE_PATH", os.pathsep.join(map(str, plugin_path)))
        said = json.loads(lonely("doctor", "--json", code=code).out)
        return {each["name"]: each for each in said if each["topic"] == "Nuke"}

    return ask


NAME = "bundle for Python 3.11"


def test_who_has_no_nuke_has_no_problem(doctor: Findings) -> None:
    """A server has no plugin, and the doctor finds nothing wrong with that."""
    assert "names a bundle" in doctor()["plugin"]["value"]


def test_a_sound_bundle_is_tried(doctor: Findings, bundle: Path) -> None:
    """Named by NUKE_PATH it is loaded by an interpreter of its version, in another process."""
    found = doctor(bundle)[NAME]
    assert bundle.as_posix() in found["value"]
    tried = find_interpreter("3.11") is not None
    assert ("loads on" if tried else "no Python 3.11 is here") in found["value"]
    assert not found["problem"]


def test_the_doctor_reads_init_py(lonely: Command, doctor: Findings, bundle: Path) -> None:
    """What `filmgate install nuke` put there is looked at; several for one Python are a problem."""
    lonely("install", "nuke", "--bundle", bundle)
    assert bundle.as_posix() in doctor()[NAME]["value"]
    assert "bundles" not in doctor(bundle)
    copy = Path(shutil.copytree(bundle, Path.home() / "copy"))
    assert "only the first counts" in doctor(copy, code=1)["bundles"]["problem"]


def test_a_damaged_bundle_is_named(doctor: Findings, bundle: Path, tmp_path: Path) -> None:
    """A file that was cut off, a description that cannot be read, lines changed by hand."""
    copy = Path(shutil.copytree(bundle, tmp_path / "copy"))
    (copy / "filmgate" / "client.py").write_text("cut", encoding="utf-8")
    assert "filmgate/client.py" in doctor(copy, code=1)[NAME]["problem"]
    (copy / "bundle.json").write_text("{", encoding="utf-8")
    assert "no bundle" in doctor(copy, code=1)["bundle"]["problem"]
    (tmp_path / ".nuke").mkdir()
    (tmp_path / ".nuke" / "init.py").write_text("# >>> filmgate\n", encoding="utf-8")
    assert "by hand" in doctor(code=1)["init.py"]["problem"]


def test_an_old_package_in_the_way_is_named(
    doctor: Findings, bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Wheels come last, so that the site's win: one that is too old is a problem with a place."""
    if find_interpreter("3.11") is None:
        pytest.skip("NOT TESTED: no CPython 3.11 on PATH or in pyenv")
    foreign = tmp_path / "tools" / "zmq"
    foreign.mkdir(parents=True)
    (foreign / "__init__.py").write_text(OLD_ZMQ, encoding="utf-8")
    found = doctor(tmp_path / "tools", bundle, code=1)[NAME]
    assert "19.0.2" in found["problem"]
    assert (tmp_path / "tools").as_posix() in found["mend"]
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "tools"))
    assert (tmp_path / "tools").as_posix() in doctor(bundle, code=1)[NAME]["mend"]
    (foreign / "__init__.py").write_text("__version__ = '26.4.0'\n", encoding="utf-8")
    assert "zmq" in doctor(bundle, code=1)[NAME]["problem"], "new enough, and broken"


def test_a_newer_package_in_the_way_is_used(doctor: Findings, bundle: Path, tmp_path: Path) -> None:
    """The site's own copy wins, and the doctor says which it is."""
    if find_interpreter("3.11") is None:
        pytest.skip("NOT TESTED: no CPython 3.11 on PATH or in pyenv")
    tools = tmp_path / "tools"
    shutil.copytree(bundle / "vendor" / "msgpack", tools / "msgpack")
    found = doctor(tools, bundle)[NAME]
    assert f"uses msgpack from {(tools / 'msgpack').as_posix()}" in found["value"]
    assert "zmq from" not in found["value"]


def test_a_bundle_for_another_system_is_named(
    doctor: Findings, bundle: Path, tmp_path: Path
) -> None:
    """On NUKE_PATH it can only fail; in a home that systems share it is passed over."""
    other = Path(shutil.copytree(bundle, tmp_path / "other"))
    described = (other / "bundle.json").read_text(encoding="utf-8").replace(HERE, ELSEWHERE)
    (other / "bundle.json").write_text(described, encoding="utf-8")
    (other / "files.txt").write_text("", encoding="utf-8")
    assert f"it is for {ELSEWHERE}" in doctor(other, code=1)[NAME]["problem"]
    assert load_bundle(other).target.platform == ELSEWHERE
    save_entries(tmp_path / ".nuke", {"another 3.11": other.as_posix()})
    assert "plugin" in doctor()


NUKE = {"3.9": "14.0", "3.10": "15.1", "3.11": "16.0"}

# What a user's Nuke does at its start, with its own Python and no package but those of the bundle.
START_NUKE = """
import sys
stand_in, version, home = sys.argv[1:]
sys.path.insert(0, stand_in)
import nuke
from nuke import _session
world = nuke._fresh(version, "gui")
_session.launch(home)
menu = nuke.menu("Nodes").findItem("Filmgate")
assert menu is not None, world.printed
assert not [line for line in world.printed if "not available" in line], world.printed
import filmgate, filmgate_nuke.farm, zmq
print(filmgate.__file__, filmgate_nuke.__file__, zmq.__file__, sep="\\n")
"""


@pytest.mark.parametrize("python", NUKE)
@pytest.mark.timeout(300)
def test_the_plugin_starts_from_an_installed_bundle(
    lonely: Command, repository: Path, tmp_path: Path, python: str
) -> None:
    """From init.py in the user's folder to the menu, in the stand-in for each version of Nuke."""
    interpreter = find_interpreter(python)
    if interpreter is None:
        pytest.skip(f"NOT TESTED: no CPython {python} on PATH or in pyenv")
    folder = bundles.make(tmp_path, python, HERE)
    lonely("install", "nuke", "--bundle", folder)
    stand_in = repository / "tests" / "fakes" / "nuke"
    command = [interpreter, "-I", "-S", "-B", "-c", START_NUKE, stand_in, NUKE[python]]
    done = subprocess.run(
        [*command, tmp_path / ".nuke"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(line.startswith(str(folder)) for line in done.stdout.splitlines()[-3:])
