from __future__ import annotations

from typing import Final

from tests.fakes.nvml import Gpu, Memory, Utilization

GIB: Final = 1 << 30


def working_gpu() -> Gpu:
    return Gpu(
        "GPU-1",
        "NVIDIA GeForce RTX 3090",
        Memory(24 * GIB, 14 * GIB, 10 * GIB),
        utilization=Utilization(71, 33),
        celsius=64,
        milliwatts=287_500,
        limit_milliwatts=350_000,
        clocks_mhz=(1905, 1890, 9501),
        fan_percent=54,
        computing=[100, 200],
        drawing=[200, 300],
    )
