"""The manifest of a model package: what the model needs, promises and lets an artist set.

A package is a folder with a ``model.toml`` of this form (TOML is read with Python 3.11 and later;
over the wire the same mapping travels as JSON)::

    [model]       name, version, task, summary
    [licence]     code, weights, data
    [lineage]     where it comes from, in free words
    [[inputs]]    see `ModelInput`
    [[outputs]]   see `ModelOutput`
    [geometry]    see `Geometry`
    [tiling]      see `Tiling`
    [temporal]    see `Temporal`
    [batch]       see `Batch`
    [runtime]     see `RuntimeSpec`
    [warmup]      see `WarmUp`
    [[params]]    see `filmgate.params.Parameter`
    [[weights]]   see `Weights`
    [[tests]]     see `GoldenTest`
"""

from __future__ import annotations

from filmgate.manifest.document import parse_manifest, parse_manifest_json, to_manifest_json
from filmgate.manifest.sections import (
    Batch,
    Geometry,
    GoldenTest,
    Manifest,
    ModelInput,
    ModelOutput,
    RuntimeSpec,
    Temporal,
    Tiling,
    WarmUp,
    Weights,
)

__all__ = [
    "Batch",
    "Geometry",
    "GoldenTest",
    "Manifest",
    "ModelInput",
    "ModelOutput",
    "RuntimeSpec",
    "Temporal",
    "Tiling",
    "WarmUp",
    "Weights",
    "parse_manifest",
    "parse_manifest_json",
    "to_manifest_json",
]
