"""What the gateway answers now, seen and ended from the threads of pages."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from proxy_app import gateway, in_flight
from proxy_app.in_flight import InFlight

pytestmark = pytest.mark.django_db(transaction=True)
SCOPE = {
    "type": "http", "method": "POST", "path": "/v1/messages", "raw_path": b"/v1/messages",
    "query_string": b"", "client": ("127.0.0.1", 4711), "server": ("127.0.0.1", 80),
    "scheme": "http", "http_version": "1.1",
    "headers": [(b"host", b"127.0.0.1"), (b"content-length", b"900")],
}  # fmt: skip


class Asking:
    """A client whose question never comes whole, at a gateway in a thread of its own."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self._arrived = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        assert self._arrived.wait(10)

    async def _run(self) -> None:
        first = iter([{"type": "http.request", "body": b"{", "more_body": True}])

        async def receive() -> Any:
            if (piece := next(first, None)) is not None:
                return piece
            self._arrived.set()
            await self._left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            self.sent.append(message)

        self._left = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        await gateway.gateway().answer(SCOPE, receive, send)  # type: ignore[arg-type]
        await gateway.close()

    def leave(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._left.set)

    def join(self) -> None:
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def asking() -> Iterator[Asking]:
    found = Asking()
    yield found
    found.leave()
    found.join()


def the_one() -> InFlight:
    [seen] = in_flight.in_flight()
    return seen


def test_it_is_seen_with_what_is_known_of_it(asking: Asking, admin_client: Client) -> None:
    seen = the_one()
    assert (seen.phase, seen.path, seen.client) == ("arriving", "/v1/messages", "127.0.0.1")
    assert seen.queue_seconds is None and seen.seconds >= 0
    [told] = admin_client.get("/api/requests/in-flight/").json()["requests"]
    assert (told["id"], told["client"]) == (seen.public_id, "127.0.0.1")
    html = admin_client.get("/requests/").content.decode()
    assert f'Cancel<span class="vh"> request {seen.public_id}' in html
    page = admin_client.get(f"/requests/{seen.public_id}/").content.decode()
    assert "It is being answered" in page and "arriving" in page


def test_others_do_not_see_it(asking: Asking, client: Client) -> None:
    client.force_login(User.objects.create_user("vera"))
    assert client.get("/api/requests/in-flight/").json() == {"requests": []}
    assert client.get(f"/requests/{the_one().public_id}/").status_code == 404
    assert client.post(f"/requests/{the_one().public_id}/cancel/").status_code == 403


def test_a_cancelled_request_is_answered_in_its_dialect_and_recorded(
    asking: Asking, admin_client: Client
) -> None:
    public_id = the_one().public_id
    assert admin_client.post(f"/api/requests/{public_id}/cancel/").status_code == 204
    asking.join()
    assert asking.sent[0]["status"] == 403
    told = json.loads(asking.sent[1]["body"])
    assert told["type"] == "error" and "cancelled by an administrator" in told["error"]["message"]
    record = admin_client.get(f"/api/requests/{public_id}/").json()
    assert (record["status"], record["error_code"]) == (403, "cancelled")
    assert admin_client.post(f"/api/requests/{public_id}/cancel/").status_code == 409
    assert in_flight.in_flight() == []


def test_the_button_of_the_page_cancels_it(asking: Asking, admin_client: Client) -> None:
    answer = admin_client.post(
        f"/requests/{the_one().public_id}/cancel/", headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200 and "was cancelled." in answer.content.decode()
    asking.join()


def test_a_client_that_leaves_is_no_cancelled_request(asking: Asking, admin_client: Client) -> None:
    public_id = the_one().public_id
    asking.leave()
    asking.join()
    assert admin_client.get(f"/api/requests/{public_id}/").json()["error_code"] == "client_gone"
