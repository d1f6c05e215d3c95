"""What programs meet: HEAD, wrong methods, large bodies, foreign hosts, TLS in front."""

from __future__ import annotations

import logging

import pytest
from django.conf import LazySettings
from django.test import Client

from llamadash import logs
from tests.factories import make_model

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address", ["/healthz", "/metrics", "/models/", "/settings/scanning/", "/system/"]
)
def test_head_is_answered_as_get_is(admin_client: Client, address: str) -> None:
    assert admin_client.head(address).status_code == 200
    assert admin_client.head(address).content == b""


@pytest.mark.parametrize("address", ["/api/models/", "/api/scans/", "/api/system/"])
def test_head_works_in_the_api(admin_client: Client, address: str) -> None:
    answer = admin_client.head(address)
    assert answer.status_code == 200
    assert int(answer["Content-Length"]) > 0


def test_readiness_may_be_asked_by_head(client: Client) -> None:
    assert client.head("/readyz").status_code == 503


def test_a_wrong_method_is_told_in_the_api_s_own_form(admin_client: Client) -> None:
    answer = admin_client.delete("/api/models/")
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "wrong_method"
    assert "GET" in answer["Allow"]
    assert answer["X-Frame-Options"] == "DENY"


def test_a_body_that_is_too_large_is_413_with_the_limit(
    admin_client: Client, settings: LazySettings
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    make_model(id=1)
    answer = admin_client.patch(
        "/api/models/1/", {"notes": "x" * 2000}, content_type="application/json"
    )
    assert answer.status_code == 413
    assert "1,000 bytes" in answer.json()["error"]["message"]
    page = admin_client.post("/theme/", {"theme": "x" * 2000})
    assert page.status_code in (302, 413)


def test_a_foreign_host_is_one_warning_without_a_traceback(
    client: Client, caplog: pytest.LogCaptureFixture, settings: LazySettings
) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    assert client.get("/models/", headers={"host": "evil.example"}).status_code == 400
    assert [record.name for record in caplog.records] == ["django.security.DisallowedHost"]
    record = caplog.records[0]
    assert (record.levelname, record.exc_info) == ("WARNING", None)


def test_the_filter_is_part_of_the_configuration() -> None:
    found = logs.configuration("INFO", "console")["loggers"]
    assert found["django.security.DisallowedHost"]["filters"] == ["as_one_warning"]
    assert logging.getLogger("axes").level == logging.WARNING


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_not_sent_to_https(client: Client, settings: LazySettings, address: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(address).status_code in (200, 503)
    assert client.get("/models/").status_code == 301
