"""NVIDIA GPUs, asked through NVML.

The Python package is loaded only where the driver is: that costs 6 MB and 0.15 s. NVML is started
once and the handles are kept; nvidia-smi is never run, it takes seconds with several GPUs.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple

from metrics_app.core import sysfs
from metrics_app.core.gpu.nvml_figures import costly, processes, quick
from metrics_app.core.gpu.reading import Figures, GpuReading, Processes

logger = logging.getLogger(__name__)

DRIVER_FILES: Final = (
    Path("/proc/driver/nvidia"),
    Path("/dev/nvidiactl"),
    Path("/usr/lib/wsl/lib/libnvidia-ml.so.1"),  # WSL has the driver outside of Linux
)
# A driver may never answer; who looks at a page is not kept waiting for it.
PATIENCE_SECONDS: Final = 2.0
# NVML that failed, or lost a GPU, is started anew: a driver is replaced, a GPU is reset.
AGAIN_SECONDS: Final = 60.0
PROCESSES_SECONDS: Final = 1.0  # several engines want to know at one tick
PCI: Final = Path("/sys/bus/pci/devices")


class _Gpu(NamedTuple):
    key: str
    name: str
    handle: Any  # None where NVML could not give one
    device: Path | None = None  # in sysfs

    @property
    def sleeps(self) -> bool:
        """To be asked before NVML, which would wake it."""
        return self.device is not None and (
            sysfs.text(self.device / "power" / "runtime_status") == "suspended"
        )


def _load_nvml() -> Any:
    import pynvml

    return pynvml


class NvidiaGpus:
    """The GPUs of this machine. Never raises; `problem` says why there is none."""

    def __init__(
        self,
        load: Callable[[], Any] = _load_nvml,
        driver_files: Sequence[Path] = DRIVER_FILES,
        pci: Path = PCI,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._driver_files = driver_files
        self._pci = pci
        self._clock = clock
        self._again_at: float | None = None  # None: nothing is wrong that a new start could mend
        self._lock = Lock()
        self._nvml: Any = None
        self._gpus: list[_Gpu] | None = None
        self._totals: dict[str, int] = {}
        self._silent: set[str] = set()
        self._processes: tuple[float, dict[str, Processes]] = (-math.inf, {})
        self._asked: dict[object, float] = {}  # calls that have not returned, since when
        self.problem = ""

    def read(self) -> list[GpuReading]:
        gpus = self._known()
        if self._hangs():
            return [self._remembered(gpu) for gpu in gpus]
        with self._asking():
            return [self._remembered(gpu) if gpu.sleeps else self._reading(gpu) for gpu in gpus]

    def quick(self, monotonic: float) -> dict[str, Figures]:
        with self._asking():
            gpus = self._known()
            asleep = {gpu.key for gpu in gpus if gpu.sleeps}
            figures = {gpu.key: {} if gpu.key in asleep else self._ask(gpu, quick) for gpu in gpus}
        self._tell_silent({key: each for key, each in figures.items() if key not in asleep})
        return figures

    def costly(self, monotonic: float) -> dict[str, Figures]:
        with self._asking():
            gpus = self._known()
            return {gpu.key: {} if gpu.sleeps else self._ask(gpu, costly) for gpu in gpus}

    def processes(self) -> dict[str, Processes]:
        """Of the GPUs that say it. What was asked a moment ago is not asked again."""
        now = self._clock()
        asked_at, found = self._processes
        if now - asked_at < PROCESSES_SECONDS or self._hangs():
            return found
        with self._asking():
            awake = [gpu for gpu in self._known() if gpu.handle is not None and not gpu.sleeps]
            told = {gpu.key: processes(self._nvml, gpu.handle) for gpu in awake}
        found = {key: each for key, each in told.items() if each is not None}
        self._processes = now, found
        return found

    def _ask(self, gpu: _Gpu, figures: Callable[[Any, Any], Figures]) -> Figures:
        return {} if gpu.handle is None else figures(self._nvml, gpu.handle)

    def _tell_silent(self, figures: dict[str, Figures]) -> None:
        """A GPU that falls off the bus fails every call: once in the log, not each second."""
        silent = {
            key for key, each in figures.items() if not any(v is not None for v in each.values())
        }
        for key in silent - self._silent:
            logger.warning("%s does not answer: all its figures are unknown", key)
        for key in self._silent - silent:
            logger.info("%s answers again", key)
        self._silent = silent
        if silent and self._again_at is None:
            self._again_at = self._clock() + AGAIN_SECONDS

    @contextmanager
    def _asking(self) -> Iterator[None]:
        call = object()
        self._asked[call] = time.monotonic()
        try:
            yield
        finally:
            del self._asked[call]

    def _hangs(self) -> bool:
        now = time.monotonic()
        return any(now - since > PATIENCE_SECONDS for since in list(self._asked.values()))

    def _known(self) -> list[_Gpu]:
        # Pages and the sampler ask from several threads; the first one starts NVML.
        if not self._lock.acquire(timeout=PATIENCE_SECONDS):
            self.problem = "the NVIDIA driver is loaded, but it does not answer"
            return self._gpus or []
        try:
            if self._gpus is None or self._is_time_to_start_anew():
                self._gpus = self._start()
            return self._gpus or []
        finally:
            self._lock.release()

    def _is_time_to_start_anew(self) -> bool:
        return self._again_at is not None and self._clock() >= self._again_at

    def _start(self) -> list[_Gpu] | None:
        """None while there is no driver: it may be loaded later."""
        self._again_at = None
        if not any(file.exists() for file in self._driver_files):
            looked_at = ", ".join(str(file) for file in self._driver_files)
            self.problem = f"no NVIDIA driver is loaded (none of {looked_at} exists)"
            return None
        try:
            self._let_go()
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
            self._not_started(f"the NVIDIA driver is loaded, but NVML failed: {error}")
            return [gpu._replace(handle=None) for gpu in self._gpus or []]
        if not gpus:
            self._not_started("the NVIDIA driver is loaded, but it has no GPU")
        elif any(gpu.handle is None for gpu in gpus):
            self._again_at = self._clock() + AGAIN_SECONDS
        else:
            self.problem = ""
        return gpus

    def _let_go(self) -> None:
        """Of a GPU that was reset NVML gives new handles only when it starts anew."""
        if self._nvml is not None:
            with suppress(Exception):
                self._nvml.nvmlShutdown()

    def _not_started(self, problem: str) -> None:
        if problem != self.problem:  # not once a minute
            logger.warning("%s", problem)
        self.problem = problem
        self._again_at = self._clock() + AGAIN_SECONDS

    def _gpu(self, index: int) -> _Gpu:
        try:
            handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
            key = _text(self._nvml.nvmlDeviceGetUUID(handle))
            name = _text(self._nvml.nvmlDeviceGetName(handle))
            return _Gpu(f"nvidia:{key}", name, handle, self._device(handle))
        except Exception as error:  # one lost GPU must not hide the others
            before = (self._gpus or [])[index : index + 1]
            if before:  # it was there, and was told to be silent
                return before[0]._replace(handle=None)
            logger.warning("NVIDIA GPU %d cannot be asked: %s", index, error)
            return _Gpu(f"nvidia:{index}", f"NVIDIA GPU {index}", None)

    def _device(self, handle: Any) -> Path | None:
        """NVML writes the bus as 00000000:01:00.0, sysfs as 0000:01:00.0."""
        try:
            address = _text(self._nvml.nvmlDeviceGetPciInfo(handle).busId).lower()
        except Exception as error:
            logger.debug("NVML: %s", error)
            return None
        return self._pci / address[-len("0000:01:00.0") :]

    def _reading(self, gpu: _Gpu) -> GpuReading:
        if gpu.handle is None:
            return GpuReading(gpu.key, gpu.name)
        try:
            memory = self._nvml.nvmlDeviceGetMemoryInfo(gpu.handle)
        except Exception as error:
            # Also how a GPU answers that has no memory of its own (GB10: "Not Supported").
            logger.debug("memory of %s is unknown: %s", gpu.key, error)
            return self._remembered(gpu)
        total, free, used = int(memory.total), int(memory.free), int(memory.used)
        self._totals[gpu.key] = total
        return GpuReading(gpu.key, gpu.name, total, free, used)

    def _remembered(self, gpu: _Gpu) -> GpuReading:
        return GpuReading(gpu.key, gpu.name, self._totals.get(gpu.key))


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
