"""Where a failure came from: in the server's log, without pixels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fakes.pool import FakeBroker, make_package, tensor_blob
from filmgate.errors import ModelError
from filmgate_server.pool.settings import PoolSettings
from filmgate_server.worker.traces import CHARACTERS_MAX, WORDS_MAX, trace_of

BLOB = tensor_blob(np.full((4, 4, 3), 7.25, np.float32).tobytes(), (4, 4, 3))

BROKEN = """
def part_of_the_network(pixels):
    raise ValueError("the weights do not fit")
class Model:
    def infer(self, inputs, params, step):
        part_of_the_network(inputs["color"])
"""


def caught(words: str, secret: float = 3.5) -> ModelError:
    """Return an error that was raised from another one."""
    try:
        try:
            raise ValueError(words)
        except ValueError as cause:
            raise ModelError("It failed.") from cause
    except ModelError as error:
        return error


def test_trace_names_the_lines_of_every_cause() -> None:
    """First what happened first."""
    trace = trace_of(caught("the reason"))
    assert trace.index("ValueError: the reason") < trace.index("ModelError: It failed.")
    assert trace.count("in caught") == 2
    assert "3.5" not in trace


def test_trace_is_bounded() -> None:
    """An array in an error's text, or recursion without end, does not fill the log."""
    assert "x" * (WORDS_MAX + 1) not in trace_of(caught("x" * 10_000))
    last = ValueError("first")
    for number in range(50):
        follower = ValueError(f"y{number}" * 1000)
        follower.__cause__, last = last, follower
    assert len(trace_of(last)) <= CHARACTERS_MAX


def test_failing_model_leaves_its_traceback_in_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One line with the execution's number, which the client's error names."""
    with FakeBroker(PoolSettings(log_json=True)) as broker:
        broker.run(41, make_package(tmp_path, BROKEN, "broken"), broker.blob(BLOB))
        broker.until(lambda: broker.ended(41))
    error = broker.errors[41]
    assert "the weights do not fit" in error.text
    assert "traceback" not in error.text.lower()
    assert "The server's log has the traceback under execution 41." in error.remedy
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line[:1] == "{"]
    (line,) = [line for line in lines if line["event"] == "model failed"]
    assert (line["execution"], line["package"]) == (41, "broken")
    assert "in part_of_the_network" in line["exception"]
    assert "7.25" not in line["exception"]
