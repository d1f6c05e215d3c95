from __future__ import annotations

from pathlib import Path

import pytest

from metrics_app.core.gpu.nvidia import NvidiaGpus
from tests.fakes.nvml import Gpu, Memory, Nvml

GIB = 1 << 30


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    file = tmp_path / "nvidiactl"
    file.touch()
    return file


def big_gpu() -> Gpu:
    return Gpu("GPU-1", "NVIDIA H100", Memory(80 * GIB, 70 * GIB, 10 * GIB))


def test_memory_name_and_key_are_read(driver: Path) -> None:
    gpus = NvidiaGpus(lambda: Nvml([big_gpu()]), [driver])
    (gpu,) = gpus.read()
    assert (gpu.key, gpu.name) == ("nvidia:GPU-1", "NVIDIA H100")
    assert (gpu.total_bytes, gpu.free_bytes, gpu.used_bytes) == (80 * GIB, 70 * GIB, 10 * GIB)
    assert gpus.problem == ""


def test_nvml_is_started_once_and_asked_for_memory_each_time(driver: Path) -> None:
    nvml = Nvml([big_gpu()])
    gpus = NvidiaGpus(lambda: nvml, [driver])
    gpus.read()
    nvml.gpus[0].memory = Memory(80 * GIB, 1 * GIB, 79 * GIB)
    assert gpus.read()[0].free_bytes == 1 * GIB
    assert nvml.starts == 1


def test_a_gpu_without_memory_of_its_own_is_named_and_unknown(driver: Path) -> None:
    gpus = NvidiaGpus(lambda: Nvml([Gpu("GPU-2", b"NVIDIA GB10", None)]), [driver])
    (gpu,) = gpus.read()
    assert (gpu.name, gpu.total_bytes, gpu.free_bytes) == ("NVIDIA GB10", None, None)


def test_a_lost_gpu_does_not_hide_the_others(driver: Path) -> None:
    lost = Gpu("GPU-0", "", None, lost=True)
    first, second = NvidiaGpus(lambda: Nvml([lost, big_gpu()]), [driver]).read()
    assert (first.name, first.total_bytes) == ("NVIDIA GPU 0", None)
    assert second.total_bytes == 80 * GIB


def test_a_gpu_that_fails_later_keeps_its_size_and_comes_back(driver: Path) -> None:
    nvml = Nvml([big_gpu()])
    gpus = NvidiaGpus(lambda: nvml, [driver])
    gpus.read()
    memory, nvml.gpus[0].memory = nvml.gpus[0].memory, None
    (silent,) = gpus.read()
    assert (silent.total_bytes, silent.free_bytes, silent.used_bytes) == (80 * GIB, None, None)
    nvml.gpus[0].memory = memory
    assert gpus.read()[0].free_bytes == 70 * GIB


def test_without_a_driver_nothing_is_loaded_and_the_files_are_named(tmp_path: Path) -> None:
    def load() -> Nvml:
        raise AssertionError

    gpus = NvidiaGpus(load, [tmp_path / "nvidiactl"])
    assert gpus.read() == []
    assert str(tmp_path / "nvidiactl") in gpus.problem


def test_a_driver_that_is_loaded_later_is_found(tmp_path: Path) -> None:
    gpus = NvidiaGpus(lambda: Nvml([big_gpu()]), [tmp_path / "nvidiactl"])
    assert gpus.read() == []
    (tmp_path / "nvidiactl").touch()
    assert len(gpus.read()) == 1
    assert gpus.problem == ""


def test_a_missing_package_is_said_with_the_remedy(driver: Path) -> None:
    def load() -> Nvml:
        raise ModuleNotFoundError("pynvml")

    gpus = NvidiaGpus(load, [driver])
    assert gpus.read() == []
    assert "llamadash[gpu]" in gpus.problem


def test_a_driver_that_does_not_work_is_said_once(
    driver: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nvml = Nvml([big_gpu()], driver_works=False)
    gpus = NvidiaGpus(lambda: nvml, [driver])
    assert gpus.read() == gpus.read() == []
    assert "version mismatch" in gpus.problem
    assert len(caplog.records) == nvml.starts == 1


def test_a_driver_without_gpus_is_said(driver: Path) -> None:
    gpus = NvidiaGpus(Nvml, [driver])
    assert gpus.read() == []
    assert "no GPU" in gpus.problem
