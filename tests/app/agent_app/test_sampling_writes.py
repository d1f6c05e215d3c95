from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from agent_app.loop_lag import LoopLag
from agent_app.sampling import Sampling
from live_app.hub import Hub
from metrics_app.core.metric import Metric
from metrics_app.hour import Hour
from metrics_app.models import Sample, Series
from metrics_app.recording import Recorder
from metrics_app.sampler import Sampler
from tests.fakes.sampling import LOAD, Giving, SetTime
from tests.fakes.serving import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

LIVE = Metric("host", "uptime_seconds", "seconds", kept=False)


@pytest.fixture
def time() -> SetTime:
    return SetTime()


@pytest.fixture
def sampler(time: SetTime) -> Iterator[Sampler]:
    sampler = Sampler(clock=time.clock())
    sampler.add(Giving({LOAD: 1.5, LIVE: 60.0}))
    yield sampler
    sampler.close()


async def test_what_was_sampled_is_in_the_database_and_in_memory(
    sampler: Sampler, time: SetTime
) -> None:
    hour, hub = Hour(), Hub()
    hub.open("host")
    loop = Sampling(sampler, hour, Recorder(), hub, LoopLag())
    stop = asyncio.Event()
    running = asyncio.create_task(loop.run(stop))
    await asyncio.to_thread(wait_until, hour.newest, "the first tick")
    stop.set()
    await running
    keys = [key async for key in Series.objects.values_list("key", flat=True)]
    assert keys == ["host/load_1"]
    (row,) = [row async for row in Sample.objects.values("at", "n", "avg")]
    assert row == {"at": int(time.wall), "n": 1, "avg": 1.5}
    assert {metric.key for metric in hour.metrics()} == {LOAD.key, LIVE.key}
    shown = hub.newest("host")
    assert shown is not None
    assert shown[1] == [1.5, 60.0]
