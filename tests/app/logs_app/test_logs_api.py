from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import AsyncClient, Client

from logs_app import lifecycle
from logs_app.models import LogLine
from logs_app.reading import ALL
from tests.logs import llama, pumped

pytestmark = pytest.mark.django_db
ENGINE = "engine.7"


def ask(client: Client, status: int = 200, **query: Any) -> dict[str, Any]:
    response = client.get("/api/logs/", query)
    assert response.status_code == status, response.content
    found: dict[str, Any] = response.json()
    return found


def texts(answer: dict[str, Any]) -> list[str]:
    return [line["text"].removeprefix("0.00.001.695 ") for line in answer["lines"]]


def test_a_line_has_level_kind_time_and_place(admin_client: Client) -> None:
    lifecycle.note(ENGINE, "info", "start")
    pumped(ENGINE, llama("a", "W") + b"more\n")
    event, line, more = ask(admin_client, source=ENGINE)["lines"]
    assert (event["kind"], event["level"], event["text"]) == ("event", "info", "start")
    assert (line["kind"], line["level"], line["source"]) == ("line", "warning", ENGINE)
    assert (more["kind"], more["level"]) == ("continued", "warning")
    assert line["id"] == line["place"] < more["id"]
    assert abs(datetime.fromisoformat(line["at"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_who_follows_misses_nothing_and_gets_nothing_twice(admin_client: Client) -> None:
    after = ask(admin_client, source=ALL)["after"]
    assert after == 0
    pumped(ENGINE, llama("a"))
    answer = ask(admin_client, source=ENGINE, after=after)
    assert texts(answer) == ["I srv  a"]
    assert texts(ask(admin_client, source=ENGINE, after=answer["after"])) == []
    pumped(ENGINE, llama("b") + llama("c"))
    answer = ask(admin_client, source=ENGINE, after=answer["after"])
    assert texts(answer) == ["I srv  b", "I srv  c"]


def test_who_follows_a_filter_does_not_search_the_same_lines_again(admin_client: Client) -> None:
    pumped(ENGINE, llama("a") + llama("b", "W"))
    first = ask(admin_client, source=ENGINE, level="warning", q="nothing")
    pumped(ENGINE, llama("nothing", "W"))
    answer = ask(admin_client, source=ENGINE, level="warning", q="nothing", after=first["after"])
    assert texts(answer) == ["W srv  nothing"]


def test_pages_back_to_the_first_line(admin_client: Client) -> None:
    pumped(ENGINE, b"".join(llama(str(n)) for n in range(10)))
    found: list[str] = []
    query: dict[str, Any] = {}
    while True:
        answer = ask(admin_client, source=ENGINE, limit=4, **query)
        found[:0] = texts(answer)
        if answer["before"] is None:
            break
        query = {"before": answer["before"]}
    assert found == [f"I srv  {n}" for n in range(10)]


def test_lines_from_a_time_on(admin_client: Client) -> None:
    pumped(ENGINE, llama("a"))
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    early = ask(admin_client, source=ENGINE, at=(now - hour).isoformat())
    assert texts(early) == ["I srv  a"]
    assert ask(admin_client, source=ENGINE, at="2026-01-01T00:00")["lines"]
    for later in ((now + hour).isoformat(), "2400-01-01T00:00"):
        late = ask(admin_client, source=ENGINE, at=later)
        assert (late["lines"], late["newer"]) == ([], False)
        pumped(ENGINE, llama("b"))
        assert texts(ask(admin_client, source=ENGINE, after=late["after"])) == ["I srv  b"]


def test_kept_lines_of_all_sources_from_a_time_on(admin_client: Client) -> None:
    pumped(ENGINE, b"".join(llama(str(n), "W") for n in range(3)))
    now = datetime.now(UTC)
    for number, row in enumerate(LogLine.objects.order_by("id")):
        row.at = now + timedelta(hours=number - 1)
        row.save()
    found = ask(admin_client, at=(now - timedelta(minutes=1)).isoformat(), limit=1)
    assert texts(found) == ["W srv  1"] and found["newer"]
    assert texts(ask(admin_client, after=found["after"])) == ["W srv  2"]
    assert ask(admin_client, at="2999-01-01")["lines"] == []


def test_kept_lines_of_all_sources_are_paged_alike(admin_client: Client) -> None:
    pumped(ENGINE, b"".join(llama(str(n), "W") for n in range(6)))
    newest = ask(admin_client, limit=4)
    assert texts(newest) == [f"W srv  {n}" for n in (2, 3, 4, 5)]
    assert texts(ask(admin_client, before=newest["before"])) == ["W srv  0", "W srv  1"]
    assert texts(ask(admin_client, q="SRV  3")) == ["W srv  3"]
    assert ask(admin_client, after=newest["after"])["lines"] == []


@pytest.mark.parametrize(
    "query",
    [{"level": "fatal"}, {"limit": 0}, {"limit": 1001}, {"before": "x"}, {"before": -1},
     {"after": 2**60}, {"q": "x" * 201}, {"at": "noon"}, {"source": "../app"}, {"unknown": 1},
     {"before": 1, "after": 1}, {"regex": 2}, {"regex": 1, "q": "a"}, {"q": "a\nb"},
     {"at": "0001-01-01T00:00+23:00"}, {"at": "9999-12-31T23:59:59", "offset": 60},
     {"at": "0001-01-01T00:00:00", "offset": -60}, {"source": ALL, "line": 1}, {"line": 1}],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused(admin_client: Client, query: dict[str, Any]) -> None:
    assert ask(admin_client, 422, **query)["error"]["code"] == "invalid"


def test_sources_are_listed_with_what_they_hold(admin_client: Client) -> None:
    pumped(ENGINE, llama("a"))
    [source] = admin_client.get("/api/logs/sources/").json()["sources"]
    assert source["source"] == ENGINE
    assert source["label"] == "engine 7"
    assert source["stored_bytes"] == len(llama("a")) + 17
    assert admin_client.get("/api/logs/sources/?x=1").status_code == 422


def streamed(client: Client, form: str, query: str) -> str:
    response = client.get(f"/logs/export/{form}/?{query}")
    assert response.status_code == 200
    assert "attachment" in response["Content-Disposition"]
    return b"".join(response).decode()


def test_an_export_holds_every_line_that_matches(admin_client: Client) -> None:
    pumped(ENGINE, b"".join(llama(f"\x1b[1m{n}", "W" if n % 2 else "I") for n in range(2500)))
    text = streamed(admin_client, "log", f"source={ENGINE}")
    assert len(text.splitlines()) == 2500
    assert text.splitlines()[7].endswith("engine.7 W  0.00.001.695 W srv  7")
    lines = streamed(admin_client, "jsonl", f"source={ENGINE}&level=warning").splitlines()
    assert len(lines) == 1250
    assert json.loads(lines[-1])["text"] == "0.00.001.695 W srv  \x1b[1m2499"
    found = streamed(admin_client, "log", f"source={ENGINE}&q=99$&regex=1").splitlines()
    assert len(found) == 25


def test_no_line_of_a_program_passes_as_one_of_ours_in_an_export(admin_client: Client) -> None:
    lifecycle.note(ENGINE, "warning", "engine 7 start")
    forged = b"2026-11-28 10:00:00.000 engine.7 W* engine 7 start"
    pumped(ENGINE, llama("a", "W") + forged + b"\n* engine 7 start\n")
    columns = len("2026-11-28 10:00:00.000 engine.7 ")
    one = streamed(admin_client, "log", f"source={ENGINE}").splitlines()
    assert sorted(line[columns : columns + 3] for line in one) == ["W  ", "W* ", "W+ ", "W+ "]
    # What is kept of several lines is one row.
    kept = streamed(admin_client, "log", "source=all").splitlines()
    assert sorted(line[columns : columns + 3] for line in kept) == ["W  ", "W* ", "W+ ", "W+ "]


def test_an_export_of_a_wrong_filter_or_form_is_refused(admin_client: Client) -> None:
    pumped(ENGINE, llama("a"))
    assert admin_client.get(f"/logs/export/log/?source={ENGINE}&level=x").status_code == 400
    assert admin_client.get(f"/logs/export/csv/?source={ENGINE}").status_code == 404
    for place in ("before=3", "limit=1", "after=1", "at=2026-01-01", "line=1"):
        assert admin_client.get(f"/logs/export/log/?source={ENGINE}&{place}").status_code == 400


@pytest.mark.django_db(transaction=True)
async def test_an_export_is_streamed_by_the_real_server_too(async_client: AsyncClient) -> None:
    from asgiref.sync import sync_to_async
    from django.contrib.auth.models import User

    await sync_to_async(pumped)(ENGINE, llama("a") * 3000)
    user = await User.objects.acreate(username="mira", is_staff=True)
    await async_client.aforce_login(user)
    response = await async_client.get(f"/logs/export/log/?source={ENGINE}")
    chunks = [chunk async for chunk in response]  # type: ignore[attr-defined]
    assert len(b"".join(chunks).splitlines()) == 3000
    assert len(chunks) > 1
