"""The page that lies in a bundle, for whoever puts it in place."""

from __future__ import annotations

from string import Template

from filmgate.cli.bundled import Bundle

HOSTS = {
    "3.9": "Nuke 14",
    "3.10": "Nuke 15",
    "3.11": "Nuke 16 and 17",
}
_SEPARATORS = {"windows": ";"}

_NEEDS = "\nThey need glibc {} or newer (`ldd --version`).\n"

_PAGE = Template("""\
# Filmgate $version for Nuke

For Python $python on $platform$hosts. Nothing in here is compiled on your machines and nothing is
fetched: the folder is all that a workstation or a farm blade needs.

## Put it in place

Keep the folder as it is and add it to `NUKE_PATH`, in the environment that starts Nuke:

    NUKE_PATH=PATH_OF_THIS_FOLDER$separator(what was there before)

For one user, without a change to the environment: `filmgate install nuke --bundle THIS_FOLDER`.
Say which server is asked: `FILMGATE_SERVER=tcp://HOST:5700`, or a file that `FILMGATE_CONFIG`
names.

`filmgate doctor` says whether it is found, whole, and fit for the interpreter.

## To a newer version

Put the new folder beside this one and let `NUKE_PATH` name it. Never write into this folder: a Nuke
that runs has its files open. Take it away when no Nuke uses it any more.

## What is inside

| Folder or file | Holds |
|---|---|
| `init.py`, `menu.py`, `filmgate_nuke/` | the plugin |
| `filmgate/` | the client that it talks to the server with |
| `vendor/` | other people's packages; they come last on `sys.path`, so those of the site win |
| `licences/` | the licence of everything here |
| `bundle.json` | version, interpreter and packages, for programs |
| `files.txt` | the sha256 of every file; `sha256sum --check files.txt` compares |

$wheels
$needs
Qt is not here: Nuke has it. libzmq, inside pyzmq, is under the MPL 2.0; its source is at
https://github.com/zeromq/libzmq.
""")


def to_readme(bundle: Bundle) -> str:
    """Return the page for *bundle*."""
    target = bundle.target
    hosts = HOSTS.get(target.python, "")
    return _PAGE.substitute(
        version=bundle.version,
        python=target.python,
        platform=target.platform,
        hosts=f", as in {hosts}" if hosts else "",
        separator=_SEPARATORS.get(target.platform, ":"),
        wheels="\n".join(f"- `{name}`" for name in bundle.wheels),
        needs=_NEEDS.format(bundle.glibc) if bundle.glibc else "",
    )
