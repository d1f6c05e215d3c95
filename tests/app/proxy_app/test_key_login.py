"""API keys at the management API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from proxy_app.key_making import make_key, revoke
from proxy_app.models import ApiKey
from tests.factories import make_model
from tests.requests_made import make_request

pytestmark = pytest.mark.django_db


def asked(path: str, key: str, method: str = "GET", **more: Any) -> int:
    client = Client(enforce_csrf_checks=True, headers={"authorization": f"Bearer {key}"})
    return int(client.generic(method, path, content_type="application/json", **more).status_code)


def key(*scopes: str, **limits: Any) -> str:
    return make_key("test", scopes, **limits)[1]


@pytest.mark.parametrize("scope", ["read", "operate", "admin"])
def test_a_key_that_may_read_sees_what_an_account_sees(scope: str) -> None:
    assert asked("/api/engines/", key(scope)) == 200


def test_a_key_that_may_only_generate_is_nobody_there() -> None:
    assert asked("/api/engines/", key("infer")) == 401


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("operate", 403), ("admin", 422)])
def test_only_an_admin_s_key_changes_the_gateway(scope: str, status: int) -> None:
    assert asked("/api/virtual-models/", key(scope), "POST", data="{}") == status


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("operate", 422)])
def test_an_operator_s_key_starts_engines(scope: str, status: int) -> None:
    assert asked("/api/engines/", key(scope), "POST", data="{}") == status


def test_a_key_in_its_own_header_counts_too() -> None:
    client = Client(headers={"x-api-key": key("read")})
    assert client.get("/api/engines/").status_code == 200


def test_a_wrong_key_is_refused_even_beside_a_login(admin_user: User) -> None:
    wrong = key("read")[:-1] + "-"
    client = Client(headers={"authorization": f"Bearer {wrong}"})
    client.force_login(admin_user)
    answer = client.get("/api/engines/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_what_is_meant_for_a_proxy_in_front_hides_no_login(admin_user: User) -> None:
    client = Client(headers={"authorization": "Basic bWlyYTpzZWNyZXQ="})
    client.force_login(admin_user)
    assert client.get("/api/engines/").status_code == 200


def test_a_revoked_key_is_refused() -> None:
    row, text = make_key("test", ["admin"])
    revoke(row)
    assert asked("/api/engines/", text) == 401


def test_a_key_that_has_expired_is_refused() -> None:
    assert asked("/api/engines/", key("admin", expires_at=timezone.now())) == 401
    later = timezone.now() + timedelta(minutes=1)
    assert asked("/api/engines/", key("admin", expires_at=later)) == 200


def test_a_key_opens_no_page() -> None:
    client = Client(headers={"authorization": f"Bearer {key('admin')}"})
    assert client.get("/models/").status_code == 302


def test_the_text_of_a_key_is_nowhere_in_the_database() -> None:
    text = key("read")
    row = ApiKey.objects.get()
    assert text not in {str(getattr(row, field.name)) for field in row._meta.concrete_fields}


def test_a_key_for_some_models_is_nobody_there() -> None:
    row, text = make_key("test", ["admin"])
    row.llama_models.add(make_model())
    assert asked("/api/models/", text) == 401


@pytest.mark.parametrize("path", ["/api/attached/", "/api/keys/"])
def test_an_operator_s_key_changes_nothing_else(path: str) -> None:
    assert asked(path, key("operate"), "POST", data="{}") == 403


def test_an_operator_s_key_sees_only_its_own_requests() -> None:
    record = make_request()
    text = key("operate")
    client = Client(headers={"authorization": f"Bearer {text}"})
    assert client.get("/api/requests/").json()["requests"] == []
    assert client.get(f"/api/requests/{record.public_id}/").status_code == 404
