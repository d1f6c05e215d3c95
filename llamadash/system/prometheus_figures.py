"""What `/metrics` tells of the machine, and of how its figures are taken and sent.

The newest readings under Prometheus's names: units in full, which of several as a label.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from live_app.hub import hub
from metrics_app.core.exposition import Family
from metrics_app.core.metric import Metric
from metrics_app.hour import hour
from metrics_app.query import FRESH_SECONDS, known_series, latest
from metrics_app.recording import recorder
from metrics_app.sampler import sampler

# What the label of a metric means, by the start of its name.
LABELS: Final = {
    "core_": "core",
    "disk_used": "mount",
    "disk_total": "mount",
    "disk_": "device",
    "network_": "interface",
    "temperature_": "sensor",
}


def machine() -> Iterator[Family]:
    """Nothing when the newest reading is older than a minute: Prometheus shows a gap."""
    values = latest().values
    families: dict[str, Family] = {}
    for metric in known_metrics():
        value = values.get(metric.key)
        if value is None or metric.source not in PREFIXES:
            continue
        name = family_name(metric)
        family = families.get(name)
        if family is None:
            family = families[name] = Family(name, "gauge", help_of(metric))
        family.add(value, **labels_of(metric))
    yield from families.values()


def known_metrics() -> list[Metric]:
    """Those of memory where there is an agent: then the database is not asked."""
    return hour.metrics() or known_series()


PREFIXES: Final = {"host": "llamadash_host", "gpu": "llamadash_gpu", "self": "llamadash_self"}


def family_name(metric: Metric) -> str:
    """A sum over all devices has a name of its own: it must not be added to its parts."""
    is_sum = not metric.label and metric.name.startswith(("disk_", "network_"))
    return f"{PREFIXES[metric.source]}_{metric.name}{'_all' if is_sum else ''}"


def labels_of(metric: Metric) -> dict[str, str]:
    if not metric.label:
        return {}
    if metric.source == "gpu":
        return {"gpu": metric.label}
    found = (label for start, label in LABELS.items() if metric.name.startswith(start))
    return {next(found, "name"): metric.label}


def help_of(metric: Metric) -> str:
    words = metric.name.replace("_", " ")
    return f"{words.capitalize()}, newest reading (within {FRESH_SECONDS} s); unit: {metric.unit}."


def taking() -> Iterator[Family]:
    """The sampler and what it writes; all zero in a process without an agent."""
    errors = Family("llamadash_source_errors_total", "counter", "Readings of a source that failed.")
    skipped = Family("llamadash_source_skipped_total", "counter", "Ticks without its reading.")
    seconds = Family("llamadash_source_seconds", "gauge", "What its last reading took.")
    for source in sampler.statuses():
        errors.add(source.n_errors, source=source.name)
        skipped.add(source.n_skipped, source=source.name)
        seconds.add(source.seconds, source=source.name)
    yield from (errors, skipped, seconds)
    written = Family("llamadash_recorded_rows_total", "counter", "Rows of figures written.")
    written.add(recorder.n_written)
    dropped = Family("llamadash_recorder_dropped_rows_total", "counter", "Rows never written.")
    dropped.add(recorder.n_dropped)
    pending = Family("llamadash_recorder_pending_rows", "gauge", "Rows that wait to be written.")
    pending.add(recorder.n_pending)
    yield from (written, dropped, pending)


def sending() -> Iterator[Family]:
    figures = hub.figures()
    clients = Family("llamadash_live_clients", "gauge", "Open sockets of browsers.")
    clients.add(figures.clients)
    topics = Family("llamadash_live_topics", "gauge", "Topics that somebody watches.")
    topics.add(figures.topics)
    frames = Family("llamadash_live_frames_total", "counter", "Frames sent.")
    frames.add(figures.frames_sent)
    n_bytes = Family("llamadash_live_bytes_total", "counter", "Bytes of these frames.")
    n_bytes.add(figures.bytes_sent)
    merged = Family("llamadash_live_coalesced_total", "counter", "Frames that stand for several.")
    merged.add(figures.coalesced)
    closed = Family("llamadash_live_closed_total", "counter", "Sockets that the server closed.")
    for reason, number in sorted(figures.closed.items()):
        closed.add(number, reason=reason)
    yield from (clients, topics, frames, n_bytes, merged, closed)
