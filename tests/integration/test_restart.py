"""A server that is stopped in good order and started again: its clients notice a pause."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

from fakes.ledger import Ledger
from fakes.models import GATED, write_model
from fakes.plates import negate_exr, negate_tensor
from fakes.stages import Reached
from fakes.supervised import Supervised
from fakes.waiting import wait_until
from filmgate_server.operations.notify import VARIABLE

MANAGER_S = 40.0


def test_clients_notice_only_a_pause(tmp_path: Path) -> None:
    """Jobs under way, waiting, and submitted meanwhile all end once, with the right pixels."""
    gate, models = tmp_path / "gate", tmp_path / "models"
    write_model(models, "gated", GATED, gate=gate)
    ledger, reached = Ledger(), Reached("infer")
    with Supervised(tmp_path, "--models", str(models)) as server:
        with server.client("alice") as alice, server.client("bob") as bob:
            for seed in range(4):
                ledger.submit(alice, *negate_tensor(seed, model="gated"), reached)
                work = negate_tensor(10 + seed, model="gated")
                ledger.submit(bob, *work, reached, priority="batch")
            reached.wait()
            server.drain()
            wait_until(lambda: alice.status().state == "draining", "the server to drain")
            held_back = Reached("waiting")
            for seed in range(20, 24):
                ledger.submit(bob, *negate_exr(seed), held_back)
            held_back.wait()
            gate.touch()
            assert server.wait_exit() == 0, server.log
            assert set(outcomes(server.journal)) == {"result"}  # nothing accepted was left
            server.start()
            ledger.all_end("result")
            server.drain()
            assert server.wait_exit() == 0, server.log
        ledger.audit_journal(server.journal)
        assert "Traceback" not in server.log


def test_work_that_outlasts_the_drain_is_done_by_the_next_server(tmp_path: Path) -> None:
    """What is not finished in time is given up here, and done once after the restart."""
    gate, models = tmp_path / "gate", tmp_path / "models"
    write_model(models, "gated", GATED, gate=gate)
    ledger, reached = Ledger(), Reached("infer")
    with Supervised(tmp_path, "--models", str(models), "--drain-s", "0.2") as server:
        with server.client() as client:
            for seed in range(3):
                ledger.submit(client, *negate_tensor(seed, model="gated"), reached)
            reached.wait()
            server.drain()
            assert server.wait_exit() == 0, server.log
            assert not any(entry.job.done() for entry in ledger.entries)
            gate.touch()
            server.start()
            ledger.all_end("result")
        ledger.audit_journal(server.journal)


def test_a_service_manager_is_told(tmp_path: Path) -> None:
    """Ready once work is taken, alive while the gateway turns, stopping when asked to."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(MANAGER_S)
        with Supervised(tmp_path, **{VARIABLE: path}) as server:
            assert _wait_for(manager, "READY=1") == f"STATUS=serving on port {server.port}"
            _wait_for(manager, "WATCHDOG=1")
            server.drain()
            _wait_for(manager, "STOPPING=1")
            assert server.wait_exit() == 0, server.log


def outcomes(journal: Path) -> list[str | None]:
    """Return how each job that a server has accepted ended; None for one that has not."""
    base = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    try:
        return [outcome for (outcome,) in base.execute("SELECT outcome FROM jobs")]
    finally:
        base.close()


def _wait_for(manager: socket.socket, line: str) -> str:
    """Receive until *line* is told and return what stands after it."""
    while True:
        first, _, rest = manager.recv(4096).decode().partition("\n")
        if first == line:
            return rest
