"""The specification's limits are those that the server keeps."""

from __future__ import annotations

import re
from pathlib import Path

from filmgate_server import config, service
from filmgate_server.gateway import catalogue, downloads, gateway, handoff, router, sessions
from filmgate_server.jobs import admission, answers, dispatcher, intake
from filmgate_server.operations import status
from filmgate_server.store import uploads

LIMITS = {
    "piece": config.CHUNK_BYTES_MAX,
    "piece, smallest": config.CHUNK_BYTES_MIN,
    "upload window": config.ServerConfig().upload_window_bytes,
    "download credit": downloads.GET_CREDIT_MAX,
    "downloads": sessions.DOWNLOADS_MAX,
    "ring": handoff.RING_BYTES_MAX,
    "inputs": intake.INPUTS_MAX,
    "missing": answers.MISSING_MAX,
    "loose blob": uploads.LOOSE_BYTES_MAX,
    "loose blobs": uploads.LOOSE_UPLOADS_MAX,
    "models page": catalogue.PAGE_MODELS,
    "users page": status.PAGE_USERS,
    "warnings": dispatcher.WARNINGS_MAX,
    "heartbeat": router.HEARTBEAT_MS,
    "heartbeat timeout": router.HEARTBEAT_TIMEOUT_MS,
    "sessions": sessions.SESSIONS_MAX,
    "lease": config.ServerConfig().job_lease_s,
    "lease, batch": config.ServerConfig().batch_lease_s,
    "lease, restart": config.ServerConfig().restart_lease_s,
    "upload stall": config.ServerConfig().upload_stall_s,
    "memory wait": dispatcher.STARVED_S,
    "refusal, shortest": admission.RETRY_MS_MIN,
    "refusal, longest": admission.RETRY_MS_MAX,
    "drain": gateway.DRAIN_RETRY_MS,
    "outcomes": service.JOURNAL_KEEP_S,
}


def test_page_has_the_servers_limits(repository: Path) -> None:
    """Each limit of the table that the server keeps has the server's value."""
    page = (repository / "docs" / "protocol.md").read_text(encoding="utf-8")
    table = page[page.index("\n## Limits\n") : page.index("\n## Versions\n")]
    rows = re.findall(r"^\| ([a-z, ]+) \| (\d+)[ |]", table, re.MULTILINE)
    told = {name: int(value) for name, value in rows}
    assert {name: told[name] for name in LIMITS} == LIMITS
    assert told.keys() - LIMITS.keys() == {
        "header",
        "text",
        "label",
        "list",
        "map",
        "count",
        "error text",
        "tensor header",
        "tensors",
        "axes",
    }


def test_probes_and_checks_are_those_told(repository: Path) -> None:
    """What the page says of probes agrees with the code."""
    page = (repository / "docs" / "protocol.md").read_text(encoding="utf-8")
    assert f"nothing for {gateway.PROBE_S:.0f} s" in page
    assert gateway.PARTS_MAX == 3
