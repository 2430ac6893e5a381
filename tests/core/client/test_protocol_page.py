"""The specification says what the code does: kinds, fields, types, limits, errors and bytes."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from filmgate import digest, errors, link, tensor
from filmgate.errors import FilmgateError, ProtocolError
from filmgate.wire import codec, messages, records
from filmgate.wire import fields as wire
from filmgate.wire.messages import MESSAGES
from filmgate.wire.version import PROTOCOLS

RECORDS = (
    "WorkSpec",
    "ColourSpec",
    "BlobRef",
    "Wish",
    "Missing",
    "ModelSummary",
    "WorkerStatus",
    "UserStatus",
)

LIMITS = {
    "header": codec.HEADER_BYTES_MAX,
    "text": wire.TEXT_MAX,
    "label": wire.LABEL_MAX,
    "list": wire.LIST_MAX,
    "map": wire.MAP_MAX,
    "count": wire.COUNT_MAX,
    "error text": messages.TOLD_CHARACTERS_MAX,
    "piece": digest.CHUNK_BYTES,
    "tensor header": tensor.HEADER_BYTES_MAX,
    "tensors": tensor.TENSORS_MAX,
    "axes": tensor.AXES_MAX,
    "heartbeat": link.HEARTBEAT_MS,
    "heartbeat timeout": link.HEARTBEAT_TIMEOUT_MS,
}
"""The limits that client code knows; tests/gpu_server/test_protocol_limits.py has the others."""

SAMPLES: dict[str, tuple[list[Any], list[Any]]] = {
    "text": (["", "é" * 2048], ["é" * 2049, b"x", 1, None, ["x"]]),
    "label": (["", "é" * 64], ["é" * 65, b"x", 1, None]),
    "count": ([0, 9007199254740991], [-1, 9007199254740992, 1.0, True, "1", None]),
    "number": ([0, -1.5, 7], [math.inf, math.nan, True, "1", None]),
    "flag": ([True, False], [0, 1, "true", None]),
    "16 bytes": ([b"x" * 16], [b"x" * 15, b"x" * 17, "x" * 16, None]),
    "digest": ([b"x" * 32], [b"x" * 31, b"x" * 16, "x" * 32, None]),
    "plain": ([None, True, -3, 0.5, "x", [1, 2.5]], [b"x", {"a": 1}, ["x"], [[1]], math.nan]),
}
"""For each type of the page: what it takes, and what it must refuse."""


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    """Return the specification."""
    return (repository / "docs" / "protocol.md").read_text(encoding="utf-8")


def section(page: str, title: str) -> str:
    """Return what stands under a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"the page has no section {title!r}"
    return found.group(1)


