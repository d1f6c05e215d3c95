"""What `/metrics` tells. A figure that is not known leaves its line out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from django.conf import settings
from django.db.models import Count

from agent_app.models import AgentHeartbeat
from engine_app.figures.exposition import families as engine_families
from llamadash import perf
from llamadash.system import prometheus_figures
from llamadash.system.program import read_program
from llamadash.system.storage import read_storage
from metrics_app.core.exposition import Family
from models_app.models import LlamaModel, ScanRun, ScanState
from proxy_app.exposition import families as gateway_families


def families() -> Iterator[Family]:
    return chain(
        _program(),
        _operations(),
        _registry(),
        _last_scan(),
        _storage(),
        _agent(),
        prometheus_figures.machine(),
        prometheus_figures.taking(),
        prometheus_figures.sending(),
        engine_families(),
        gateway_families(),
    )


def _one(name: str, help: str, value: float | None, kind: str = "gauge", **labels: str) -> Family:
    family = Family(name, "counter" if kind == "counter" else "gauge", help)
    family.add(value, **labels)
    return family


def _program() -> Iterator[Family]:
    program = read_program()
    yield _one(
        "llamadash_build_info",
        "1, with the versions as labels.",
        1,
        version=program.version,
        python=program.python,
        django=program.django,
    )
    yield _one("llamadash_process_resident_bytes", "Resident memory.", program.rss_bytes)
    yield _one(
        "llamadash_process_cpu_seconds_total", "CPU time used.", program.cpu_seconds, "counter"
    )
    yield _one("llamadash_process_threads", "Threads.", program.n_threads)
    yield _one("llamadash_process_open_fds", "Open file descriptors.", program.n_open_files)
    yield _one("llamadash_process_start_time_seconds", "Unix time of start.", program.started_at)


def _operations() -> Iterator[Family]:
    seconds = Family(
        "llamadash_operation_seconds",
        "summary",
        "Time of named operations; quantiles of the latest 1,024 calls of each.",
    )
    errors = Family("llamadash_operation_errors_total", "counter", "Operations that failed.")
    slow = Family("llamadash_operation_slow_total", "counter", "Operations over the slow limit.")
    for each in perf.monitor.summaries():
        quantiles = (
            ("0.5", each.p50_seconds),
            ("0.95", each.p95_seconds),
            ("0.99", each.p99_seconds),
        )
        for quantile, value in quantiles:
            seconds.add(value, operation=each.name, quantile=quantile)
        seconds.add(each.total_seconds, "_sum", operation=each.name)
        seconds.add(each.count, "_count", operation=each.name)
        errors.add(each.errors, operation=each.name)
        slow.add(each.slow, operation=each.name)
    yield from (seconds, errors, slow)


def _registry() -> Iterator[Family]:
    models = Family("llamadash_models", "gauge", "Models in the registry.")
    rows = LlamaModel.objects.order_by().values_list("state", "kind").annotate(n=Count("pk"))
    for state, kind, number in rows:
        models.add(number, state=state, kind=kind)
    yield models


def _last_scan() -> Iterator[Family]:
    run = ScanRun.objects.filter(state=ScanState.DONE).first()
    if run is None:
        return
    ended = run.ended_at.timestamp() if run.ended_at else None
    yield _one(
        "llamadash_scan_duration_seconds", "Of the last finished scan.", run.duration_seconds
    )
    yield _one("llamadash_scan_files", "Files the last finished scan found.", run.n_files)
    yield _one("llamadash_scan_errors", "Errors of the last finished scan.", run.n_errors)
    yield _one("llamadash_scan_end_time_seconds", "Unix time at which it finished.", ended)


def _storage() -> Iterator[Family]:
    storage = read_storage()
    yield _one("llamadash_database_bytes", "Size of the database.", storage.size_bytes)
    yield _one("llamadash_database_wal_bytes", "Size of its write-ahead log.", storage.wal_bytes)
    yield _one("llamadash_data_free_bytes", "Free on the data disk.", storage.disk_free_bytes)


def _agent() -> Iterator[Family]:
    heartbeat = AgentHeartbeat.objects.filter(node=settings.NODE).first()
    alive = heartbeat is not None and heartbeat.is_alive
    yield _one("llamadash_agent_up", "1 while the agent of this node gives signs of life.", alive)
