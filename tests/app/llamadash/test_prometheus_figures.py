from __future__ import annotations

import time

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from metrics_app.core.metric import Metric
from metrics_app.hour import hour
from metrics_app.sampled import Sampled

pytestmark = pytest.mark.django_db

CPU = Metric("host", "cpu_ratio", "ratio")
CORE = Metric("host", "core_ratio", "ratio", "3", kept=False)
READ = Metric("host", "disk_read_bytes_per_second", "bytes_per_second", "nvme0n1")
READ_IN_ALL = Metric("host", "disk_read_bytes_per_second", "bytes_per_second")
MOUNT = Metric("host", "disk_used_bytes", "bytes", '/mnt/"odd"\\name\n')
BUSY = Metric("gpu", "busy_ratio", "ratio", "nvidia:GPU-1")
UNKNOWN = Metric("host", "load_1", "count")
ENGINE = Metric("engine.7", "tokens_per_second", "per_second")


@pytest.fixture(autouse=True)
def a_reading() -> None:
    values = {
        CPU: 0.25, CORE: 0.5, READ: 10.0, READ_IN_ALL: 12.0, MOUNT: 1e9, BUSY: 0.75, UNKNOWN: None,
        ENGINE: 40.0,
    }  # fmt: skip
    hour.add(Sampled(time.time(), 1.0, values, 0.0))


def told(client: Client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Name and labels to value, as Prometheus's own parser reads the whole answer."""
    text = client.get("/metrics").content.decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(client: Client, name: str, **labels: str) -> float | None:
    return told(client).get((name, frozenset(labels.items())))


def test_the_newest_readings_are_told(client: Client) -> None:
    assert value(client, "llamadash_host_cpu_ratio") == 0.25


def test_which_of_several_is_a_label(client: Client) -> None:
    assert value(client, "llamadash_host_core_ratio", core="3") == 0.5
    assert value(client, "llamadash_gpu_busy_ratio", gpu="nvidia:GPU-1") == 0.75


def test_a_hostile_mount_name_reads_back_as_it_is(client: Client) -> None:
    found = value(client, "llamadash_host_disk_used_bytes", mount='/mnt/"odd"\\name\n')
    assert found == 1e9


def test_a_sum_has_a_name_of_its_own(client: Client) -> None:
    assert value(client, "llamadash_host_disk_read_bytes_per_second", device="nvme0n1") == 10
    assert value(client, "llamadash_host_disk_read_bytes_per_second_all") == 12


def test_what_is_unknown_is_left_out(client: Client) -> None:
    assert value(client, "llamadash_host_load_1") is None


def test_sources_of_others_are_left_to_them(client: Client) -> None:
    assert not [name for name, _ in told(client) if "engine" in name]


def test_a_reading_older_than_a_minute_is_not_told(client: Client) -> None:
    hour.clear()
    hour.add(Sampled(time.time() - 90, 1.0, {CPU: 0.25}, 0.0))
    assert value(client, "llamadash_host_cpu_ratio") is None


def test_sockets_and_the_recorder_are_told(client: Client) -> None:
    assert value(client, "llamadash_live_clients") == 0
    assert value(client, "llamadash_recorder_pending_rows") == 0
