from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from proxy_app.core import api_keys
from proxy_app.key_making import make_key
from proxy_app.models import ApiKey
from tests.factories import make_model

pytestmark = pytest.mark.django_db
JSON = "application/json"


def send(client: Client, method: str, address: str, **said: Any) -> Any:
    return client.generic(method, address, json.dumps(said), content_type=JSON)


def test_a_key_is_made_told_once_changed_and_deleted(admin_client: Client) -> None:
    model = make_model("Qwen")
    made = send(admin_client, "POST", "/api/keys/", name="ci", models=[model.pk], max_running=2)
    assert made.status_code == 201 and made["Cache-Control"] == "no-store"
    told = made.json()
    key = ApiKey.objects.get()
    assert api_keys.is_same(told["key"], key.digest)
    assert (told["limited"], told["models"], told["scopes"]) == (True, [model.pk], ["infer"])
    address = f"/api/keys/{key.pk}/"
    changed = send(admin_client, "PATCH", address, max_running=None, priority=1).json()
    assert (changed["max_running"], changed["priority"], changed["name"]) == (None, 1, "ci")
    assert changed["models"] == [model.pk] and "key" not in changed
    assert send(admin_client, "PATCH", address, limited=False).json()["models"] == []
    assert [each["id"] for each in admin_client.get("/api/keys/").json()["keys"]] == [key.pk]
    assert admin_client.delete(address).status_code == 204
    assert admin_client.get(address).status_code == 404


def test_a_key_is_revoked_enabled_and_rotated(admin_client: Client) -> None:
    key, old = make_key("ci")
    assert admin_client.post(f"/api/keys/{key.pk}/revoke/").json()["enabled"] is False
    assert admin_client.post(f"/api/keys/{key.pk}/enable/").json()["enabled"] is True
    new = admin_client.post(f"/api/keys/{key.pk}/rotate/").json()["key"]
    key.refresh_from_db()
    assert api_keys.is_same(new, key.digest) and new != old


@pytest.mark.parametrize(
    "said",
    [
        {}, {"name": " "}, {"name": "x", "scopes": []}, {"name": "x", "scopes": ["root"]},
        {"name": "x", "weight": 0}, {"name": "x", "priority": 2}, {"name": "x", "max_running": 0},
        {"name": "x", "models": [999]}, {"name": "x", "digest": "0"}, {"name": "x", "user": 1},
        {"name": "x", "expires_at": "2020-01-01T00:00"}, {"name": "x", "tokens_per_month": 1e30},
        {"name": "x", "scopes": None}, {"name": "x", "models": [10**30]},
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(admin_client: Client, said: dict[str, Any]) -> None:
    answer = send(admin_client, "POST", "/api/keys/", **said)
    assert answer.status_code == 422, answer.content
    assert not ApiKey.objects.exists()


def test_only_a_key_of_an_administrator_makes_keys(client: Client) -> None:
    for scope, status in (("operate", 403), ("admin", 201)):
        _, text = make_key(scope, [scope])
        bearer = {"Authorization": f"Bearer {text}"}
        answer = client.post("/api/keys/", {"name": "x"}, content_type=JSON, headers=bearer)
        assert answer.status_code == status
