"""The row of big figures: what the machine does now."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from llamadash import formats
from llamadash.dashboard.sparks import Spark, sparks
from metrics_app.core.metric import Unit
from metrics_app.devices import Device
from metrics_app.live_values import big_value, live_duration, live_value

Values = Mapping[str, float | None]

CPU: Final = "host/cpu_ratio"
RAM: Final = "host/memory_used_bytes"
RECEIVED: Final = "host/network_receive_bytes_per_second"
READ: Final = "host/disk_read_bytes_per_second"
GENERATED: Final = "engines/tokens_per_second"  # by all engines together


@dataclass(frozen=True, slots=True)
class Tile:
    title: str
    href: str
    big: SafeString
    sub: SafeString
    spark: Spark | None = None


def tiles(values: Values, devices: Iterable[Device], now: float | None = None) -> list[Tile]:
    """GPUs only where there are some; a figure nobody knows yet is a dash."""
    gpus = [device for device in devices if device.kind == "gpu"]
    keys = [GENERATED, CPU, RAM, *(busy_key(gpu) for gpu in gpus), RECEIVED, READ]
    drawn = sparks([key for key in keys if key in values], now)
    makers: list[Callable[[Values, Mapping[str, Spark]], Tile]] = [_cpu, _ram, _network, _disk]
    found = [make(values, drawn) for make in makers]
    found[2:2] = [_gpu(gpu, f"GPU {n}", values, drawn) for n, gpu in enumerate(gpus)]
    # Where no engine ever ran there is no such figure, and no question for it either.
    return [_generated(values, drawn), *found] if GENERATED in values else found


def uptimes(values: Values) -> list[tuple[str, SafeString]]:
    """Of the machine and of llamadash; nothing of what is not known."""
    named = (("machine", "host/uptime_seconds"), ("llamadash", "self/uptime_seconds"))
    return [
        (name, live_duration(key, values[key], f"{name} up"))
        for name, key in named
        if values.get(key) is not None
    ]


def _generated(values: Values, drawn: Mapping[str, Spark]) -> Tile:
    key = "engines/prompt_tokens_per_second"
    sub = format_html("prompt {}", live_value(key, "per_second", values.get(key), label="Prompt"))
    title = "Tokens generated"
    return _tile(title, GENERATED, "per_second", "engines-tokens", sub, values, drawn)


def busy_key(gpu: Device) -> str:
    return f"gpu/busy_ratio/{gpu.key}"


def _cpu(values: Values, drawn: Mapping[str, Spark]) -> Tile:
    load = live_value("host/load_1", "count", values.get("host/load_1"), label="Load")
    n_threads = sum(key.startswith("host/core_ratio/") for key in values) or os.cpu_count()
    sub = format_html("load {}, {} threads", load, n_threads)
    return _tile("CPU", CPU, "ratio", "cpu", sub, values, drawn)


def _ram(values: Values, drawn: Mapping[str, Spark]) -> Tile:
    total = values.get("host/memory_total_bytes")
    sub = format_html("of {}", formats.size(total))
    if values.get("host/swap_used_bytes"):
        key = "host/swap_used_bytes"
        swap = live_value(key, "bytes", values.get(key), label="Swap used")
        sub = format_html("{}, swap {}", sub, swap)
    return _tile("RAM used", RAM, "bytes", "memory", sub, values, drawn)


def _gpu(gpu: Device, title: str, values: Values, drawn: Mapping[str, Spark]) -> Tile:
    parts = [
        format_html("{} of {}", _of_gpu(gpu, "memory_used_bytes", "bytes", values, title), total)
        for total in [formats.size(gpu.total_bytes)]
    ]
    for name, unit in GPU_FACTS:
        if values.get(f"gpu/{name}/{gpu.key}") is not None:
            parts.append(_of_gpu(gpu, name, unit, values, title))
    sub = SafeString(" · ".join(parts))
    return _tile(f"{title} busy", busy_key(gpu), "ratio", "gpu-busy", sub, values, drawn)


GPU_FACTS: Final[tuple[tuple[str, Unit], ...]] = (
    ("temperature_celsius", "celsius"),
    ("power_watts", "watts"),
)


def _of_gpu(gpu: Device, name: str, unit: Unit, values: Values, title: str) -> SafeString:
    key = f"gpu/{name}/{gpu.key}"
    label = f"{title} {name.rpartition('_')[0].replace('_', ' ')}"
    return live_value(key, unit, values.get(key), label=label)


def _network(values: Values, drawn: Mapping[str, Spark]) -> Tile:
    key = "host/network_send_bytes_per_second"
    sub = format_html("sent {}", live_value(key, "bytes_per_second", values.get(key), label="Sent"))
    return _tile("Network received", RECEIVED, "bytes_per_second", "network", sub, values, drawn)


def _disk(values: Values, drawn: Mapping[str, Spark]) -> Tile:
    key = "host/disk_write_bytes_per_second"
    written = live_value(key, "bytes_per_second", values.get(key), label="Disk written")
    sub = format_html("written {}", written)
    return _tile("Disk read", READ, "bytes_per_second", "disk-io", sub, values, drawn)


def _tile(
    title: str,
    key: str,
    unit: Unit,
    chart: str,
    sub: SafeString,
    values: Values,
    drawn: Mapping[str, Spark],
) -> Tile:
    href = f"{reverse('metrics_app:monitoring')}#chart-{chart}"
    return Tile(title, href, big_value(key, unit, values.get(key), title), sub, drawn.get(key))
