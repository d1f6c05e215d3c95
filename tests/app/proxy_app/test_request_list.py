"""The list of requests: page, API and exports ask the same question."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from proxy_app.key_making import make_key
from proxy_app.models import RequestCapture, RequestRecord
from proxy_app.request_query import RequestQuery, _beyond, read, requests, turn
from tests.factories import make_model
from tests.requests_made import NOW, make_request

pytestmark = pytest.mark.django_db
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def vera(client: Client) -> User:
    user = User.objects.create_user("vera")
    client.force_login(user)
    return user


def asked(client: Client, **query: Any) -> dict[str, Any]:
    answer = client.get("/api/requests/", query)
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def ids(client: Client, **query: Any) -> list[str]:
    return [each["id"] for each in asked(client, **query)["requests"]]


# ---------------------------------------------------------------- pages of it
def test_pages_lead_to_older_ones_and_back(admin_client: Client) -> None:
    made = [make_request(n // 2).public_id for n in range(7)]  # two at a time begin together
    whole = ids(admin_client)
    assert sorted(whole) == sorted(made) and whole[0] == made[1]
    first = asked(admin_client, limit=3)
    second = asked(admin_client, limit=3, cursor=first["older"])
    third = asked(admin_client, limit=3, cursor=second["older"])
    pages = [[row["id"] for row in page["requests"]] for page in (first, second, third)]
    assert [each for page in pages for each in page] == whole
    assert first["newer"] is None and third["older"] is None
    back = asked(admin_client, limit=3, cursor=third["newer"])
    assert [row["id"] for row in back["requests"]] == pages[1]


def test_filters_narrow_it(admin_client: Client) -> None:
    model = make_model("Qwen")
    key, _ = make_key("ci")
    done = make_request(llama_model=model, api_key=key).public_id
    broken = make_request(10, error_code="engine_died", error="It ended.").public_id
    refused = make_request(20, status=404, error_code="model_not_found").public_id
    gone = make_request(30, status=499, error_code="client_gone", dialect="anthropic").public_id
    assert ids(admin_client, model=model.pk) == ids(admin_client, key=key.pk) == [done]
    assert ids(admin_client, errors=1) == [broken, refused, gone]
    assert ids(admin_client, outcome="failed") == [broken, refused]
    assert ids(admin_client, outcome="client_gone") == ids(admin_client, dialect="anthropic")
    assert ids(admin_client, status="4xx") == [refused, gone]
    assert ids(admin_client, q=done) == [done]
    other = make_request(40, public_id="ab" * 10).public_id
    assert ids(admin_client, q="ABab") == [other] and done in ids(admin_client, q="0")
    assert ids(admin_client, since="2026-11-24T11:45", until="2026-11-24T11:55") == [broken]


@pytest.mark.parametrize(
    ("name", "value"),
    [("status", "3xx"), ("limit", "0"), ("cursor", "x"), ("q", "<b>"), ("model", "9" * 30),
     ("since", "9999-12-31T23:59:59-23:00"), ("cursor", "9" * 17 + "_" + "9" * 19), ("x", "1")],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_the_api_and_named_on_the_page(
    admin_client: Client, name: str, value: str
) -> None:
    answer = admin_client.get("/api/requests/", {name: value})
    assert answer.status_code == 422
    assert answer.json()["error"]["detail"][0]["where"] == ["query", name]
    page = admin_client.get("/requests/", {name: value})
    assert page.status_code == 200 and "<b>" not in page.content.decode()
    assert "not understood" in page.content.decode()
    assert admin_client.get("/requests/export/csv/", {name: value}).status_code == 400


# ---------------------------------------------------------------- who sees what
def test_an_account_sees_its_own_requests_and_no_addresses(client: Client, vera: User) -> None:
    mine = make_request(user=vera, key_name="vera").public_id
    other = make_request(1, key_name="vera").public_id  # of a key that is called so
    assert ids(client) == [mine]
    assert "client" not in asked(client)["requests"][0]
    assert client.get(f"/api/requests/{other}/").status_code == 404
    assert client.get(f"/requests/{other}/").status_code == 404
    for address in ("/requests/", f"/requests/{mine}/", "/requests/export/csv/"):
        answer = client.get(address)
        told = b"".join(answer) if answer.streaming else answer.content
        assert b"10.0.4.17" not in told and other.encode() not in told


def test_a_key_that_may_read_sees_its_own_requests(client: Client) -> None:
    key, text = make_key("ci", ["read"])
    mine = make_request(api_key=key).public_id
    make_request(1)
    answer = client.get("/api/requests/", headers={"Authorization": f"Bearer {text}"})
    assert [each["id"] for each in answer.json()["requests"]] == [mine]


# ---------------------------------------------------------------- how it reads
def test_what_is_known_is_shown_and_what_is_not_is_a_dash_with_a_reason(
    admin_client: Client,
) -> None:
    make_request(key_name=HOSTILE, model_name=HOSTILE)
    make_request(
        1, status=404, error_code="model_not_found", error=HOSTILE, engine_id=None,
        prompt_tokens=None, cached_tokens=None, generated_tokens=None, generated_per_second=None,
        queue_seconds=None, first_byte_seconds=None,
    )  # fmt: skip
    html = admin_client.get("/requests/").content.decode()
    assert "1,234" in html and "22.4" in html and "4.00 s" in html
    assert 'aria-label="queue 500 ms, to first byte 1.00 s, answer 2.50 s"' in html
    assert '<span title="no engine was asked">-</span>' in html
    assert "404 model_not_found" in html and HOSTILE not in html


def test_a_request_shows_where_its_time_and_its_tokens_went(admin_client: Client) -> None:
    record = make_request(error=HOSTILE, error_code="engine_died")
    RequestCapture.objects.create(request=record, asked=HOSTILE, answered="Hello")
    before, after = make_request(1), make_request(-1)
    html = admin_client.get(f"/requests/{record.public_id}/").content.decode()
    assert "from cache" in html and "1,290 tokens: 1,000 from cache" in html
    assert before.public_id in html and after.public_id in html
    assert "Hello" in html and HOSTILE not in html


def test_an_answer_that_came_as_a_whole_has_no_time_to_its_first_byte(
    admin_client: Client,
) -> None:
    record = make_request(is_stream=False, first_byte_seconds=4.0)
    html = admin_client.get(f"/requests/{record.public_id}/").content.decode()
    assert "computing" in html and "to first byte" not in html


def test_htmx_gets_the_list_alone_and_hears_that_it_is_old(admin_client: Client) -> None:
    make_request()
    part = admin_client.get("/requests/", headers={"HX-Request": "true"}).content.decode()
    assert part.startswith('<div id="list"') and "<html" not in part
    running = admin_client.get("/requests/in-flight/", {"newest": "0"})
    assert "requests-ended" in running["HX-Trigger"]
    newest = RequestRecord.objects.latest("id").pk
    same = admin_client.get("/requests/in-flight/", {"newest": newest})
    assert "HX-Trigger" not in same


# ---------------------------------------------------------------- files
def test_exports_hold_all_that_match_and_no_formulas(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy_app.request_query.MAX_ROWS", 2)
    for n in range(5):
        make_request(n, key_name="=cmd()", finish_reason="")
    make_request(9, dialect="anthropic")
    page = admin_client.get("/requests/?dialect=openai&since=2026-11-01").content.decode()
    assert 'href="/requests/export/csv/?dialect=openai&amp;since=' in page
    written = b"".join(admin_client.get("/requests/export/csv/?dialect=openai")).decode()
    rows = list(csv.DictReader(io.StringIO(written)))
    assert len(rows) == 5 and {row["key_name"] for row in rows} == {"'=cmd()"}
    told = json.loads(b"".join(admin_client.get("/requests/export/json/")))
    assert len(told) == 6 and told[0]["started_at"].startswith("2026-11-24T12:00")


# ---------------------------------------------------------------- what it costs
PLANS = {
    "": "request_started",
    "model=1": "request_model_started (llama_model_id=?)",
    "key=1": "request_key_started (api_key_id=?)",
    "errors=1": "request_not_done",
    "status=5xx": "request_not_done",
    "since=2026-11-01": "request_started (started_at>?)",
    "model=1&since=2026-11-01": "request_model_started (llama_model_id=? AND started_at>?)",
}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="plans are the database's own")
@pytest.mark.parametrize("asked", PLANS)
def test_every_list_is_read_in_the_order_of_an_index(asked: str, admin_user: User) -> None:
    given = dict(part.split("=") for part in asked.split("&") if part)
    query, problems = read(given)
    assert not problems
    rows = requests(query, admin_user).order_by("-started_at", "-id")[:51]
    plan = rows.explain()
    assert PLANS[asked] in plan and "TEMP B-TREE" not in plan


@pytest.mark.skipif(connection.vendor != "sqlite", reason="plans are the database's own")
def test_the_next_page_starts_inside_the_index(admin_user: User) -> None:
    for n in range(3):
        make_request(n)
    older = turn(RequestQuery(limit=1), admin_user).older
    assert older is not None and older.at == NOW
    found = requests(RequestQuery(), admin_user).filter(_beyond(older))
    plan = found.order_by("-started_at", "-id")[:51].explain()
    assert "request_started (started_at<?)" in plan and "TEMP B-TREE" not in plan


@pytest.mark.django_db
def test_a_request_tells_where_its_prompt_left_the_one_before(admin_client: Client) -> None:
    record = make_request(shared_messages=4, left_at_message=5)
    html = admin_client.get(f"/requests/{record.public_id}/").content.decode()
    assert "its first 4 messages are those of the prompt before it" in html
    assert "it left that one at message 5, and 234 tokens were read anew" in html
