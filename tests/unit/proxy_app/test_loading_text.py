"""What a stream is told while its model is not there yet."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from proxy_app import loading_text
from proxy_app.core.errors import GatewayError

ENTRY: Any = SimpleNamespace(id="tiny", target="1/0")
PLACE: Any = (object(), object())


class Client:
    """The way out of an exchange, and what came by it."""

    def __init__(self, phase: str = "load") -> None:
        seen = SimpleNamespace(state="starting", phase=phase, progress=0.4)
        self.engines = SimpleNamespace(seen={"1/0": seen})
        self.account = SimpleNamespace(public_id="r1")
        self.line = self
        self.left: list[object] = []
        self.has_begun = False
        self.pieces: list[bytes] = []

    def leave(self, ticket: object) -> None:
        self.left.append(ticket)

    async def begin(self, status: int, headers: object) -> None:
        assert status == 200
        self.has_begun = True

    async def send_aside(self, piece: bytes) -> None:
        assert self.has_begun
        self.pieces.append(piece)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QUIET_SECONDS", "EVERY_SECONDS", "ALIVE_SECONDS"):
        monkeypatch.setattr(loading_text, name, 0.02)


async def placed(after: asyncio.Event | None = None) -> Any:
    if after is not None:
        await after.wait()
    return PLACE


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)


@pytest.mark.asyncio
@pytest.mark.parametrize("tells", [True, False])
async def test_who_is_served_at_once_is_told_nothing(tells: bool) -> None:
    client: Any = Client()
    assert await loading_text.while_waiting(client, placed(), ENTRY, tells=tells) == PLACE
    assert not client.has_begun


@pytest.mark.asyncio
async def test_a_chat_is_told_how_far_its_model_is() -> None:
    client: Any = Client()
    come = asyncio.Event()
    work = asyncio.ensure_future(
        loading_text.while_waiting(client, placed(come), ENTRY, tells=True)
    )
    await until(lambda: client.pieces)
    said = json.loads(client.pieces[0].removeprefix(b"data: "))
    assert said["choices"][0]["delta"] == {"reasoning_content": "tiny is loaded, 40%.\n"}
    come.set()
    assert await work == PLACE


@pytest.mark.asyncio
@pytest.mark.parametrize("tells", [True, False])
async def test_a_stream_that_waits_long_is_kept_alive(tells: bool) -> None:
    client: Any = Client()
    come = asyncio.Event()
    work = asyncio.ensure_future(
        loading_text.while_waiting(client, placed(come), ENTRY, tells=tells)
    )
    await until(lambda: client.pieces.count(loading_text.COMMENT) >= 2)
    come.set()
    assert await work == PLACE


@pytest.mark.asyncio
async def test_what_cannot_be_placed_is_told_as_it_is() -> None:
    async def refused() -> Any:
        raise GatewayError(503, "model_failed", "no")

    with pytest.raises(GatewayError, match="no"):
        await loading_text.while_waiting(Client(), refused(), ENTRY, tells=True)  # type: ignore[arg-type]


@pytest.mark.asyncio
async def test_who_leaves_while_he_is_given_a_place_keeps_none() -> None:
    client: Any = Client()
    come = asyncio.Event()

    async def placed_although_cancelled() -> Any:
        try:
            await come.wait()
        except asyncio.CancelledError:
            return PLACE  # it was given in the same moment

    work = asyncio.ensure_future(
        loading_text.while_waiting(client, placed_although_cancelled(), ENTRY, tells=False)
    )
    await until(lambda: client.pieces)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert client.left == [PLACE[0]]
