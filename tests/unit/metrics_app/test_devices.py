from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from metrics_app import devices
from metrics_app.core.gpu.nvidia import NvidiaGpus
from metrics_app.core.gpu.reading import GpuReading
from metrics_app.core.memory_limit import MemoryLimit
from tests.fakes.nvml import Gpu, Memory, Nvml


def use_gpus(monkeypatch: pytest.MonkeyPatch, *gpus: Gpu) -> None:
    there = [Path(__file__)] if gpus else []
    monkeypatch.setattr(devices, "nvidia_gpus", NvidiaGpus(lambda: Nvml([*gpus]), there))
    monkeypatch.setattr("metrics_app.core.gpu.amd.read_gpus", list)
    monkeypatch.setattr("metrics_app.core.gpu.intel.read_gpus", list)


def test_the_machines_memory_comes_first_and_adds_up() -> None:
    ram = devices.read_devices()[0]
    assert (ram.key, ram.kind) == ("ram", "ram")
    assert ram.free_bytes is not None
    assert ram.used_bytes == ram.total_bytes - ram.free_bytes > 0


def test_a_containers_limit_is_the_memory_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "read_limit", lambda: MemoryLimit(1000, 400))
    ram = devices.read_devices()[0]
    assert (ram.total_bytes, ram.free_bytes, ram.used_bytes) == (1000, 400, 600)


def test_gpus_follow_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    use_gpus(monkeypatch, Gpu("GPU-1", "NVIDIA H100", Memory(80, 70, 10)))
    gpu = devices.read_devices()[1]
    assert (gpu.kind, gpu.name, gpu.free_bytes) == ("gpu", "NVIDIA H100", 70)
    assert devices.why_no_gpu() == ""


def test_without_a_gpu_it_is_said_what_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    use_gpus(monkeypatch)
    assert [device.kind for device in devices.read_devices()] == ["ram"]
    why = devices.why_no_gpu()
    assert "NVIDIA driver" in why
    assert "/sys/class/drm" in why


def test_a_gpu_of_unknown_size_is_named_but_no_place_for_a_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    big = Gpu("GPU-1", "NVIDIA H100", Memory(80, 70, 10))
    use_gpus(monkeypatch, Gpu("GPU-2", "NVIDIA GB10", None), big)
    assert [device.name for device in devices.read_devices()[1:]] == ["NVIDIA H100"]
    assert "NVIDIA GB10" in devices.why_no_gpu()


def test_graphics_inside_a_processor_are_named_only_when_they_are_all_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inside = [GpuReading("intel:0000:00:02.0", "Intel GPU 4680")]
    use_gpus(monkeypatch)
    monkeypatch.setattr("metrics_app.core.gpu.intel.read_gpus", lambda: inside)
    assert "Intel GPU 4680" in devices.why_no_gpu()
    use_gpus(monkeypatch, Gpu("GPU-1", "NVIDIA H100", Memory(80, 70, 10)))
    monkeypatch.setattr("metrics_app.core.gpu.intel.read_gpus", lambda: inside)
    assert devices.why_no_gpu() == ""


def test_without_a_driver_the_nvidia_package_is_not_loaded() -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from metrics_app.core.gpu import nvidia\n"
        "from metrics_app import devices\n"
        "devices.nvidia_gpus = nvidia.NvidiaGpus(driver_files=[Path('/nowhere')])\n"
        "devices.read_devices(); devices.why_no_gpu()\n"
        "assert not {'pynvml', 'numpy', 'django'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
