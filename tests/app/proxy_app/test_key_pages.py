"""API keys on their pages: for administrators alone, the secret shown once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from proxy_app.core import api_keys
from proxy_app.holders import NOBODY, Holder, _holders
from proxy_app.key_making import make_key
from proxy_app.models import ApiKey
from tests.factories import make_model
from tests.requests_made import make_request

pytestmark = pytest.mark.django_db
SECRET = re.compile(r"ld_[a-z0-9]{8}_[\w-]{43}")
HOSTILE = "<img src=x onerror=alert(1)>"


def form(**over: Any) -> dict[str, Any]:
    return {"name": "ci", "scopes": ["infer"], "weight": "1", "priority": "0", **over}


def holder(key: ApiKey) -> Holder:
    return _holders().get(key.public_id, NOBODY)


def test_without_keys_the_page_says_what_they_are_for(admin_client: Client) -> None:
    assert "No key yet" in admin_client.get("/keys/").content.decode()


def test_a_key_is_made_and_shown_once(admin_client: Client, admin_user: User) -> None:
    answer = admin_client.post("/keys/new/", form(name=HOSTILE, tokens_per_month="1,000,000"))
    html = answer.content.decode()
    [text] = set(SECRET.findall(html))
    key = ApiKey.objects.get()
    assert api_keys.is_same(text, key.digest) and key.created_by == admin_user
    assert (key.scopes, key.tokens_per_month, key.limited) == (["infer"], 1_000_000, False)
    assert answer["Cache-Control"] == "no-store" and HOSTILE not in html
    assert "$LLAMADASH_KEY" in html
    for address in ("/keys/", f"/keys/{key.pk}/"):
        html = admin_client.get(address).content.decode()
        assert key.prefix in html and text not in html and HOSTILE not in html


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("name", "", "This field is required."),
        ("name", "a\x07b", "printable"),
        ("scopes", [], "This field is required."),
        ("scopes", ["root"], "root is not one of the available choices"),
        ("max_running", "0", "greater than or equal to 1"),
        ("tokens_per_minute", "many", "Give a whole number, or nothing."),
        ("weight", "nan", "Enter a number."),
        ("priority", "7", "7 is not one of the available choices"),
        ("expires_at", "2020-01-01T00:00", "expired already"),
        ("expires_at", "soon", "Enter a valid date/time."),
        ("models", ["999"], "999 is not one of the available choices"),
        ("limited", "on", "Choose a model"),
    ],
)
def test_what_is_wrong_is_said_and_no_key_is_made(
    admin_client: Client, name: str, value: Any, words: str
) -> None:
    answer = admin_client.post("/keys/new/", form(**{name: value}))
    assert answer.status_code == 422 and words in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_limits_are_changed_for_the_next_request(admin_client: Client) -> None:
    model = make_model("Qwen")
    key, _ = make_key("ci", max_running=2)
    changes = form(name="ci 2", limited="on", models=[model.pk], priority="-1", weight="2.5")
    assert admin_client.post(f"/keys/{key.pk}/", changes).status_code == 302
    found = holder(key)
    assert (found.name, found.max_running, found.priority, found.weight) == ("ci 2", None, -1, 2.5)
    assert found.llama_models == frozenset({model.pk})


def test_a_key_whose_last_model_is_gone_may_use_none(admin_client: Client) -> None:
    model = make_model("Qwen")
    key, _ = make_key("ci")
    admin_client.post(f"/keys/{key.pk}/", form(limited="on", models=[model.pk]))
    model.delete()
    assert holder(key).llama_models == frozenset()
    assert not holder(key).may_use(make_model("Gemma").pk)


def test_a_key_is_revoked_and_allowed_again(admin_client: Client) -> None:
    key, _ = make_key("ci")
    admin_client.post(f"/keys/{key.pk}/revoke/")
    assert holder(key) is NOBODY
    assert "revoked" in admin_client.get("/keys/").content.decode()
    admin_client.post(f"/keys/{key.pk}/allow/")
    assert holder(key).name == "ci"


def test_a_rotated_key_has_a_new_secret_and_its_old_limits(admin_client: Client) -> None:
    key, old = make_key("ci", max_running=3)
    [new] = set(SECRET.findall(admin_client.post(f"/keys/{key.pk}/rotate/").content.decode()))
    key.refresh_from_db()
    assert api_keys.is_same(new, key.digest) and not api_keys.is_same(old, key.digest)
    assert holder(key).max_running == 3


def test_the_records_of_a_deleted_key_stay(admin_client: Client) -> None:
    key, _ = make_key("ci")
    record = make_request(api_key=key, key_name="ci")
    admin_client.post(f"/keys/{key.pk}/delete/")
    record.refresh_from_db()
    assert (record.api_key_id, record.key_name) == (None, "ci")


def test_others_have_no_business_there(client: Client) -> None:
    key, _ = make_key("ci")
    client.force_login(User.objects.create_user("vera"))
    for address in ("/keys/", "/keys/new/", f"/keys/{key.pk}/", "/api/keys/"):
        assert client.get(address).status_code == 403
    assert 'href="/keys/"' not in client.get("/requests/").content.decode()
