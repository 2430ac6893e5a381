"""What the server counts and measures, for Prometheus. No label names a show or an artist."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

import filmgate

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Bounds of the durations: from a small tile to a frame that keeps a device for minutes."""


class Metrics:
    """Every metric of a gateway, in a registry of its own.

    Attributes:
        jobs_accepted: jobs that were accepted.
        jobs_ended: jobs that ended, by outcome: result, error, cancelled, expired.
        executions: times a model was run to its end, by outcome: result or an error's code.
        cache_hits: jobs answered without a worker.
        queue_seconds: how long work waited for a worker.
        stage_seconds: how long a worker took, by stage: decode, infer, encode.
        received_bytes: everything that arrived at the socket.
        uploaded_bytes: the part of it that was content.
        sent_bytes: content that was sent.
        wire_errors: messages answered by an error, by the error's code.
        worker_restarts: workers that died and were started again.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._gauges: dict[str, Gauge] = {}
        self._add_jobs()
        self._add_traffic()
        version = self._gauge("build_info", "Always 1; the version is in the label.", ("version",))
        version.labels(version=filmgate.__version__).set(1)

    def set_gauges(self, counters: Mapping[str, int]) -> None:
        """Take over the server's present state; call it now and then from the gateway's thread.

        Args:
            counters: as `filmgate_server.status.Status.counters` returns them; names that have no
                gauge are left out.
        """
        for name, value in counters.items():
            if name in self._gauges:
                self._gauges[name].set(value)

    def to_text(self) -> bytes:
        """Return everything in the text format of Prometheus, of type `CONTENT_TYPE`."""
        return generate_latest(self._registry)

    def _add_jobs(self) -> None:
        self.jobs_accepted = self._counter("jobs_accepted", "Jobs that were accepted.")
        self.jobs_ended = self._counter("jobs_ended", "Jobs that ended, by outcome.", "outcome")
        self.executions = self._counter(
            "executions", "Runs of a model, by outcome: result or an error's code.", "outcome"
        )
        self.cache_hits = self._counter("cache_hits", "Jobs answered without a worker.")
        self.worker_restarts = self._counter("worker_restarts", "Workers started again.")
        self.queue_seconds = self._histogram("queue", "How long work waited for a worker.")
        self.stage_seconds = self._histogram("stage", "How long a stage took.", "stage")
        for name, text in _GAUGES.items():
            self._gauges[name] = self._gauge(name, text)

    def _add_traffic(self) -> None:
        self.received_bytes = self._counter("received_bytes", "Bytes that arrived.")
        self.uploaded_bytes = self._counter("uploaded_bytes", "Bytes of content that arrived.")
        self.sent_bytes = self._counter("sent_bytes", "Bytes of content that were sent.")
        self.wire_errors = self._counter("wire_errors", "Messages answered by an error.", "code")

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"filmgate_{name}", text, labels, registry=self._registry)

    def _gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(f"filmgate_{name}", text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(
            f"filmgate_{name}_seconds", text, labels, buckets=SECONDS, registry=self._registry
        )


_GAUGES = {
    "sessions": "Clients that are connected or may come back.",
    "jobs_open": "Jobs that have not ended.",
    "executions_open": "Runs of a model that wait or are under way.",
    "store_budget_bytes": "Memory that inputs and results may take.",
    "store_used_bytes": "Memory that inputs and results take.",
    "store_promised_bytes": "Memory that is set aside for accepted jobs.",
    "store_blobs": "Inputs and results that are kept.",
    "store_evictions": "Inputs and results that made room for others, since the start.",
}
