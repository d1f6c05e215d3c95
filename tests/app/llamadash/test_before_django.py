"""What is answered before Django: static files, lists that are known, and what is not."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import LazySettings

from llamadash import perf
from llamadash.assets import Assets
from llamadash.known_lists import TRUST_SECONDS, KnownLists
from models_app import known_list

Message = dict[str, Any]
COOKIE = [(b"host", b"localhost"), (b"cookie", b"llamadash_sessionid=abc")]


class Inner:
    """Stands for Django: counts what reaches it and answers with a given status."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.calls = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b"from Django"})


async def ask(
    application: Any,
    path: str,
    headers: list[tuple[bytes, bytes]] | None = None,
    method: str = "GET",
    query: bytes = b"",
) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": headers or [],
    }
    await application(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body


def know(query: bytes = b"", body: bytes = b"[]") -> None:
    known_list.get(query, "v1")
    known_list.put(query, "v1", known_list.Known('"v1"', body))


async def test_a_list_is_answered_before_django_once_django_let_the_session_in() -> None:
    know()
    inner = Inner()
    lists = KnownLists(inner)
    await ask(lists, "/api/models/", COOKIE)
    status, headers, body = await ask(lists, "/api/models/", COOKIE)
    assert (status, headers[b"etag"], body) == (200, b'"v1"', b"[]")
    assert inner.calls == 1


async def test_an_unchanged_list_is_304_without_a_body() -> None:
    know()
    lists = KnownLists(Inner())
    await ask(lists, "/api/models/", COOKIE)
    status, _, body = await ask(lists, "/api/models/", [*COOKIE, (b"if-none-match", b'"v1"')])
    assert (status, body) == (304, b"")


@pytest.mark.parametrize("seen", [b'W/"v1"', b"*", b'"v0", W/"v1"'])
async def test_etags_are_compared_weakly(seen: bytes) -> None:
    know()
    lists = KnownLists(Inner())
    await ask(lists, "/api/models/", COOKIE)
    status, _, _ = await ask(lists, "/api/models/", [*COOKIE, (b"if-none-match", seen)])
    assert status == 304


async def test_head_gets_the_headers_of_a_known_list() -> None:
    know()
    lists = KnownLists(Inner())
    await ask(lists, "/api/models/", COOKIE)
    status, headers, body = await ask(lists, "/api/models/", COOKIE, "HEAD")
    assert (status, headers[b"content-length"], body) == (200, b"2", b"")


async def test_a_logout_counts_at_once() -> None:
    know()
    inner = Inner()
    lists = KnownLists(inner)
    await ask(lists, "/api/models/", COOKIE)
    request = SimpleNamespace(session=SimpleNamespace(session_key="abc"))
    lists.forget(request)
    await ask(lists, "/api/models/", COOKIE)
    assert inner.calls == 2
    await ask(lists, "/api/models/", COOKIE)  # an answer that was under way is no new permission
    assert inner.calls == 3


@pytest.mark.parametrize(
    "headers",
    [
        [(b"host", b"localhost")],
        [(b"host", b"localhost"), (b"cookie", b"llamadash_sessionid=other")],
        [(b"host", b"evil.example"), (b"cookie", b"llamadash_sessionid=abc")],
        [(b"cookie", b"llamadash_sessionid=abc")],
    ],
    ids=["no session", "another session", "foreign host", "no host"],
)
async def test_whoever_was_not_let_in_is_left_to_django(
    headers: list[tuple[bytes, bytes]],
) -> None:
    know()
    inner = Inner()
    lists = KnownLists(inner)
    await ask(lists, "/api/models/", COOKIE)
    await ask(lists, "/api/models/", headers)
    assert inner.calls == 2


async def test_a_refused_session_is_forgotten_at_once() -> None:
    know()
    inner = Inner()
    lists = KnownLists(inner)
    await ask(lists, "/api/models/", COOKIE)
    known_list.forget()
    inner.status = 401
    await ask(lists, "/api/models/", COOKIE)
    know()
    inner.calls = 0
    await ask(lists, "/api/models/", COOKIE)
    assert inner.calls == 1


async def test_trust_in_a_session_ends_after_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    know()
    inner = Inner()
    lists = KnownLists(inner)
    await ask(lists, "/api/models/", COOKIE)
    later = time.monotonic() + TRUST_SECONDS + 0.1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    await ask(lists, "/api/models/", COOKIE)
    assert inner.calls == 2


async def test_after_a_change_the_database_is_asked_again() -> None:
    know()
    inner = Inner()
    lists = KnownLists(inner)
    await ask(lists, "/api/models/", COOKIE)
    known_list.forget()
    await ask(lists, "/api/models/", COOKIE)
    assert inner.calls == 2


@pytest.mark.parametrize(("path", "method"), [("/api/models/1/", "GET"), ("/api/models/", "PUT")])
async def test_other_requests_are_django_s(path: str, method: str) -> None:
    know()
    inner = Inner()
    lists = KnownLists(inner)
    await ask(lists, "/api/models/", COOKIE)
    await ask(lists, path, COOKIE, method)
    assert inner.calls == 2


@pytest.fixture
def assets(tmp_path: Path, settings: LazySettings) -> Assets:
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "app.js").write_text("1")
    (tmp_path / "app.0123456789ab.js").write_text("2")
    (tmp_path.parent / "secret.txt").write_text("secret")
    return Assets(Inner())


async def test_a_file_is_sent_with_its_type(assets: Assets) -> None:
    status, headers, body = await ask(assets, "/static/app.js")
    assert (status, body) == (200, b"1")
    assert headers[b"content-type"].startswith((b"text/javascript", b"application/javascript"))
    assert headers[b"x-content-type-options"] == b"nosniff"


async def test_a_file_named_by_its_content_may_be_kept_for_ever(assets: Assets) -> None:
    _, headers, _ = await ask(assets, "/static/app.0123456789ab.js")
    assert b"immutable" in headers[b"cache-control"]


@pytest.mark.parametrize(
    "path", ["/static/none.js", "/static/../secret.txt", "/static/%2e%2e/secret.txt", "/app.js"]
)
async def test_only_collected_files_are_sent(assets: Assets, path: str) -> None:
    _, _, body = await ask(assets, path)
    assert body == b"from Django"


async def test_a_file_can_be_asked_for_by_its_time(assets: Assets) -> None:
    _, headers, _ = await ask(assets, "/static/app.js")
    seen = [(b"if-modified-since", headers[b"last-modified"])]
    status, _, body = await ask(assets, "/static/app.js", seen)
    assert (status, body) == (304, b"")


async def test_what_is_answered_before_django_is_timed_by_its_own_name() -> None:
    know()
    lists = KnownLists(Inner())
    await ask(lists, "/api/models/", COOKIE)
    assert perf.monitor.summaries() == []  # that one was Django's
    _, headers, _ = await ask(lists, "/api/models/", COOKIE)
    assert [(s.name, s.count) for s in perf.monitor.summaries()] == [("http.models-known", 1)]
    assert headers[b"vary"] == b"Cookie, Accept-Encoding"
