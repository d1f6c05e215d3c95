from __future__ import annotations

import os
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from agent_app.heartbeat import Heartbeat
from agent_app.models import AgentHeartbeat
from llamadash import perf

pytestmark = pytest.mark.django_db


def test_a_beat_says_who_runs_and_since_when() -> None:
    Heartbeat().step()
    row = AgentHeartbeat.objects.get()
    assert (row.node, row.pid) == (settings.NODE, os.getpid())
    assert row.is_alive


def test_beats_update_one_row() -> None:
    beat = Heartbeat()
    beat.step()
    beat.step()
    assert AgentHeartbeat.objects.count() == 1


def test_a_silent_agent_is_not_alive() -> None:
    Heartbeat().step()
    with time_machine.travel(timezone.now() + timedelta(seconds=20), tick=False):
        assert not AgentHeartbeat.objects.get().is_alive


def test_a_stopped_agent_leaves_no_row() -> None:
    beat = Heartbeat()
    beat.step()
    beat.end()
    assert not AgentHeartbeat.objects.exists()


def test_readiness_names_what_is_missing(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "checks": {"database": "ok", "agent": "never seen", "disk": "ok"},
    }


def test_a_beating_agent_makes_it_ready(client: Client) -> None:
    Heartbeat().step()
    assert client.get("/readyz").status_code == 200


def test_health_needs_no_database_and_no_login(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"


def test_a_beat_that_is_not_written_counts_as_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(AgentHeartbeat.objects, "update_or_create", fail)
    Heartbeat().step()
    found = next(each for each in perf.monitor.summaries() if each.name == "agent.heartbeat")
    assert (found.count, found.errors) == (1, 1)
