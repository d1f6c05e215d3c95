from __future__ import annotations

import logging

import pytest
from django.contrib.auth.models import User
from django.test import Client

from llamadash.logs import configuration, without_trace_of_mistakes

pytestmark = pytest.mark.django_db


def test_a_refusal_is_one_line_without_a_traceback(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("django.request")
    assert without_trace_of_mistakes in logger.filters
    client.force_login(User.objects.create_user("viewer"))
    assert client.post("/engines/programs/ask/").status_code == 403
    records = [record for record in caplog.records if record.name == "django.request"]
    assert [(record.levelname, record.exc_info) for record in records] == [("WARNING", None)]


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    record = logging.makeLogRecord({"status_code": 500, "exc_info": (ValueError, None, None)})
    assert without_trace_of_mistakes(record)
    assert record.exc_info is not None
    assert configuration("INFO", "json")["loggers"]["django.request"]["filters"]
