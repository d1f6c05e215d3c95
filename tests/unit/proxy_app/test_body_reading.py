from __future__ import annotations

import asyncio
from typing import Any

import pytest

from proxy_app import body
from proxy_app.body import ClientGone
from proxy_app.core.errors import GatewayError


def pieces(*given: bytes) -> Any:
    """What a server hands over; after them it waits for ever."""
    waiting = list(given)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": waiting.pop(0), "more_body": True}

    return receive


async def test_a_body_that_stops_coming_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "SECONDS", 0.02)
    with pytest.raises(GatewayError) as caught:
        await body.read(pieces(b"{"), {}, 100)
    assert caught.value.status == 408


async def test_a_body_in_pieces_is_refused_with_the_first_byte_too_many() -> None:
    with pytest.raises(GatewayError) as caught:
        await body.read(pieces(b"x" * 60, b"x" * 41), {}, 100)
    assert caught.value.status == 413


async def test_who_leaves_while_the_body_comes_gets_no_answer() -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    with pytest.raises(ClientGone):
        await body.read(receive, {}, 100)
