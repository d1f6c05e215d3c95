from __future__ import annotations

import threading
from pathlib import Path

import pytest

from metrics_app.core.gpu import nvidia
from metrics_app.core.gpu.nvidia import NvidiaGpus
from metrics_app.core.gpu.reading import COSTLY, QUICK
from tests.fakes.nvidia_gpus import GIB, working_gpu
from tests.fakes.nvml import Gpu, Nvml
from tests.fakes.serving import wait_until

KEY = "nvidia:GPU-1"
THERE = [Path(__file__)]


def test_all_figures_are_read() -> None:
    gpus = NvidiaGpus(lambda: Nvml([working_gpu()]), THERE)
    assert gpus.quick(1.0) == {
        KEY: {
            "busy_ratio": pytest.approx(0.71),
            "memory_busy_ratio": pytest.approx(0.33),
            "memory_used_bytes": 10 * GIB,
            "memory_total_bytes": 24 * GIB,
            "temperature_celsius": 64,
            "power_watts": pytest.approx(287.5),
        }
    }
    assert gpus.costly(1.0) == {
        KEY: {
            "power_limit_watts": pytest.approx(350.0),
            "core_clock_hertz": 1_905_000_000,
            "memory_clock_hertz": 9_501_000_000,
            "fan_ratio": pytest.approx(0.54),
        }
    }


def test_each_process_has_its_memory_where_the_driver_says_it() -> None:
    gpu = working_gpu()
    gpu.bytes_of = {100: 2 * GIB, 200: (1 << 64) - 1}  # the largest number means: not known
    gpus = NvidiaGpus(lambda: Nvml([gpu]), THERE)
    # 200 computes and draws: it is one process
    assert gpus.processes() == {KEY: {100: 2 * GIB, 200: None, 300: None}}


def test_processes_are_asked_for_once_for_all_who_want_them_at_a_moment() -> None:
    gpu, now = working_gpu(), [10.0]
    gpus = NvidiaGpus(lambda: Nvml([gpu]), THERE, clock=lambda: now[0])
    assert len(gpus.processes()[KEY]) == 3
    gpu.computing = []
    assert len(gpus.processes()[KEY]) == 3
    now[0] += 1.0
    assert len(gpus.processes()[KEY]) == 2


def test_a_machine_without_a_driver_has_no_processes_on_gpus() -> None:
    assert NvidiaGpus(lambda: Nvml([working_gpu()]), []).processes() == {}


def test_what_is_not_supported_is_unknown_and_the_rest_is_read() -> None:
    gpu = working_gpu()
    gpu.fan_percent = gpu.utilization = gpu.memory = None
    gpus = NvidiaGpus(lambda: Nvml([gpu]), THERE)
    quick, costly = gpus.quick(1.0)[KEY], gpus.costly(1.0)[KEY]
    assert (quick["busy_ratio"], quick["memory_used_bytes"], costly["fan_ratio"]) == (None,) * 3
    assert (quick["temperature_celsius"], costly["power_limit_watts"]) == (64, 350)


def test_a_gpu_lost_in_between_is_told_once_and_comes_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gpu = working_gpu()
    gpus = NvidiaGpus(lambda: Nvml([gpu]), THERE)
    gpus.quick(1.0)
    gpu.lost = True
    for second in (2.0, 3.0):
        assert set(gpus.quick(second)[KEY].values()) == {None}
    assert len(caplog.records) == 1
    gpu.lost = False
    assert gpus.quick(4.0)[KEY]["temperature_celsius"] == 64


def test_a_gpu_lost_from_the_start_has_no_figures() -> None:
    gpus = NvidiaGpus(lambda: Nvml([Gpu("", "", None, lost=True)]), THERE)
    assert (gpus.quick(1.0), gpus.costly(1.0)) == ({"nvidia:0": {}}, {"nvidia:0": {}})


def test_every_figure_has_a_unit() -> None:
    gpus = NvidiaGpus(lambda: Nvml([working_gpu()]), THERE)
    assert gpus.quick(1.0)[KEY].keys() == QUICK.keys()
    assert gpus.costly(1.0)[KEY].keys() == COSTLY.keys()


def test_a_driver_that_hangs_does_not_keep_pages_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvidia, "PATIENCE_SECONDS", 0.0)
    nvml = Nvml([working_gpu()])
    gpus = NvidiaGpus(lambda: nvml, THERE)
    gpus.read()
    nvml.hang = threading.Event()
    sampling = threading.Thread(target=gpus.quick, args=[1.0])
    sampling.start()
    wait_until(lambda: gpus._hangs(), "a question that is not answered")
    (gpu,) = gpus.read()
    assert (gpu.name, gpu.total_bytes, gpu.free_bytes) == (working_gpu().name, 24 * GIB, None)
    nvml.hang.set()
    sampling.join()
    assert gpus.read()[0].free_bytes == 14 * GIB


def test_a_driver_that_hangs_at_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvidia, "PATIENCE_SECONDS", 0.01)
    loading, answer = threading.Event(), threading.Event()

    def load() -> Nvml:
        loading.set()
        answer.wait()
        return Nvml([working_gpu()])

    gpus = NvidiaGpus(load, THERE)
    sampling = threading.Thread(target=gpus.quick, args=[1.0])
    sampling.start()
    loading.wait()
    assert gpus.read() == []
    assert "does not answer" in gpus.problem
    answer.set()
    sampling.join()
    assert len(gpus.read()) == 1
