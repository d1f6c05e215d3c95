from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.test import AsyncClient, Client

from llamadash.csv_cells import csv_cell
from models_app.lists.exports import as_json, markdown_cell
from tests.factories import make_model

pytestmark = pytest.mark.django_db


def export(client: Client, address: str) -> str:
    response: Any = client.get(address)
    assert response.streaming
    assert "attachment" in response.headers["Content-Disposition"]
    return b"".join(response.streaming_content).decode()


def test_csv_has_the_filtered_models_in_their_order(admin_client: Client) -> None:
    make_model("small", size_bytes=1, files=False)
    make_model("big", size_bytes=2, files=False)
    make_model("other", kind="embedding", files=False)
    text = export(admin_client, "/models/export/csv/?kind=chat&sort=-size")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["name"] for row in rows] == ["big", "small"]
    assert rows[0]["parameters"] == "8030261312"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_name_becomes_a_formula(start: str) -> None:
    assert csv_cell(f"{start}cmd()") == f"'{start}cmd()"


def test_numbers_stay_numbers() -> None:
    assert csv_cell(-5) == "-5"
    assert csv_cell(None) == ""


def test_json_is_one_array(admin_client: Client) -> None:
    make_model("a", files=False, tags=["x"])
    make_model("b", files=False)
    rows = json.loads(export(admin_client, "/models/export/json/"))
    assert [row["name"] for row in rows] == ["a", "b"]
    assert rows[0]["tags"] == ["x"]


def test_json_of_nothing_is_an_empty_array() -> None:
    assert json.loads(b"".join(as_json([]))) == []


def test_markdown_cells_hold_their_text(admin_client: Client) -> None:
    make_model("a|b [x](http://y) <i>", files=False)
    text = export(admin_client, "/models/export/md/")
    assert r"a\|b \[x\]\(http://y\) \<i\>" in text
    assert all(line.startswith("|") for line in text.splitlines())


@pytest.mark.parametrize("value", ["a\nb", "a\r\nb", "a\u2028b"])
def test_a_markdown_cell_is_one_line(value: Any) -> None:
    assert len(markdown_cell(value).splitlines()) == 1


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("kind=chatt", "kind: must be one of"),
        ("state=bogus", "state: must be one of"),
        ("colour=red", "colour: unknown"),
        ("limit=5", "limit: an export holds all models that match."),
    ],
)
def test_a_wrong_filter_is_refused_and_named(admin_client: Client, query: str, says: str) -> None:
    response = admin_client.get(f"/models/export/csv/?{query}")
    assert response.status_code == 400
    assert says in response.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", ["csv", "json", "md"])
async def test_an_event_loop_is_sent_chunks(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr("models_app.lists.exports.CHUNK_BYTES", 64)
    await sync_to_async(fill)(async_client)
    response: Any = await async_client.get(f"/models/export/{form}/")
    assert response.is_async
    chunks = [chunk async for chunk in response.streaming_content]
    text = b"".join(chunks).decode()
    assert all(f"model {n}" in text for n in range(5))
    assert form == "csv" or len(chunks) > 3


def fill(client: AsyncClient) -> None:
    client.force_login(User.objects.create_user("vi"))
    for n in range(5):
        make_model(f"model {n}", files=False)
