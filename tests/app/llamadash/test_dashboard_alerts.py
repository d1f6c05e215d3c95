from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from llamadash.dashboard import views
from llamadash.dashboard.data_disk import DataDisk
from metrics_app.core.clock import Tick
from metrics_app.core.metric import Metric
from metrics_app.hour import hour
from metrics_app.reading import Reading
from metrics_app.recording import recorder
from metrics_app.sampler import sampler
from models_app.models import ScanRun
from settings_app.models import RetentionPolicy
from tests.factories import make_root
from tests.figures import sampled

pytestmark = pytest.mark.django_db
GIB = 1 << 30


@pytest.fixture(autouse=True)
def a_folder() -> None:
    make_root()


def alerts(client: Client) -> dict[str, str]:
    """The word of each to its text and what it links to; less the agent's, of every page."""
    html = client.get("/").content.decode().split("<main")[1]
    found = re.findall(
        r'<div class="note" role="status"><span class="st \w+">.*?</svg>([^<]+)</span>(.*?)</div>',
        html,
    )
    return {word: text for word, text in found if word != "agent"}


def test_a_healthy_machine_is_quiet(admin_client: Client) -> None:
    assert alerts(admin_client) == {}


def test_a_data_disk_that_is_nearly_full(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "read_data_disk", lambda: DataDisk(9 * GIB, 100 * GIB))
    text = alerts(admin_client)["disk nearly full"]
    assert "9.0 GiB of 100.0 GiB are free" in text and 'href="/system/"' in text


@pytest.mark.parametrize("disk", [DataDisk(10 * GIB, 100 * GIB), DataDisk(None, None)])
def test_a_disk_with_room_or_unknown_is_not_spoken_of(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, disk: DataDisk
) -> None:
    monkeypatch.setattr(views, "read_data_disk", lambda: disk)
    assert alerts(admin_client) == {}


@pytest.mark.parametrize(("used", "is_said"), [(85, False), (86, True)])
def test_memory_that_is_nearly_full(admin_client: Client, used: int, is_said: bool) -> None:
    values: dict[Metric, float | None] = {
        Metric("host", "memory_used_bytes", "bytes"): used * GIB,
        Metric("host", "memory_total_bytes", "bytes"): 100 * GIB,
    }
    hour.add(sampled(time.time(), values))
    text = alerts(admin_client).get("memory nearly full", "")
    assert ("86.0 GiB of 100.0 GiB of RAM are in use" in text) == is_said


def scan(state: str, **over: Any) -> None:
    ScanRun.objects.create(state=state, ended_at=timezone.now(), **over)


def test_a_failed_scan_says_why(admin_client: Client) -> None:
    scan("failed", message="The disk is gone.")
    assert "The disk is gone." in alerts(admin_client)["last scan failed"]


def test_errors_of_the_last_scan_name_the_first(admin_client: Client) -> None:
    errors = [{"path": "/srv/<b>x", "kind": "unreadable", "message": "no permission"}]
    scan("done", n_errors=2, errors=errors)
    text = alerts(admin_client)["last scan"]
    assert "2 places could not be read, first /srv/&lt;b&gt;x." in text


def test_only_the_last_scan_counts(admin_client: Client) -> None:
    scan("failed")
    scan("done")
    assert alerts(admin_client) == {}


def test_figures_that_cannot_be_written(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "last_error", "database or disk is full")
    monkeypatch.setattr(recorder, "n_dropped", 1200)
    text = alerts(admin_client)["figures are not kept"]
    assert "database or disk is full" in text and "1,200 were lost" in text


class Broken:
    """A sensor that always fails."""

    name = "temperatures"
    topics = ("host",)
    seconds = unwatched_seconds = 1.0

    def read(self, tick: Tick) -> dict[Any, float | None]:
        raise OSError("no such <sensor>")


@pytest.fixture
def broken_sensor() -> Iterator[None]:
    sampler.add(Broken())
    reading: Reading = sampler._readings["temperatures"]
    reading.run(Tick(at=1.0, monotonic=1.0, elapsed_seconds=None, jump_seconds=0.0))
    yield
    sampler.remove("temperatures")


@pytest.mark.usefixtures("broken_sensor")
def test_a_sensor_that_fails_is_named(admin_client: Client) -> None:
    assert "temperatures: OSError: no such &lt;sensor&gt;" in alerts(admin_client)["sensor fails"]


def test_retention_that_is_late(admin_client: Client) -> None:
    ages_ago = timezone.now() - timedelta(days=1)
    RetentionPolicy.objects.update(pruned_at=ages_ago, updated_at=ages_ago)
    assert f"last on {ages_ago:%Y-%m-%d}" in alerts(admin_client)["retention is late"]


def test_who_may_only_look_is_sent_to_no_page_of_the_staff(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "read_data_disk", lambda: DataDisk(0, 100 * GIB))
    client.force_login(User.objects.create_user("viewer"))
    assert "href" not in alerts(client)["disk nearly full"]
