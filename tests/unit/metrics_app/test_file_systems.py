from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from metrics_app.core.clock import Tick
from metrics_app.core.metric import Metric
from metrics_app.sources import file_systems
from metrics_app.sources.file_systems import FileSystems, mounts
from tests.fakes.serving import wait_until

TICK = Tick(1.79e9, 100.0, 1.0)


class Mounted(NamedTuple):
    device: str
    mountpoint: str
    fstype: str = "ext4"
    opts: str = "rw"


class Usage(NamedTuple):
    used: int
    total: int


def use_mounts(monkeypatch: pytest.MonkeyPatch, *mounted: Mounted) -> None:
    def disk_partitions(*, all: bool) -> list[Mounted]:
        return [each for each in mounted if all or each.device.startswith("/dev/")]

    monkeypatch.setattr(psutil, "disk_partitions", disk_partitions)


def by_mount(values: Mapping[Metric, float | None]) -> dict[str, float | None]:
    return {metric.label: value for metric, value in values.items() if "used" in metric.name}


def test_disks_and_servers_are_listed_and_the_kernels_own_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_mounts(
        monkeypatch,
        Mounted("/dev/nvme0n1p2", "/"),
        Mounted("nas:/models", "/mnt/models", "nfs4"),
        Mounted("proc", "/proc", "proc"),
        Mounted("tmpfs", "/run", "tmpfs"),
        Mounted("/dev/loop3", "/snap/core", "squashfs"),
    )
    assert mounts() == ["/", "/mnt/models"]


def test_a_file_system_mounted_twice_is_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    use_mounts(monkeypatch, Mounted("/dev/sda1", "/srv/data/inner"), Mounted("/dev/sda1", "/srv"))
    assert mounts() == ["/srv"]


def test_single_files_mounted_into_a_container_are_not_listed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "hosts").touch()
    use_mounts(
        monkeypatch,
        Mounted("overlay", "/", "overlay"),
        Mounted("/dev/sda1", str(tmp_path / "hosts")),
    )
    assert mounts() == ["/"]


def test_how_full_the_real_root_is_gets_read() -> None:
    values = {metric.key: value for metric, value in FileSystems().read(TICK).items()}
    used, total = values["host/disk_used_bytes//"], values["host/disk_total_bytes//"]
    assert used is not None
    assert total is not None
    assert 0 < used <= total


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A server that hangs until the returned function is called; asking twice at once fails."""
    use_mounts(
        monkeypatch, Mounted("/dev/sda1", "/"), Mounted("nas:/models", "/mnt/models", "nfs4")
    )
    monkeypatch.setattr(file_systems, "_PATIENCE_SECONDS", 0.01)
    answers, asked = threading.Event(), threading.Lock()

    def disk_usage(path: str) -> Usage:
        if path == "/mnt/models":
            assert asked.acquire(blocking=False)
            answers.wait()
            asked.release()
        return Usage(5, 10)

    monkeypatch.setattr(psutil, "disk_usage", disk_usage)
    return answers.set


def test_a_server_that_hangs_costs_its_own_figures_only(server: Callable[[], None]) -> None:
    source = FileSystems()
    for _ in range(2):
        assert by_mount(source.read(TICK)) == {"/": 5, "/mnt/models": None}
    server()
    wait_until(lambda: by_mount(source.read(TICK))["/mnt/models"] == 5, "the server's figures")


def test_a_file_system_that_fails_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def disk_usage(path: str) -> Usage:
        raise OSError("Stale file handle")

    use_mounts(monkeypatch, Mounted("/dev/sda1", "/"))
    monkeypatch.setattr(psutil, "disk_usage", disk_usage)
    assert by_mount(FileSystems().read(TICK)) == {"/": None}
