"""The page that lies in a bundle, for whoever puts it in place."""

from __future__ import annotations

from string import Template
from typing import NamedTuple

from filmgate.cli.bundled import Bundle

_SEPARATORS = {"windows": ";"}

_NEEDS = "\nThey need glibc {} or newer (`ldd --version`).\n"


class Page(NamedTuple):
    """What is said of the bundles of one host alone; each text may use the page's own values.

    Attributes:
        summary: in one line, where a bundle goes.
        place: how it is put in place.
        newer: how a newer one takes its place.
        files: the rows that name the plugin's own files.
    """

    summary: str
    place: str
    newer: str
    files: str


_BESIDE = (
    "Put the new folder beside this one and let {} name it. Never write into this\n"
    "folder: a {} that runs has its files open. Take it away when nobody uses it any more."
)

PAGES = {
    "nuke": Page(
        "Add it to NUKE_PATH.",
        """\
Keep the folder as it is and add it to `NUKE_PATH`, in the environment that starts Nuke:

    NUKE_PATH=PATH_OF_THIS_FOLDER$separator(what was there before)

For one user, without a change to the environment: `filmgate install nuke --bundle THIS_FOLDER`.""",
        _BESIDE.format("`NUKE_PATH`", "Nuke"),
        "| `init.py`, `menu.py`, `filmgate_nuke/` | the plugin |\n| `filmgate/` | $client |",
    ),
    "houdini": Page(
        "Add its folder packages to HOUDINI_PACKAGE_DIR.",
        """\
Keep the folder as it is and add its folder `packages` to `HOUDINI_PACKAGE_DIR`, in the environment
that starts Houdini:

    HOUDINI_PACKAGE_DIR=PATH_OF_THIS_FOLDER/packages$separator(what was there before)

A Houdini with another Python passes over it, so bundles for several may be named at once. For one
user, without a change to the environment: `filmgate install houdini --bundle THIS_FOLDER`.""",
        _BESIDE.format("`HOUDINI_PACKAGE_DIR`", "Houdini"),
        """\
| `packages/filmgate.json` | what tells Houdini of this folder |
| `otls/`, `toolbar/`, `python_panels/`, `pdg/` | nodes, shelf, panel and TOPs |
| `$code/filmgate_houdini/` | the plugin |
| `$code/filmgate/` | $client |""",
    ),
    "unreal": Page(
        "Copy it into the folder Plugins of a project or of the engine.",
        """\
The folder is a plugin. Copy it, whole, into the folder `Plugins` of your project and call the copy
`Filmgate`; for every project of a machine, into `Engine/Plugins/Marketplace`. A command does so:

    filmgate install unreal --project PATH_OF_YOUR_PROJECT --bundle THIS_FOLDER

Then start the editor. It has to have its own plugins Python Editor Script Plugin and Editor
Scripting Utilities, which this one turns on.""",
        """\
Close the editor, take the old copy away and put the new one in its place, or let `filmgate install
unreal` do so. Never write into a copy that an editor has open.""",
        """\
| `Filmgate.uplugin` | what tells Unreal of this folder |
| `$code/init_unreal.py`, `$code/filmgate_unreal/` | the plugin |
| `$code/filmgate/` | $client |""",
    ),
}

_CLIENT = "the client that it talks to the server with"

_PAGE = Template("""\
# Filmgate $version for $title

For Python $python on $platform$hosts. Nothing in here is compiled on your machines and nothing is
fetched: the folder is all that a workstation or a farm blade needs.

## Put it in place

$place
Say which server is asked: `FILMGATE_SERVER=tcp://HOST:5700`, or a file that `FILMGATE_CONFIG`
names.

`filmgate doctor` says whether it is found, whole, and fit for the interpreter.

## To a newer version

$newer

## What is inside

| Folder or file | Holds |
|---|---|
$files
| `vendor/` | other people's packages; they come last on `sys.path`, so those of the site win |
| `licences/` | the licence of everything here |
| `bundle.json` | version, interpreter and packages, for programs |
| `files.txt` | the sha256 of every file; `sha256sum --check files.txt` compares |

$wheels
$needs
Qt is not here: the panel uses that of the host. libzmq, inside pyzmq, is under the MPL 2.0; its
source is at https://github.com/zeromq/libzmq.
""")


def to_readme(bundle: Bundle) -> str:
    """Return the page for *bundle*."""
    target, host = bundle.target, bundle.host
    versions = host.versions.get(target.python, "")
    values = {
        "version": bundle.version,
        "title": host.title,
        "python": target.python,
        "platform": target.platform,
        "hosts": f", as in {versions}" if versions else "",
        "separator": _SEPARATORS.get(target.platform, ":"),
        "code": host.code_folder(target.python),
        "client": _CLIENT,
        "wheels": "\n".join(f"- `{name}`" for name in bundle.wheels),
        "needs": _NEEDS.format(bundle.glibc) if bundle.glibc else "",
    }
    page = PAGES[host.name]
    own = {name: Template(text).substitute(values) for name, text in page._asdict().items()}
    return _PAGE.substitute(values, **own)
