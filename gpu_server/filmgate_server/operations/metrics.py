"""What the server counts and measures, for Prometheus. No label names a show or an artist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

import filmgate

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "filmgate_"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Bounds of the durations: from a small tile to a frame that keeps a device for minutes."""

Levels = Mapping[str, Mapping[tuple[str, ...], float]]
"""The present value of each name in `LEVELS`, by the values of its labels."""


@dataclass(frozen=True)
class Level:
    """Something that is counted anew each time instead of being added up.

    Attributes:
        text: its help.
        labels: the names of its labels.
        rising: whether it only ever grows, as a counter does.
    """

    text: str
    labels: tuple[str, ...] = ()
    rising: bool = False


_DEVICE = ("worker", "device")
LEVELS: Mapping[str, Level] = {
    "request_pending": Level("Accepted jobs that have not ended.", ("priority", "state")),
    "request_pending_bytes": Level("Inputs of the work that waits for a worker.", ("priority",)),
    "sessions": Level("Clients that are connected or may come back."),
    "credit_bytes": Level("What clients may still send, and what they still take.", ("direction",)),
    "store_budget_bytes": Level("Memory that inputs and results may take."),
    "store_used_bytes": Level("Memory that inputs and results take."),
    "store_promised_bytes": Level("Memory that is set aside for accepted jobs."),
    "store_blobs": Level("Inputs and results that are kept."),
    "store_evictions": Level("Inputs and results that made room for others.", rising=True),
    "workers": Level("Workers, by what they do.", ("state",)),
    "models_offered": Level("Versions of models that can be asked for."),
    "models_unusable": Level("Packages and releases that cannot be used."),
    "registry_unreadable": Level("1 while the shared registry cannot be read, else 0."),
    "models_resident": Level("Models that a device holds.", _DEVICE),
    "device_memory_used_bytes": Level("Device memory that models take.", _DEVICE),
    "device_memory_budget_bytes": Level("Device memory that models may take.", _DEVICE),
    "device_busy_seconds": Level("How long a device has computed.", _DEVICE, rising=True),
    "model_evictions": Level("Models that left a device for others.", _DEVICE, rising=True),
    "tile_step_downs": Level("Frames made in smaller tiles to fit memory.", _DEVICE, rising=True),
    "workers_recycled": Level("Workers replaced in good health.", _DEVICE, rising=True),
}
"""What `filmgate_server.operations.levels` reads from the server's tables."""


class Metrics:
    """Every metric of a gateway, in a registry of its own.

    Attributes:
        declared: each metric's name in the text, and the names of its labels.
        jobs_accepted: jobs that were accepted.
        jobs_refused: submissions that were not accepted, by the error's code.
        cache_hits: jobs answered without a worker.
        executions: times a model was run to its end, by outcome: result or an error's code.
        queue_seconds: how long work waited for a worker.
        stage_seconds: how long a worker took, by stage: decode, load, infer, encode.
        tiles: tiles that were computed.
        worker_restarts: workers that died and were started again.
        model_changes: versions that were to take another's place, by outcome: served or kept.
        received_bytes: everything that arrived at the socket.
        uploaded_bytes: the part of it that was content.
        sent_bytes: content that was sent.
        wire_errors: messages answered by an error, by the error's code.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._levels = _LevelCollector()
        self._registry.register(self._levels)
        self.declared = {
            f"{PREFIX}{name}{'_total' if level.rising else ''}": level.labels
            for name, level in LEVELS.items()
        }
        self._add_requests()
        self._add_work()
        self._add_traffic()
        self._add_version()

    def count_end(self, outcome: str, code: str) -> None:
        """Count a job that has ended.

        Args:
            outcome: as `filmgate.wire.messages.OUTCOMES` names it.
            code: the error's, where it was no result.
        """
        if outcome == "result":
            self._successes.inc()
        else:
            self._failures.labels(reason=code or outcome).inc()

    def total(self, name: str) -> int:
        """Return what a counter without labels has come to, by its name without prefix."""
        return round(self._registry.get_sample_value(f"{PREFIX}{name}_total") or 0)

    def set_levels(self, levels: Levels) -> None:
        """Show these numbers from now on, in place of all earlier ones."""
        self._levels.levels = levels

    def to_text(self) -> bytes:
        """Return everything in the text format of Prometheus, of type `CONTENT_TYPE`."""
        return generate_latest(self._registry)

    def _add_requests(self) -> None:
        self.jobs_accepted = self._counter("request_accepted", "Jobs that were accepted.")
        self.jobs_refused = self._counter(
            "request_refused", "Submissions that were not accepted, by reason.", "reason"
        )
        self._successes = self._counter("request_success", "Jobs that ended with a result.")
        self._failures = self._counter(
            "request_failure", "Jobs that ended otherwise, by reason.", "reason"
        )
        self.cache_hits = self._counter("request_cached", "Jobs answered without a worker.")

    def _add_work(self) -> None:
        self.executions = self._counter(
            "executions", "Runs of a model, by outcome: result or an error's code.", "outcome"
        )
        self.queue_seconds = self._histogram("queue", "How long work waited for a worker.")
        self.stage_seconds = self._histogram("compute", "How long a stage took.", "stage")
        self.tiles = self._counter("tiles", "Tiles that were computed.")
        self.worker_restarts = self._counter("worker_restarts", "Workers started again.")
        self.model_changes = self._counter(
            "model_changes", "New versions: served, or the old one kept.", "outcome"
        )

    def _add_traffic(self) -> None:
        self.received_bytes = self._counter("received_bytes", "Bytes that arrived.")
        self.uploaded_bytes = self._counter("uploaded_bytes", "Bytes of content that arrived.")
        self.sent_bytes = self._counter("sent_bytes", "Bytes of content that were sent.")
        self.wire_errors = self._counter("wire_errors", "Messages answered by an error.", "code")

    def _add_version(self) -> None:
        name, text = f"{PREFIX}build_info", "Always 1; the version is in the label."
        self.declared[name] = ("version",)
        gauge = Gauge(name, text, ("version",), registry=self._registry)
        gauge.labels(version=filmgate.__version__).set(1)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        self.declared[f"{PREFIX}{name}_total"] = labels
        return Counter(f"{PREFIX}{name}", text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        full = f"{PREFIX}{name}_duration_seconds"
        self.declared[full] = labels
        return Histogram(full, text, labels, buckets=SECONDS, registry=self._registry)


class _LevelCollector(Collector):
    """Hands the latest levels to a scrape, which runs on a thread of its own."""

    def __init__(self) -> None:
        self.levels: Levels = {}

    def collect(self) -> Iterable[Metric]:
        """Yield each level; one without a value has no sample, rather than a stale one."""
        levels = self.levels
        for name, level in LEVELS.items():
            kind = CounterMetricFamily if level.rising else GaugeMetricFamily
            family = kind(PREFIX + name, level.text, labels=level.labels)
            for labels, value in levels.get(name, {}).items():
                family.add_metric(labels, value)
            yield family
