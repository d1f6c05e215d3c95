"""What NVML tells of one GPU. Each figure may be "not supported": then it alone is unknown."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from metrics_app.core.gpu.reading import Figures, Processes

logger = logging.getLogger(__name__)

# nvml.h
_TEMPERATURE_GPU: Final = 0
_CLOCK_GRAPHICS: Final = 0
_CLOCK_MEMORY: Final = 2

_MOST_BYTES: Final = 1 << 50  # NVML says "not available" with the largest number there is
_PERCENT: Final = 1e-2
_MILLI: Final = 1e-3
_MEGA: Final = 1e6


def quick(nvml: Any, gpu: Any) -> Figures:
    busy = _ask(lambda: nvml.nvmlDeviceGetUtilizationRates(gpu))
    memory = _ask(lambda: nvml.nvmlDeviceGetMemoryInfo(gpu))
    return {
        "busy_ratio": _ask(lambda: busy.gpu * _PERCENT),
        "memory_used_bytes": _ask(lambda: int(memory.used)),
        "memory_total_bytes": _ask(lambda: int(memory.total)),
        "memory_busy_ratio": _ask(lambda: busy.memory * _PERCENT),
        "temperature_celsius": _ask(lambda: nvml.nvmlDeviceGetTemperature(gpu, _TEMPERATURE_GPU)),
        "power_watts": _ask(lambda: nvml.nvmlDeviceGetPowerUsage(gpu) * _MILLI),
    }


def costly(nvml: Any, gpu: Any) -> Figures:
    """Rarely: these take the driver longer."""
    return {
        "power_limit_watts": _ask(lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(gpu) * _MILLI),
        "core_clock_hertz": _ask(lambda: nvml.nvmlDeviceGetClockInfo(gpu, _CLOCK_GRAPHICS) * _MEGA),
        "memory_clock_hertz": _ask(lambda: nvml.nvmlDeviceGetClockInfo(gpu, _CLOCK_MEMORY) * _MEGA),
        "fan_ratio": _ask(lambda: min(nvml.nvmlDeviceGetFanSpeed(gpu) * _PERCENT, 1.0)),
    }


def processes(nvml: Any, gpu: Any) -> Processes | None:
    """None when it does not say: this takes the driver longest. One that computes and draws is
    listed twice, with the same memory."""
    listed = _ask(
        lambda: [
            *nvml.nvmlDeviceGetComputeRunningProcesses(gpu),
            *nvml.nvmlDeviceGetGraphicsRunningProcesses(gpu),
        ]
    )
    return None if listed is None else {int(each.pid): _bytes(each) for each in listed}


def _bytes(process: Any) -> int | None:
    used = getattr(process, "usedGpuMemory", None)
    return used if type(used) is int and 0 <= used <= _MOST_BYTES else None


def _ask(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except Exception as error:  # a foreign library: whatever it raises, the others are asked
        logger.debug("NVML: %s", error)
        return None
