"""The charts of the machine, its GPUs and llamadash itself."""

from __future__ import annotations

from metrics_app.charts import Chart, Line, register, section
from metrics_app.core.metric import Unit

section("gpu", "GPU")
section("host", "Host")
section("self", "llamadash itself")


def _add(
    source: str,
    id: str,
    title: str,
    unit: Unit,
    *lines: Line,
    maximum: float | None = None,
    note: str = "",
) -> None:
    register(Chart(id, title, source, source, unit, lines, maximum, note))


def _each(name: str, words: str = "") -> Line:
    return Line(name, words, each=True)


_add("gpu", "gpu-busy", "GPU busy", "ratio", _each("busy_ratio"), maximum=1)
_add("gpu", "gpu-memory", "GPU memory used", "bytes", _each("memory_used_bytes"))
_add("gpu", "gpu-power", "GPU power", "watts", _each("power_watts"))
_add("gpu", "gpu-temperature", "GPU temperature", "celsius", _each("temperature_celsius"))
_add(
    "gpu",
    "gpu-memory-busy",
    "GPU memory busy",
    "ratio",
    _each("memory_busy_ratio"),
    maximum=1,
    note="time in which it is read or written",
)
_add(
    "gpu",
    "gpu-clock",
    "GPU clock",
    "hertz",
    _each("core_clock_hertz", "core"),
    _each("memory_clock_hertz", "memory"),
)
_add("gpu", "gpu-fan", "GPU fan", "ratio", _each("fan_ratio"), maximum=1)
_add("gpu", "gpu-processes", "Processes on the GPU", "count", _each("processes"))

_add(
    "host",
    "cpu",
    "CPU",
    "ratio",
    Line("cpu_ratio", "busy", "i1"),
    Line("cpu_system_ratio", "system", "i2"),
    Line("cpu_iowait_ratio", "waits for disks", "s1"),
    Line("cpu_steal_ratio", "taken by other guests", "s5"),
    maximum=1,
    note="of all cores",
)
_add(
    "host",
    "load",
    "Load",
    "count",
    Line("load_1", "1 min", "i1"),
    Line("load_5", "5 min", "i2"),
    Line("load_15", "15 min", "s6"),
    note="processes that run or wait",
)
_add(
    "host",
    "memory",
    "RAM and swap used",
    "bytes",
    Line("memory_used_bytes", "RAM"),
    Line("swap_used_bytes", "swap"),
)
_add(
    "host",
    "network",
    "Network",
    "bytes_per_second",
    Line("network_receive_bytes_per_second", "received"),
    Line("network_send_bytes_per_second", "sent"),
    note="all interfaces",
)
_add(
    "host",
    "disk-io",
    "Disk",
    "bytes_per_second",
    Line("disk_read_bytes_per_second", "read"),
    Line("disk_write_bytes_per_second", "written"),
    note="all devices",
)
_add("host", "disk-busy", "Disk busy", "ratio", _each("disk_busy_ratio"), maximum=1)
_add("host", "disk-space", "Disk space used", "bytes", _each("disk_used_bytes"))
_add("host", "temperature", "Temperature", "celsius", _each("temperature_celsius"))

_add("self", "own-memory", "Memory of llamadash", "bytes", Line("rss_bytes", "resident"))
_add(
    "self",
    "own-cpu",
    "CPU of llamadash",
    "ratio",
    Line("cpu_ratio", "busy"),
    note="of one core",
)
_add(
    "self",
    "loop-lag",
    "Event loop lag",
    "seconds",
    Line("loop_lag_seconds", "longest"),
    note="how late its work starts",
)
_add(
    "self",
    "own-handles",
    "Threads and files",
    "count",
    Line("threads", "threads"),
    Line("open_files", "open files"),
)
