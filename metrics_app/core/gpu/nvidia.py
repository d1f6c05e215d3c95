"""NVIDIA GPUs, asked through NVML.

The Python package is loaded only where the driver is: that costs 6 MB and 0.15 s. NVML is started
once and the handles are kept; nvidia-smi is never run, it takes seconds with several GPUs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple

from metrics_app.core.gpu.reading import GpuReading

logger = logging.getLogger(__name__)

DRIVER_FILES: Final = (
    Path("/proc/driver/nvidia"),
    Path("/dev/nvidiactl"),
    Path("/usr/lib/wsl/lib/libnvidia-ml.so.1"),  # WSL has the driver outside of Linux
)


class _Gpu(NamedTuple):
    key: str
    name: str
    handle: Any  # None where NVML could not give one


def _load_nvml() -> Any:
    import pynvml

    return pynvml


class NvidiaGpus:
    """The GPUs of this machine. Never raises; `problem` says why there is none."""

    def __init__(
        self, load: Callable[[], Any] = _load_nvml, driver_files: Sequence[Path] = DRIVER_FILES
    ) -> None:
        self._load = load
        self._driver_files = driver_files
        self._lock = Lock()
        self._nvml: Any = None
        self._gpus: list[_Gpu] | None = None
        self._totals: dict[str, int] = {}
        self.problem = ""

    def read(self) -> list[GpuReading]:
        return [self._reading(gpu) for gpu in self._known()]

    def _known(self) -> list[_Gpu]:
        with self._lock:  # pages and the sampler ask from several threads
            if self._gpus is None:
                self._gpus = self._start()
            return self._gpus or []

    def _start(self) -> list[_Gpu] | None:
        """None while there is no driver: it may be loaded later. A failure is final."""
        if not any(file.exists() for file in self._driver_files):
            looked_at = ", ".join(str(file) for file in self._driver_files)
            self.problem = f"no NVIDIA driver is loaded (none of {looked_at} exists)"
            return None
        try:
            self._nvml = self._load()
            self._nvml.nvmlInit()
            gpus = [self._gpu(index) for index in range(self._nvml.nvmlDeviceGetCount())]
        except ImportError:
            self.problem = (
                "the NVIDIA driver is loaded, but the Python package nvidia-ml-py is not "
                "installed (pip install 'llamadash[gpu]', then start again)"
            )
            return []
        except Exception as error:  # a foreign library: whatever it raises, the program goes on
            self.problem = f"the NVIDIA driver is loaded, but NVML failed: {error}"
            logger.warning("NVML does not start: %s", error)
            return []
        self.problem = "" if gpus else "the NVIDIA driver is loaded, but it has no GPU"
        return gpus

    def _gpu(self, index: int) -> _Gpu:
        try:
            handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
            key = _text(self._nvml.nvmlDeviceGetUUID(handle))
            return _Gpu(f"nvidia:{key}", _text(self._nvml.nvmlDeviceGetName(handle)), handle)
        except Exception as error:  # one lost GPU must not hide the others
            logger.warning("NVIDIA GPU %d cannot be asked: %s", index, error)
            return _Gpu(f"nvidia:{index}", f"NVIDIA GPU {index}", None)

    def _reading(self, gpu: _Gpu) -> GpuReading:
        if gpu.handle is None:
            return GpuReading(gpu.key, gpu.name)
        try:
            memory = self._nvml.nvmlDeviceGetMemoryInfo(gpu.handle)
        except Exception as error:
            # Also how a GPU answers that has no memory of its own (GB10: "Not Supported").
            logger.debug("memory of %s is unknown: %s", gpu.key, error)
            return GpuReading(gpu.key, gpu.name, self._totals.get(gpu.key))
        total, free, used = int(memory.total), int(memory.free), int(memory.used)
        self._totals[gpu.key] = total
        return GpuReading(gpu.key, gpu.name, total, free, used)


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
