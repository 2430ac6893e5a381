"""What gateway and librarian tell each other: settings, and every package that can be used now."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filmgate.errors import error_from_wire
from filmgate.manifest import parse_manifest_json, to_manifest_json
from filmgate_server.registry.local import Package, Problem
from filmgate_server.registry.offer import Published


@dataclass(frozen=True)
class Snapshot:
    """What there is at one moment.

    Attributes:
        packages: of each name and version one, each sound and trusted.
        problems: packages that cannot be used.
        published: what the shared registry says beyond that.
        trouble: why the shared registry could not be read; empty if it could, or there is none.
    """

    packages: tuple[Package, ...] = ()
    problems: tuple[Problem, ...] = ()
    published: Published = field(default_factory=Published)
    trouble: str = ""


@dataclass(frozen=True)
class LibrarianSettings:
    """What a librarian is told at its start; see `filmgate_server.config.ServerConfig`.

    Attributes:
        folders: of packages that the site trusts.
        registry: address of the shared registry; empty for none.
        endpoint: of an S3 store that is not AWS.
        poll_s: how often to look.
        cache: folder for what comes from the shared registry.
        publishers: folder with the keys of trusted publishers; empty for none.
        trusted: whether everything in the registry is.
        log_level: of the log.
        log_json: whether to log JSON.
    """

    folders: tuple[str, ...]
    registry: str
    endpoint: str
    poll_s: float
    cache: str
    publishers: str
    trusted: bool
    log_level: str = "info"
    log_json: bool = False


def to_line(snapshot: Snapshot) -> bytes:
    """Return *snapshot* as one line."""
    document = {
        "packages": [_package_table(each) for each in snapshot.packages],
        "problems": [_problem_table(each) for each in snapshot.problems],
        "published": asdict(snapshot.published),
        "trouble": snapshot.trouble,
    }
    return json.dumps(document).encode() + b"\n"


def parse_line(line: bytes, known: dict[bytes, Package]) -> Snapshot:
    """Read what `to_line` wrote.

    Args:
        line: from the librarian, which is ours: nothing is checked.
        known: packages read before, by digest; their manifests are not parsed again.
    """
    document: dict[str, Any] = json.loads(line)
    return Snapshot(
        tuple(_parse_package(table, known) for table in document["packages"]),
        tuple(_parse_problem(table) for table in document["problems"]),
        Published(**document["published"]),
        document["trouble"],
    )


def _package_table(package: Package) -> dict[str, str]:
    manifest = to_manifest_json(package.manifest).decode()
    return {"path": str(package.path), "digest": package.digest.hex(), "manifest": manifest}


def _parse_package(table: dict[str, str], known: dict[bytes, Package]) -> Package:
    digest, path = bytes.fromhex(table["digest"]), Path(table["path"])
    package = known.get(digest)
    if package is None or package.path != path:
        package = Package(parse_manifest_json(table["manifest"].encode()), path, digest)
    return package


def _problem_table(problem: Problem) -> dict[str, str]:
    error = problem.error
    told = {"code": error.code, "text": error.text, "remedy": error.remedy}
    return {"path": str(problem.path), **told}


def _parse_problem(table: dict[str, str]) -> Problem:
    error = error_from_wire(table["code"], table["text"], table["remedy"])
    return Problem(Path(table["path"]), error)
