from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from metrics_app.core.clock import Tick
from metrics_app.core.metric import Metric
from metrics_app.sources.disks import Disks, physical_disks
from metrics_app.sources.network import Network


class Disk(NamedTuple):
    read_bytes: int = 0
    write_bytes: int = 0
    busy_time: int = 0


class Card(NamedTuple):
    bytes_recv: int = 0
    bytes_sent: int = 0


def figures(values: Mapping[Metric, float | None], name: str) -> dict[str, float | None]:
    return {metric.label: value for metric, value in values.items() if metric.name == name}


def in_turn(readings: list[dict[str, Disk]] | list[dict[str, Card]]) -> Callable[..., object]:
    """What psutil answers: one reading after the other."""
    left = iter(readings)
    return lambda **_: next(left)


def ticks(*seconds: float) -> list[Tick]:
    return [Tick(1.79e9 + second, 100.0 + second, 1.0) for second in seconds]


def add_disk(block: Path, name: str, *parts: str) -> None:
    (block / name / "slaves").mkdir(parents=True)
    for part in parts:
        (block / name / "slaves" / part).touch()


def test_only_whole_physical_disks_count(tmp_path: Path) -> None:
    for name in ("nvme0n1", "sda", "loop3", "ram0", "zram0", "sr0"):
        add_disk(tmp_path, name)
    add_disk(tmp_path, "dm-0", "sda")
    add_disk(tmp_path, "md127", "sda", "nvme0n1")
    names = {*(each.name for each in tmp_path.iterdir()), "sda1", "nvme0n1p2"}
    assert physical_disks(frozenset(names), tmp_path) == {"nvme0n1", "sda"}


def test_where_the_system_does_not_list_them_all_disks_count(tmp_path: Path) -> None:
    assert physical_disks(frozenset({"disk0"}), tmp_path / "absent") == {"disk0"}


def test_disks_are_read_each_and_in_sum(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("sda", "sdb"):
        add_disk(tmp_path, name)
    readings = [
        {"sda": Disk(), "sdb": Disk(), "sda1": Disk()},
        {"sda": Disk(4000, 200, 500), "sdb": Disk(1000, 0, 3000), "sda1": Disk(4000, 200, 500)},
    ]
    monkeypatch.setattr(psutil, "disk_io_counters", in_turn(readings))
    disks = Disks(tmp_path)
    first, values = (disks.read(tick) for tick in ticks(0, 2))
    assert set(first.values()) == {None}
    read = figures(values, "disk_read_bytes_per_second")
    assert read == {"sda": 2000.0, "sdb": 500.0, "": 2500.0}
    assert figures(values, "disk_write_bytes_per_second")[""] == 100.0
    assert figures(values, "disk_busy_ratio") == {"sda": 0.25, "sdb": 1.0}


def test_a_reset_disk_is_unknown_and_the_sum_is_of_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("sda", "sdb"):
        add_disk(tmp_path, name)
    readings = [{"sda": Disk(900), "sdb": Disk(900)}, {"sda": Disk(5), "sdb": Disk(1000)}]
    monkeypatch.setattr(psutil, "disk_io_counters", in_turn(readings))
    disks = Disks(tmp_path)
    _, values = (disks.read(tick) for tick in ticks(0, 1))
    read = figures(values, "disk_read_bytes_per_second")
    assert read == {"sda": None, "sdb": 100.0, "": 100.0}


def test_a_machine_without_disks_is_unknown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(psutil, "disk_io_counters", lambda **_: {})
    values = Disks(tmp_path).read(ticks(0)[0])
    assert set(values.values()) == {None}
    assert len(values) == 2


def test_traffic_inside_the_machine_is_left_out_and_tunnels_are_not_counted_twice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "eth0" / "device").mkdir(parents=True)
    names = ("eth0", "wg0", "lo", "veth12ab", "docker0", "br-9f")
    readings = [{name: Card(n, 0) for name in names} for n in (0, 1000)]
    monkeypatch.setattr(psutil, "net_io_counters", in_turn(readings))
    network = Network(tmp_path)
    _, values = (network.read(tick) for tick in ticks(0, 1))
    received = figures(values, "network_receive_bytes_per_second")
    assert received == {"eth0": 1000.0, "wg0": 1000.0, "": 1000.0}


def test_in_a_container_what_leads_out_of_it_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    readings = [{"eth0": Card(0, n), "lo": Card(0, n)} for n in (0, 50)]
    monkeypatch.setattr(psutil, "net_io_counters", in_turn(readings))
    network = Network(tmp_path)
    _, values = (network.read(tick) for tick in ticks(0, 1))
    assert figures(values, "network_send_bytes_per_second")[""] == 50.0


def test_an_interface_that_goes_away_takes_its_figures_along(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    readings = [{"eth0": Card(), "usb0": Card()}, {"eth0": Card()}]
    monkeypatch.setattr(psutil, "net_io_counters", in_turn(readings))
    network = Network(tmp_path)
    _, values = (network.read(tick) for tick in ticks(0, 1))
    assert figures(values, "network_send_bytes_per_second") == {"eth0": 0.0, "": 0.0}
