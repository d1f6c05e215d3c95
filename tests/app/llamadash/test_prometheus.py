from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from agent_app.models import AgentHeartbeat
from llamadash import perf
from models_app.models import ScanRun
from tests.factories import make_model

pytestmark = pytest.mark.django_db


def lines(client: Client, **extra: str) -> list[str]:
    answer = client.get("/metrics", **extra)  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.content.decode().splitlines()


def test_operations_are_summaries(client: Client) -> None:
    perf.monitor.record("models.list", 0.25)
    perf.monitor.record("models.list", 0.75, ValueError())
    found = lines(client)
    assert "# TYPE llamadash_operation_seconds summary" in found
    assert 'llamadash_operation_seconds{operation="models.list",quantile="0.5"} 0.25' in found
    assert 'llamadash_operation_seconds_sum{operation="models.list"} 1' in found
    assert 'llamadash_operation_seconds_count{operation="models.list"} 2' in found
    assert 'llamadash_operation_errors_total{operation="models.list"} 1' in found
    assert 'llamadash_operation_slow_total{operation="models.list"} 2' in found


def test_models_are_counted_by_state_and_kind(client: Client) -> None:
    make_model(name="a")
    make_model(name="b")
    make_model(name="c", state="missing")
    found = lines(client)
    assert 'llamadash_models{kind="chat",state="ok"} 2' in found
    assert 'llamadash_models{kind="chat",state="missing"} 1' in found


def test_the_last_finished_scan_is_told(client: Client) -> None:
    now = timezone.now()
    times = {"started_at": now - timedelta(seconds=3), "ended_at": now}
    ScanRun.objects.create(state="done", n_files=41, n_errors=2, **times)
    ScanRun.objects.create(state="running", n_files=7)
    found = lines(client)
    assert "llamadash_scan_files 41" in found
    assert "llamadash_scan_errors 2" in found
    assert "llamadash_scan_duration_seconds 3" in found


@pytest.mark.parametrize(("seconds_ago", "up"), [(1, 1), (60, 0)])
def test_the_agent_is_up_while_it_gives_signs_of_life(
    client: Client, seconds_ago: int, up: int
) -> None:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    AgentHeartbeat.objects.create(node=settings.NODE, pid=1, version="1", started_at=at, seen_at=at)
    assert f"llamadash_agent_up {up}" in lines(client)


def test_the_process_and_the_database_are_told(client: Client) -> None:
    names = {line.split("{")[0].split(" ")[0] for line in lines(client)}
    assert {
        "llamadash_build_info",
        "llamadash_process_resident_bytes",
        "llamadash_process_cpu_seconds_total",
        "llamadash_process_threads",
        "llamadash_process_open_fds",
        "llamadash_database_bytes",
    } <= names


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_itself_needs_no_login(client: Client, peer: str) -> None:
    assert client.get("/metrics", REMOTE_ADDR=peer).status_code == 200


@pytest.mark.parametrize(
    "came",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_REAL_IP": "192.0.2.7"},
    ],
)
def test_others_are_refused_without_a_login(client: Client, came: dict[str, str]) -> None:
    answer = client.get("/metrics", **came)  # type: ignore[arg-type]
    assert answer.status_code == 403
    assert answer.content == b"Log in, or ask from this machine itself.\n"


def test_a_login_lets_others_in(client: Client) -> None:
    client.force_login(User.objects.create_user("vi"))
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 200
