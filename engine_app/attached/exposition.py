"""What `/metrics` tells of attached servers. None is asked for it: what was told lately is
repeated."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from engine_app.attached.figures import served
from engine_app.models import AttachedServer
from metrics_app.core.exposition import Family
from metrics_app.hour import hour
from metrics_app.query import known_series, latest


def families() -> Iterator[Family]:
    servers = {server.source: server for server in AttachedServer.objects.filter(enabled=True)}
    reachable = Family("llamadash_attached_reachable", "gauge", "1 while the server answers.")
    for server in servers.values():
        reachable.add(server.is_reachable, server=server.name)
    yield reachable
    yield from _ours(servers)


def _ours(servers: Mapping[str, AttachedServer]) -> Iterator[Family]:
    """As charts show it, of each model; a figure that nobody knows now leaves its line out."""
    values = latest().values
    found: dict[str, Family] = {}
    for metric in hour.metrics() or known_series():
        server, value = servers.get(metric.source), values.get(metric.key)
        if server is None or value is None:
            continue
        name = f"llamadash_attached_{metric.name}"
        words = metric.name.replace("_", " ").capitalize()
        family = found.setdefault(name, Family(name, "gauge", f"{words}; unit: {metric.unit}."))
        family.add(value, server=server.name, model=metric.label)
    yield from found.values()


def theirs(seconds: float) -> Iterator[tuple[Mapping[str, str], Mapping[str, float]]]:
    """Labels, and what llama.cpp itself told of a model within so many seconds."""
    names = dict(AttachedServer.objects.values_list("pk", "name"))
    now = time.monotonic()
    for server_id, figures in sorted(served.copy().items()):
        for label, metrics in figures.told_within(now, seconds) if server_id in names else ():
            yield {"server": names[server_id], "model": label}, metrics
