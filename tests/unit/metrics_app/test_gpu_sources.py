from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from metrics_app.core.clock import Tick
from metrics_app.core.gpu.amd import AmdGpus
from metrics_app.core.gpu.intel import IntelGpus
from metrics_app.core.gpu.nvidia import NvidiaGpus
from metrics_app.core.metric import Metric
from metrics_app.sources.gpus import Driver, GpuDetails, GpuProcesses, Gpus
from tests.fakes.nvidia_gpus import working_gpu
from tests.fakes.nvml import Nvml
from tests.fakes.sysfs import add_arc, add_busy_radeon

TICK = Tick(1_790_000_000.0, 10.0, 1.0)


@pytest.fixture
def drivers(tmp_path: Path) -> dict[str, Driver]:
    add_busy_radeon(tmp_path / "drm", 3)
    add_arc(tmp_path / "drm", 1)
    nvidia = NvidiaGpus(lambda: Nvml([working_gpu()]), [Path(__file__)])
    return {
        "NVIDIA": nvidia,
        "AMD": AmdGpus(tmp_path / "drm"),
        "Intel": IntelGpus(tmp_path / "drm"),
    }


def quick(drivers: dict[str, Driver]) -> dict[Metric, float | None]:
    """Of all makers, as the sampler reads one source after the other."""
    found: dict[Metric, float | None] = {}
    for maker, driver in drivers.items():
        found |= Gpus(maker, driver).read(TICK)
    return found


def by_key(values: Mapping[Metric, float | None]) -> dict[str, float | None]:
    return {metric.key: value for metric, value in values.items()}


def test_the_gpus_of_all_makers_are_read(drivers: dict[str, Driver]) -> None:
    values = by_key(quick(drivers))
    assert values["gpu/temperature_celsius/nvidia:GPU-1"] == 64
    assert values["gpu/temperature_celsius/amd:0000:03:00.0"] == pytest.approx(61.0)
    assert values["gpu/temperature_celsius/intel:0000:01:00.0"] == pytest.approx(44.0)


def test_what_a_gpu_does_not_tell_is_unknown_and_not_nothing(drivers: dict[str, Driver]) -> None:
    assert by_key(quick(drivers))["gpu/busy_ratio/intel:0000:01:00.0"] is None


def test_details_have_units(drivers: dict[str, Driver]) -> None:
    source = GpuDetails("NVIDIA", drivers["NVIDIA"])
    units = {metric.name: metric.unit for metric in source.read(TICK)}
    assert units == {
        "power_limit_watts": "watts",
        "core_clock_hertz": "hertz",
        "memory_clock_hertz": "hertz",
        "fan_ratio": "ratio",
    }


def test_processes_are_counted_where_the_driver_lists_them() -> None:
    nvidia = NvidiaGpus(lambda: Nvml([working_gpu()]), [Path(__file__)])
    source = GpuProcesses(nvidia.processes)
    assert by_key(source.read(TICK)) == {"gpu/processes/nvidia:GPU-1": 3}


def test_a_gpu_that_does_not_list_its_processes_has_no_number_of_them() -> None:
    gpu = working_gpu()
    gpu.drawing = None
    nvidia = NvidiaGpus(lambda: Nvml([gpu]), [Path(__file__)])
    assert GpuProcesses(nvidia.processes).read(TICK) == {}


def test_the_same_metrics_are_used_at_every_tick(drivers: dict[str, Driver]) -> None:
    source = Gpus("NVIDIA", drivers["NVIDIA"])
    first, second = source.read(TICK), source.read(TICK)
    assert all(one is other for one, other in zip(first, second, strict=True))


def test_a_machine_without_gpus_has_none_of_these_metrics(tmp_path: Path) -> None:
    nvidia = NvidiaGpus(Nvml, [tmp_path / "none"])
    for driver in (nvidia, AmdGpus(tmp_path), IntelGpus(tmp_path)):
        assert Gpus("any", driver).read(TICK) == {}
        assert GpuDetails("any", driver).read(TICK) == {}
