"""NVML that fails or loses a GPU is started anew; a GPU that sleeps is left asleep."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from metrics_app.core.gpu.nvidia import AGAIN_SECONDS, NvidiaGpus
from tests.fakes.nvidia_gpus import working_gpu
from tests.fakes.nvml import Nvml

THERE = [Path(__file__)]
KEY = "nvidia:GPU-1"


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_driver_that_works_later_is_found_within_a_minute() -> None:
    nvml, clock = Nvml([working_gpu()], driver_works=False), Clock()
    gpus = NvidiaGpus(lambda: nvml, THERE, clock=clock)
    assert gpus.quick(0.0) == {}
    nvml.driver_works = True
    assert gpus.quick(1.0) == {}
    clock.now = AGAIN_SECONDS
    assert gpus.quick(2.0)[KEY]["temperature_celsius"] == 64
    assert (nvml.starts, gpus.problem) == (2, "")


def test_the_same_failure_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    gpus = NvidiaGpus(lambda: Nvml(driver_works=False), THERE, clock=clock)
    for minute in range(5):
        clock.now = minute * AGAIN_SECONDS
        gpus.quick(clock.now)
    assert len(caplog.records) == 1


def test_a_lost_gpu_gets_a_new_handle_and_keeps_its_key() -> None:
    nvml, clock = Nvml([working_gpu()]), Clock()
    gpus = NvidiaGpus(lambda: nvml, THERE, clock=clock)
    gpus.quick(0.0)
    nvml.gpus[0].lost = True
    for clock.now in (1.0, 2 * AGAIN_SECONDS):
        assert list(gpus.quick(clock.now)) == [KEY]
    nvml.gpus = [working_gpu()]
    clock.now = 4 * AGAIN_SECONDS
    assert gpus.quick(clock.now)[KEY]["temperature_celsius"] == 64
    assert nvml.stops == nvml.starts - 1


def test_a_working_nvml_is_never_started_anew() -> None:
    nvml, clock = Nvml([working_gpu()]), Clock()
    gpus = NvidiaGpus(lambda: nvml, THERE, clock=clock)
    for minute in range(5):
        clock.now = minute * AGAIN_SECONDS
        gpus.quick(clock.now)
    assert nvml.starts == 1


def test_a_gpu_that_sleeps_is_not_asked_and_not_called_silent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gpu = working_gpu()
    gpu.bus = "00000000:01:00.0"
    status = tmp_path / "0000:01:00.0" / "power" / "runtime_status"
    status.parent.mkdir(parents=True)
    status.write_text("suspended\n")
    gpus = NvidiaGpus(lambda: Nvml([gpu]), THERE, pci=tmp_path)
    assert (gpus.quick(1.0), gpus.costly(1.0)) == ({KEY: {}}, {KEY: {}})
    assert gpus.read()[0].free_bytes is None
    status.write_text("active\n")
    assert gpus.quick(2.0)[KEY]["temperature_celsius"] == 64
    assert caplog.records == []
