"""What the server counts."""

from __future__ import annotations

import re
from pathlib import Path

from filmgate_server.operations.metrics import Metrics

BASE_UNITS = ("_seconds", "_bytes")
OTHER_UNITS = ("_ms", "_us", "_mib", "_kb", "_minutes", "_milliseconds")


def test_counts_show_in_the_text() -> None:
    """What was counted and measured stands in the text under its documented name."""
    metrics = Metrics()
    metrics.jobs_accepted.inc()
    metrics.jobs_refused.labels(reason="busy").inc()
    metrics.stage_seconds.labels(stage="decode").observe(0.2)
    metrics.set_levels({"request_pending": {("batch", "queued"): 3}, "sessions": {(): 2}})
    text = metrics.to_text().decode()
    assert "filmgate_request_accepted_total 1.0" in text
    assert 'filmgate_request_refused_total{reason="busy"} 1.0' in text
    assert 'filmgate_compute_duration_seconds_bucket{le="0.25",stage="decode"} 1.0' in text
    assert 'filmgate_request_pending{priority="batch",state="queued"} 3.0' in text
    assert "filmgate_sessions 2.0" in text


def test_ends_are_counted_as_success_or_by_their_reason() -> None:
    """A result is a success; anything else counts under the code that the client is told."""
    metrics = Metrics()
    for outcome, code in (("result", ""), ("result", ""), ("cancelled", "superseded")):
        metrics.count_end(outcome, code)
    metrics.count_end("expired", "")
    text = metrics.to_text().decode()
    assert metrics.total("request_success") == 2
    assert 'filmgate_request_failure_total{reason="superseded"} 1.0' in text
    assert 'filmgate_request_failure_total{reason="expired"} 1.0' in text


def test_levels_replace_each_other() -> None:
    """What is no longer there is no longer told: a device that has left keeps no line."""
    metrics = Metrics()
    metrics.set_levels({"models_resident": {("0", "cuda:0"): 2}})
    metrics.set_levels({"models_resident": {("1", "cuda:1"): 1}})
    text = metrics.to_text().decode()
    assert 'device="cuda:0"' not in text
    assert 'filmgate_models_resident{device="cuda:1",worker="1"} 1.0' in text


def test_two_gateways_do_not_share_counts() -> None:
    """Each has a registry of its own."""
    first, second = Metrics(), Metrics()
    first.jobs_accepted.inc()
    assert "filmgate_request_accepted_total 0.0" in second.to_text().decode()


def test_every_metric_is_explained() -> None:
    """A help text stands with each of our metrics."""
    text = Metrics().to_text().decode()
    names = set(re.findall(r"^# TYPE (filmgate_\w+)", text, re.MULTILINE))
    helped = set(re.findall(r"^# HELP (filmgate_\w+) \S", text, re.MULTILINE))
    assert names
    assert names == helped


def test_page_and_code_name_the_same_metrics(repository: Path) -> None:
    """docs/operations.md has a row for each metric with its labels, and for no other."""
    assert documented(repository) == declared()


def test_units_are_base_units() -> None:
    """Durations are in seconds and sizes in bytes, as the ends of the names say."""
    names = {name.partition("{")[0].removesuffix("_total") for name in declared()}
    assert not [name for name in names if name.endswith(OTHER_UNITS)]
    assert [name for name in names if name.endswith(BASE_UNITS)]


def test_no_label_names_a_show_or_an_artist() -> None:
    """Metrics leave the machine: they tell nothing of who works on what."""
    labels = {label for name in declared() for label in re.findall(r"\w+(?=[,}])", name)}
    assert labels <= {
        "code",
        "device",
        "direction",
        "outcome",
        "priority",
        "reason",
        "stage",
        "state",
        "version",
        "worker",
    }


def declared() -> set[str]:
    """Return each metric as its documentation writes it: name{label,label}."""
    names = Metrics().declared.items()
    return {name + ("{" + ",".join(labels) + "}" if labels else "") for name, labels in names}


def test_what_is_declared_is_what_is_told() -> None:
    """Every metric of ours in the text is declared, and the other way round."""
    text = Metrics().to_text().decode()
    told = re.findall(r"^# TYPE (filmgate_\w+) (?:counter|gauge|histogram)$", text, re.MULTILINE)
    assert {name for name in told if not name.endswith("_created")} == set(Metrics().declared)


def documented(repository: Path) -> set[str]:
    """Return the first cell of each row of the table of metrics."""
    page = (repository / "docs" / "operations.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `(filmgate_[^`]+)` \|", page, re.MULTILINE))
