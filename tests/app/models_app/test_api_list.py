from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from models_app.api.api_schemas import ModelDetail, ModelList
from models_app.models import LlamaModel, ModelAlias, RegistryVersion
from tests.factories import GIB, make_model

pytestmark = pytest.mark.django_db


def answer(client: Client, address: str = "/api/models/", status: int = 200) -> Any:
    response = client.get(address)
    assert response.status_code == status, response.content
    return response.json()


def test_a_row_has_all_that_the_documentation_promises(admin_client: Client) -> None:
    model = make_model("Llama 3.1 8B", tags=["work"])
    ModelAlias.objects.create(name="fast", llama_model=model)
    listed = answer(admin_client)
    ModelList.model_validate(listed)
    (row,) = listed["models"]
    assert set(row) == set(ModelList.model_json_schema()["$defs"]["ModelRow"]["properties"])
    assert row["aliases"] == ["fast"]
    assert row["memory"]["cache_bytes"] == GIB
    assert listed["total"] == 1 and listed["next"] is None


def test_next_leads_through_all_models(admin_client: Client) -> None:
    for name in "abcde":
        make_model(name, files=False)
    seen, cursor = [], ""
    for _ in range(3):
        listed = answer(admin_client, f"/api/models/?limit=2&cursor={cursor}")
        assert listed["total"] == 5
        seen += [row["name"] for row in listed["models"]]
        cursor = listed["next"]
    assert seen == list("abcde") and cursor is None


def test_fifty_are_given_unless_asked_for_more(admin_client: Client) -> None:
    for _ in range(51):
        make_model(files=False)
    assert len(answer(admin_client)["models"]) == 50
    assert len(answer(admin_client, "/api/models/?limit=1000")["models"]) == 51


@pytest.mark.parametrize(
    "query", ["colour=red", "limit=0", "limit=1001", "sort=path", "q=a&q=b", "cursor=x", "root=a"]
)
def test_a_wrong_parameter_is_named(admin_client: Client, query: str) -> None:
    error = answer(admin_client, f"/api/models/?{query}", 422)["error"]
    assert error["code"] == "invalid"
    assert error["detail"][0]["where"] == ["query", query.partition("=")[0]]
    assert error["detail"][0]["message"]


def test_an_unchanged_list_is_not_sent_again(admin_client: Client) -> None:
    make_model("a")
    first = admin_client.get("/api/models/")
    again = admin_client.get("/api/models/", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and again.content == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    assert not first.headers["ETag"].startswith("W/")


def test_a_change_gives_another_etag(admin_client: Client) -> None:
    model = make_model("a")
    first = admin_client.get("/api/models/").headers["ETag"]
    admin_client.patch(
        f"/api/models/{model.pk}/", {"favourite": True}, content_type="application/json"
    )
    response = admin_client.get("/api/models/", headers={"If-None-Match": first})
    assert response.status_code == 200
    assert response.json()["models"][0]["favourite"] is True


def test_two_questions_have_two_etags(admin_client: Client) -> None:
    make_model("a")
    etags = {admin_client.get(f"/api/models/?limit={n}").headers["ETag"] for n in (1, 2, 3)}
    assert len(etags) == 3


def test_a_known_list_asks_the_database_for_the_version_only(admin_client: Client) -> None:
    make_model("a")
    admin_client.get("/api/models/")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        admin_client.get("/api/models/")
    tables = [query["sql"] for query in asked.captured_queries]
    assert not [sql for sql in tables if "llamamodel" in sql]
    assert len([sql for sql in tables if "registryversion" in sql]) == 1


def test_what_fits_is_not_kept_as_it_depends_on_the_machine(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models_app.memory import capacity
    from tests.devices import FakeDevice

    make_model("a", files=False)
    monkeypatch.setattr(capacity, "_source", lambda: [FakeDevice("ram", "ram", 64 * GIB)])
    assert answer(admin_client, "/api/models/?fits=ram")["total"] == 1
    monkeypatch.setattr(capacity, "_source", lambda: [FakeDevice("ram", "ram", 2 * GIB)])
    assert answer(admin_client, "/api/models/?fits=ram")["total"] == 0


def test_one_model_is_given_with_files_and_copies(admin_client: Client) -> None:
    model = make_model("a", content_key="same", facts={"layers": 32}, notes="mine")
    twin = make_model("b", content_key="same")
    make_model("c", content_key="same", state="missing")
    detail = answer(admin_client, f"/api/models/{model.pk}/")
    ModelDetail.model_validate(detail)
    assert detail["facts"] == {"layers": 32}
    assert detail["notes"] == "mine"
    assert [file["path"] for file in detail["files"]] == [model.path]
    assert detail["files"][0]["metadata"]["llama.block_count"] == 32
    assert detail["files"][0]["sha256"] is None
    assert [copy["id"] for copy in detail["duplicates"]] == [twin.pk]


@pytest.mark.parametrize("number", [999_999, 10**30])
def test_a_model_that_is_not_there_is_not_found(admin_client: Client, number: int) -> None:
    error = answer(admin_client, f"/api/models/{number}/", 404)["error"]
    assert error["code"] == "not_found"


def test_what_scans_write_is_seen(admin_client: Client) -> None:
    make_model("a", files=False)
    assert answer(admin_client)["total"] == 1
    LlamaModel.objects.update(state="missing")
    RegistryVersion.raise_it()
    assert answer(admin_client)["total"] == 0


@pytest.mark.parametrize("address", ["/api/models/", "/models/"])
def test_head_is_answered_as_get_is(admin_client: Client, address: str) -> None:
    make_model("a", files=False)
    got, asked = admin_client.get(address), admin_client.head(address)
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["Content-Type"] == got.headers["Content-Type"]
    assert asked.headers.get("ETag") == got.headers.get("ETag")
