"""A broker for one pool: it remembers what it is told and grants what it is asked for."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

from filmgate.digest import digest_bytes
from filmgate.errors import FilmgateError
from filmgate.tensor import TENSOR_MEDIA, TensorSpec, parse_tensor_blob, to_tensor_blob
from filmgate.wire.records import Wish
from filmgate_server.pool.local import LocalPool
from filmgate_server.pool.port import AssignedInput, Assignment, ProducedOutput, WorkerInfo
from filmgate_server.pool.settings import PoolSettings
from filmgate_server.registry.local import load_package
from filmgate_server.store.segments import Arena

PATIENCE_S = 30.0


@dataclass
class FakeBroker:
    """Runs a pool as the gateway does, on the test's own thread.

    Attributes:
        settings: of the pool.
        granting: whether a request for memory is granted at once; else it waits in *asked*.
    """

    settings: PoolSettings = field(default_factory=PoolSettings)
    granting: bool = True

    def __post_init__(self) -> None:
        self.pool = LocalPool(self.settings, self)
        self.arena = Arena()
        self.blobs: list[AssignedInput] = []
        self.infos: list[tuple[int, WorkerInfo]] = []
        self.stages: list[tuple[int, str]] = []
        self.finished: list[tuple[int, str]] = []
        self.asked: dict[int, tuple[int, ...]] = {}
        self.outputs: dict[int, Sequence[ProducedOutput]] = {}
        self.warnings: dict[int, Sequence[str]] = {}
        self.timings: dict[int, Mapping[str, float]] = {}
        self.numerics: dict[int, str] = {}
        self.errors: dict[int, FilmgateError] = {}
        self.losses: list[tuple[int, tuple[int, ...], str]] = []

    def __enter__(self) -> FakeBroker:
        self.pool.start()
        try:
            self.until(lambda: len(self.infos) == len(self.settings.devices))
        except BaseException:
            self.pool.stop()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.pool.stop()

    def ready(self, worker: int, info: WorkerInfo) -> None:
        self.infos.append((worker, info))

    def progress(self, execution: int, stage: str, done: int, total: int) -> None:
        self.stages.append((execution, stage))
        if done == total:
            self.finished.append((execution, stage))

    def reserve(self, execution: int, sizes: Sequence[int]) -> None:
        self.asked[execution] = tuple(sizes)
        if self.granting:
            self.pool.grant(execution, sizes)

    def done(
        self,
        execution: int,
        outputs: Sequence[ProducedOutput],
        warnings: Sequence[str],
        timings: Mapping[str, float],
        numerics: str,
    ) -> None:
        self.outputs[execution] = outputs
        self.warnings[execution] = warnings
        self.timings[execution] = timings
        self.numerics[execution] = numerics

    def failed(self, execution: int, error: FilmgateError, timings: Mapping[str, float]) -> None:
        self.errors[execution] = error
        self.timings[execution] = timings

    def lost(self, worker: int, executions: Sequence[int], reason: str) -> None:
        self.losses.append((worker, tuple(executions), reason))

    @property
    def pid(self) -> int:
        """The process of the worker that was ready last."""
        return self.infos[-1][1].pid

    def until(self, condition: Callable[[], bool]) -> None:
        """Serve the pool until *condition* holds."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline_s, "the pool did not do what was waited for"
            poller = select.poll()
            for fileno in self.pool.filenos():
                poller.register(fileno, select.POLLIN)
            for fileno, _ in poller.poll(20):
                self.pool.handle(fileno)
            self.pool.tick(time.monotonic())

    def blob(self, content: bytes, name: str = "color", **entry: Any) -> AssignedInput:
        """Put *content* into the input arena."""
        segment = self.arena.take(len(content))
        segment.view[: len(content)] = content
        known = {"time": 1.0, "view": "", "media": TENSOR_MEDIA, **entry}
        digest = digest_bytes(content)
        blob = AssignedInput(
            name=name, segment=segment, size_bytes=len(content), digest=digest, **known
        )
        self.blobs.append(blob)
        return blob

    def run(
        self, execution: int, package: Path, *inputs: AssignedInput, worker: int = 0, **work: Any
    ) -> None:
        """Give *execution* to *worker*."""
        known = {"params": {}, "layers": {}, "wish": Wish(), "provenance": {}, **work}
        known = {"priority": "interactive", "time": 1.0, **known}
        digest = work.pop("package_digest", None) or load_package(package).digest
        known["package_digest"] = digest
        self.pool.run(
            worker, Assignment(execution=execution, package_path=package, inputs=inputs, **known)
        )

    def forget(self) -> None:
        """Give everything back and be as new; no execution may be open."""
        assert set(self.pool.free_slots(express=False).values()) == {self.settings.in_flight}
        for output in [output for outputs in self.outputs.values() for output in outputs]:
            self.pool.release_output(output.segment.id)
        self.pool.trim_outputs(0)
        for segment in {blob.segment.id: blob.segment for blob in self.blobs}.values():
            self.pool.drop_input(segment.id)
            self.arena.give_back(segment)
        self.arena.trim(0)
        self.blobs.clear()
        books = (self.asked, self.outputs, self.warnings, self.timings, self.numerics, self.errors)
        for book in books:
            book.clear()
        for record in (self.stages, self.finished, self.losses):
            record.clear()

    def ended(self, execution: int) -> bool:
        """Return whether *execution* has an outcome."""
        return execution in self.outputs or execution in self.errors


def make_package(
    folder: Path, code: str, name: str = "tiny", runtime: str = "", tables: str = ""
) -> Path:
    """Write a package whose model is the class ``Model`` of *code*, on numpy arrays.

    Args:
        folder: where the package's folder is made.
        code: of the model.
        name: of the model.
        runtime: more lines of ``[runtime]``.
        tables: more tables of the manifest.
    """
    folder = folder / name
    folder.mkdir()
    (folder / "model.toml").write_text(
        dedent(f"""
        [model]
        name = "{name}"
        version = "1.0.0"
        task = "test"
        summary = "For a test."
        [licence]
        code = "Apache-2.0"
        weights = "none"
        [[inputs]]
        name = "color"
        role = "color"
        channels = ["R", "G", "B"]
        [[inputs]]
        name = "albedo"
        role = "albedo"
        channels = ["R", "G", "B"]
        optional = true
        [[outputs]]
        name = "color"
        channels = ["R", "G", "B"]
        replaces = "color"
        [runtime]
        engine = "array"
        entry = "model.py:Model"
        """)
        + f"{runtime}\n{tables}\n"
    )
    (folder / "model.py").write_text(dedent(code))
    return folder


NEGATIVE = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        return {"color": -inputs["color"]}
"""


def tensor_blob(numbers: bytes, shape: tuple[int, ...], dtype: str = "F32") -> bytes:
    """Return a blob of one tensor with axes y, x, c."""
    return to_tensor_blob({"color": (TensorSpec(dtype, shape, ("y", "x", "c")), numbers)})


def tensor_bytes(output: ProducedOutput) -> bytes:
    """Return the numbers of an output's only tensor."""
    (tensor,) = parse_tensor_blob(output.segment.view[: output.size_bytes]).values()
    return bytes(tensor.data)
