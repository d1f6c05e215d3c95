from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping

import psutil
import pytest

from metrics_app.core.clock import Tick
from metrics_app.core.memory_limit import MemoryLimit
from metrics_app.core.metric import Metric
from metrics_app.core.plausible import plausible
from metrics_app.source import Source
from metrics_app.sources import memory
from metrics_app.sources.cpu import Cpu
from metrics_app.sources.memory import Memory
from metrics_app.sources.own_process import OwnProcess
from metrics_app.sources.this_machine import this_machine

START = time.monotonic()


def tick(second: float) -> Tick:
    return Tick(1_790_000_000.0 + second, START + second, 1.0)


def by_key(values: Mapping[Metric, float | None]) -> dict[str, float | None]:
    return {metric.key: value for metric, value in values.items()}


@pytest.mark.parametrize("source", this_machine(lambda: 0.01), ids=lambda source: source.name)
def test_what_this_machine_tells_can_be_true(source: Source) -> None:
    for second in (0.0, 1.0):
        for metric, value in source.read(tick(second)).items():
            assert metric.source in source.topics
            assert value is None or plausible(metric, value), (metric.key, value)


def test_each_source_has_a_name_of_its_own() -> None:
    names = [source.name for source in this_machine(lambda: None)]
    assert len(names) == len(set(names))


def test_the_processor_has_its_figures_and_one_for_each_core() -> None:
    values = by_key(Cpu().read(tick(0)))
    cores = {key for key in values if key.startswith("host/core_ratio/")}
    assert cores == {f"host/core_ratio/{number}" for number in range(psutil.cpu_count() or 0)}
    assert {"host/cpu_ratio", "host/cpu_steal_ratio", "host/load_15"} <= values.keys()
    assert values["host/cpu_ratio"] is None  # an average since boot is no figure
    assert (values["host/uptime_seconds"] or 0) > 0


def test_a_working_process_is_seen() -> None:
    source = OwnProcess(lambda: 0.25)
    source.read(tick(0))
    cpu = psutil.Process().cpu_times()
    while sum(psutil.Process().cpu_times()[:2]) < cpu.user + cpu.system + 0.05:
        sum(range(1000))
    values = by_key(source.read(tick(1)))
    assert (values["self/cpu_ratio"] or 0) >= 0.04
    assert values["self/loop_lag_seconds"] == 0.25
    assert (values["self/rss_bytes"] or 0) > 1 << 20
    assert (values["self/uptime_seconds"] or 0) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted through /proc")
def test_open_files_are_counted() -> None:
    source = OwnProcess()
    before = by_key(source.read(tick(0)))["self/open_files"] or 0
    descriptor = os.open(os.devnull, os.O_RDONLY)
    after = by_key(source.read(tick(1)))["self/open_files"]
    os.close(descriptor)
    assert after == before + 1


def test_a_containers_limit_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "read_limit", lambda: MemoryLimit(1000, 400))
    assert by_key(Memory().read(tick(0))) == {
        "host/memory_used_bytes": 600,
        "host/memory_available_bytes": 400,
        "host/memory_total_bytes": 1000,
    }


def test_a_limit_is_looked_for_rarely_while_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[None] = []
    monkeypatch.setattr(memory, "read_limit", lambda: asked.append(None))
    source = Memory()
    for second in (0, 1, 29, 31):
        source.read(tick(second))
    assert len(asked) == 2
