from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from metrics_app.core.metric import Metric
from metrics_app.sampler import Sampler
from tests.fakes.sampling import LOAD, Giving, SetTime
from tests.unit.metrics_app.test_sampler import next_tick

FREE = Metric("host", "disk_used_bytes", "bytes", "/")


@pytest.fixture
def time() -> SetTime:
    return SetTime()


@pytest.fixture
def sampler(time: SetTime) -> Iterator[Sampler]:
    sampler = Sampler(clock=time.clock())
    yield sampler
    sampler.close()


async def test_a_source_that_raises_is_unknown_and_the_others_are_read(
    sampler: Sampler, time: SetTime
) -> None:
    broken = Giving()
    sampler.add(broken)
    sampler.add(Giving({FREE: 7}, name="disks"))
    await next_tick(sampler, time)
    broken.error = OSError("no such device")
    assert (await next_tick(sampler, time)).values == {LOAD: None, FREE: 7}
    broken.error = None
    assert (await next_tick(sampler, time)).values == {LOAD: 1.5, FREE: 7}


async def test_each_error_is_told_once_and_counted_each_time(
    sampler: Sampler, time: SetTime, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Giving(error=OSError("no such device"))
    sampler.add(broken)
    for _ in range(5):
        await next_tick(sampler, time)
    broken.error = ValueError("not a number")
    await next_tick(sampler, time)
    assert [record.getMessage() for record in caplog.records] == [
        "source giving: OSError: no such device",
        "source giving: ValueError: not a number",
    ]
    (status,) = sampler.statuses()
    assert (status.n_errors, status.error) == (6, "ValueError: not a number")


async def test_errors_that_always_differ_do_not_fill_the_log(
    sampler: Sampler, time: SetTime, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Giving()
    sampler.add(broken)
    for number in range(50):
        broken.error = OSError(f"failed at {number}" + "x" * 1000)
        await next_tick(sampler, time)
    assert len(caplog.records) < 10
    (status,) = sampler.statuses()
    assert (status.n_errors, len(status.error)) == (50, 200)


async def test_a_slow_source_that_fails_is_not_asked_more_often(
    sampler: Sampler, time: SetTime
) -> None:
    source = Giving(unwatched_seconds=10.0, error=OSError())
    sampler.add(source)
    for _ in range(10):
        await next_tick(sampler, time)
    assert len(source.ticks) == 1


WRONG: list[Any] = [math.nan, math.inf, -math.inf, 1e308, -1.0, "", "7", True]


@pytest.mark.parametrize("value", WRONG)
async def test_a_value_that_cannot_be_true_is_unknown_and_counted(
    sampler: Sampler, time: SetTime, value: Any
) -> None:
    sampler.add(Giving({LOAD: value, FREE: 7}))
    assert (await next_tick(sampler, time)).values == {LOAD: None, FREE: 7}
    (status,) = sampler.statuses()
    assert (status.n_dropped, status.n_errors, status.error) == (1, 0, "")


async def test_a_source_that_gives_nonsense_is_an_error(sampler: Sampler, time: SetTime) -> None:
    nonsense: Any = ["no", "mapping"]
    sampler.add(Giving(nonsense))
    assert (await next_tick(sampler, time)).values == {}
    assert sampler.statuses()[0].n_errors == 1


async def test_a_source_that_works_has_a_status(sampler: Sampler, time: SetTime) -> None:
    sampler.add(Giving())
    (before,) = sampler.statuses()
    assert (before.last_at, before.seconds, before.hung) == (None, None, False)
    await next_tick(sampler, time)
    (status,) = sampler.statuses()
    assert (status.name, status.last_at, status.error) == ("giving", time.wall, "")
    assert status.seconds is not None
