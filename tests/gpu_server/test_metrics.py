"""What the server counts."""

from __future__ import annotations

import re
from pathlib import Path

from filmgate_server.metrics import Metrics


def test_counts_show_in_the_text() -> None:
    """What was counted and measured stands in the text under its documented name."""
    metrics = Metrics()
    metrics.jobs_accepted.inc()
    metrics.jobs_ended.labels(outcome="result").inc(2)
    metrics.stage_seconds.labels(stage="decode").observe(0.2)
    metrics.set_gauges({"jobs_open": 3, "something_else": 4})
    text = metrics.to_text().decode()
    assert "filmgate_jobs_accepted_total 1.0" in text
    assert 'filmgate_jobs_ended_total{outcome="result"} 2.0' in text
    assert 'filmgate_stage_seconds_bucket{le="0.25",stage="decode"} 1.0' in text
    assert "filmgate_jobs_open 3.0" in text
    assert "something_else" not in text


def test_two_gateways_do_not_share_counts() -> None:
    """Each has a registry of its own."""
    first, second = Metrics(), Metrics()
    first.jobs_accepted.inc()
    assert "filmgate_jobs_accepted_total 0.0" in second.to_text().decode()


def test_every_metric_is_explained() -> None:
    """A help text stands with each of our metrics."""
    text = Metrics().to_text().decode()
    names = set(re.findall(r"^# TYPE (filmgate_\w+)", text, re.MULTILINE))
    helped = set(re.findall(r"^# HELP (filmgate_\w+) \S", text, re.MULTILINE))
    assert names
    assert names == helped


def test_every_metric_is_documented(repository: Path) -> None:
    """docs/configuration.md names each."""
    text = Metrics().to_text().decode()
    names = set(
        re.findall(r"^# TYPE (filmgate_\w+) (?:counter|gauge|histogram)", text, re.MULTILINE)
    )
    names = {name for name in names if not name.endswith("_created")}
    documented = (repository / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert sorted(name for name in names if f"`{name}" not in documented) == []


def test_no_label_names_a_show_or_an_artist() -> None:
    """Metrics leave the machine: they tell nothing of who works on what."""
    text = Metrics().to_text().decode()
    assert not re.search(r"\b(show|user|artist|path)=", text)
