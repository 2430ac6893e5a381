"""`filmgate doctor`: what is installed and configured, and what to do about what is broken."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

import filmgate
from filmgate.cli.connection import existing_connection
from filmgate.cli.finding import Finding
from filmgate.cli.options import JsonOption, SiteOptions
from filmgate.cli.placed import examine_bundles
from filmgate.cli.terminal import results, write_json
from filmgate.config import Config
from filmgate.endpoint import endpoint_folder, find_endpoint, find_running, folder_flaw, is_local
from filmgate.errors import ConfigError, FilmgateError
from filmgate.exits import EXIT_OK, EXIT_SOME_FAILED
from filmgate.host.interpreter import local_interpreter
from filmgate.host.paths import PathMap
from filmgate.keys import load_curve

_ANSWER_WITHIN_S = 5.0
_NO_PROJECT = Path()
_NVIDIA_SMI = ("--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")

_CLIENT = (("pyzmq", "zmq"), ("msgpack", "msgpack"), ("blake3", "blake3"))
_IMAGE = (
    ("numpy", "numpy"),
    ("OpenEXR", "OpenEXR"),
    ("OpenImageIO", "OpenImageIO"),
    ("opencolorio", "PyOpenColorIO"),
)
_SERVER = (
    ("pydantic-settings", "pydantic_settings"),
    ("structlog", "structlog"),
    ("prometheus-client", "prometheus_client"),
)
_ENGINES = (("pyoidn", "pyoidn"), ("torch", "torch"), ("safetensors", "safetensors"))


@dataclass(frozen=True, kw_only=True)
class DoctorOptions(SiteOptions, JsonOption):
    """What `filmgate doctor` takes."""

    project: Annotated[
        Path,
        typer.Option(help="An Unreal project whose plugin is looked at too.", show_default=False),
    ] = _NO_PROJECT


def examine(options: DoctorOptions) -> int:
    """Show what is installed, configured and reachable, with the mend for what is not."""
    project = None if options.project == _NO_PROJECT else options.project
    findings = [*_software(), *_devices(), *_site(options), *examine_bundles(project)]
    if options.as_json:
        write_json([asdict(finding) for finding in findings])
    else:
        _print(findings)
    return EXIT_SOME_FAILED if any(finding.problem for finding in findings) else EXIT_OK


def _software() -> Iterator[Finding]:
    yield Finding("Software", "filmgate", filmgate.__version__)
    yield Finding("Software", "Python", f"{platform.python_version()} on {platform.platform()}")
    for package, module in (*_CLIENT, *_IMAGE):
        yield _package(package, module, "needed", "pip install 'filmgate[cli]'")
    if not _has_server():
        yield Finding(
            "Software", "server", "not installed", mend="pip install 'filmgate[cli,server,oidn]'"
        )
        return
    for package, module in _SERVER:
        yield _package(package, module, "needed", "pip install 'filmgate[server]'")
    for package, module in _ENGINES:
        yield _package(package, module, "", f"pip install {package}, for models that need it")


def _package(package: str, module: str, needed: str, mend: str) -> Finding:
    """Say which version is there, and whether it can be loaded."""
    try:
        version = metadata.version(package)
    except metadata.PackageNotFoundError:
        problem = "it is needed" if needed else ""
        return Finding("Software", package, "not installed", problem, mend)
    try:
        importlib.import_module(module)
    except (ImportError, OSError) as error:  # a library of the system is missing
        return Finding("Software", package, version, f"it cannot be loaded: {error}", mend)
    return Finding("Software", package, version)


def _has_server() -> bool:
    return find_spec("filmgate_server") is not None


def _devices() -> Iterator[Finding]:
    yield Finding("Devices", "CPU", f"{os.cpu_count()} cores, {platform.machine()}")
    program = shutil.which("nvidia-smi")
    if program is None:
        yield Finding("Devices", "GPU", "no NVIDIA driver found: models run on the CPU")
        return
    asked = subprocess.run(
        [program, *_NVIDIA_SMI], capture_output=True, text=True, check=False, timeout=30
    )
    lines = asked.stdout.splitlines()
    if asked.returncode or not lines:
        said = (asked.stderr or asked.stdout).strip()
        yield Finding(
            "Devices", "GPU", "not usable", f"nvidia-smi says: {said}", "Mend the NVIDIA driver."
        )
    for number, line in enumerate(lines if not asked.returncode else []):
        yield Finding("Devices", f"GPU {number}", line)


def _site(options: DoctorOptions) -> Iterator[Finding]:
    try:
        config = options.config()
    except ConfigError as error:
        yield Finding("Settings", "settings", "", error.text, error.remedy)
        return
    for name, setting in config.settings().items():
        yield Finding("Settings", name, f"{setting.value or '(none)'}   from {setting.origin}")
    yield from _keys(config)
    yield from _plugins(config)
    yield from _endpoints()
    yield _server(config)


def _keys(config: Config) -> Iterator[Finding]:
    """Look at the keys, where some are set or needed."""
    server = config.server.value
    if not config.key.value and (not server or find_endpoint(server)):
        return  # a server of one's own wants none
    try:
        curve = load_curve(config)
    except ConfigError as error:
        yield Finding("Settings", "keys", "", error.text, error.remedy)
        return
    if curve is not None:
        public = curve.public.decode("ascii")
        yield Finding("Settings", "keys", f"yours is {public}; what is sent is encrypted")
    elif server and not is_local(server):
        yield Finding(
            "Settings",
            "keys",
            "none",
            "the server is on another machine, and such servers let only keys in",
            "Ask the people who run the server for a key; then set key and gateway_key.",
        )


def _plugins(config: Config) -> Iterator[Finding]:
    """Look at what plugins use beside the server: their folder, and the Python of their own one."""
    paths = PathMap(config.paths.value)
    folder = Path(paths.here(config.cache.value)).expanduser()
    there = next(each for each in (folder, *folder.parents) if each.is_dir())
    free_gb = shutil.disk_usage(there).free / 1e9
    found = f"{folder.as_posix()}, {free_gb:.0f} GB free"
    if os.access(there, os.W_OK):
        yield Finding("Settings", "cache folder", found)
    else:
        problem = f"{there.as_posix()} cannot be written to, so no plugin can work"
        yield Finding("Settings", "cache folder", found, problem, "Set cache to another folder.")
    if config.local_python.value:
        yield _own_python(config, paths)


def _own_python(config: Config, paths: PathMap) -> Finding:
    try:
        found = local_interpreter(config, paths)
    except ConfigError as error:
        return Finding("Settings", "own server's Python", "", error.text, error.remedy)
    return Finding("Settings", "own server's Python", found)


def _endpoints() -> Iterator[Finding]:
    """Name the folder in which this user's own servers are looked for if it is not believed."""
    flaw = folder_flaw()
    if flaw is not None:
        folder = endpoint_folder().as_posix()
        yield Finding("Server", "own servers", folder, flaw.text, flaw.remedy)


