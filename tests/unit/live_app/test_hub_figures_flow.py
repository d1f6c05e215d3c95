from __future__ import annotations

import threading

import pytest

from live_app.core.frames import Field
from live_app.hub import Hub
from tests.fakes.asgi_socket import Connected, until

FIELDS = (Field("host/cpu_ratio", "ratio"), Field("host/load_1", "count"))


@pytest.fixture
def hub() -> Hub:
    hub = Hub()
    hub.open("host")
    hub.open("engine.*")
    hub.open("audit", staff=True)
    return hub


async def test_a_subscriber_gets_schema_snapshot_and_then_only_what_changed(hub: Hub) -> None:
    hub.publish("host", FIELDS, [0.1, 2], 1.0)
    async with Connected(hub) as socket:
        socket.say(op="sub", topics=["host"])
        assert [frame["op"] for frame in await socket.frames(2)] == ["schema", "snap"]
        hub.publish("host", FIELDS, [0.1, 3], 2.0)
        delta = await socket.frame()
        assert (delta["op"], delta["d"], delta["t"]) == ("delta", [1, 3], 2.0)
        assert "from" not in delta


async def test_nothing_changed_is_nothing_sent(hub: Hub) -> None:
    hub.publish("host", FIELDS, [0.1, 2], 1.0)
    async with Connected(hub) as socket:
        socket.say(op="sub", topics=["host"])
        await socket.frames(2)
        hub.publish("host", FIELDS, [0.10000001, 2.0], 2.0)
        hub.publish("host", FIELDS, [0.2, 2], 3.0)
        assert (await socket.frame())["d"] == [0, 0.2]
        assert hub.figures().frames_sent == 3


async def test_who_subscribes_before_the_first_values_waits_for_them(hub: Hub) -> None:
    async with Connected(hub) as socket:
        socket.say(op="sub", topics=["engine.7"])
        await until(lambda: hub.watched("engine.7"))
        hub.publish("engine.7", FIELDS, [None, 1], 1.0)
        await socket.frames(2)
        assert socket.mirror.values["engine.7"] == [None, 1]


async def test_values_may_be_published_from_any_thread(hub: Hub) -> None:
    async with Connected(hub) as socket:
        socket.say(op="sub", topics=["host"])
        await until(lambda: hub.watched("host"))
        thread = threading.Thread(target=hub.publish, args=("host", FIELDS, [0.5, 1], 1.0))
        thread.start()
        await socket.frames(2)
        thread.join()
        assert socket.mirror.value("host", "host/cpu_ratio") == 0.5


async def test_other_fields_are_a_new_schema(hub: Hub) -> None:
    hub.publish("host", FIELDS, [0.1, 2], 1.0)
    async with Connected(hub) as socket:
        socket.say(op="sub", topics=["host"])
        await socket.frames(2)
        hub.publish("host", FIELDS[:1], [0.1], 2.0)
        assert [frame["op"] for frame in await socket.frames(2)] == ["schema", "snap"]
        assert socket.mirror.values["host"] == [0.1]


async def test_a_reconnect_is_told_only_what_it_missed(hub: Hub) -> None:
    hub.publish("host", FIELDS, [0.1, 2], 1.0)
    async with Connected(hub) as first:
        first.say(op="sub", topics=["host"])
        await first.frames(2)
    for load in (3, 4):
        hub.publish("host", FIELDS, [0.1, load], 2.0)
    async with Connected(hub) as second:
        second.mirror = first.mirror
        second.mirror.n_frames = 0
        second.say(op="sub", topics=["host"], since={"host": first.mirror.seq["host"]})
        assert (await second.frame())["d"] == [1, 4]


async def test_a_place_in_another_process_is_no_place_here(hub: Hub) -> None:
    hub.publish("host", FIELDS, [0.1, 2], 1.0)
    other = Hub()
    other.open("host")
    other.publish("host", FIELDS, [0.1, 2], 1.0)
    async with Connected(other) as elsewhere:
        elsewhere.say(op="sub", topics=["host"])
        await elsewhere.frames(2)
    async with Connected(hub) as socket:
        socket.say(op="sub", topics=["host"], since=elsewhere.mirror.seq)
        assert [frame["op"] for frame in await socket.frames(2)] == ["schema", "snap"]


async def test_subscribing_again_without_a_place_tells_everything_anew(hub: Hub) -> None:
    hub.publish("host", FIELDS, [0.1, 2], 1.0)
    async with Connected(hub) as socket:
        for _ in range(2):
            socket.say(op="sub", topics=["host"])
            assert [frame["op"] for frame in await socket.frames(2)] == ["schema", "snap"]


async def test_a_topic_is_watched_while_a_client_has_it(hub: Hub) -> None:
    async with Connected(hub) as socket:
        assert not hub.watched("host")
        socket.say(op="sub", topics=["host"])
        await until(lambda: hub.watched("host"))
        socket.say(op="unsub", topics=["host"])
        await until(lambda: not hub.watched("host"))
        socket.say(op="sub", topics=["host"])
        await until(lambda: hub.watched("host"))
    assert not hub.watched("host")
    assert hub.figures().clients == 0


async def test_unknown_topics_and_topics_of_the_staff_are_refused_by_name(hub: Hub) -> None:
    hub.publish("audit", FIELDS, [1, 1], 1.0)
    async with Connected(hub) as socket:
        socket.say(op="sub", topics=["nonsense", "audit"])
        refusals = [(frame["topic"], frame["code"]) for frame in await socket.frames(2)]
        assert refusals == [("nonsense", "unknown_topic"), ("audit", "forbidden")]
    async with Connected(hub, is_staff=True) as socket:
        socket.say(op="sub", topics=["audit"])
        assert (await socket.frame())["op"] == "schema"


async def test_a_wrong_number_of_values_is_an_error_of_the_publisher(hub: Hub) -> None:
    with pytest.raises(ValueError, match="2 fields, 1 values"):
        hub.publish("host", FIELDS, [1], 1.0)


def test_what_is_not_open_is_not_kept() -> None:
    hub = Hub()
    hub.publish("host", FIELDS, [1, 1], 1.0)
    hub.open("host")
    assert hub.newest("host") is None
