from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db


def test_staff_read_the_state_of_the_installation(admin_client: Client) -> None:
    answer = admin_client.get("/api/system/")
    assert answer.status_code == 200
    assert {"program", "storage", "devices", "operations", "scans"} <= set(answer.json())


def test_a_viewer_is_told_what_it_takes(client: Client) -> None:
    client.force_login(User.objects.create_user("vera"))
    answer = client.get("/api/system/")
    assert answer.status_code == 403
    assert "staff status" in answer.json()["error"]["message"]


def test_without_a_login_it_is_401_in_the_api_s_form(client: Client) -> None:
    answer = client.get("/api/system/")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_logged_in"


def test_the_documentation_names_every_operation(admin_client: Client) -> None:
    page = admin_client.get("/api/docs").content.decode()
    for path in ("/api/models/", "/api/models/{model_id}/memory/", "/api/scans/", "/api/system/"):
        assert path in page


def test_the_openapi_document_needs_a_login(client: Client) -> None:
    assert client.get("/api/openapi.json").status_code in (302, 401)
    assert client.get("/api/docs").status_code == 302