def _server(config: Config) -> Finding:
    if not config.server.value and find_running() is None:
        return _no_server()
    try:
        with existing_connection(config, _ANSWER_WITHIN_S) as client:
            address, page = client.server, client.status()
    except FilmgateError as error:
        return Finding("Server", "connection", config.server.value, error.text, error.remedy)
    devices = ", ".join(worker.device for worker in page.workers)
    found = f"{address}: Filmgate {page.server}, {page.state}, workers on {devices or 'nothing'}"
    return Finding("Server", "connection", found)


def _no_server() -> Finding:
    if _has_server():
        found = "none is configured or running; `filmgate run` starts one for itself"
        return Finding("Server", "connection", found)
    return Finding(
        "Server",
        "connection",
        "none",
        "none is configured, and none is installed here",
        "Set FILMGATE_SERVER, or pip install 'filmgate[cli,server,oidn]'.",
    )


def _print(findings: list[Finding]) -> None:
    topic = ""
    for finding in findings:
        if finding.topic != topic:
            topic = finding.topic
            results.print(Text(topic, style="bold"))
        mark = Text("  ✗ ", "bold red") if finding.problem else Text("  • ", "dim")
        line = Text.assemble(mark, f"{finding.name}: {finding.value or finding.problem}")
        results.print(line, soft_wrap=True)
        _print_mend(finding)


def _print_mend(finding: Finding) -> None:
    if finding.problem and finding.value:
        results.print(f"      {finding.problem}", soft_wrap=True)
    if finding.mend:
        results.print(f"      what to do: {finding.mend}", soft_wrap=True)
