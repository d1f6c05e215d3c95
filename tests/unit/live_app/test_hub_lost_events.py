"""More events than there is room for: the newest arrive, and the browser is told of the others."""

from __future__ import annotations

from live_app.hub import Hub
from live_app.loop_clients import MOST_WAITING_EVENTS
from tests.fakes.asgi_socket import Connected, until

MORE = 500


async def test_events_lost_before_the_loop_turned_are_counted_to_the_browser() -> None:
    hub = Hub()
    hub.open("engine.*")
    async with Connected(hub) as socket:
        socket.say(op="sub", topics=["engine.7"])
        await until(lambda: hub.watched("engine.7"))
        for number in range(MOST_WAITING_EVENTS + MORE):
            hub.event("engine.7", "engine.line", {"number": number})
        missed = 0
        numbers: list[int] = []
        while not numbers or numbers[-1] < MOST_WAITING_EVENTS + MORE - 1:
            frame = await socket.frame()
            missed += frame.get("missed", 0)
            if frame["op"] == "event":
                numbers.append(frame["data"]["number"])
        assert missed + len(numbers) == MOST_WAITING_EVENTS + MORE
        assert numbers == sorted(numbers)
