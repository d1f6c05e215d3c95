from __future__ import annotations

from collections.abc import Callable

from metrics_app.source import Source
from metrics_app.sources.cpu import Cpu
from metrics_app.sources.disks import Disks
from metrics_app.sources.file_systems import FileSystems
from metrics_app.sources.gpus import DRIVERS, GpuDetails, GpuProcesses, Gpus
from metrics_app.sources.memory import Memory, Swap
from metrics_app.sources.network import Network
from metrics_app.sources.own_process import OwnProcess
from metrics_app.sources.temperatures import Temperatures


def this_machine(take_loop_lag: Callable[[], float | None]) -> list[Source]:
    """What a slow one delays comes before it: those that may hang are last."""
    quick: list[Source] = [Cpu(), Memory(), OwnProcess(take_loop_lag), Disks(), Network(), Swap()]
    gpus = [Gpus(maker, driver) for maker, driver in DRIVERS.items()]
    details = [GpuDetails(maker, driver) for maker, driver in DRIVERS.items()]
    return [*quick, *gpus, Temperatures(), FileSystems(), *details, GpuProcesses()]
