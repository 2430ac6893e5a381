"""The published JSON Schema is the manifest's."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from filmgate.errors import ManifestError
from filmgate.manifest import parse_manifest
from filmgate_server.commands.schema import manifest_schema

jsonschema = pytest.importorskip("jsonschema")


def _manifests(repository: Path) -> list[dict[str, Any]]:
    paths = sorted((repository / "gpu_server").rglob("model.toml"))
    return [tomllib.loads(path.read_text(encoding="utf-8")) for path in paths]


def test_the_page_is_what_the_dataclasses_say(repository: Path) -> None:
    """`filmgate models schema > docs/model.schema.json` has been run since the last change."""
    page = (repository / "docs" / "model.schema.json").read_text(encoding="utf-8")
    assert json.loads(page) == manifest_schema()


def test_every_shipped_manifest_fits(repository: Path) -> None:
    """What the server accepts, the schema accepts."""
    validator = jsonschema.Draft202012Validator(manifest_schema())
    documents = _manifests(repository)
    assert len(documents) >= 4
    for document in documents:
        assert list(validator.iter_errors(document)) == []


def _enums(schema: dict[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for table, entry in schema["properties"].items():
        inner = entry.get("items", entry).get("properties", {})
        found += [(table, key) for key, field in inner.items() if "enum" in field]
    return found


def test_words_that_the_schema_refuses_are_refused(repository: Path) -> None:
    """Where the schema lists words, another word is an error for the server too."""
    enums = _enums(manifest_schema())
    assert len(enums) > 15
    for table, key in enums:
        document = next(each for each in _manifests(repository) if each["params"])
        document["tests"] = [
            {"inputs": {"color": "a"}, "golden": "b", "metric": "psnr", "threshold": 1}
        ]
        rows = document.setdefault(table, {})
        row = rows[0] if isinstance(rows, list) else rows
        row[key] = "nonsense"
        with pytest.raises(ManifestError, match="nonsense"):
            parse_manifest(document)
        assert list(jsonschema.Draft202012Validator(manifest_schema()).iter_errors(document))
