from __future__ import annotations

import json

import pytest

from live_app.closing import Closing
from live_app.core.frames import Field
from live_app.hub import Hub
from live_app.limits import FRAME_BYTES, Limits
from tests.fakes.asgi_socket import Connected


@pytest.fixture
def hub() -> Hub:
    hub = Hub()
    hub.open("host")
    hub.publish("host", (Field("host/load_1", "count"),), [1], 1.0)
    return hub


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "not_json"),
        (None, "binary"),
        ('{"op":"ack","n":99}', "bad_ack"),
        ('{"op":"sub","topics":["host"],"since":7}', "bad_since"),
    ],
)
async def test_a_bad_frame_is_answered_and_the_socket_stays_usable(
    hub: Hub, text: str | None, code: str
) -> None:
    async with Connected(hub) as socket:
        socket.say_text(text)
        frame = await socket.frame()
        assert (frame["op"], frame["code"]) == ("error", code)
        socket.say(op="sub", topics=["host"])
        assert (await socket.frame())["op"] == "schema"


async def ended(hub: Hub, texts: list[str]) -> Closing | None:
    connected = Connected(hub)
    async with connected as socket:
        for text in texts:
            socket.say_text(text)
        return await connected.ended


async def test_twenty_bad_frames_are_enough(hub: Hub) -> None:
    assert await ended(hub, ["{"] * 20) is Closing.ABUSE


async def test_more_than_two_seconds_worth_of_frames_at_once_is_too_fast(hub: Hub) -> None:
    assert await ended(hub, ['{"op":"ack","n":0}'] * 120) is Closing.TOO_FAST


async def test_a_big_frame_ends_the_socket(hub: Hub) -> None:
    assert await ended(hub, ["x" * (FRAME_BYTES + 1)]) is Closing.TOO_BIG


async def test_one_client_has_so_many_topics_and_may_ask_for_them_again() -> None:
    hub = Hub(Limits(topics_of_one_client=2))
    hub.open("engine.*")
    async with Connected(hub) as socket:
        socket.say(op="sub", topics=["engine.1", "engine.2", "engine.3"])
        assert (await socket.frame())["topic"] == "engine.3"
        socket.say(op="sub", topics=["engine.1"])
        hub.publish("engine.1", (Field("engine.1/rss_bytes", "bytes"),), [1], 1.0)
        assert (await socket.frame())["op"] == "schema"


async def test_an_old_acknowledgement_is_no_mistake(hub: Hub) -> None:
    async with Connected(hub) as socket:
        socket.say(op="sub", topics=["host"])
        await socket.frames(2)
        for n in (2, 1, 0):
            socket.say_text(json.dumps({"op": "ack", "n": n}))
        socket.say_text("{")
        assert (await socket.frame())["code"] == "not_json"
    assert hub.figures().errors == 1
