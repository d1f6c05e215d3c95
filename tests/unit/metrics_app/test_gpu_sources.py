from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from metrics_app.core.clock import Tick
from metrics_app.core.gpu.amd import AmdGpus
from metrics_app.core.gpu.intel import IntelGpus
from metrics_app.core.gpu.nvidia import NvidiaGpus
from metrics_app.core.metric import Metric
from metrics_app.sources.gpus import Driver, GpuDetails, Gpus
from tests.fakes.nvidia_gpus import working_gpu
from tests.fakes.nvml import Nvml
from tests.fakes.sysfs import add_arc, add_busy_radeon

TICK = Tick(1_790_000_000.0, 10.0, 1.0)


@pytest.fixture
def drivers(tmp_path: Path) -> list[Driver]:
    add_busy_radeon(tmp_path / "drm", 3)
    add_arc(tmp_path / "drm", 1)
    nvidia = NvidiaGpus(lambda: Nvml([working_gpu()]), [Path(__file__)])
    return [nvidia, AmdGpus(tmp_path / "drm"), IntelGpus(tmp_path / "drm")]


def by_key(values: Mapping[Metric, float | None]) -> dict[str, float | None]:
    return {metric.key: value for metric, value in values.items()}


def test_the_gpus_of_all_makers_are_read(drivers: list[Driver]) -> None:
    values = by_key(Gpus(drivers).read(TICK))
    assert values["gpu/temperature_celsius/nvidia:GPU-1"] == 64
    assert values["gpu/temperature_celsius/amd:0000:03:00.0"] == pytest.approx(61.0)
    assert values["gpu/temperature_celsius/intel:0000:01:00.0"] == pytest.approx(44.0)


def test_what_a_gpu_does_not_tell_is_unknown_and_not_nothing(drivers: list[Driver]) -> None:
    assert by_key(Gpus(drivers).read(TICK))["gpu/busy_ratio/intel:0000:01:00.0"] is None


def test_details_have_units(drivers: list[Driver]) -> None:
    units = {metric.name: metric.unit for metric in GpuDetails(drivers).read(TICK)}
    assert units == {
        "power_limit_watts": "watts",
        "core_clock_hertz": "hertz",
        "memory_clock_hertz": "hertz",
        "fan_ratio": "ratio",
        "processes": "count",
    }


def test_the_same_metrics_are_used_at_every_tick(drivers: list[Driver]) -> None:
    source = Gpus(drivers)
    first, second = source.read(TICK), source.read(TICK)
    assert all(one is other for one, other in zip(first, second, strict=True))


def test_a_machine_without_gpus_has_none_of_these_metrics(tmp_path: Path) -> None:
    nvidia = NvidiaGpus(Nvml, [tmp_path / "none"])
    drivers: list[Driver] = [nvidia, AmdGpus(tmp_path), IntelGpus(tmp_path)]
    assert Gpus(drivers).read(TICK) == {}
    assert GpuDetails(drivers).read(TICK) == {}
