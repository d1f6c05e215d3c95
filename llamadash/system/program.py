from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass

import django
import psutil
from django.conf import settings

from llamadash.version import VERSION


@dataclass(frozen=True, slots=True)
class Program:
    """This process. Sizes in bytes, times in seconds."""

    version: str
    python: str
    django: str
    node: str
    pid: int
    started_at: float  # Unix time
    uptime_seconds: float
    rss_bytes: int
    cpu_seconds: float
    n_threads: int
    n_open_files: int


def read_program() -> Program:
    process = psutil.Process()
    with process.oneshot():
        started_at = process.create_time()
        cpu = process.cpu_times()
        return Program(
            version=VERSION,
            python=platform.python_version(),
            django=django.get_version(),
            node=settings.NODE,
            pid=os.getpid(),
            started_at=started_at,
            uptime_seconds=max(0.0, time.time() - started_at),
            rss_bytes=process.memory_info().rss,
            cpu_seconds=cpu.user + cpu.system,
            n_threads=process.num_threads(),
            n_open_files=process.num_fds(),
        )
