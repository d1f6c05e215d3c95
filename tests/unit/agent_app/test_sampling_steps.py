from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from agent_app.loop_lag import LoopLag
from agent_app.sampling import Sampling, until_next_second
from live_app.core.protocol import Field
from metrics_app.core.metric import Metric
from metrics_app.hour import Hour
from metrics_app.sampler import Sampler
from tests.fakes.recording import Screen, SlowRecorder
from tests.fakes.sampling import LOAD, Giving, SetTime

RSS = Metric("self", "rss_bytes", "bytes")
BUSY = Metric("gpu", "busy_ratio", "ratio", "nvidia:GPU-1")


@dataclass
class Bench:
    """A loop whose parts are all in hand."""

    time: SetTime = field(default_factory=SetTime)
    source: Giving = field(default_factory=lambda: Giving({LOAD: 1.5, RSS: 1000}))
    hour: Hour = field(default_factory=Hour)
    recorder: SlowRecorder = field(default_factory=SlowRecorder)
    screen: Screen = field(default_factory=Screen)

    def __post_init__(self) -> None:
        self.sampler = Sampler(clock=self.time.clock())
        self.sampler.add(self.source)
        self.loop = Sampling(self.sampler, self.hour, self.recorder, self.screen, LoopLag())

    async def step(self) -> None:
        self.time.passes(1.0)
        await self.loop.step()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.sampler.close()


async def test_a_tick_is_remembered_recorded_and_shown(bench: Bench) -> None:
    await bench.step()
    newest = bench.hour.newest()
    assert newest is not None
    assert newest.values == {LOAD: 1.5, RSS: 1000}
    assert bench.recorder.added == [newest]
    assert bench.screen.shown == {
        "host": [((Field("host/load_1", "count"),), [1.5], newest.at)],
        "self": [((Field("self/rss_bytes", "bytes"),), [1000], newest.at)],
    }


async def test_fields_stay_the_same_while_their_values_change(bench: Bench) -> None:
    await bench.step()
    bench.source.values = {LOAD: None, RSS: 2000}
    await bench.step()
    (first, _, _), (second, values, _) = bench.screen.shown["host"]
    assert first == second
    assert values == [None]


async def test_a_gpu_that_is_plugged_in_brings_its_topic(bench: Bench) -> None:
    await bench.step()
    assert "gpu" not in bench.screen.shown
    bench.source.values = {LOAD: 1.5, BUSY: 0.5, RSS: 1000}
    await bench.step()
    assert bench.screen.shown["gpu"][0][:2] == ((Field(BUSY.key, "ratio"),), [0.5])
    assert bench.screen.shown["self"][1][1] == [1000]


async def test_a_topic_whose_figures_are_gone_is_shown_to_have_none(bench: Bench) -> None:
    await bench.step()
    bench.source.values = {LOAD: 1.5}
    await bench.step()
    assert bench.screen.shown["self"][1][:2] == ((), [])
    bench.source.values = {LOAD: 1.5, RSS: 2000}
    await bench.step()
    assert bench.screen.shown["self"][2][:2] == ((Field(RSS.key, "bytes"),), [2000])


async def test_a_tick_that_was_skipped_shows_nothing(bench: Bench) -> None:
    class Skipping(Sampler):
        async def tick(self) -> None:
            return None

    loop = Sampling(Skipping(), bench.hour, bench.recorder, bench.screen, LoopLag())
    await loop.step()
    assert (bench.hour.newest(), bench.recorder.added, bench.screen.shown) == (None, [], {})


@pytest.mark.parametrize("now", [1000.0, 1000.4, 1000.999, 1001.0])
def test_a_tick_comes_just_after_the_second_began(now: float) -> None:
    second, fraction = divmod(now + until_next_second(now), 1.0)
    assert second == now // 1.0 + 1
    assert 0.001 < fraction < 0.02
