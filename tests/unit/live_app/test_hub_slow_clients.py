from __future__ import annotations

import asyncio

import pytest

from live_app.closing import Closing
from live_app.core.frames import Field
from live_app.hub import Hub
from live_app.limits import Limits
from tests.fakes.asgi_socket import Connected, until

FIELDS = tuple(Field(f"host/core_ratio/{number}", "ratio") for number in range(3))
HASTY = Limits(silent_seconds=0.5, beat_seconds=0.02, pulse_seconds=0.01)


def make_hub(limits: Limits | None = None) -> Hub:
    hub = Hub(limits)
    hub.open("host")
    hub.open("engine.*")
    return hub


async def test_no_more_than_four_frames_are_out_and_the_newest_values_come_next() -> None:
    hub = make_hub()
    hub.publish("host", FIELDS, [0, 0, 0], 0.0)
    async with Connected(hub) as socket:
        socket.acks = False
        socket.say(op="sub", topics=["host"])
        for step in range(1, 9):
            await until(lambda step=step: socket.n_unread >= min(step + 1, 4))  # type: ignore[misc]
            hub.publish("host", FIELDS, [step / 10, 0, 0], float(step))
        await socket.frames(4)
        socket.say_text(socket.mirror.ack())
        merged = await socket.frame()
        assert (merged["d"], merged["t"]) == ([0, 0.8], 8.0)
        assert merged["seq"] - merged["from"] == 5
        assert hub.figures().coalesced == 1


async def test_a_client_that_acknowledges_nothing_is_closed() -> None:
    hub = make_hub(HASTY)
    hub.publish("host", FIELDS, [0, 0, 0], 0.0)
    connected = Connected(hub)
    async with connected as socket:
        socket.acks = False
        socket.say(op="sub", topics=["host"])
        await until(lambda: socket.close is not None)
        assert await connected.ended is Closing.SILENT
        assert socket.close is not None
        assert socket.close["code"] == 1013


async def test_a_blocked_send_is_broken_off_and_delays_nobody() -> None:
    hub = make_hub(HASTY)
    hub.publish("host", FIELDS, [0, 0, 0], 0.0)
    stalled = Connected(hub)
    async with stalled as blocked, Connected(hub) as good:
        blocked.can_send.clear()
        for socket in (blocked, good):
            socket.say(op="sub", topics=["host"])
        await good.frames(2)
        hub.publish("host", FIELDS, [1, 0, 0], 1.0)
        assert (await good.frame())["d"] == [0, 1]
        await until(lambda: hub.figures().clients == 1 or stalled.ended.done())
        blocked.can_send.set()
        assert await stalled.ended is Closing.BLOCKED


async def test_a_quiet_socket_beats_with_the_count_of_frames() -> None:
    async with Connected(make_hub(HASTY)) as socket:
        assert await socket.frames(2) == [{"op": "beat", "n": 1}, {"op": "beat", "n": 2}]


async def test_events_come_in_order_and_what_was_lost_is_counted() -> None:
    hub = make_hub(Limits(queued_frames=3))
    async with Connected(hub) as socket:
        socket.acks = False
        socket.say(op="sub", topics=["engine.7"])
        await until(lambda: hub.watched("engine.7"))
        for number in range(12):
            hub.event("engine.7", "engine.state", {"number": number})
        await asyncio.sleep(0)  # all are handed over in one turn of the loop
        frames = []
        for _ in range(4):
            frames.append(await socket.frame())
            socket.say_text(socket.mirror.ack())
        assert frames[0] == {"op": "gap", "topic": "engine.7", "missed": 9}
        assert [frame["data"]["number"] for frame in frames[1:]] == [9, 10, 11]


async def test_many_bytes_of_events_are_too_many_as_well() -> None:
    hub = make_hub(Limits(queued_bytes=1000))
    async with Connected(hub) as socket:
        socket.say(op="sub", topics=["engine.7"])
        await until(lambda: hub.watched("engine.7"))
        for _ in range(3):
            hub.event("engine.7", "engine.line", {"text": "x" * 600})
        assert (await socket.frame())["missed"] == 2
        assert (await socket.frame())["op"] == "event"


@pytest.mark.parametrize("limits", [Limits(clients=1), Limits(clients_of_one_user=1)])
async def test_only_so_many_clients_are_let_in(limits: Limits) -> None:
    hub = make_hub(limits)
    connected = Connected(hub)
    async with connected:
        assert hub.refusal(connected.visitor) in (Closing.FULL, Closing.FULL_FOR_USER)
    assert hub.refusal(connected.visitor) is None


async def test_figures_and_events_take_turns() -> None:
    hub = make_hub(Limits(unacknowledged=1))
    async with Connected(hub) as socket:
        socket.say(op="sub", topics=["host", "engine.7"])
        await until(lambda: hub.watched("engine.7"))
        for number in range(4):
            hub.event("engine.7", "engine.state", {"number": number})
        hub.publish("host", FIELDS, [1, 0, 0], 1.0)
        kinds = [frame["op"] for frame in await socket.frames(4)]
        assert sorted(kinds) == ["event", "event", "schema", "snap"]
