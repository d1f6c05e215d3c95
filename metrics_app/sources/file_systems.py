"""How full the file systems are."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any, Final

import psutil

from metrics_app.core.clock import Tick
from metrics_app.core.labelled import Labelled
from metrics_app.core.metric import Metric

_NETWORK: Final = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "virtiofs",
        "ceph",
        "glusterfs",
        "lustre",
        "beegfs",
        "afs",
        "fuse.sshfs",
        "fuse.rclone",
        "fuse.mergerfs",
        "fuse.glusterfs",
    }
)
_READ_ONLY_IMAGES: Final = frozenset(("squashfs", "erofs", "iso9660", "udf"))
_LOOK_SECONDS: Final = 60.0
_PATIENCE_SECONDS: Final = 0.2
_MOST: Final = 64


class _Mount:
    """One file system. A server that is gone makes the call hang: in a thread of its own."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._thread: Thread | None = None
        self._sizes: tuple[int, int] | None = None

    def ask(self) -> None:
        """Not again while the last call has not returned."""
        if self._thread is None or not self._thread.is_alive():
            self._sizes = None
            self._thread = Thread(target=self._run, name="file system", daemon=True)
            self._thread.start()

    def answer(self, until: float) -> tuple[int, int] | None:
        """Used and all bytes; None when it did not answer in time, or with an error."""
        if self._thread is None:
            return None
        self._thread.join(max(0.0, until - time.monotonic()))
        return None if self._thread.is_alive() else self._sizes

    def _run(self) -> None:
        try:
            usage = psutil.disk_usage(self._path)
        except OSError:
            return
        self._sizes = usage.used, usage.total


class FileSystems:
    name = "file systems"
    topics = ("host",)
    seconds = unwatched_seconds = 10.0

    def __init__(self) -> None:
        self._mounts: dict[str, _Mount] = {}
        self._look_at = 0.0
        self._used = Labelled("host", "disk_used_bytes", "bytes")
        self._total = Labelled("host", "disk_total_bytes", "bytes")

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        if not self._mounts or tick.monotonic >= self._look_at:
            self._mounts = {path: self._mounts.get(path) or _Mount(path) for path in mounts()}
            self._look_at = tick.monotonic + _LOOK_SECONDS
        for mount in self._mounts.values():
            mount.ask()
        until = time.monotonic() + _PATIENCE_SECONDS
        values: dict[Metric, float | None] = {}
        for path, mount in self._mounts.items():
            used, total = mount.answer(until) or (None, None)
            values[self._used[path]] = used
            values[self._total[path]] = total
        return values


def mounts() -> list[str]:
    """On disks and on servers, each file system once. Reads a list only: this never hangs."""
    devices = frozenset(each.mountpoint for each in psutil.disk_partitions(all=False))
    first: dict[str, str] = {}
    for each in sorted(psutil.disk_partitions(all=True), key=lambda each: len(each.mountpoint)):
        if each.mountpoint == "/" or _is_real(each, devices):
            first.setdefault(each.device, each.mountpoint)
    return list(dict.fromkeys(first.values()))[:_MOST]


def _is_real(partition: Any, devices: frozenset[str]) -> bool:
    if partition.fstype in _READ_ONLY_IMAGES:
        return False
    if partition.fstype in _NETWORK:
        return True
    # A container has single files of the disk around it mounted: /etc/hosts.
    return partition.mountpoint in devices and not Path(partition.mountpoint).is_file()