def rows(text: str) -> list[list[str]]:
    """Return the cells of the first table of *text*, without its head."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("|"):
            lines.append(line)
        elif lines:
            break
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:])
    return [[re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", cell) for cell in row] for row in cells]


def documented(page: str, name: str) -> dict[str, tuple[str, str]]:
    """Return the type and default of each field that the page lists for a message or record."""
    return {row[0].strip("`"): (row[1], row[2].strip("`")) for row in rows(section(page, name))}


def declared(name: str) -> Any:
    """Return the dataclass of a message or record."""
    return MESSAGES[name] if name in MESSAGES else getattr(records, name)


NAMES = (*MESSAGES, *RECORDS)


def test_page_has_every_kind(page: str) -> None:
    """The sections under Messages are exactly the kinds that the code knows."""
    body = page[page.index("\n## Messages\n") : page.index("\n## Records\n")]
    assert re.findall(r"^### (.+)$", body, re.MULTILINE) == list(MESSAGES)


def test_page_has_every_record(page: str) -> None:
    """The sections under Records are exactly the records that messages use."""
    body = page[page.index("\n## Records\n") : page.index("\n## Sessions\n")]
    assert re.findall(r"^### (.+)$", body, re.MULTILINE) == list(RECORDS)


@pytest.mark.parametrize("name", NAMES)
def test_page_has_every_field(page: str, name: str) -> None:
    """Each table lists exactly the fields of its message or record, in the order of the wire."""
    assert list(documented(page, name)) == [spec.name for spec in fields(declared(name))]


@pytest.mark.parametrize("name", NAMES)
def test_page_has_the_defaults(page: str, name: str) -> None:
    """A field is required exactly if the code requires it, and otherwise has the default told."""
    for spec in fields(declared(name)):
        told = documented(page, name)[spec.name][1]
        assert told == _default_text(spec), f"{name}.{spec.name}"


def _default_text(spec: Any) -> str:
    if spec.default_factory is not MISSING:
        return "{}"
    if spec.default is MISSING:
        return "required"
    if spec.default is None:
        return "nil"
    if spec.default == ():
        return "[]"
    nested = isinstance(spec.default, (records.Wish, records.ColourSpec))
    return "{}" if nested else json.dumps(spec.default)


@pytest.mark.parametrize("name", NAMES)
def test_page_has_the_types(page: str, name: str) -> None:
    """Each field takes what its documented type allows and refuses what the type forbids."""
    for spec in fields(declared(name)):
        good, bad = _samples(documented(page, name)[spec.name][0])
        reader = spec.metadata["reader"]
        for value in good:
            reader(value)
        for value in bad:
            with pytest.raises(ProtocolError):
                pytest.fail(f"{name}.{spec.name} took {reader(value)!r}")


def _samples(type_: str) -> tuple[list[Any], list[Any]]:
    """Return values that a documented type takes, and values that it refuses."""
    if type_.endswith(" or nil"):
        good, bad = _samples(type_[: -len(" or nil")])
        return [*good, None], [value for value in bad if value is not None]
    if type_.startswith("one of "):
        words = [word.strip().strip('"') for word in type_[len("one of ") :].split(",")]
        return list(words), ["another word", 1, None]
    if type_.startswith("list of "):
        return _list_samples(type_[len("list of ") :])
    if type_.startswith("map of "):
        good, bad = _samples(type_[len("map of ") :])
        full = {str(number): good[0] for number in range(wire.MAP_MAX)}
        return [{}, full, {"k": good[-1]}], [{"k": bad[0]}, {**full, "one more": good[0]}, [], 1]
    if type_ in RECORDS:
        return [_sound(type_)], [None, [], "text", 1]
    return SAMPLES[type_]


def _list_samples(type_: str) -> tuple[list[Any], list[Any]]:
    type_, _, limit = type_.partition(" (at most ")
    longest = int(limit.rstrip(")")) if limit else wire.LIST_MAX
    good, bad = _samples(type_)
    return [[], good[:1] * longest], [good[:1] * (longest + 1), [bad[0]], None, "text", {}]


def _sound(record: str) -> dict[str, Any]:
    """Return the smallest map that makes a record."""
    small = {"text": "x", "label": "x", "count": 1, "digest": b"x" * 32}
    return {
        spec.name: next(small[name] for name in small if _takes(spec, small[name]))
        for spec in fields(declared(record))
        if spec.default is MISSING and spec.default_factory is MISSING
    }


def _takes(spec: Any, value: Any) -> bool:
    try:
        spec.metadata["reader"](value)
    except FilmgateError:
        return False
    return True


def test_page_has_every_error(page: str) -> None:
    """The table of errors is the tree of the code: codes, parents, and what may be tried again."""
    told = {
        code.strip("`"): (parent.strip("`"), again == "yes")
        for code, parent, again, _ in rows(section(page, "Errors"))
    }
    assert told == {
        kind.code: (
            "" if kind is FilmgateError else kind.__mro__[1].code,  # type: ignore[attr-defined]
            kind.retryable,
        )
        for kind in _every_error(FilmgateError)
    }


def _every_error(root: type[FilmgateError]) -> Iterator[type[FilmgateError]]:
    yield root
    for branch in root.__subclasses__():
        if branch.__module__ == errors.__name__:
            yield from _every_error(branch)


def test_page_has_the_limits(page: str) -> None:
    """The limits that client code enforces are those of the page."""
    told = {name: int(value.split()[0]) for name, value, _ in rows(section(page, "Limits"))}
    assert {name: told[name] for name in LIMITS} == LIMITS


def test_page_has_the_dtypes(page: str) -> None:
    """The page lists the types of numbers that tensors may have."""
    (dtypes,) = re.findall(r"\| `dtype` \| one of (.*?) \|", page)
    assert dtypes.split(", ") == list(tensor.DTYPE_BYTES)


def test_page_is_of_the_version_spoken(page: str) -> None:
    """The page's title names the protocol version of the code."""
    assert page.startswith(f"# The Filmgate protocol, version {PROTOCOLS[0]}\n")


def _blocks(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (who, kind, hexadecimal digits) of each block of an exchange; a part has no kind."""
    pattern = r"(?:\*\*(Client|Server): (\S+)\*\*\n\n)?```text\n(.*?)```"
    for who, kind, block in re.findall(pattern, text, re.DOTALL):
        digits = "".join(line.partition("#")[0].strip() for line in block.splitlines())
        yield who.lower(), kind, digits


EXCHANGES = {
    "A job from end to end": "first",
    "The same work again: no upload": "repeat",
    "The server was killed and starts again": "restart",
}


@pytest.mark.parametrize("title", EXCHANGES)
def test_page_has_the_bytes_of_the_exchanges(page: str, repository: Path, title: str) -> None:
    """Each worked exchange shows, in order, exactly the golden bytes."""
    content = (repository / "tests" / "golden" / "exchanges.json").read_text(encoding="utf-8")
    wanted: list[tuple[str, str, str]] = []
    for step in json.loads(content)[EXCHANGES[title]]:
        kind = codec.decode(bytes.fromhex(step["header"])).message.kind
        wanted.append((step["from"], kind, step["header"]))
        if step["part"]:
            wanted.append(("", "", step["part"]))
    assert list(_blocks(section(page, title))) == wanted


def test_page_has_the_bytes_of_work_and_tensor(page: str, repository: Path) -> None:
    """The canonical bytes of the work key and the tensor of the page are the golden ones."""
    golden = repository / "tests" / "golden"
    work = json.loads((golden / "work_key.json").read_text(encoding="utf-8"))
    blob = json.loads((golden / "tensor.json").read_text(encoding="utf-8"))
    assert [digits for _, _, digits in _blocks(section(page, "The work key"))] == [
        work["canonical"]
    ]
    assert work["key"] in section(page, "The work key")
    assert [digits for _, _, digits in _blocks(section(page, "Tensors"))] == [blob["blob"]]


def test_links_of_the_page_lead_somewhere(page: str) -> None:
    """Every link to a section of the page finds it."""
    titles = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]*)\)", page)) <= anchors
